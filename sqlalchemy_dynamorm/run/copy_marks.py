"""How far a copy of a table has come: an item of the system table, by the new table's name.

``{"id": "copy#<new table>", "source": S, "key": L of S, "segments": L of M, "made": S, "done": BOOL}``. A segment is
``{}`` before its first page, then holds the key that it goes on ``after``, and is ``ended`` at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

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
class CopyMark:
    """A copy that was begun.

    :ivar key: the key columns of the new table.
    :ivar done: all is copied and was compared.
    :ivar made: when the new table was made; another one may come to have its name.
    """

    source: str
    key: tuple[str, ...]
    places: tuple[Place, ...]
    done: bool = False
    made: str | None = None

    def at(self, places: Sequence[Place]) -> CopyMark:
        """The same, further."""
        return replace(self, places=tuple(places))


def read_mark(system: str, target: str) -> Asking[CopyMark | None]:
    """The mark of the copy to a table, if there is one."""
    request = Request("GetItem", {"TableName": system, "Key": item_key("copy", target), "ConsistentRead": True})
    item = wire_item((yield request))
    if item is None:
        return None
    key = tuple(each["S"] for each in item["key"]["L"])
    places = tuple(_place(each["M"]) for each in item["segments"]["L"])
    return CopyMark(item["source"]["S"], key, places, item["done"]["BOOL"], item.get("made", {}).get("S"))


def _place(found: Item) -> Place:
    return Place(found["after"]["M"] if "after" in found else None, "ended" in found)


def write_mark(system: str, target: str, mark: CopyMark) -> Asking[None]:
    """Keep how far a copy is."""
    item = {
        **item_key("copy", target),
        "source": {"S": mark.source},
        "key": {"L": [{"S": name} for name in mark.key]},
        "segments": {"L": [{"M": _written(place)} for place in mark.places]},
        "done": {"BOOL": mark.done},
        **({} if mark.made is None else {"made": {"S": mark.made}}),
    }
    yield Request("PutItem", {"TableName": system, "Item": item})


def _written(place: Place) -> dict[str, Any]:
    if place.ended:
        return {"ended": {"BOOL": True}}
    return {} if place.after is None else {"after": {"M": place.after}}
