from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DuplicateKey,
    NotNullViolation,
    SerializationError,
    Throttled,
    TransactionCanceled,
)
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer, Level
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Reader, Scope
from tests.scripted import Played, Reply, done, play
from tests.unit.plan.planning import changed, inserted, selected

NO = ConditionFailed("no")
STORED = {"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "k"}, "n": {"N": "1"}}
UPDATE = "UPDATE things SET a = 'new' WHERE p = 'x' AND s = :s"
DELETE = "DELETE FROM things WHERE p = 'x' AND s = :s"


def run(text: str, *script: Reply, values: list[dict[str, Any]] | None = None, buffer: Buffer | None = None) -> Played:
    batch = [bound(one) for one in values or [{"s": 1}]]
    return play(Changer(changed(text)).run(batch, Scope(buffer), buffer), *script)


@pytest.mark.parametrize(
    ("text", "reply", "count"),
    [
        (UPDATE, {}, 1),
        (UPDATE, NO, 0),
        (DELETE, {"Attributes": STORED}, 1),
        (DELETE, {}, 0),
        (DELETE + " AND b = 1", NO, 0),
    ],
)
def test_one_change_at_once_counts_what_it_changed(text: str, reply: Reply, count: int) -> None:
    played = run(text, reply)
    assert played.result.rowcount == count
    assert [request.repeatable for request in played.requests] == [False]


def test_many_changes_are_counted_each() -> None:
    played = run(UPDATE, {}, NO, {}, values=[{"s": 1}, {"s": 2}, {"s": 1}])
    assert [len(together) for together in played.asked] == [2, 1]
    assert played.result.rowcount == 2


def test_an_error_among_many_says_how_many_were_changed() -> None:
    played = run(UPDATE, {}, Throttled("slow down"), NO, values=[{"s": n} for n in (1, 2, 3)])
    assert isinstance(played.error, Throttled)
    assert str(played.error) == "slow down In AUTOCOMMIT 1 of the 3 rows were changed; row 2 is the first that failed."
    assert played.error.unprocessed == ({"p": {"S": "x"}, "s": {"N": "2"}},)


def test_in_a_transaction_the_row_is_read_and_judged_here() -> None:
    buffer = Buffer()
    assert run(UPDATE + " AND a = 'other'", {"Item": STORED}, buffer=buffer).result.rowcount == 0
    assert run(UPDATE, {}, values=[{"s": 2}], buffer=buffer).result.rowcount == 0
    assert buffer.entries == {}
    again = run(UPDATE + " AND a = 'k'", buffer=buffer)
    assert (again.result.rowcount, again.requests) == (1, [])
    again = run(UPDATE + " AND a = 'k'", buffer=buffer)
    assert (again.result.rowcount, again.requests) == (0, [])


def loaded(text: str, *script: Reply, what: str, level: Level = "READ COMMITTED") -> Buffer:
    """A transaction that has run this SELECT."""
    buffer = Buffer(level)
    done(Reader(selected(text, what=what)).run(bound({}), Scope(buffer)), *script)
    return buffer


@pytest.mark.parametrize(
    "answer", [{"Item": STORED}, {"Items": [STORED], "Count": 1}, {"Responses": {"things": [STORED]}}]
)
def test_what_was_loaded_is_changed_without_another_read(answer: dict[str, Any]) -> None:
    where = {"Item": "s = 1", "Items": "s > 0", "Responses": "s IN (1, 2)"}[next(iter(answer))]
    buffer = loaded(f"p = 'x' AND {where}", answer, what="p, s, a")
    played = run(UPDATE + " AND a = 'k'", buffer=buffer)
    assert (played.result.rowcount, played.requests) == (1, [])
    (entry,) = buffer.entries.values()
    assert (entry.known, entry.changed) == (frozenset("psa"), frozenset("a"))


def test_an_image_that_does_not_decide_is_read_again() -> None:
    fresh = {**STORED, "a": {"S": "theirs"}}
    for where in ("a = 'theirs'", "n = 1"):  # does not hold on the image; is not in it
        buffer = loaded("p = 'x' AND s = 1", {"Item": STORED}, what="p, s, a")
        played = run(f"{UPDATE} AND {where}", {"Item": fresh}, buffer=buffer)
        assert (played.result.rowcount, played.operations) == (1, ["GetItem"])


def test_in_repeatable_read_the_first_image_decides() -> None:
    buffer = loaded("p = 'x' AND s = 1", {"Item": STORED}, what="p, s, a", level="REPEATABLE READ")
    played = run(UPDATE + " AND a = 'theirs'", buffer=buffer)
    assert (played.result.rowcount, played.requests) == (0, [])
    (watch,) = buffer.watches.values()
    assert watch.pins == {"a"}


def test_what_an_update_shows_is_pinned() -> None:
    buffer = loaded("p = 'x' AND s = 1", {"Item": STORED}, what="p, s, n")
    assert run(UPDATE + " RETURNING a, n", buffer=buffer).rows == [("new", 1)]
    (entry,) = buffer.entries.values()
    assert entry.pins == {"n"}


def test_what_a_read_needs_of_a_changed_item_is_read_and_composed() -> None:
    buffer = loaded("p = 'x' AND s = 1", {"Item": {"p": {"S": "x"}, "s": {"N": "1"}}}, what="p, s")
    run(UPDATE, buffer=buffer)
    read = selected("p = 'x' AND s = 1", what="a, n")
    played = done(Reader(read).run(bound({}), Scope(buffer)), {"Item": {**STORED, "n": {"N": "7"}}})
    assert (played.rows, played.operations) == ([("new", 7)], ["GetItem"])
    (entry,) = buffer.entries.values()
    assert entry.pins == {"n"}
    assert entry.known is None


def test_a_key_that_is_set_to_itself_and_lost_counts_nothing() -> None:
    text = "UPDATE things SET s = 1, a = 'new' WHERE p = 'x' AND s = :s RETURNING a"
    played = run(text, {"Item": STORED}, NO)
    assert played.operations == ["GetItem", "UpdateItem", "GetItem"]
    assert (played.result.rowcount, played.rows) == (0, [])
    raced = run(text, {"Item": STORED}, NO, {"Item": STORED}, {})
    assert (raced.result.rowcount, raced.rows) == (1, [("new",)])


def insert(*script: Reply, values: list[dict[str, Any]], buffer: Buffer | None = None) -> Played:
    plan = inserted("INSERT INTO things (p, s, n) VALUES ('x', :s, 1)")
    return play(Inserter(plan).run([bound(one) for one in values], Counters(None), buffer), *script)


def test_a_taken_key_at_once() -> None:
    assert isinstance(insert(NO, values=[{"s": 1}]).error, DuplicateKey)
    many = insert({}, NO, values=[{"s": 1}, {"s": 2}])
    assert isinstance(many.error, DuplicateKey)
    assert "1 of the 2 rows were written" in str(many.error)


def test_in_a_transaction_nothing_is_sent() -> None:
    buffer = Buffer()
    played = insert(values=[{"s": 1}, {"s": 2}], buffer=buffer)
    assert (played.requests, played.result.rowcount, len(buffer.entries)) == ([], 2, 2)


def test_moves_at_once_see_the_moves_before_them() -> None:
    text = "UPDATE things SET s = :to WHERE p = 'x' AND s = :s"
    played = run(text, {"Item": STORED}, {}, {}, values=[{"s": 1, "to": 2}, {"s": 1, "to": 3}])
    assert played.operations == ["GetItem", "TransactWriteItems", "GetItem"]
    assert played.result.rowcount == 1


SUM = "UPDATE things SET b = b + 1 WHERE p = 'x' AND s = :s"


def test_a_sum_at_once_goes_with_a_token() -> None:
    played = run(SUM)
    assert (played.operations, played.result.rowcount) == (["TransactWriteItems"], 1)
    assert played.requests[0].repeatable
    assert run(SUM + " RETURNING b", {"Attributes": STORED}).operations == ["UpdateItem"]


def refused() -> TransactionCanceled:
    return TransactionCanceled("no", reasons=({"Code": "ConditionalCheckFailed"},))


def test_a_sum_of_null_is_null_and_counts() -> None:
    played = run(SUM, refused(), {"Item": STORED}, {})
    assert played.operations == ["TransactWriteItems", "GetItem", "UpdateItem"]
    assert played.requests[2].params["UpdateExpression"] == "REMOVE #1"
    assert "attribute_not_exists(#1)" in played.requests[2].params["ConditionExpression"]
    assert played.result.rowcount == 1
    assert run(SUM, refused(), {}).result.rowcount == 0


def test_what_is_computed_is_written_if_it_is_unchanged_and_else_computed_again() -> None:
    text = "UPDATE things SET n = n * 2 + s, a = a || '!' WHERE p = 'x' AND s = :s"
    other = {**STORED, "n": {"N": "5"}}
    played = run(text, {"Item": STORED}, NO, {"Item": other}, {})
    assert played.operations == ["GetItem", "UpdateItem"] * 2
    assert len(played.pauses) == 1
    assert {"N": "11"} in played.requests[3].params["ExpressionAttributeValues"].values()
    assert {"S": "k!"} in played.requests[3].params["ExpressionAttributeValues"].values()
    assert played.result.rowcount == 1


def test_what_others_change_each_time_is_a_serialization_error() -> None:
    script = [reply for _ in range(10) for reply in ({"Item": STORED}, NO)]
    assert isinstance(run("UPDATE things SET n = n * 2 WHERE p = 'x' AND s = :s", *script).error, SerializationError)


def test_a_sum_in_a_transaction_of_one_goes_with_a_token() -> None:
    buffer = Buffer()
    assert run(SUM, {"Item": {**STORED, "b": {"N": "1"}}}, buffer=buffer).result.rowcount == 1
    assert run(SUM, buffer=buffer).result.rowcount == 1
    assert play(commit(buffer)).operations == ["TransactWriteItems"]


def test_null_for_a_not_null_column_is_an_error_of_a_row_and_none_where_there_is_no_row() -> None:
    text = "UPDATE things SET n = NULL WHERE p = 'x' AND s = :s"
    for buffer in (None, Buffer()):
        nothing = run(text, {}, buffer=buffer)
        assert (nothing.operations, nothing.result.rowcount) == (["GetItem"], 0)
    for buffer in (None, Buffer()):
        refused = run(text, {"Item": STORED}, buffer=buffer)
        assert refused.operations == ["GetItem"]
        assert isinstance(refused.error, NotNullViolation)


def test_a_row_of_which_nothing_can_be_computed_leaves_the_others_changed() -> None:
    text = "UPDATE things SET n = b WHERE p = 'x' AND s = :s"
    other = {**STORED, "s": {"N": "2"}, "b": {"N": "3"}}
    played = run(text, {"Item": STORED}, {"Item": other}, {}, values=[{"s": 1}, {"s": 2}])
    assert played.operations == ["GetItem", "GetItem", "UpdateItem"]
    assert played.error is not None
    assert played.error.unprocessed == ({"p": {"S": "x"}, "s": {"N": "1"}},)
    assert "1 of the 2 rows were changed; row 1" in str(played.error)
