"""Pages: which are asked for, when, and where reading ahead stops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ReadBudgetExceeded, ServiceUnavailable, Throttled
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.request import Ask, Asking, Join, Request, Rows, Start
from sqlalchemy_dynamorm.run.sources import AT_ONCE, Batches, Budget, Paged
from tests.scripted import Reply, done, failed

ID = Column("id", Kind.INTEGER, nullable=False)
TABLE = Table("t", "t", (ID,), "id")


def page(*ids: int, more: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = {"Items": [{"id": {"N": str(number)}} for number in ids], "Count": len(ids)}
    return {**answer, "LastEvaluatedKey": {"id": {"N": str(ids[-1])}}} if more else answer


def paged(*, ahead: bool = True, pages: int | None = None, count: int = 1) -> Paged:
    requests = [Request("Query", {"TableName": "t", "n": number}) for number in range(count)]
    return Paged(requests, RowDecoder((ID,)), Budget(pages), None, ahead=ahead)


def reading(source: Paged) -> Asking[None]:
    while (rows := (yield from source.next_page(None))) is not None:
        yield Rows(rows)


def steps(source: Paged, *script: Reply) -> Iterator[str]:
    """What a reader does, in order: the names of its asks, the rows as they come."""
    execution, replies = reading(source), list(script)
    answer: Any = None
    while True:
        try:
            ask: Ask = execution.send(answer)
        except StopIteration:
            return
        yield type(ask).__name__ if not isinstance(ask, Rows) else f"rows {[row[0] for row in ask.rows]}"
        if isinstance(ask, (Request, Start)):
            answer = json.dumps(replies.pop(0)).encode()
        elif isinstance(ask, Join):
            answer = ask.handle
        else:
            answer = None


def test_the_next_page_is_under_way_before_this_one_is_given_out() -> None:
    assert list(steps(paged(), page(1, 2, more=True), page(3, more=True), page(4))) == [
        "Request",
        "Start",
        "rows [1, 2]",
        "Join",
        "Start",
        "rows [3]",
        "Join",
        "rows [4]",
    ]


def test_without_reading_ahead_each_page_is_asked_for_when_it_is_wanted() -> None:
    assert list(steps(paged(ahead=False), page(1, more=True), page(2))) == [
        "Request",
        "rows [1]",
        "Request",
        "rows [2]",
    ]


def test_a_page_follows_the_one_before() -> None:
    played = done(reading(paged()), page(1, 2, more=True), page(3))
    assert played.rows == [(1,), (2,), (3,)]
    assert [request.params.get("ExclusiveStartKey") for request in played.requests] == [None, {"id": {"N": "2"}}]


def test_the_word_in_an_item_is_no_further_page() -> None:
    item = {"Items": [{"id": {"N": "1"}, "LastEvaluatedKey": {"S": "x"}}], "Count": 1}
    assert done(reading(paged()), item).rows == [(1,)]


def test_a_failure_of_the_page_ahead_is_the_readers() -> None:
    error = failed(reading(paged()), page(1, more=True), ServiceUnavailable("gone"))
    assert isinstance(error, ServiceUnavailable)


def test_several_partitions_are_asked_together_and_not_ahead() -> None:
    played = done(reading(paged(count=2)), page(1, more=True), page(5), page(2))
    assert [len(together) for together in played.asked] == [2, 1]
    assert played.rows == [(1,), (5,), (2,)]


@pytest.mark.parametrize("ahead", [True, False])
def test_a_budget_is_spent_by_what_is_read(ahead: bool) -> None:
    assert done(reading(paged(pages=2, ahead=ahead)), page(1, more=True), page(2)).rows == [(1,), (2,)]
    error = failed(reading(paged(pages=1, ahead=ahead)), page(1, more=True))
    assert isinstance(error, ReadBudgetExceeded)


def test_pages_are_counted_without_rows() -> None:
    counting = paged().count()
    assert done(counting, {"Count": 7, "LastEvaluatedKey": {"id": {"N": "7"}}}, {"Count": 2}).result == 9


def test_keys_left_unprocessed_for_ever_are_a_throttle() -> None:
    keys = [{"id": {"N": "1"}}]
    left = {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": keys}}}
    batches = Batches(TABLE, keys, ["id"], RowDecoder((ID,)), consistent=True)
    error = failed(batches.next_page(None), *[left] * 10)
    assert isinstance(error, Throttled)
    assert error.table == "t"


def test_a_round_is_of_so_many_requests_and_each_is_read_to_its_end() -> None:
    count = AT_ONCE + 2
    first = [page(number, more=number == 0) for number in range(AT_ONCE)]
    played = done(reading(paged(count=count)), *first, page(100), page(101), page(102))
    assert [len(together) for together in played.asked] == [AT_ONCE, 3]
    assert [request.params["n"] for request in played.asked[1]] == [0, AT_ONCE, AT_ONCE + 1]
    assert played.asked[1][0].params["ExclusiveStartKey"] == {"id": {"N": "0"}}
    assert [row[0] for row in played.rows] == [*range(AT_ONCE), 100, 101, 102]


def test_what_is_wanted_is_shared_out_among_the_requests_of_a_round() -> None:
    def wanting(source: Paged) -> Asking[None]:
        yield Rows((yield from source.next_page(7)) or [])

    played = done(wanting(paged(count=3)), page(1), page(2), page(3))
    assert [request.params["Limit"] for request in played.requests] == [3, 3, 3]
