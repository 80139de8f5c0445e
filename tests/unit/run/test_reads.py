from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError, ReadBudgetExceeded, Throttled
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.reads import Reader, Scope
from sqlalchemy_dynamorm.run.sources import MAX_ROUNDS
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check
from tests.scripted import Played, Reply, done, failed
from tests.unit.plan.planning import planned, table

BY_A = Index("by_a", "by_a", ("a",), ("n",))


def item(p: str, s: int, **more: Any) -> Item:
    wires = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in more.items()}
    return {"p": {"S": p}, "s": {"N": str(s)}, **wires}


def page(*items: Item, more: bool = False) -> Reply:
    last = {"LastEvaluatedKey": {"p": {"S": "k"}, "s": {"N": "0"}}} if more else {}
    return {"Items": list(items), "Count": len(items), **last}


def wrote(*items: Item, deleted: tuple[Item, ...] = ()) -> Buffer:
    """A transaction that has made these items."""
    buffer = Buffer()
    for one in items:
        buffer.insert(table(), one)
    for one in deleted:
        buffer.delete(table(), Image(one), Check(ALWAYS, bound({})))
    return buffer


def reader(text: str) -> Reader:
    plan = planned(text, table(BY_A), scan="allow")
    assert isinstance(plan, ReadPlan)
    return Reader(plan)


def run(text: str, *script: Reply, own: Buffer | None = None, **scope: Any) -> Played:
    return done(reader(text).run(bound({}), Scope(own, **scope)), *script)


QUERY = "SELECT s FROM things WHERE p = 'x'"


def test_pages_are_read_to_the_end() -> None:
    played = run(QUERY, page(item("x", 1), more=True), page(more=True), page(item("x", 2)))
    assert played.rows == [(1,), (2,)]
    assert "ExclusiveStartKey" not in played.requests[0].params
    assert played.requests[2].params["ExclusiveStartKey"] == {"p": {"S": "k"}, "s": {"N": "0"}}


def test_a_limit_asks_for_what_is_left() -> None:
    played = run(QUERY + " LIMIT 3", page(item("x", 1), item("x", 2), more=True), page(item("x", 3), more=True))
    assert [request.params["Limit"] for request in played.requests] == [3, 1]
    assert len(played.rows) == 3


def test_a_limit_that_a_check_may_cut_is_not_sent() -> None:
    played = run(QUERY + " AND s <> 1 LIMIT 1", page(item("x", 1), item("x", 2), item("x", 3), more=True))
    assert played.rows == [(2,)]
    assert "Limit" not in played.only


def test_a_limit_under_a_like_that_the_key_says() -> None:
    text = "SELECT a FROM things WHERE a = 'x' AND n > 3 AND n < 9 LIMIT 1"
    assert "Limit" not in run(text, page(item("x", 1, a="x", n=4))).only


def test_the_partitions_of_a_list_are_read_together() -> None:
    played = run(
        "SELECT s FROM things WHERE p IN ('x', 'y')",
        page(item("x", 1), more=True),
        page(item("y", 1)),
        page(item("x", 2)),
    )
    assert [len(together) for together in played.asked] == [2, 1]
    assert played.rows == [(1,), (1,), (2,)]


def test_a_page_size_and_a_budget() -> None:
    assert run(QUERY, page(), page_size=7).only["Limit"] == 7
    error = failed(reader(QUERY).run(bound({}), Scope(read_budget=1)), page(more=True))
    assert isinstance(error, ReadBudgetExceeded)


def test_a_count_adds_pages() -> None:
    played = run("SELECT count(*) FROM things WHERE p = 'x'", {"Count": 3, **_more()}, {"Count": 4})
    assert played.rows == [(7,)]
    assert played.requests[0].params["Select"] == "COUNT"


def _more() -> dict[str, Any]:
    return {"LastEvaluatedKey": {"p": {"S": "k"}, "s": {"N": "0"}}}


def test_a_count_that_must_be_checked_reads_the_items() -> None:
    played = run("SELECT count(*) FROM things WHERE p = 'x' AND s <> 1", page(item("x", 1), item("x", 2)))
    assert played.rows == [(1,)]
    assert "Select" not in played.only


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("b", [None, 1, 2]),
        ("b DESC", [2, 1, None]),
        ("b NULLS LAST", [1, 2, None]),
        ("b DESC NULLS FIRST", [None, 2, 1]),
        ("b DESC LIMIT 1", [2]),
    ],
)
def test_nulls_stand_where_they_are_asked_to(order: str, expected: list[int | None]) -> None:
    items = item("x", 1, b=2), item("x", 2), item("x", 3, b=1)
    played = run(f"SELECT b FROM things WHERE p = 'x' ORDER BY {order}", page(*items))
    assert [value for (value,) in played.rows] == expected


