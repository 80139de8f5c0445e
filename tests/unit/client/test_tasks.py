from __future__ import annotations

import asyncio
import contextvars
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

if os.environ.get("CI") != "true":
    pytest.importorskip("greenlet")

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.util.concurrency import await_only, greenlet_spawn, in_greenlet

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.settings import settings
from sqlalchemy_dynamorm.client.tasks import Tasks
from sqlalchemy_dynamorm.errors import Error, OutcomeUnknown, ServiceUnavailable, Throttled
from sqlalchemy_dynamorm.run.request import Asking, Join, Pause, Request, Rows, Start, Work

T = TypeVar("T")
READ = Request("GetItem", {"TableName": "users"})
WRITE = Request("UpdateItem", {"TableName": "users"}, repeatable=False)
TRANSACTION = Request("TransactWriteItems", {"TransactItems": []})
SLOW = 0.3


class Greenlets:
    """SQLAlchemy's."""

    def inside(self) -> bool:
        return in_greenlet()

    def wait(self, awaitable: Awaitable[T]) -> T:
        return await_only(awaitable)

    def spawn(self, function: Callable[..., T], *args: Any) -> Coroutine[Any, Any, T]:
        return greenlet_spawn(function, *args)


class Service:
    """Answers slowly, and remembers."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.sent: list[Request] = []
        self.at_once: list[int] = []
        self.failures: list[Error] = []
        self._now = 0
        self._lock = threading.Lock()

    def send(self, request: Request) -> bytes:
        with self._lock:
            self._now += 1
            self.at_once.append(self._now)
            self.sent.append(request)
            failure = self.failures.pop(0) if self.failures else None
        time.sleep(self.seconds)
        with self._lock:
            self._now -= 1
        if failure is not None:
            raise failure
        return json.dumps(request.params.get("n")).encode()


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    made = Tasks(Greenlets(), connections=2, most=2)
    yield made
    made.close()


@pytest.fixture
def client(tasks: Tasks) -> Client:
    return Client(settings({"region": "eu-west-1"}), tasks)


@pytest.fixture
def service(client: Client, monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service()
    monkeypatch.setattr(client, "_sent", found.send)
    return found


async def ticks_during(awaitable: Coroutine[Any, Any, object]) -> int:
    """How often another task gets its turn meanwhile."""
    ticks = 0
    waited = asyncio.create_task(awaitable)
    while not waited.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await waited
    return ticks


def numbered(count: int) -> list[Request]:
    return [Request("GetItem", {"n": n}) for n in range(count)]


def asking(*requests: Request) -> Asking[list[Any]]:
    answers = yield list(requests)
    return [one if isinstance(one, Error) else json.loads(one) for one in answers]


# --- the event loop goes on ---


def test_a_slow_request_holds_up_no_other_task(client: Client, service: Service) -> None:
    service.seconds = SLOW
    assert asyncio.run(ticks_during(greenlet_spawn(client.ask, READ))) > 5


def test_a_pause_and_a_retry_hold_up_no_other_task(client: Client, service: Service) -> None:
    def pausing() -> Asking[None]:
        yield Pause(SLOW)

    assert asyncio.run(ticks_during(greenlet_spawn(client.value, pausing()))) > 5
    service.failures = [Throttled("slower")] * 4
    assert asyncio.run(ticks_during(greenlet_spawn(client.ask, READ))) > 0
    assert service.sent == [READ] * 5


def test_what_takes_a_while_without_a_request_holds_up_no_other_task(tasks: Tasks) -> None:
    assert asyncio.run(ticks_during(greenlet_spawn(tasks.apart, lambda: time.sleep(SLOW)))) > 5


def test_hooks_below_see_the_context_of_the_caller(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    user = contextvars.ContextVar[str]("user")
    monkeypatch.setattr(client, "_sent", lambda request: user.get().encode())

    async def asked(name: str) -> bytes:
        user.set(name)
        return await greenlet_spawn(client.ask, READ)

    async def both() -> list[bytes]:
        return list(await asyncio.gather(asked("ada"), asked("bob")))

    assert asyncio.run(both()) == [b"ada", b"bob"]


# --- side by side ---


def test_tasks_send_as_many_requests_at_once_as_there_are_connections(client: Client, service: Service) -> None:
    service.seconds = 0.05

    async def many() -> None:
        await asyncio.gather(*(greenlet_spawn(client.ask, READ) for _ in range(6)))

    asyncio.run(many())
    assert max(service.at_once) == 2


def test_requests_of_a_statement_are_answered_in_their_order(client: Client, service: Service) -> None:
    assert asyncio.run(greenlet_spawn(client.value, asking(*numbered(5)))) == [0, 1, 2, 3, 4]


def test_requests_of_statements_are_side_by_side_up_to_a_bound(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = Tasks(Greenlets(), connections=9, most=3)
    wide = Client(settings({"region": "eu-west-1"}), tasks)
    monkeypatch.setattr(wide, "_sent", service.send)
    service.seconds = 0.05

    async def two_statements() -> None:
        await asyncio.gather(*(greenlet_spawn(wide.value, asking(*numbered(5))) for _ in range(2)))

    asyncio.run(two_statements())
    tasks.close()
    assert max(service.at_once) == 3


def test_a_failure_stands_in_its_place(client: Client, service: Service) -> None:
    service.failures = [ServiceUnavailable("away")] * 99
    failed = replace(client.settings, max_attempts=1)
    client.settings = failed
    found = asyncio.run(greenlet_spawn(client.value, asking(*numbered(3))))
    assert [type(one) for one in found] == [ServiceUnavailable] * 3


def test_a_page_that_was_begun_is_waited_for(client: Client, service: Service) -> None:
    def reading() -> Asking[bytes]:
        handle = yield Start(numbered(1)[0])
        yield Rows([(1,)])
        body: bytes = yield Join(handle)
        return body

    assert asyncio.run(greenlet_spawn(client.value, reading())) == b"0"


def test_a_page_that_nobody_wants_any_more_fails_in_silence(client: Client, service: Service) -> None:
    service.failures = [Throttled("slower")] * 99
    client.settings = replace(client.settings, max_attempts=1)
    complaints: list[Any] = []

    def beginning() -> Asking[None]:
        yield Start(READ)
        yield Rows([(1,)])

    async def first_page() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        pages = client.run(beginning())
        assert await greenlet_spawn(next, pages) == [(1,)]
        await asyncio.sleep(0.1)
        pages.close()

    asyncio.run(first_page())
    assert complaints == []


# --- a task that is cancelled ---


async def cancelled(awaitable: Coroutine[Any, Any, object], after: float = 0.1) -> asyncio.CancelledError:
    task = asyncio.create_task(awaitable)
    await asyncio.sleep(after)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value


@pytest.mark.parametrize("request_", [WRITE, TRANSACTION], ids=["write", "transaction"])
def test_a_write_under_way_may_be_carried_out_and_the_error_says_so(
    client: Client, service: Service, request_: Request
) -> None:
    service.seconds = SLOW
    error = asyncio.run(cancelled(greenlet_spawn(client.ask, request_)))
    assert isinstance(error.__cause__, OutcomeUnknown)
    assert service.sent == [request_]


def test_a_read_under_way_has_nothing_to_say(client: Client, service: Service) -> None:
    service.seconds = SLOW
    assert asyncio.run(cancelled(greenlet_spawn(client.ask, READ))).__cause__ is None


def test_a_write_that_waits_for_its_turn_is_never_sent(client: Client, service: Service) -> None:
    service.seconds = SLOW

    async def third() -> asyncio.CancelledError:
        others = [asyncio.create_task(greenlet_spawn(client.ask, READ)) for _ in range(2)]
        await asyncio.sleep(0.05)
        error = await cancelled(greenlet_spawn(client.ask, WRITE), 0.05)
        await asyncio.gather(*others)
        return error

    assert asyncio.run(third()).__cause__ is None
    assert service.sent == [READ, READ]


def test_a_retry_ends_with_its_task(client: Client, service: Service) -> None:
    service.failures = [Throttled("slower")] * 99
    client.settings = replace(client.settings, max_attempts=99)
    asyncio.run(cancelled(greenlet_spawn(client.ask, READ), 0.5))
    sent = len(service.sent)
    time.sleep(0.3)
    assert len(service.sent) == sent < 99


def test_what_was_side_by_side_ends_with_its_task(client: Client, service: Service) -> None:
    service.seconds = SLOW
    writes = [Request("UpdateItem", {"n": n}, repeatable=False) for n in range(9)]
    error = asyncio.run(cancelled(greenlet_spawn(client.value, asking(*writes))))
    time.sleep(2 * SLOW)
    assert isinstance(error.__cause__, OutcomeUnknown)
    assert len(service.sent) == 2


def test_work_that_is_cancelled_is_stopped_and_has_ended(client: Client) -> None:
    stopped, ended = threading.Event(), threading.Event()

    def work() -> None:
        assert stopped.wait(10)
        time.sleep(0.05)
        ended.set()

    def working() -> Asking[None]:
        yield Work(work, stopped.set)

    async def twice() -> None:
        task = asyncio.create_task(greenlet_spawn(client.value, working()))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(twice())


def test_a_failure_of_work_is_thrown_into_the_execution(client: Client) -> None:
    def failing() -> None:
        raise ServiceUnavailable("no")

    def working() -> Asking[str]:
        try:
            yield Work(failing, time.monotonic)
        except ServiceUnavailable:
            return "caught"
        return "not reached"

    assert asyncio.run(greenlet_spawn(client.value, working())) == "caught"
    assert client.value(working()) == "caught"


# --- loops, and threads without one ---


def test_one_client_serves_several_loops(client: Client, service: Service) -> None:
    service.seconds = 0.02
    found: list[Any] = []

    def loop_of_a_thread() -> None:
        found.append(asyncio.run(greenlet_spawn(client.value, asking(*numbered(3)))))

    for _ in range(2):
        loop_of_a_thread()
    threads = [threading.Thread(target=loop_of_a_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[0, 1, 2]] * 6


def test_a_thread_without_a_loop_waits_by_itself(client: Client, service: Service, tasks: Tasks) -> None:
    service.failures = [Throttled("slower")]
    assert client.ask(READ) == b"null"
    assert client.value(asking(*numbered(3))) == [0, 1, 2]
    assert tasks.apart(threading.get_ident) == threading.get_ident()


@pytest.mark.parametrize("call", [lambda client: client.ask(WRITE), lambda client: client.value(asking(WRITE, WRITE))])
def test_blocking_code_in_a_loop_is_refused_and_sends_nothing(
    client: Client, service: Service, call: Callable[[Client], Any]
) -> None:
    async def outside_of_a_greenlet() -> None:
        call(client)

    with pytest.raises(MissingGreenlet):
        asyncio.run(outside_of_a_greenlet())
    assert service.sent == []


def test_it_begins_anew_after_a_close_or_a_fork(client: Client, service: Service, tasks: Tasks) -> None:
    for renew in (tasks.close, tasks.close, tasks.forget):
        assert asyncio.run(greenlet_spawn(client.ask, READ)) == b"null"
        renew()


def test_a_close_in_a_greenlet_is_awaited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Server:
        def stop(self) -> None:
            time.sleep(SLOW)

    monkeypatch.setattr(client, "_server", Server())
    assert asyncio.run(ticks_during(greenlet_spawn(client.close))) > 5
