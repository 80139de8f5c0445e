from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, SerializationError, Throttled
from sqlalchemy_dynamorm.run.at_once import ATTEMPTS
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from tests.scripted import Played, Reply, play
from tests.unit.plan.planning import inserted

NO = ConditionFailed("no")
INSERT = "INSERT INTO things (p, s, a, n) VALUES ('x', :s, :a, 1) "
SAME = INSERT + "ON CONFLICT (p, s) DO UPDATE SET a = excluded.a, n = excluded.n"
LESS = INSERT + "ON CONFLICT (s, p) DO UPDATE SET a = excluded.a"
SOME = LESS + " WHERE n > 5"


def run(text: str, *script: Reply, values: list[dict[str, Any]] | None = None) -> Played:
    batch = [bound(one) for one in values or [{"s": 1, "a": "k"}]]
    return play(Inserter(inserted(text)).run(batch, Counters(None), None), *script)


def stored(n: int) -> dict[str, Any]:
    return {"Item": {"p": {"S": "x"}, "s": {"N": "1"}, "n": {"N": str(n)}}}


def test_a_taken_key_leaves_the_row_out() -> None:
    played = run(INSERT + "ON CONFLICT DO NOTHING RETURNING s", {}, NO, values=[{"s": 1, "a": "k"}, {"s": 2, "a": "k"}])
    assert (played.result.rowcount, played.rows) == (1, [(1,)])


def test_of_two_rows_with_one_key_the_first_is_put_and_the_last_stays() -> None:
    twins = [{"s": 1, "a": "first"}, {"s": 1, "a": "last"}]
    nothing = run(INSERT + "ON CONFLICT DO NOTHING", {}, values=twins)
    assert (nothing.only["Item"]["a"], nothing.result.rowcount) == ({"S": "first"}, 1)
    over = run(INSERT.replace("INSERT", "REPLACE"), {}, values=twins)
    assert (over.only["Item"]["a"], over.result.rowcount) == ({"S": "last"}, 2)


def test_one_update_where_set_gives_all_that_the_row_has() -> None:
    played = run(SAME)
    assert played.operations == ["UpdateItem"]
    assert "ConditionExpression" not in played.only
    assert played.requests[0].again == played.only
    returning = run(SAME + " RETURNING a, b", {"Attributes": {**stored(1)["Item"], "a": {"S": "k"}, "b": {"N": "9"}}})
    assert returning.rows == [("k", 9)]


def test_else_a_put_and_where_the_key_is_taken_an_update() -> None:
    assert run(LESS, {}).operations == ["PutItem"]
    played = run(LESS, NO, {})
    assert played.operations == ["PutItem", "UpdateItem"]
    assert (played.result.rowcount, played.requests[1].params["ConditionExpression"]) == (1, "attribute_exists(#0)")


def test_a_row_that_goes_in_between_is_inserted_after_all() -> None:
    played = run(LESS, NO, NO, {})
    assert played.operations == ["PutItem", "UpdateItem", "PutItem"]
    assert played.result.rowcount == 1


def test_where_it_does_not_hold_nothing_is_written() -> None:
    played = run(SOME, NO, NO, stored(1))
    assert played.operations == ["PutItem", "UpdateItem", "GetItem"]
    assert played.result.rowcount == 0


def test_where_it_holds_by_now_it_is_tried_again() -> None:
    assert run(SOME, NO, NO, stored(9), NO, {}).result.rowcount == 1
    assert run(SOME, NO, NO, {}, {}).operations == ["PutItem", "UpdateItem", "GetItem", "PutItem"]


def test_a_row_that_is_never_still() -> None:
    assert isinstance(run(LESS, *[NO] * (2 * ATTEMPTS)).error, SerializationError)


def test_rows_with_one_key_go_one_after_the_other() -> None:
    played = run(LESS, {}, {}, NO, {}, values=[{"s": 1, "a": "k"}, {"s": 2, "a": "k"}, {"s": 1, "a": "l"}])
    assert [len(together) for together in played.asked] == [2, 1, 1]
    assert played.result.rowcount == 3


@pytest.mark.parametrize("text", [SAME, LESS, INSERT + "ON CONFLICT DO NOTHING"])
def test_a_failure_says_what_was_written(text: str) -> None:
    played = run(text, {}, Throttled("slow"), values=[{"s": 1, "a": "k"}, {"s": 2, "a": "k"}])
    assert isinstance(played.error, Throttled)
    assert str(played.error) == "slow In AUTOCOMMIT 1 of the 2 rows were written."
    assert played.error.unprocessed == ({"p": {"S": "x"}, "s": {"N": "2"}},)
