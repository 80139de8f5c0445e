"""The client of an engine: lazy, shared by threads, renewed after a fork; it runs executions."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy_dynamorm.client.catalog import Catalog
from sqlalchemy_dynamorm.client.concurrency import Begun, Concurrency, Threads
from sqlalchemy_dynamorm.client.retry import Budget, Policy
from sqlalchemy_dynamorm.client.settings import Settings
from sqlalchemy_dynamorm.errors import Error, TransactionCanceled
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.request import STREAM_OPERATIONS, Ask, Asking, Join, Pause, Request, Rows, Start, T, Work
from sqlalchemy_dynamorm.run.sequences import Sequences

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.boto import Connected
    from sqlalchemy_dynamorm.client.capacity import Meter

Ended = Callable[["bytes | Error"], None]
"""Is told how a call ended: the body of its answer, or the error."""
Observer = Callable[[Request], "Ended | None"]
"""Is told of a call as it is sent, and may return what is to be told of its end, in the same thread."""
_CLIENTS: weakref.WeakSet[Client] = weakref.WeakSet()


def _renew_locks() -> None:
    """In a forked child: a thread that held a lock, to connect for example, is not there to let go of it."""
    for client in list(_CLIENTS):
        client._lock = threading.Lock()
        client._budget = Budget()
        client._concurrency.forget()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_locks)


class Client:
    """Sends requests, with retries, several in parallel where asked.

    :param settings: where and how.
    :param concurrency: how it waits and sends side by side, instead of in threads.
    """

    def __init__(self, settings: Settings, concurrency: Concurrency | None = None) -> None:
        from sqlalchemy_dynamorm.run.definitions import create_system_table

        self.settings = settings
        self.catalog = Catalog()
        self.counters = Counters(settings.system_table, create_system_table if settings.embedded else None)
        self.sequences = Sequences(self.counters)
        self._observers: tuple[Observer, ...] = ()
        self._budget = Budget()
        self._lock = threading.Lock()
        self._concurrency: Concurrency = concurrency or Threads(settings.max_parallel)
        self._server: Any = None
        self._server_of = os.getpid()
        self._reset()
        _CLIENTS.add(self)

    def _reset(self) -> None:
        """Forget sockets; after a fork they are the parent's."""
        self._boto: Connected | None = None
        self._streams: Connected | None = None
        self._pid = os.getpid()

    def _check_fork(self) -> None:
        if self._pid != os.getpid():
            self._reset()
            self._concurrency.forget()

    def close(self) -> None:
        """Give back connections, threads and an embedded server; the next request starts anew."""
        self._concurrency.apart(self._disconnect)
        self._concurrency.close()

    def _disconnect(self) -> None:
        with self._lock:
            self._check_fork()
            botos, server = (self._boto, self._streams), None
            self._reset()
            # A forked child goes on with its parent's server, whose tables would be lost to it otherwise.
            if self._server_of == os.getpid():
                server, self._server = self._server, None
        for boto in botos:
            if boto is not None:
                boto.client.close()
        if server is not None:
            server.stop()

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Tell ``observer`` of each request as it is sent, retries included; what is returned ends that."""
        with self._lock:
            self._observers = (*self._observers, observer)

        def end() -> None:
            with self._lock:
                self._observers = tuple(one for one in self._observers if one is not observer)

        return end

    @contextmanager
    def observed(self, observer: Observer) -> Iterator[None]:
        """:meth:`observe` inside a ``with``."""
        end = self.observe(observer)
        try:
            yield
        finally:
            end()

    def run(
        self, execution: Asking[T], meter: Meter | None = None, *, tokened: bool = False
    ) -> Generator[list[tuple[Any, ...]], None, T]:
        """Run an execution: yields its rows, a list at a time, and returns what it returns.

        :param meter: counts the capacity that its calls consume.
        :param tokened: single writes go with a token.
        """
        policy = replace(self._policy(), meter=meter, tokened=tokened)
        answer: Any = None
        failure: Error | None = None
        begun: list[Begun[bytes]] = []
        try:
            while True:
                try:
                    ask = execution.send(answer) if failure is None else execution.throw(failure)
                except StopIteration as stop:
                    return cast("T", stop.value)
                answer = failure = None
                if isinstance(ask, Rows):
                    yield ask.rows
                    continue
                try:
                    answer = self._answer(ask, policy, begun)
                except Error as error:
                    failure = error
        finally:
            for one in begun:  # a page that was asked for in advance, and is not wanted any more
                one.cancel()

    def value(self, asking: Asking[T], *, tokened: bool = False) -> T:
        """Run something that has no rows to its end, and give what it returns.

        :param tokened: single writes go with a token.
        """
        pages = self.run(asking, tokened=tokened)
        while True:
            try:
                next(pages)
            except StopIteration as stop:
                return cast("T", stop.value)

    def ask(self, request: Request) -> bytes:
        """Send one request."""
        return self._send(request, self._policy())

    def _policy(self) -> Policy:
        seconds = self.settings.deadline
        until = None if seconds is None else time.monotonic() + seconds
        return Policy(self.settings.max_attempts, until, budget=self._budget)

    def _answer(self, ask: Ask, policy: Policy, begun: list[Begun[bytes]]) -> Any:
        if isinstance(ask, Pause):
            return self._pause(ask, policy)
        if isinstance(ask, Work):
            return self._concurrency.apart(ask.function, ask.stop)
        if isinstance(ask, Request):
            return self._send(ask, policy)
        if isinstance(ask, Start):
            begun += self._concurrency.begin(lambda request: self._send(request, policy), [ask.request])
            return begun[-1]
        if isinstance(ask, Join):
            begun.remove(ask.handle)
            return ask.handle.result()
        assert not isinstance(ask, Rows)
        return self._send_all(ask, policy)

    def _send_all(self, requests: Sequence[Request], policy: Policy) -> list[bytes | Error]:
        """The answers in order; an error stands in the place of what failed."""

        def one(request: Request) -> bytes | Error:
            try:
                return self._send(request, policy)
            except Error as error:
                return error

        if len(requests) == 1:
            return [one(requests[0])]
        begun = self._concurrency.begin(one, requests)
        try:
            return [each.result() for each in begun]
        except BaseException:  # this thread is interrupted, or its task cancelled
            for each in begun:
                each.cancel()
            raise

    def _send(self, request: Request, policy: Policy) -> bytes:
        if not policy.tokened:
            return self._repeated(request, policy)
        from sqlalchemy_dynamorm.client import tokens

        if not tokens.needs_token(request):
            return self._repeated(request, policy)
        try:
            return self._repeated(tokens.with_token(request), policy)
        except TransactionCanceled as failure:
            raise tokens.as_single(failure, request) from failure.__cause__

    def _repeated(self, request: Request, policy: Policy) -> bytes:
        """One request, repeated as the policy allows.

        :raises Error: the last failure; ``OutcomeUnknown`` if an answer was lost before, and it does not say what
            became of the request.
        """
        from sqlalchemy_dynamorm.client import failures

        attempt, lost = 0, False
        while True:
            attempt += 1
            try:
                body = self._metered(request, policy.meter)
                policy.budget.succeeded(again=attempt > 1)
                return body
            except Error as failure:
                lost = lost or failures.was_lost(failure, request)
                if lost and failures.is_own(failure, request):
                    return self._carried_out(request, policy.meter)
                seconds = policy.wait(failure, attempt)
                if seconds is None:
                    if lost and not failures.is_a_verdict(failure):
                        raise failures.unknown(request) from failure
                    raise
            if lost and request.again is not None:
                request = replace(request, params=request.again)
            self._concurrency.sleep(seconds)

    def _metered(self, request: Request, meter: Meter | None) -> bytes:
        if meter is None:
            return self._once(request)
        body = self._once(meter.asking(request))
        meter.count(request, body)
        return body

    def _carried_out(self, request: Request, meter: Meter | None) -> bytes:
        """The answer to a put whose own answer was lost."""
        body = b"{}"
        if meter is not None:
            meter.count(request, body)  # nobody says what it consumed
        return body

    def _once(self, request: Request) -> bytes:
        return self._concurrency.send(self._observed if self._observers else self._sent, request)

    def _observed(self, request: Request) -> bytes:
        self._connected()  # a call that cannot be made is none
        told = [ended for observer in self._observers if (ended := observer(request)) is not None]
        try:
            answer: bytes | Error = self._sent(request)
        except Error as failure:
            answer = failure
        for ended in told:
            ended(answer)
        if isinstance(answer, Error):
            raise answer
        return answer

    def _sent(self, request: Request) -> bytes:
        from sqlalchemy_dynamorm.client import failures

        connected = self._connected() if request.operation not in STREAM_OPERATIONS else self._connected_to_streams()
        try:
            return connected.send(request.operation, request.params)
        except failures.AWS_ERRORS as failure:
            raise failures.translate(failure, request, connected.client.meta.endpoint_url) from failure

    def _connected(self) -> Connected:
        found = self._boto  # read once: another thread may close this client meanwhile
        if found is not None and self._pid == os.getpid():
            return found
        with self._lock:
            self._check_fork()
            if self._boto is None:
                self._boto = self._connect()
            return self._boto

    def _connected_to_streams(self) -> Connected:
        """Few need it, and copying a table in use does."""
        self._connected()
        with self._lock:
            if self._streams is None:
                self._streams = self._connect("dynamodbstreams")
            return self._streams

    def _connect(self, service: str = "dynamodb") -> Connected:
        from sqlalchemy_dynamorm.client import boto, embedded

        endpoint = self.settings.endpoint_url
        if self.settings.embedded:
            if self._server is None:
                self._server = embedded.acquire(self.settings.name, self.settings.folder)
                self._server_of = os.getpid()
            endpoint = self._server.endpoint_url
        return boto.connect(self.settings, endpoint, service)

    def _pause(self, pause: Pause, policy: Policy) -> bool:
        """Wait; whether there was time to."""
        if pause.bounded and policy.until is not None and time.monotonic() + pause.seconds > policy.until:
            return False
        self._concurrency.sleep(pause.seconds)
        return True
