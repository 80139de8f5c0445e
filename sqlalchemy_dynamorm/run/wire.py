"""Wire values and items as they stand in a request, and their size as DynamoDB counts it.

Sources: the DynamoDB developer guide, "Item sizes and formats" and "Quotas".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import InternalError, ItemTooLarge

WireValue = dict[str, Any]
"""``{"S": "x"}``: one type and its content. B is ``bytes``, BS a list of ``bytes``, N text."""

Item = dict[str, WireValue]

MAX_ITEM = 400 * 1024
MAX_LEVELS = 32  # the attribute itself is level 1, a scalar in a list in it level 2


def split(wire: WireValue) -> tuple[str, Any]:
    """The wire type and what it holds. :raises InternalError: there is not exactly one."""
    if len(wire) != 1:
        raise InternalError(f"a wire value has {len(wire)} types instead of one; report it")
    return next(iter(wire.items()))


def same_wire(left: WireValue | None, right: WireValue | None) -> bool:
    """Whether two values that the service gave are one: the order of a set says nothing."""
    return left == right or (left is not None and right is not None and _ordered(left) == _ordered(right))


def same_item(left: Mapping[str, WireValue], right: Mapping[str, WireValue]) -> bool:
    """Whether two items have the same attributes."""
    return left.keys() == right.keys() and all(same_wire(left[name], right[name]) for name in left)


def _ordered(wire: WireValue) -> WireValue:
    wire_type, value = split(wire)
    if wire_type in ("SS", "NS", "BS"):
        return {wire_type: sorted(value)}
    if wire_type == "M":
        return {"M": {name: _ordered(each) for name, each in value.items()}}
    return {"L": [_ordered(each) for each in value]} if wire_type == "L" else wire


def to_json(params: Mapping[str, Any]) -> bytes:
    """A request, or a part of one, as it goes over the wire.

    :raises TypeError, UnicodeEncodeError: it holds something else than wire values.
    """
    return msgspec.json.encode(params, enc_hook=_exact)


def _exact(value: Any) -> str:
    """SQLAlchemy's names are a kind of text of their own."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"a request holds a {type(value).__name__}, which is nothing to send; report it")


def item_size(item: Item) -> int:
    """The bytes of an item as DynamoDB counts them, names included. Numbers are the guide's own approximation."""
    return sum(len(name.encode()) + _size(wire) for name, wire in item.items())


def _size(wire: WireValue) -> int:
    wire_type, value = split(wire)
    if wire_type == "M":
        return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in value.items())
    if wire_type == "L":
        return 3 + sum(1 + _size(each) for each in value)
    return _scalar_size(wire_type, value)


def scalar_size(wire: WireValue) -> int:
    """The bytes of a scalar or a set."""
    return _scalar_size(*split(wire))


def _scalar_size(wire_type: str, value: Any) -> int:
    if wire_type == "S":
        return len(value) if value.isascii() else len(value.encode())
    if wire_type == "N":
        return _number_size(value)
    if wire_type in ("SS", "NS", "BS"):
        return sum(_scalar_size(wire_type[0], each) for each in value)
    return len(value) if wire_type == "B" else 1


def _number_size(text: str) -> int:
    digits = text.lstrip("-+").lower().partition("e")[0]
    if "." in digits:
        digits = digits.replace(".", "")
    significant = len(digits.strip("0"))
    return (significant + 1) // 2 + 1 + text.startswith("-")


def fit(items: Iterable[Item], most: int) -> bool:
    """Whether items have at most so many bytes together. As JSON they have more, and that is told faster."""
    items = list(items)
    return sum(len(to_json(item)) for item in items) <= most or sum(map(item_size, items)) <= most


def check_item(item: Item, table: str) -> None:
    """Refuses what DynamoDB would: more than 400 KB, or more than 32 levels.

    :raises ItemTooLarge: either of them.
    """
    if not fit((item,), MAX_ITEM):
        raise ItemTooLarge(
            f"an item for table {table!r} has {item_size(item)} bytes: DynamoDB takes {MAX_ITEM}, names included; "
            "split it, or keep large values elsewhere",
            table=table,
        )
    for name, wire in item.items():
        if ("M" in wire or "L" in wire) and _levels(wire) > MAX_LEVELS:
            raise ItemTooLarge(
                f"attribute {name!r} of an item for table {table!r} has more than {MAX_LEVELS} levels, DynamoDB's "
                "limit; flatten it, or store it as text",
                table=table,
            )


def _levels(wire: WireValue) -> int:
    wire_type, value = split(wire)
    if wire_type not in ("M", "L"):
        return 1
    return 1 + max(map(_levels, value.values() if wire_type == "M" else value), default=0)
