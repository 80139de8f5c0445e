"""How far a copy of a table has come: an item of the system table, by the new table's name.

``{"id": "copy#<new table>", "source": S, "key": L of S, "segments": L of M, "made": S, "done": BOOL, "run": S}``. A
segment is ``{}`` before its first page, then holds the key that it goes on ``after``, and is ``ended`` at its end.
Where the old table's stream is followed, ``stream`` says how far: ``{"arn": S, "before": S, "begun": N, "read": N,
"shards": M, "open": L, "compared": BOOL, "closed": BOOL}``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, OperationalError
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.system import item_key
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment stands: the key of the last item of its last page, ``None`` at both ends."""

    after: Item | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a shard was read: to the record of this sequence number, ``None`` before the first one."""

    sequence: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """How far the stream of the old table was followed.

    :ivar before: what the table's stream was before, ``""`` for none: then it is ours, and ends with the copy.
    :ivar begun: the second in which the copy began; records from long before it tell nothing.
    :ivar read: the second in which it was read last.
    :ivar open: the keys of old items that have no place in the new table yet.
    :ivar compared: all items were compared, what differed was copied again, and unique values were guarded; from then
        on they are guarded as items change.
    :ivar closed: the stream was ended, since nobody writes any more, and what is left of it is read.
    """

    arn: str
    before: str
    begun: int
    read: int
    shards: Mapping[str, Reached] = field(default_factory=dict)
    open: tuple[Item, ...] = ()
    compared: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class CopyMark:
    """A copy that was begun.

    :ivar key: the key columns of the new table.
    :ivar done: all is copied and was compared.
    :ivar made: when the new table was made; another one may come to have its name.
    :ivar followed: where the stream of the old table is followed.
    :ivar run: which run goes on with it; one that was begun later takes it from the earlier one.
    """

    source: str
    key: tuple[str, ...]
    places: tuple[Place, ...]
    done: bool = False
    made: str | None = None
    followed: Followed | None = None
    run: str = ""

    def at(self, places: Sequence[Place]) -> CopyMark:
        """The same, further."""
        return replace(self, places=tuple(places))


def read_mark(system: str, target: str) -> Asking[CopyMark | None]:
    """The mark of the copy to a table, if there is one."""
    request = Request("GetItem", {"TableName": system, "Key": item_key("copy", target), "ConsistentRead": True})
    item = wire_item((yield request))
    return None if item is None else _mark(item)


def _mark(item: Item) -> CopyMark:
    return CopyMark(
        item["source"]["S"],
        tuple(each["S"] for each in item["key"]["L"]),
        tuple(_place(each["M"]) for each in item["segments"]["L"]),
        item["done"]["BOOL"],
        item.get("made", {}).get("S"),
        _followed(item["stream"]["M"]) if "stream" in item else None,
        item.get("run", {}).get("S", ""),
    )


def _place(found: Item) -> Place:
    return Place(found["after"]["M"] if "after" in found else None, "ended" in found)


def _followed(found: Item) -> Followed:
    return Followed(
        found["arn"]["S"],
        found["before"]["S"],
        int(found["begun"]["N"]),
        int(found["read"]["N"]),
        {shard: _reached(each["M"]) for shard, each in found["shards"]["M"].items()},
        tuple(each["M"] for each in found["open"]["L"]),
        found["compared"]["BOOL"],
        found["closed"]["BOOL"],
    )


def _reached(found: Item) -> Reached:
    return Reached(found["at"]["S"] if "at" in found else None, "ended" in found)


def take_over(system: str, target: str, mark: CopyMark) -> Asking[CopyMark]:
    """Keep a mark as this run's; one that still goes on with it fails when it writes it next."""
    mine = replace(mark, run=secrets.token_hex(8))
    yield Request("PutItem", {"TableName": system, "Item": _item(target, mine)})
    return mine


def write_mark(system: str, target: str, mark: CopyMark) -> Asking[None]:
    """Keep how far a copy is.

    :raises OperationalError: another run of the same copy was begun since.
    """
    params = {
        "TableName": system,
        "Item": _item(target, mark),
        "ConditionExpression": "#0 = :0",
        "ExpressionAttributeNames": {"#0": "run"},
        "ExpressionAttributeValues": {":0": {"S": mark.run}},
    }
    try:
        yield Request("PutItem", params)
    except ConditionFailed:
        raise OperationalError(
            f"Another run of the copy to {target!r} was begun since this one, which therefore ends. The other goes on "
            "with it; if it does not, run it again.",
            table=target,
        ) from None


def _item(target: str, mark: CopyMark) -> Item:
    return {
        **item_key("copy", target),
        "source": {"S": mark.source},
        "key": {"L": [{"S": name} for name in mark.key]},
        "segments": {"L": [{"M": _written(place)} for place in mark.places]},
        "done": {"BOOL": mark.done},
        "run": {"S": mark.run},
        **({} if mark.made is None else {"made": {"S": mark.made}}),
        **({} if mark.followed is None else {"stream": {"M": _stream(mark.followed)}}),
    }


def _written(place: Place) -> dict[str, Any]:
    if place.ended:
        return {"ended": {"BOOL": True}}
    return {} if place.after is None else {"after": {"M": place.after}}


def _stream(followed: Followed) -> Item:
    return {
        "arn": {"S": followed.arn},
        "before": {"S": followed.before},
        "begun": {"N": str(followed.begun)},
        "read": {"N": str(followed.read)},
        "shards": {"M": {shard: {"M": _at(reached)} for shard, reached in followed.shards.items()}},
        "open": {"L": [{"M": key} for key in followed.open]},
        "compared": {"BOOL": followed.compared},
        "closed": {"BOOL": followed.closed},
    }


def _at(reached: Reached) -> Item:
    at: Item = {} if reached.sequence is None else {"at": {"S": reached.sequence}}
    return {**at, **({"ended": {"BOOL": True}} if reached.ended else {})}
