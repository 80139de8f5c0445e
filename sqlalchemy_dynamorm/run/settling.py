"""Items of a table in use, brought over to its copy: as they are now, whatever the stream says that they were.

The stream says which items were changed. Each is read anew, and the new table is given what it is at that moment, so
neither the order of records nor one that is read twice matters: the last reading is the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, Error
from sqlalchemy_dynamorm.run.copied_items import Copy, put_items
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_columns, key_of
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import AT_ONCE, BATCH, whole_items
from sqlalchemy_dynamorm.run.stream import Change
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class _Move:
    """An old item and its place in the new table.

    :ivar key: its key in the old table.
    :ivar old: the item, ``None`` where it is gone.
    :ivar new: as it is to be, ``None`` where it can have no key there.
    :ivar origin: the columns of its old key, which its copy has too: no other item's copy has them.
    :ivar left: keys of the new table where it may have been before.
    """

    key: Item
    old: Item | None
    new: Item | None
    origin: Item
    left: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of items.

    :ivar placed: the items of the new table that were put.
    :ivar homeless: the keys of old items that have no place there: they lack a value for its key, or another has the
        same.
    """

    placed: list[Item] = field(default_factory=list)
    homeless: list[Item] = field(default_factory=list)


def settle(copy: Copy, changes: Sequence[Change]) -> Asking[Settled]:
    """Make the new table what the old one is, for these items."""
    together: dict[Identity, Change] = {}
    for change in changes:
        at = identity(change.key, copy.source)
        before = together.get(at, Change(change.key))
        together[at] = Change(change.key, (*before.images, *change.images))
    merged, done = list(together.values()), Settled()
    for at_ in range(0, len(merged), BATCH):
        some = merged[at_ : at_ + BATCH]
        there = yield from stored(copy, [change.key for change in some])
        if copy.same_key:
            yield from _same_keys(copy, some, there)
            done.placed.extend(there.values())
        else:
            yield from _moved(copy, [_move(copy, change, there) for change in some], done)
    return done


def stored(copy: Copy, keys: Sequence[Item]) -> Asking[dict[Identity, Item]]:
    """The old items, expired ones included."""
    return (yield from whole_items(replace(copy.source, expires=None), keys))


def _same_keys(copy: Copy, changes: Sequence[Change], there: dict[Identity, Item]) -> Asking[None]:
    yield from put_items(copy, list(there.values()))
    gone = [change.key for change in changes if identity(change.key, copy.source) not in there]
    yield from _sent(Request("DeleteItem", {"TableName": copy.target.physical, "Key": key}) for key in gone)


def _sent(requests: Iterable[Request]) -> Asking[list[Request]]:
    """Send requests, a few at a time; those whose condition did not hold."""
    asked, failed = list(requests), list[Request]()
    for at in range(0, len(asked), AT_ONCE):
        some = asked[at : at + AT_ONCE]
        for request, answer in zip(some, (yield some), strict=True):
            if isinstance(answer, ConditionFailed):
                failed.append(request)
            elif isinstance(answer, Error):
                raise answer
    return failed


# --- another key ---


def _move(copy: Copy, change: Change, there: dict[Identity, Item]) -> _Move:
    old = there.get(identity(change.key, copy.source))
    new = None if old is None else copy.copied(old)
    key = None if new is None else key_of(new, copy.target)
    seen = [*change.images, *([] if old is None else [old])]
    copies = [each for image in seen if (each := copy.copied(image)) is not None]
    left = {identity(each, copy.target): key_of(each, copy.target) for each in copies}
    origin = _origin(copy, seen[0]) if seen else {}
    return _Move(change.key, old, new, origin, tuple(place for place in left.values() if place != key))


def _origin(copy: Copy, item: Item) -> Item:
    return {name: item[name] for name in copy.source.key_columns}


def _moved(copy: Copy, moves: Sequence[_Move], done: Settled) -> Asking[None]:
    """Take the items away from where they were, and put them where they are."""
    yield from _sent(_deletion(copy, place, move.origin) for move in moves for place in move.left)
    done.homeless.extend(move.key for move in moves if move.new is None and move.old is not None)
    placed = [(move, move.new) for move in moves if move.new is not None]
    puts = [_put(copy, new, move.origin, free=copy.target.partition) for move, new in placed]
    taken = {id(request) for request in (yield from _sent(puts))}
    for (move, new), put in zip(placed, puts, strict=True):
        if id(put) in taken and not (yield from _evicted(copy, new, move.origin)):
            done.homeless.append(move.key)
        else:
            done.placed.append(new)


def _put(copy: Copy, new: Item, origin: Item, free: str | None = None) -> Request:
    return Request("PutItem", {"TableName": copy.target.physical, "Item": new, **_came_from(origin, free)})


def _evicted(copy: Copy, new: Item, origin: Item) -> Asking[bool]:
    """Put an item in the place of another one's copy, unless that one is still to be there."""
    place = key_of(new, copy.target)
    request = Request("GetItem", {"TableName": copy.target.physical, "Key": place, "ConsistentRead": True})
    occupant = wire_item((yield request))
    if occupant is None:
        return not (yield from _sent([_put(copy, new, origin, free=copy.target.partition)]))
    there = yield from stored(copy, [key_from_columns(copy.source, occupant)])
    wanted = [copy.copied(item) for item in there.values()]
    if any(each is not None and key_of(each, copy.target) == place for each in wanted):
        return False
    return not (yield from _sent([_put(copy, new, _origin(copy, occupant))]))


def _deletion(copy: Copy, place: Item, origin: Item) -> Request:
    return Request("DeleteItem", {"TableName": copy.target.physical, "Key": place, **_came_from(origin)})


def _came_from(origin: Item, free: str | None = None) -> dict[str, Any]:
    """The condition that an item is the copy of that one; or that there is none, by an attribute that all have."""
    at = {name: f"#{number}" for number, name in enumerate(origin)}
    text = " AND ".join(f"{at[name]} = :{at[name][1:]}" for name in origin)
    names = {placeholder: name for name, placeholder in at.items()}
    if free is not None:
        text, names = f"attribute_not_exists(#free) OR ({text})", {**names, "#free": free}
    return {
        "ConditionExpression": text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {f":{at[name][1:]}": wire for name, wire in origin.items()},
    }
