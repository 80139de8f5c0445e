"""A lock in the system table: one owner at a time, a heartbeat while it is held, and a token that only grows.

An item is ``{"id": "lock#<name>", "owner": …, "beat": <number>, "lease": <seconds>, "fence": <number>}``, and
``"dropped"``, the statements that dropped something since the owner last wrote what the lock is for. The owner
raises ``beat`` a few times a lease. Who waits watches it by its own clock, so clocks need not agree: a beat that has
not changed for a whole lease is of an owner that is gone, and the lock is taken on condition that it still is that
beat. ``fence`` is higher at each acquisition, and what the owner writes is on condition that it is its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, OperationalError, UndefinedTable
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.definitions import create_system_table
from sqlalchemy_dynamorm.run.request import Asking, Pause, Request
from sqlalchemy_dynamorm.run.system import item_key
from sqlalchemy_dynamorm.run.values import Item

_DROPPED = "dropped"
_POLL = 0.5  # seconds between two looks at a lock that another holds


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as it is held.

    :ivar system: the system table's physical name.
    :ivar owner: who holds it, for people to read; it is unique.
    :ivar lease: seconds without a heartbeat after which another may take it.
    :ivar fence: the token of this acquisition.
    """

    system: str
    name: str
    owner: str
    lease: float
    fence: int
    beat: int = 0


class LockHeld(OperationalError):
    """Another holds the lock."""


class LockLost(OperationalError):
    """The lock was taken or broken by another while it was held here."""


def acquire(wanted: Lock, *, wait: float, waiting: Callable[[Lock], None] = lambda _: None) -> Asking[Lock]:
    """Take the lock, or wait for it; the system table is made where it is missing.

    :param wanted: with the owner and the lease; its fence is not read.
    :param wait: seconds to wait at most; 0 to try once.
    :param waiting: told once of who holds it.
    :raises LockHeld: another holds it still.
    """
    seen: Lock | None = None
    waited = unchanged = 0.0
    while True:
        gone = seen if seen is not None and unchanged >= seen.lease else None
        found = yield from _take(wanted, gone)
        if found is not None:
            return found
        holder = yield from holder_of(wanted.system, wanted.name)
        if holder is None:
            continue  # it was let go meanwhile
        if waited >= wait:
            raise LockHeld(
                f"{holder.owner} holds the lock {wanted.name!r}. Wait for it; if it is gone for good, break the lock: "
                f"python -m sqlalchemy_dynamorm unlock URL",
                table=wanted.system,
            )
        if seen is None:
            waiting(holder)
        is_same = seen is not None and (holder.fence, holder.beat) == (seen.fence, seen.beat)
        unchanged = unchanged + _POLL if is_same else 0.0
        seen = holder
        yield Pause(_POLL)
        waited += _POLL


def _take(wanted: Lock, gone: Lock | None) -> Asking[Lock | None]:
    """Take it where nobody holds it, or ``gone`` does; ``None`` where another holds it."""
    condition, values = "attribute_not_exists(#0) OR #0 = :0", {":0": {"S": wanted.owner}}
    if gone is not None:
        condition += " OR (#0 = :4 AND #1 = :5 AND #3 = :6)"
        values |= {":4": {"S": gone.owner}, ":5": {"N": str(gone.beat)}, ":6": {"N": str(gone.fence)}}
    params = {
        **_key(wanted),
        "UpdateExpression": "SET #0 = :0, #1 = :1, #2 = :2 ADD #3 :3",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#0": "owner", "#1": "beat", "#2": "lease", "#3": "fence"},
        "ExpressionAttributeValues": {
            **values,
            ":1": {"N": "0"},
            ":2": {"N": str(wanted.lease)},
            ":3": {"N": "1"},
        },
        "ReturnValues": "ALL_NEW",
    }
    try:
        body = yield Request("UpdateItem", params)
    except ConditionFailed:
        return None
    except UndefinedTable:
        yield from create_system_table(wanted.system)
        return (yield from _take(wanted, gone))  # another may have been quicker
    return _lock(wanted.system, wanted.name, wire_item(body, "Attributes") or {})


