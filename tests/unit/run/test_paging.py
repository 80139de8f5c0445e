from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import Error, ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.paging import PageAsked
from sqlalchemy_dynamorm.run.reads import Reader, Scope
from sqlalchemy_dynamorm.run.request import Position
from tests.scripted import Played, Reply, done, failed
from tests.unit.plan.planning import planned, table
from tests.unit.run.test_reads import item, page

INDEXES = Index("by_a", "by_a", ("a",), ("n",)), Index("by_b", "by_b", ("b",), (), "KEYS_ONLY")


def reader(text: str) -> Reader:
    plan = planned(text, table(*INDEXES), scan="allow")
    assert isinstance(plan, ReadPlan)
    return Reader(plan)


def run(text: str, size: int, start: Position, *script: Reply) -> Played:
    return done(reader(text).run(bound({}), Scope(page=PageAsked(size, start))), *script)


QUERY = "SELECT b FROM things WHERE p = 'x'"
FIRST = Position()


def test_one_more_row_tells_whether_there_is_a_next_page() -> None:
    played = run(QUERY, 2, FIRST, page(item("x", 1, b=7), item("x", 2), item("x", 3), more=True))
    assert played.rows == [(7,), (None,)]
    assert played.only["Limit"] == 3
    assert played.result.following == Position(0, {"p": {"S": "x"}, "s": {"N": "2"}})
    assert run(QUERY, 2, FIRST, page(item("x", 1), item("x", 2))).result.following is None


def test_a_page_goes_on_behind_a_key() -> None:
    start = Position(0, {"p": {"S": "x"}, "s": {"N": "2"}})
    assert run(QUERY, 2, start, page()).only["ExclusiveStartKey"] == start.key


def test_an_index_s_key_is_its_own_and_the_table_s() -> None:
    played = run("SELECT b FROM things WHERE a = 'k'", 1, FIRST, page(*(item("x", s, a="k", n=s) for s in (1, 2))))
    assert played.result.following.key.keys() == {"a", "n", "p", "s"}


def test_a_page_is_filled_where_a_check_drops_rows() -> None:
    some = page(item("x", 1), item("x", 2), more=True)
    played = run(QUERY + " AND s <> 1", 2, FIRST, some, page(item("x", 3), item("x", 4)))
    assert (len(played.rows), len(played.requests)) == (2, 2)
    assert "Limit" not in played.requests[0].params
    assert played.result.following == Position(0, {"p": {"S": "x"}, "s": {"N": "3"}})


def test_partitions_follow_one_another() -> None:
    text = "SELECT s FROM things WHERE p IN ('x', 'y', 'z')"
    played = run(text, 3, FIRST, page(item("x", 1), item("x", 2)), page(item("y", 1)))
    assert [len(together) for together in played.asked] == [1, 1]
    assert played.result.following == Position(2)
    assert run(text, 3, Position(2), page(item("z", 1))).result.following is None


def test_of_an_index_that_is_completed_no_more_is_read_than_is_shown() -> None:
    found: Reply = {"Responses": {"things": [item("x", 1, b=7)]}}
    played = run("SELECT a FROM things WHERE b = 7", 1, FIRST, page(item("x", 1, b=7), more=True), found)
    assert played.requests[0].params["Limit"] == 1
    assert played.result.following == Position(0, {"p": {"S": "k"}, "s": {"N": "0"}})


def test_keys_are_asked_for_as_many_as_rows_are_wanted() -> None:
    text = "SELECT s FROM things WHERE p = 'x' AND s IN (1, 2, 3, 4)"
    two: Reply = {"Responses": {"things": [item("x", 1)]}}
    played = run(text, 2, FIRST, two, {"Responses": {"things": [item("x", 3)]}})
    assert [len(_keys(request.params)) for request in played.requests] == [2, 1]
    assert played.result.following == Position(3)


def _keys(params: dict[str, Any]) -> list[Any]:
    return list(params["RequestItems"]["things"]["Keys"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (QUERY + " LIMIT 1", ProgrammingError),
        (QUERY + " LIMIT -1 OFFSET 1", ProgrammingError),
        (QUERY + " ORDER BY b", Unsupported),
        ("SELECT count(*) FROM things", Unsupported),
        ("SELECT 1", Unsupported),
    ],
)
def test_what_has_no_pages(text: str, kind: type[Error]) -> None:
    plan = planned(text) if text == "SELECT 1" else reader(text).plan
    assert isinstance(plan, ReadPlan)
    assert type(failed(Reader(plan).run(bound({}), Scope(page=PageAsked(2, FIRST))))) is kind