def test_unprocessed_keys_are_asked_for_until_it_is_enough() -> None:
    keys = {"Keys": [{"p": {"S": "x"}, "s": {"N": "1"}}]}
    again: Reply = {"Responses": {}, "UnprocessedKeys": {"things": keys}}
    text = "SELECT s FROM things WHERE p = 'x' AND s IN (1)"
    played = run(text, again, again, {"Responses": {"things": [item("x", 1)]}})
    assert (played.rows, len(played.pauses)) == ([(1,)], 2)
    assert isinstance(failed(reader(text).run(bound({}), Scope()), *[again] * MAX_ROUNDS), Throttled)


@pytest.mark.parametrize("limit", [-1, "3", True, None])
def test_a_limit_is_a_number_of_rows(limit: Any) -> None:
    plan = planned(QUERY + " LIMIT :n")
    assert isinstance(plan, ReadPlan)
    assert isinstance(failed(Reader(plan).run(bound({"n": limit}), Scope())), DataError)


@pytest.mark.parametrize("offset", [-1, "3", True, None])
def test_an_offset_is_a_number_of_rows(offset: Any) -> None:
    plan = planned(QUERY + " LIMIT -1 OFFSET :n")
    assert isinstance(plan, ReadPlan)
    assert isinstance(failed(Reader(plan).run(bound({"n": offset}), Scope())), DataError)


def test_an_offset_and_a_limit_read_as_much_as_both() -> None:
    first = page(item("x", 1), more=True)
    played = run(QUERY + " LIMIT 2 OFFSET 2", first, page(item("x", 2), item("x", 3), item("x", 4), more=True))
    assert [request.params["Limit"] for request in played.requests] == [4, 3]
    assert played.rows == [(3,), (4,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (QUERY + " LIMIT -1 OFFSET 1", [2]),
        (QUERY + " LIMIT -1 OFFSET 2", []),
        (QUERY + " LIMIT 1, 5", [2]),
        ("SELECT s FROM things WHERE p = 'x' ORDER BY b LIMIT 1 OFFSET 1", [1]),
        ("SELECT s FROM things WHERE p = 'x' AND s <> 1 LIMIT 1 OFFSET 0", [2]),
    ],
)
def test_an_offset_drops_the_first_rows(text: str, expected: list[int]) -> None:
    assert [value for (value,) in run(text, page(item("x", 1, b=2), item("x", 2, b=1))).rows] == expected


@pytest.mark.parametrize("text", [QUERY.replace("s FROM", "count(*) FROM"), "SELECT 1", QUERY + " LIMIT 0"])
def test_what_an_offset_leaves_nothing_of_is_not_read(text: str) -> None:
    limited = text if "LIMIT" in text else text + " LIMIT -1"
    played = run(limited + " OFFSET 1")
    assert (played.rows, played.requests) == ([], [])


# --- own writes ---

STORED = (item("x", 1, a="k", n=1), item("x", 2, a="k", n=2), item("x", 4, a="k", n=4))
OWN = wrote(item("x", 2, a="other", n=2), item("x", 3, a="k", n=3), item("y", 1, a="z", n=3), deleted=(STORED[0],))


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        (QUERY, page(*STORED), [2, 3, 4]),
        (QUERY + " ORDER BY s DESC", page(*reversed(STORED)), [4, 3, 2]),
        (QUERY + " LIMIT 2", page(*STORED), [2, 3]),
        (QUERY + " ORDER BY s LIMIT 2 OFFSET 1", page(*STORED), [3, 4]),
        (QUERY + " AND a = 'k'", page(*STORED), [3, 4]),
        ("SELECT s FROM things WHERE a = 'k' ORDER BY n DESC", page(*reversed(STORED)), [4, 3]),
        ("SELECT count(*) FROM things", page(*STORED), [4]),
    ],
)
def test_own_writes_stand_in_the_place_of_what_is_stored(text: str, script: Reply, expected: list[int]) -> None:
    assert [value for (value,) in run(text, script, own=OWN).rows] == expected


@pytest.mark.parametrize(("key", "expected"), [(1, []), (3, [(3,)])])
def test_an_own_write_by_its_key_is_not_asked_for(key: int, expected: list[tuple[int]]) -> None:
    played = run(f"SELECT s FROM things WHERE p = 'x' AND s = {key}", own=OWN)
    assert (played.rows, played.requests) == (expected, [])


def test_under_own_writes_no_more_is_read_than_needed() -> None:
    own = wrote(deleted=(STORED[0],))
    played = run(QUERY + " LIMIT 1", page(*STORED[:2], more=True), own=own)
    assert (played.rows, len(played.requests)) == ([(2,)], 1)
