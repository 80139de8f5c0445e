from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DuplicateKey,
    Error,
    NotNullViolation,
    SerializationError,
    TransactionCanceled,
    UniqueViolation,
)
from sqlalchemy_dynamorm.plan.schema import Table, Unique
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer, Level
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.sql import nodes
from tests.scripted import Played, Reply, failed, play
from tests.unit.plan.planning import inserted, table

GUARDED = replace(table(), uniques=(Unique("uq_a", ("a",)),), system="system")
INSERT = "INSERT INTO things (p, s, a, n) VALUES ('x', :s, :a, 1) "
NOTHING = INSERT + "ON CONFLICT (p, s) DO NOTHING"
UPDATE = INSERT + "ON CONFLICT (p, s) DO UPDATE SET n = things.n + excluded.n"
STORED = {"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "k"}, "n": {"N": "4"}}
THERE = {"Item": STORED}
GUARD = {"Item": {"id": {"S": "guard"}, "owner": {"M": {"p": {"S": "x"}, "s": {"N": "1"}}}}}


def run(text: str, buffer: Buffer | None, *script: Reply, on: Table | None = None, **values: Any) -> Played:
    batch = [bound({"s": 1, "a": "k", **values})]
    return play(Inserter(inserted(text, on)).run(batch, Counters("system"), buffer), *script)


def test_the_key_is_read_at_the_statement() -> None:
    buffer = Buffer()
    assert run(NOTHING, buffer, THERE).operations == ["GetItem"]
    assert not buffer.entries
    assert run(NOTHING, buffer).result.rowcount == 1
    assert len(buffer.entries) == 1


def test_own_rows_are_in_the_way_too() -> None:
    buffer = Buffer()
    run(NOTHING, buffer)
    again = run(UPDATE + " RETURNING n", buffer)
    assert (again.requests, again.rows) == ([], [(2,)])
    (entry,) = buffer.entries.values()
    assert entry.action()[0] == "Put"


REPLACE = INSERT.replace("INSERT", "REPLACE")


@pytest.mark.parametrize(
    ("text", "there"), [(NOTHING, {}), (UPDATE, {}), (UPDATE, THERE), (REPLACE, {}), (REPLACE, THERE)]
)
def test_a_lost_race_is_a_serialization_error(text: str, there: Reply) -> None:
    buffer = Buffer()
    assert run(text, buffer, there).result.rowcount == 1
    assert isinstance(failed(commit(buffer), _cancelled(buffer)), SerializationError)


def _cancelled(buffer: Buffer) -> Error:
    """The failure of the one action: as itself, or as a transaction of one."""
    (entry,) = buffer.entries.values()
    reason = {"Code": "ConditionalCheckFailed"}
    return TransactionCanceled("no", reasons=(reason,)) if entry.once else ConditionFailed("no")


def test_a_plain_insert_still_finds_a_duplicate() -> None:
    buffer = Buffer()
    run(INSERT, buffer)
    assert isinstance(failed(commit(buffer), ConditionFailed("no")), DuplicateKey)


@pytest.mark.parametrize(("level", "watched"), [("READ COMMITTED", 0), ("REPEATABLE READ", 1)])
def test_a_row_that_is_left_out_must_still_be_in_the_way(level: Level, watched: int) -> None:
    buffer = Buffer(level)
    run(NOTHING, buffer, THERE)
    assert len(buffer.watches) == watched


def test_what_was_read_first_is_what_is_in_the_way() -> None:
    buffer = Buffer("REPEATABLE READ")
    run(UPDATE + " WHERE n > 100", buffer, THERE)
    assert run(NOTHING, buffer).requests == []


class TestComputed:
    """What only SQLite computes of the row in the way."""

    MOST = INSERT + "ON CONFLICT (p, s) DO UPDATE SET n = max(things.n, excluded.n) WHERE lower(a) = excluded.a"

    def test_it_is_written_if_what_was_judged_is_unchanged(self) -> None:
        buffer = Buffer()
        played = run(self.MOST + " RETURNING n", buffer, THERE)
        assert (played.operations, played.rows) == (["GetItem"], [(4,)])
        (entry,) = buffer.entries.values()
        condition = entry.action()[1]["ConditionExpression"]
        assert condition.count(" = ") == 2  # a and n

    def test_in_autocommit_it_is_read_again_where_another_was_faster(self) -> None:
        lost, later = ConditionFailed("no"), {"Item": {**STORED, "n": {"N": "9"}}}
        played = run(self.MOST + " RETURNING n", None, THERE, lost, later, {})
        assert played.operations == ["GetItem", "UpdateItem"] * 2
        assert (played.rows, played.result.rowcount) == ([(9,)], 1)

    def test_where_no_row_is_in_the_way_it_is_put(self) -> None:
        played = run(self.MOST, None, {}, {})
        assert (played.operations, played.result.rowcount) == (["GetItem", "PutItem"], 1)

    @pytest.mark.parametrize(("level", "watched"), [("READ COMMITTED", 0), ("REPEATABLE READ", 1)])
    def test_a_row_on_which_its_where_does_not_hold_is_left(self, level: Level, watched: int) -> None:
        buffer = Buffer(level)
        played = run(self.MOST, buffer, THERE, a="K")
        assert (played.result.rowcount, len(buffer.entries), len(buffer.watches)) == (0, 0, watched)

    def test_own_rows_are_in_the_way_too(self) -> None:
        buffer = Buffer()
        run(self.MOST, buffer)
        again = run(self.MOST.replace("1) ", "7) ", 1) + " RETURNING n", buffer)
        assert (again.requests, again.rows) == ([], [(7,)])


class TestUnique:
    def test_the_guard_leads_to_the_row_in_the_way(self) -> None:
        buffer = Buffer()
        text = INSERT + "ON CONFLICT (a) DO UPDATE SET n = excluded.n RETURNING s"
        played = run(text, buffer, GUARD, THERE, on=GUARDED, s=7)
        assert (played.operations, played.rows) == (["GetItem", "GetItem"], [(1,)])

    def test_a_guard_whose_row_has_other_values_is_not_in_the_way(self) -> None:
        other = {"Item": {**STORED, "a": {"S": "other"}}}
        buffer = Buffer()
        assert run(INSERT + "ON CONFLICT (a) DO NOTHING", buffer, GUARD, other, GUARD, on=GUARDED, s=7).rows == []
        assert len(buffer.entries) == 1

    def test_null_is_never_in_the_way(self) -> None:
        assert run(INSERT + "ON CONFLICT (a) DO NOTHING", Buffer(), on=GUARDED, a=None).requests == []

    def test_a_row_that_this_transaction_deleted_is_not_in_the_way(self) -> None:
        buffer = Buffer()
        run(REPLACE, buffer, {}, GUARD, THERE, on=GUARDED, s=7)
        again = run(INSERT + "ON CONFLICT (a) DO NOTHING", buffer, on=GUARDED, s=8)
        assert again.result.rowcount == 0  # row 7 has the value

    def test_values_taken_meanwhile_are_a_lost_race(self) -> None:
        buffer = Buffer()
        run(INSERT + "ON CONFLICT (a) DO NOTHING", buffer, on=GUARDED, s=7)
        cancelled = TransactionCanceled("no", reasons=({"Code": "None"}, {"Code": "ConditionalCheckFailed"}))
        assert isinstance(failed(commit(buffer), cancelled, GUARD, THERE), SerializationError)

    def test_values_that_are_not_meant_are_a_violation(self) -> None:
        buffer = Buffer()
        run(INSERT + "ON CONFLICT (p, s) DO NOTHING", buffer, on=GUARDED, s=7)
        cancelled = TransactionCanceled("no", reasons=({"Code": "None"}, {"Code": "ConditionalCheckFailed"}))
        assert isinstance(failed(commit(buffer), cancelled, GUARD, THERE), UniqueViolation)

    def test_at_once_it_is_tried_again_where_another_was_faster(self) -> None:
        cancelled = TransactionCanceled("no", reasons=({"Code": "None"}, {"Code": "ConditionalCheckFailed"}))
        script: list[Reply] = [{}, cancelled, GUARD, THERE, GUARD, THERE]
        played = run(INSERT + "ON CONFLICT (a) DO NOTHING", None, *script, on=GUARDED, s=7)
        assert played.result.rowcount == 0
        assert played.operations == ["GetItem", "TransactWriteItems", *["GetItem"] * 4]

    def test_a_key_that_is_not_meant_is_found_at_once_in_a_savepoint(self) -> None:
        buffer = Buffer(early=True)
        played = run(INSERT + "ON CONFLICT (a) DO NOTHING", buffer, {}, THERE, on=GUARDED)
        assert isinstance(played.error, DuplicateKey)


def test_or_ignore_leaves_out_a_null_that_may_not_be() -> None:
    text = "INSERT{} INTO things (p, s, n) VALUES ('x', :s, NULL)"
    assert run(text.format(" OR IGNORE"), None).result.rowcount == 0
    assert isinstance(run(text.format(" OR REPLACE"), None).error, NotNullViolation)


def test_or_replace_gives_it_the_default() -> None:
    columns = [replace(each, default=nodes.Literal(7)) if each.name == "n" else each for each in table().columns]
    with_default = replace(table(), columns=tuple(columns))
    played = run("REPLACE INTO things (p, s, n) VALUES ('x', :s, NULL)", None, on=with_default)
    assert played.only["Item"]["n"] == {"N": "7"}
