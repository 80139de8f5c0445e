from __future__ import annotations

from dataclasses import replace

import pytest

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.errors import Error, TransactionCanceled, TransactionTooLarge
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table, Unique
from sqlalchemy_dynamorm.run.assignments import Done
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer, Entry
from sqlalchemy_dynamorm.run.chunks import chunks
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.edits import Assign
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check
from tests.scripted import Reply, done, play

USERS = Table(
    "users", "users", (Column("id", Kind.INTEGER, nullable=False), Column("n", Kind.STRING)), "id", system="system"
)
UNIQUE = replace(USERS, uniques=(Unique(None, ("n",)),))
NO_CHECK = Check(ALWAYS, bound({}))


def user(number: int, name: str = "x") -> Item:
    return {"id": {"N": str(number)}, "n": {"S": name}}


def inserted(*ids: int, table: Table = USERS, size: int = 1) -> Buffer:
    buffer = Buffer()
    for number in ids:
        buffer.insert(table, user(number, f"{number}{'x' * size}"))
    return buffer


def ids(entries: list[Entry]) -> list[int]:
    return [int(entry.key["id"]["N"]) for entry in entries]


def found(buffer: Buffer) -> list[list[int]]:
    return [ids(chunk) for chunk in chunks(list(buffer.entries.values()))]


def test_a_hundred_actions_each_in_order() -> None:
    assert found(inserted(*range(250))) == [[*range(100)], [*range(100, 200)], [*range(200, 250)]]


def test_four_megabytes_each() -> None:
    assert [len(chunk) for chunk in found(inserted(*range(25), size=399_000))] == [10, 10, 5]


def test_guards_count() -> None:
    assert [len(chunk) for chunk in found(inserted(*range(60), table=UNIQUE))] == [50, 10]


SYSTEM = Table("lock", "system", (Column("id", Kind.STRING, nullable=False), Column("n", Kind.STRING)), "id")
LOCK = {"id": {"S": "lock#alembic#v"}, "n": {"S": "a"}}


def under_a_lock(rows: int) -> list[list[Entry]]:
    """So many rows, then the lock, then two rows that depend on it."""
    buffer = inserted(*range(rows))
    buffer.update(SYSTEM, Image(LOCK), Done({"n": Assign({"S": "b"})}), NO_CHECK)
    buffer.insert(USERS, user(1000))
    buffer.insert(USERS, user(1001))
    return chunks(list(buffer.entries.values()), "system")


def test_a_lock_is_checked_in_each_chunk_and_what_comes_after_it_is_in_the_last() -> None:
    parts = under_a_lock(198)
    assert [len(part) for part in parts] == [100, 100, 3]
    for part in parts:
        assert part[0].key == {"id": LOCK["id"]}
    assert [part[0].changed for part in parts] == [frozenset(), frozenset(), {"n"}]
    assert ids(parts[2][1:]) == [1000, 1001]


def test_with_nothing_before_the_lock_there_is_one_chunk() -> None:
    assert [len(part) for part in under_a_lock(0)] == [3]


def test_both_sides_of_a_key_move_stay_together() -> None:
    buffer = Buffer()
    buffer.leave(USERS, Image(user(0)), NO_CHECK)
    for number in range(1, 120):
        buffer.insert(USERS, user(number))
    buffer.insert(USERS, user(500), left=user(0))
    first, second = found(buffer)
    assert first == [0, 500, *range(1, 99)]
    assert second == [*range(99, 120)]


def test_rows_between_which_a_unique_value_is_passed_on_stay_together() -> None:
    buffer = inserted(*range(1, 60), table=UNIQUE)
    buffer.delete(UNIQUE, Image(user(900, "taken")), NO_CHECK)
    for number in range(60, 70):
        buffer.insert(UNIQUE, user(number, str(number)))
    buffer.insert(UNIQUE, user(0, "taken"))
    together = [chunk for chunk in found(buffer) if 900 in chunk or 0 in chunk]
    assert len(together) == 1
    assert together[0].index(0) == together[0].index(900) + 1


def test_two_units_that_a_third_joins_are_one() -> None:
    buffer = Buffer()
    done_ = Done({"n": Assign({"S": "b"})})
    buffer.delete(UNIQUE, Image(user(1, "b")), NO_CHECK)
    buffer.delete(UNIQUE, Image(user(2, "a")), NO_CHECK)
    for number in range(10, 110):
        buffer.insert(USERS, user(number))
    buffer.update(UNIQUE, Image(user(3, "a")), done_, NO_CHECK)
    assert found(buffer)[0][:3] == [1, 2, 3] or found(buffer)[0][:3] == [1, 3, 2]


def test_what_was_read_is_checked_first() -> None:
    buffer = inserted(*range(120))
    buffer.images.put(USERS, user(500), Image(user(500)))
    buffer.watch(USERS, user(500), ["n"])
    everything = [*buffer.entries.values(), *buffer.watches.values()]
    assert [ids(chunk)[0] for chunk in chunks(everything)] == [500, 99]


def test_they_are_sent_one_after_another_each_with_its_own_token() -> None:
    played = done(commit(inserted(*range(201)), split=True))
    assert played.operations == ["TransactWriteItems", "TransactWriteItems", "PutItem"]
    tokens = {request.params.get("ClientRequestToken") for request in played.requests}
    assert len(tokens) == 3


def test_what_fits_is_one_transaction() -> None:
    assert done(commit(inserted(*range(100)), split=True)).operations == ["TransactWriteItems"]


@pytest.mark.parametrize(("script", "before", "left", "retryable"), [((), 0, 150, True), (({},), 1, 50, False)])
def test_an_error_says_how_many_chunks_were_written(
    script: tuple[Reply, ...], before: int, left: int, retryable: bool
) -> None:
    cancelled = TransactionCanceled("cancelled", reasons=({"Code": "TransactionConflict"},))
    error = play(commit(inserted(*range(150)), split=True), *script, cancelled).error
    assert isinstance(error, errors.SerializationError)
    assert f"{before} of 2 chunks were written before, and stay; {left} items were not written." in str(error)
    assert error.retryable is retryable
    assert len(error.unprocessed) == left


def test_what_must_stay_together_and_is_too_much_is_refused_before_anything_is_sent() -> None:
    buffer = inserted(*range(200))
    wide = replace(USERS, uniques=tuple(Unique(f"u{number}", ("n", f"c{number}")) for number in range(100)))
    buffer.insert(wide, {**user(777), **{f"c{number}": {"S": "x"} for number in range(100)}})
    played = play(commit(buffer, split=True))
    assert isinstance(played.error, TransactionTooLarge)
    assert played.requests == []


def test_values_that_two_chunks_both_take_are_refused_before_anything_is_sent() -> None:
    buffer = inserted(*range(60), table=UNIQUE)
    buffer.insert(UNIQUE, user(99, "0x"))
    played = play(commit(buffer, split=True))
    assert isinstance(played.error, errors.UniqueViolation)
    assert played.requests == []


def test_the_error_without_it_names_the_two_ways_out() -> None:
    error: Error | None = play(commit(inserted(*range(101), table=UNIQUE))).error
    assert isinstance(error, TransactionTooLarge)
    assert "writes 101 items, changes 101 guards of unique values; DynamoDB takes 100" in str(error)
    assert "overflow='split'" in str(error)
    assert "AUTOCOMMIT" in str(error)
