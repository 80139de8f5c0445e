from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, UndefinedTable
from sqlalchemy_dynamorm.run.lock import (
    Lock,
    LockHeld,
    LockLost,
    acquire,
    beat,
    break_lock,
    dropping,
    holder_of,
    not_dropped,
    release,
)
from tests.scripted import Reply, play

WANTED = Lock("sys", "alembic#v", "me", 2.0, 0)


def item(owner: str | None, beat_: int = 0, fence: int = 1) -> dict[str, Any]:
    stored = {"id": {"S": "lock#alembic#v"}, "fence": {"N": str(fence)}}
    if owner is not None:
        stored |= {"owner": {"S": owner}, "beat": {"N": str(beat_)}, "lease": {"N": "2"}}
    return stored


def taken(fence: int = 1) -> Reply:
    return {"Attributes": item("me", fence=fence)}


def held(beat_: int) -> Reply:
    return {"Item": item("you", beat_)}


HELD = ConditionFailed("held")


def test_a_free_lock_is_taken_by_one_call() -> None:
    played = play(acquire(WANTED, wait=0), taken(7))
    assert played.result == Lock("sys", "alembic#v", "me", 2.0, 7)
    assert played.only["ConditionExpression"] == "attribute_not_exists(#0) OR #0 = :0"
    assert played.only["UpdateExpression"] == "SET #0 = :0, #1 = :1, #2 = :2 ADD #3 :3"


def test_a_missing_system_table_is_made() -> None:
    gone = UndefinedTable("gone")
    table = {"Table": {"TableStatus": "ACTIVE"}}
    played = play(acquire(WANTED, wait=0), gone, gone, {}, table, taken())
    assert played.operations == ["UpdateItem", "DescribeTable", "CreateTable", "DescribeTable", "UpdateItem"]
    assert played.result.fence == 1


def test_without_waiting_the_holder_is_named() -> None:
    played = play(acquire(WANTED, wait=0), HELD, held(0))
    assert isinstance(played.error, LockHeld)
    assert "you holds the lock" in str(played.error)
    assert played.pauses == []


def test_it_waits_for_a_holder_that_beats() -> None:
    told: list[Lock] = []
    script = [HELD, held(1), HELD, held(2), taken(3)]
    played = play(acquire(WANTED, wait=60, waiting=told.append), *script)
    assert played.result.fence == 3
    assert played.pauses == [0.5, 0.5]
    assert [lock.owner for lock in told] == ["you"]


def test_a_holder_whose_beat_stands_still_for_its_lease_is_gone() -> None:
    script = [reply for _ in range(5) for reply in (HELD, held(4))]
    played = play(acquire(WANTED, wait=60), *script, taken(2))
    assert played.result.fence == 2
    last = played.requests[-1].params
    assert "(#0 = :4 AND #1 = :5 AND #3 = :6)" in last["ConditionExpression"]
    assert last["ExpressionAttributeValues"][":4"] == {"S": "you"}
    assert last["ExpressionAttributeValues"][":5"] == {"N": "4"}
    assert played.pauses == [0.5] * 5  # a look at once, and four half seconds without a beat after it


def test_waiting_has_an_end() -> None:
    script = [reply for at in range(3) for reply in (HELD, held(at))]
    assert isinstance(play(acquire(WANTED, wait=1), *script).error, LockHeld)


def test_a_lock_that_is_let_go_between_two_looks_is_tried_at_once() -> None:
    played = play(acquire(WANTED, wait=0), HELD, {"Item": item(None)}, taken(2))
    assert (played.result.fence, played.pauses) == (2, [])


HELD_BY_ME = Lock("sys", "alembic#v", "me", 2.0, 5)


@pytest.mark.parametrize(("what", "update"), [(beat, "SET #2 = #2 + :2"), (release, "REMOVE #0, #2, #3")])
def test_an_owner_changes_its_own_lock_alone(what: Any, update: str) -> None:
    played = play(what(HELD_BY_ME))
    assert played.only["UpdateExpression"] == update
    assert played.only["ConditionExpression"] == "#0 = :0 AND #1 = :1"
    assert played.only["ExpressionAttributeValues"][":1"] == {"N": "5"}
    assert isinstance(play(what(HELD_BY_ME), HELD).error, LockLost)


def test_breaking_raises_the_fence_and_says_whose_it_was() -> None:
    played = play(break_lock("sys", "alembic#v"), held(3))
    assert played.result.owner == "you"
    assert played.requests[-1].params["UpdateExpression"] == "REMOVE #0, #1, #2 ADD #3 :0"


def test_a_lock_that_nobody_holds_is_not_broken() -> None:
    assert play(break_lock("sys", "alembic#v"), {}).result is None
    assert play(holder_of("sys", "alembic#v"), UndefinedTable("gone")).result is None


def test_what_is_about_to_be_dropped_is_kept_and_an_earlier_run_is_told_of() -> None:
    first = play(dropping(WANTED, "DROP TABLE t"), {})
    assert first.only["UpdateExpression"] == "ADD #2 :2"
    assert first.only["ConditionExpression"] == "#0 = :0 AND #1 = :1"
    assert first.result is False
    known: Reply = {"Attributes": {"dropped": {"SS": ["DROP TABLE t", "DROP TABLE u"]}}}
    assert play(dropping(WANTED, "DROP TABLE t"), known).result is True
    assert play(dropping(WANTED, "DROP TABLE v"), known).result is False
    assert isinstance(play(dropping(WANTED, "DROP TABLE t"), HELD).error, LockLost)


def test_what_was_not_there_is_forgotten() -> None:
    played = play(not_dropped(WANTED, "DROP TABLE t"), {})
    assert played.only["UpdateExpression"] == "DELETE #2 :2"
    assert played.only["ExpressionAttributeValues"][":2"] == {"SS": ["DROP TABLE t"]}
