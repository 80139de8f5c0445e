"""How a client waits under asyncio: a request has a thread to block, and the caller's task awaits it.

The blocking code above runs in one of SQLAlchemy's greenlets, which the dialect hands in as :class:`Greenlets`, and
awaits there whatever :class:`Tasks` waits for. A thread without an event loop, one that beats a lock for example, has
none to hold up, and waits by itself.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from sqlalchemy_dynamorm.client.concurrency import Begun, Threads
from sqlalchemy_dynamorm.run.request import Request

T = TypeVar("T")
_READS = ("Get", "BatchGet", "Query", "Scan", "TransactGet", "Describe", "List")
"""How the names of the operations begin that change nothing."""


class Greenlets(Protocol):
    """What lets blocking code await."""

    def inside(self) -> bool:
        """Whether the caller is in one, and may wait."""
        ...

    def wait(self, awaitable: Awaitable[T]) -> T:
        """Await in blocking code; outside of a greenlet it is an error, and a coroutine is not begun."""
        ...

    def spawn(self, function: Callable[..., T], *args: Any) -> Coroutine[Any, Any, T]:
        """Run blocking code in a greenlet of its own."""
        ...


class Tasks:
    """The :class:`~sqlalchemy_dynamorm.client.concurrency.Concurrency` of asyncio. It holds nothing of an event loop.

    :param greenlets: what the caller waits in.
    :param connections: how many requests are sent at once; the others wait for their turn.
    :param most: how many requests of statements that send several are under way at once.
    """

    def __init__(self, greenlets: Greenlets, connections: int, most: int) -> None:
        self._greenlets = greenlets
        self._senders = Threads(connections, "dynamorm-aio")
        self._most = most
        self._slots: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )
        self._without_loop = Threads(most)

    def send(self, send: Callable[[Request], bytes], request: Request) -> bytes:
        """Send one request.

        A task that is cancelled meanwhile leaves its request under way, if it has begun: the cause of the
        ``CancelledError`` is an ``OutcomeUnknown`` then, unless the request changes nothing.
        """
        if self._has_no_loop():
            return self._without_loop.send(send, request)
        return self._greenlets.wait(self._sent(send, request))

    async def _sent(self, send: Callable[[Request], bytes], request: Request) -> bytes:
        sending = self._senders.submit(send, request)
        try:
            return await asyncio.wrap_future(sending)
        except asyncio.CancelledError as cancelled:
            if sending.cancelled() or request.operation.startswith(_READS):
                raise
            from sqlalchemy_dynamorm.client import failures

            raise cancelled from failures.unknown(request)

    def apart(self, function: Callable[[], T], stop: Callable[[], object] | None = None) -> T:
        """Call a function that takes a while, in a thread. It has ended when this returns, or is cancelled."""
        if self._has_no_loop():
            return self._without_loop.apart(function, stop)
        return self._greenlets.wait(self._called(function, stop))

    async def _called(self, function: Callable[[], T], stop: Callable[[], object] | None) -> T:
        calling = self._senders.submit(function)
        try:
            return await asyncio.wrap_future(calling)
        except asyncio.CancelledError:
            if stop is not None:
                stop()
            while not calling.done():  # what it works on is the caller's to close
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([asyncio.wrap_future(calling)])
            raise

    def sleep(self, seconds: float) -> None:
        """Let other tasks run meanwhile."""
        if self._has_no_loop():
            self._without_loop.sleep(seconds)
        else:
            self._greenlets.wait(asyncio.sleep(seconds))

    def begin(self, function: Callable[[Request], T], requests: Sequence[Request]) -> Sequence[Begun[T]]:
        """A task for each request."""
        if self._has_no_loop():
            return self._without_loop.begin(function, requests)
        return self._greenlets.wait(self._begun(function, requests))

    async def _begun(self, function: Callable[[Request], T], requests: Sequence[Request]) -> Sequence[Begun[T]]:
        slots = self._slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._most))
        begun = [asyncio.create_task(self._in_slot(slots, function, request)) for request in requests]
        try:
            await asyncio.sleep(0)  # they are sent now, whether the caller waits for something next or not
        except asyncio.CancelledError:
            for task in begun:
                task.cancel()
            raise
        return [_BegunTask(task, self._greenlets) for task in begun]

    async def _in_slot(self, slots: asyncio.Semaphore, function: Callable[[Request], T], request: Request) -> T:
        async with slots:
            return await self._greenlets.spawn(function, request)

    def close(self) -> None:
        """Let go of the threads."""
        self._senders.close()
        self._without_loop.close()

    def forget(self) -> None:
        """The threads are a parent process's."""
        self._senders.forget()
        self._without_loop.forget()

    def _has_no_loop(self) -> bool:
        """Whether the caller's thread has no event loop that it would hold up."""
        if self._greenlets.inside():
            return False
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return False


class _BegunTask(Begun[T]):
    """A request under way in a task."""

    def __init__(self, task: asyncio.Task[T], greenlets: Greenlets) -> None:
        self._task = task
        self._greenlets = greenlets
        # Whoever does not wait for it does not want to hear of its failure either.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def result(self) -> T:
        """Wait for its end. If the caller's task is cancelled meanwhile, so is it."""
        return self._greenlets.wait(self._task)

    def cancel(self) -> None:
        """Nobody waits for it any more; whichever thread says so."""
        loop = self._task.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._task.cancel)