def holder_of(system: str, name: str) -> Asking[Lock | None]:
    """Who holds a lock; ``None`` where nobody does."""
    key = item_key("lock", name)
    try:
        item = wire_item((yield Request("GetItem", {"TableName": system, "Key": key, "ConsistentRead": True})))
    except UndefinedTable:
        return None
    return None if item is None or "owner" not in item else _lock(system, name, item)


def _lock(system: str, name: str, item: Item) -> Lock:
    numbers = {each: float(item[each]["N"]) for each in ("lease", "fence", "beat")}
    owner = str(item["owner"]["S"])
    return Lock(system, name, owner, numbers["lease"], int(numbers["fence"]), int(numbers["beat"]))


def _key(lock: Lock) -> dict[str, Any]:
    return {"TableName": lock.system, "Key": item_key("lock", lock.name)}


def beat(lock: Lock) -> Asking[None]:
    """Say that its owner is alive.

    :raises LockLost: the lock is not this owner's any more.
    """
    yield from _own(lock, "SET #2 = #2 + :2", {"#2": "beat"}, {":2": {"N": "1"}})


def release(lock: Lock) -> Asking[None]:
    """Let it go. The item stays, so that the next fence is a higher one.

    :raises LockLost: the lock is not this owner's any more.
    """
    yield from _own(lock, "REMOVE #0, #2, #3", {"#2": "beat", "#3": "lease"}, {})


def dropping(lock: Lock, statement: str) -> Asking[bool]:
    """Keep, with the lock, that a statement is about to drop something; whether an earlier run had kept it.

    :raises LockLost: the lock is not this owner's any more.
    """
    body = yield from _own(lock, "ADD #2 :2", {"#2": _DROPPED}, {":2": {"SS": [statement]}})
    before = wire_item(body, "Attributes") or {}
    return statement in before.get(_DROPPED, {}).get("SS", ())


def not_dropped(lock: Lock, statement: str) -> Asking[None]:
    """Forget it: there was nothing to drop.

    :raises LockLost: the lock is not this owner's any more.
    """
    yield from _own(lock, "DELETE #2 :2", {"#2": _DROPPED}, {":2": {"SS": [statement]}})


def _own(lock: Lock, update: str, names: dict[str, str], values: Item) -> Asking[bytes]:
    """Change a lock that is this owner's; the answer has what it changed, as it was."""
    params = {
        **_key(lock),
        "UpdateExpression": update,
        "ConditionExpression": "#0 = :0 AND #1 = :1",
        "ExpressionAttributeNames": {"#0": "owner", "#1": "fence", **names},
        "ExpressionAttributeValues": {":0": {"S": lock.owner}, ":1": {"N": str(lock.fence)}, **values},
        "ReturnValues": "UPDATED_OLD",
    }
    try:
        body: bytes = yield Request("UpdateItem", params)
    except ConditionFailed:
        raise lost(lock) from None
    return body


def lost(lock: Lock) -> LockLost:
    """The error that the lock is another's now."""
    return LockLost(
        f"The lock {lock.name!r} was taken or broken while {lock.owner} held it, so another may be at work. What was "
        "not committed is not written. See what is there, and run the command again.",
        table=lock.system,
    )


def break_lock(system: str, name: str) -> Asking[Lock | None]:
    """Take a lock away from whoever holds it; what that one writes from then on is refused. Returns who it was."""
    holder = yield from holder_of(system, name)
    if holder is None:
        return None
    params = {
        **_key(holder),
        "UpdateExpression": "REMOVE #0, #1, #2 ADD #3 :0",
        "ExpressionAttributeNames": {"#0": "owner", "#1": "beat", "#2": "lease", "#3": "fence"},
        "ExpressionAttributeValues": {":0": {"N": "1"}},
    }
    yield Request("UpdateItem", params, repeatable=False)
    return holder
