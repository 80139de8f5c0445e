"""The items of a copied table: copied page by page in parallel segments, then compared one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import ConditionFailed, DataError, Error
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.run.copy_marks import CopyMark, Place, write_mark
from sqlalchemy_dynamorm.run.decode import last_key, wire_item, wire_items
from sqlalchemy_dynamorm.run.expiry import present
from sqlalchemy_dynamorm.run.keys import key_from_columns, key_of
from sqlalchemy_dynamorm.run.pace import Pace
from sqlalchemy_dynamorm.run.puts import BATCH, put_over
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import AT_ONCE, send_all
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.waiting import Patience
from sqlalchemy_dynamorm.run.wire import same_item
from sqlalchemy_dynamorm.sql import nodes

PAGE = 500
"""Items of a page, so that what a killed run does again is small."""
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Copy:
    """What is copied to what.

    :ivar target: with the columns of its own key.
    :ivar same_key: its items are those of the source to the letter.
    :ivar ttl: the attribute by which the service deletes expired items of the source, meanwhile too.
    """

    source: Table
    target: Table
    system: str
    same_key: bool
    declared: nodes.CreateTable | None
    patience: Patience
    ttl: str | None = None
    pace: Pace = field(default_factory=Pace)

    def copied(self, item: Item) -> Item | None:
        """An item as it is in the new table; ``None`` where it can have no key there."""
        if self.same_key:
            return item
        if any(not _is_key(item.get(name), self.target.by_name[name]) for name in self.target.key_columns):
            return None
        hidden = {column.name for column in self.source.columns if column.hidden}
        rest = {name: wire for name, wire in item.items() if name not in hidden}
        return {**rest, **key_from_columns(self.target, rest)}


def _is_key(wire: dict[str, Any] | None, column: Column) -> bool:
    return wire is not None and bool(wire.get(column.kind.key_type or ""))


def copy_items(
    copy: Copy, mark: CopyMark, following: Callable[[CopyMark], Asking[CopyMark]] | None = None
) -> Asking[CopyMark]:
    """Copy what is left to copy; returns where it stands then.

    :param following: what is done after each round, where the table's stream is followed.
    """
    read = 0
    while not all(place.ended for place in mark.places):
        items, places = yield from pages(copy, copy.source, mark.places)
        copied = [new for item in items if (new := copy.copied(item)) is not None]
        yield from put_items(copy, copied)
        yield from copy.pace.written(copied)
        mark = mark.at(places)
        yield from write_mark(copy.system, copy.target.physical, mark)
        if following is not None:
            mark = yield from following(mark)
        read += len(items)
        copy.patience.tell(f"{copy.target.physical}: {read} items copied")
    return mark


def put_items(copy: Copy, items: list[Item]) -> Asking[None]:
    """Put items in the new table.

    With the key that they have in the old table no two can meet, so they go 25 a call, whatever is there. With
    another key each is put on condition that the key is free.

    :raises Error: one could not be put; its key is :attr:`Error.key`.
    """
    if copy.same_key:
        try:
            for at in range(0, len(items), BATCH * AT_ONCE):
                yield from put_over(copy.target, items[at : at + BATCH * AT_ONCE])
        except Error as error:
            if error.retryable:
                raise
        else:
            return
    puts = [_put(copy, item) for item in items]  # of a batch that is refused the service does not say which one
    for at in range(0, len(puts), AT_ONCE):
        yield from _put_some(copy.target, puts[at : at + AT_ONCE])


def _put_some(table: Table, puts: list[Request]) -> Asking[None]:
    for put, answer in zip(puts, (yield puts), strict=True):
        # One that is there already was put by an earlier run, or has the same key: comparing tells.
        if isinstance(answer, Error) and not isinstance(answer, ConditionFailed):
            answer.key = key_of(put.params["Item"], table)
            raise answer


def _put(copy: Copy, item: Item) -> Request:
    params = {"TableName": copy.target.physical, "Item": item}
    if copy.same_key:
        return Request("PutItem", params)
    free = {
        "ConditionExpression": "attribute_not_exists(#0)",
        "ExpressionAttributeNames": {"#0": copy.target.partition},
    }
    return Request("PutItem", {**params, **free})


def pages(copy: Copy, table: Table, places: tuple[Place, ...]) -> Asking[tuple[list[Item], list[Place]]]:
    """The next page of each segment of one of the two tables, and where it stands then."""
    following = list(places)
    open_ = [at for at, place in enumerate(places) if not place.ended]
    bodies = yield from send_all([_scan(table, at, places) for at in open_])
    items: list[Item] = []
    for at, body in zip(open_, bodies, strict=True):
        items += wire_items(body)
        after = last_key(body)
        following[at] = Place(after, ended=after is None)
    yield from copy.pace.read(items)
    return items, following


def _scan(table: Table, segment: int, places: tuple[Place, ...]) -> Request:
    params: dict[str, Any] = {"TableName": table.physical, "ConsistentRead": True, "Limit": PAGE}
    params |= {"Segment": segment, "TotalSegments": len(places)}
    after = places[segment].after
    return Request("Scan", {**params, **({"ExclusiveStartKey": after} if after else {})})


@dataclass
class _Differences:
    """What comparing found.

    :ivar lasting: items that do not expire soon, and are in the new table.
    :ivar others: items in whose place another one is: two have one key, or one was changed since.
    :ivar first: the key of the first item that is not as it should be.
    """

    items: int = 0
    lasting: int = 0
    missing: int = 0
    others: int = 0
    first: Item | None = None


def compare(copy: Copy, mark: CopyMark) -> Asking[None]:
    """Compare each item with its copy, and how many there are.

    :raises DataError: they differ.
    """
    found, places, soon = _Differences(), (Place(),) * len(mark.places), int(present()["N"]) + _DAY
    while not all(place.ended for place in places):
        items, following = yield from pages(copy, copy.source, places)
        places = tuple(following)
        for at in range(0, len(items), AT_ONCE):
            yield from _compare_some(copy, items[at : at + AT_ONCE], found, soon)
        copy.patience.tell(f"{copy.target.physical}: {found.items} items compared")
    more = (yield from count_items(_lasting_items(copy, soon))) - found.lasting
    if found.missing or found.others or more > 0:
        raise _unlike(copy, found, more)


def _lasting_items(copy: Copy, soon: int) -> dict[str, Any]:
    """A Scan that counts the new table's items: where there is a TTL those that nobody deletes meanwhile."""
    params: dict[str, Any] = {"TableName": copy.target.physical, "ConsistentRead": True, "Select": "COUNT"}
    if copy.ttl is None:
        return params
    return {
        **params,
        "FilterExpression": "attribute_not_exists(#0) OR NOT attribute_type(#0, :0) OR #0 > :1",
        "ExpressionAttributeNames": {"#0": copy.ttl},
        "ExpressionAttributeValues": {":0": {"S": "N"}, ":1": {"N": str(soon)}},
    }


