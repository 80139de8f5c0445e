"""How a client waits, and has several requests under way: in threads here, in asyncio's tasks in ``tasks.py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

from sqlalchemy_dynamorm.run.request import Request

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Begun(Protocol[T_co]):
    """What is under way."""

    def result(self) -> T_co:
        """Wait for its end: what it returned, or raised."""
        ...

    def cancel(self) -> object:
        """Nobody waits for it any more; if it has not begun, it never will."""
        ...


class Concurrency(Protocol):
    """How a client waits. Threads may share it."""

    def send(self, send: Callable[[Request], bytes], request: Request) -> bytes:
        """Send one request by a function that blocks until the answer is there."""
        ...

    def apart(self, function: Callable[[], T], stop: Callable[[], object] | None = None) -> T:
        """Call a function that takes a while without sending anything, SQLite's part of a statement for example.

        :param stop: called in another thread, makes it end soon.
        """
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def begin(self, function: Callable[[Request], T], requests: Sequence[Request]) -> Sequence[Begun[T]]:
        """Have a function, which calls :meth:`send` and :meth:`sleep`, under way for each request, side by side."""
        ...

    def close(self) -> None:
        """Give back what it holds; what is under way is not stopped, and the next call begins anew."""
        ...

    def forget(self) -> None:
        """In a forked child: what it holds is the parent's."""
        ...


class Threads:
    """A caller blocks its own thread; requests side by side have threads of the engine.

    :param most: how many of those there are.
    """

    def __init__(self, most: int, name: str = "dynamorm") -> None:
        self._most = most
        self._name = name
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def send(self, send: Callable[[Request], bytes], request: Request) -> bytes:
        """See :class:`Concurrency`."""
        return send(request)

    def apart(self, function: Callable[[], T], stop: Callable[[], object] | None = None) -> T:
        """See :class:`Concurrency`."""
        return function()

    def sleep(self, seconds: float) -> None:
        """See :class:`Concurrency`."""
        time.sleep(seconds)

    def begin(self, function: Callable[[Request], T], requests: Sequence[Request]) -> Sequence[Begun[T]]:
        """See :class:`Concurrency`."""
        return [self.submit(function, request) for request in requests]

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Have a thread call a function. :meth:`close` comes before it is handed over, or after."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._most, self._name)
            # What a tracer keeps in context variables, the span of the statement for example, holds in the threads too.
            return self._threads.submit(copy_context().run, function, *args)

    def close(self) -> None:
        """See :class:`Concurrency`."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)

    def forget(self) -> None:
        """See :class:`Concurrency`. A thread that held the lock is not there to let go of it."""
        self._threads = None
        self._lock = threading.Lock()
