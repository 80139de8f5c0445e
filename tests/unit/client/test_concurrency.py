from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest

from sqlalchemy_dynamorm.client.concurrency import Threads
from sqlalchemy_dynamorm.run.request import Request

READ = Request("GetItem", {"TableName": "users"})


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(2)
    yield made
    made.close()


def _meeting(count: int) -> Callable[[Request], str]:
    """Returns once so many threads are in it."""
    together = threading.Barrier(count)

    def meet(request: Request) -> str:
        together.wait(10)
        return threading.current_thread().name

    return meet


def test_one_request_is_sent_in_the_callers_thread(threads: Threads) -> None:
    here = threading.current_thread().name
    assert threads.send(lambda request: threading.current_thread().name.encode(), READ) == here.encode()
    assert threads.apart(lambda: threading.current_thread().name) == here


def test_context_variables_hold_in_the_threads(threads: Threads) -> None:
    span = ContextVar("span", default="none")
    token = span.set("the statement's")
    begun = threads.begin(lambda request: span.get(), [READ] * 3)
    span.reset(token)
    assert {one.result() for one in begun} == {"the statement's"}


def test_requests_side_by_side_have_threads_of_their_own_and_no_more_than_were_allowed(threads: Threads) -> None:
    names = {begun.result() for begun in threads.begin(_meeting(2), [READ] * 8)}
    assert names == {"dynamorm_0", "dynamorm_1"}


def test_what_has_not_begun_can_be_cancelled(threads: Threads) -> None:
    go, seen = threading.Event(), []

    def wait(request: Request) -> None:
        assert go.wait(10)
        seen.append(request)

    *running, last = threads.begin(wait, [READ] * 3)
    last.cancel()
    go.set()
    for begun in running:
        begun.result()
    assert seen == [READ, READ]


def test_it_begins_anew_after_a_close_or_a_fork(threads: Threads) -> None:
    for renew in (threads.close, threads.close, threads.forget):
        assert [begun.result() for begun in threads.begin(_meeting(1), [READ])] == ["dynamorm_0"]
        renew()