def _lasts(item: Item, ttl: str | None, soon: int) -> bool:
    number = item.get(ttl or "", {}).get("N")
    return ttl is None or number is None or Decimal(number) > soon


def _compare_some(copy: Copy, items: list[Item], found: _Differences, soon: int) -> Asking[None]:
    wanted = [copy.copied(item) for item in items]
    keys = [key_of(new, copy.target) for new in wanted if new is not None]
    asked = [
        Request("GetItem", {"TableName": copy.target.physical, "Key": key, "ConsistentRead": True}) for key in keys
    ]
    there = iter([wire_item(body) for body in (yield from send_all(asked))] if asked else [])
    for item, new in zip(items, wanted, strict=True):
        found.items += 1
        copied = None if new is None else next(there)
        found.lasting += copied is not None and _lasts(item, copy.ttl, soon)
        if new is not None and copied is not None and same_item(new, copied):
            continue
        found.first = found.first or key_of(item, copy.source)
        if copied is None:
            found.missing += 1
        else:
            found.others += 1


def _unlike(copy: Copy, found: _Differences, more: int) -> DataError:
    parts = (
        (found.others, "have another item in their place in the new table: two items have one key, or were changed"),
        (found.missing, "are not in the new table"),
        (max(0, more), "are in the new table alone"),
    )
    what = "; ".join(f"{count} items {how}" for count, how in parts if count)
    error = DataError(
        f"The copy {copy.target.name!r} is not what {copy.source.name!r} is: {what}. {copy.source.name!r} is as "
        f"it was: go on with it. If {copy.target.name!r} is not in use yet: mend the items (the first is .key of the "
        f"error), DROP TABLE {copy.target.name}, and run it again while nobody writes.",
        table=copy.target.physical,
    )
    error.key = found.first
    return error


def count_items(params: dict[str, Any]) -> Asking[int]:
    """How many items a Scan finds."""
    count, after = 0, None
    while True:
        body = yield Request("Scan", {**params, **({"ExclusiveStartKey": after} if after else {})})
        count += int(msgspec.json.decode(body)["Count"])
        after = last_key(body)
        if after is None:
            return count
