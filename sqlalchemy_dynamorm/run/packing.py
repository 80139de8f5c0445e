"""Several values as the bytes of one sort key: injective, and in the order of the tuples they are.

DynamoDB compares binary keys byte by byte, unsigned. Each value begins with a byte for its type and ends where a
shorter one would be lower, so the packed form of the first values is a prefix of the whole.

============ =====================================================================================================
text, binary ``0x30`` or ``0x40``, the bytes (text in UTF-8) with ``00`` written as ``00 FF``, and ``00``
number       ``0x20``, a byte for the sign (0 negative, 1 zero, 2 positive), the power of ten of the first digit plus
             130, the digits in pairs (each plus 1) and ``00``; of a negative number all bytes after the sign inverted
============ =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.packed import packed_names
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.run.values import encode
from sqlalchemy_dynamorm.run.wire import WireValue, split

MAX_SORT_KEY = 1024
"""Bytes of a sort key (DynamoDB developer guide, "Quotas")."""
ABOVE = b"\xff"
"""After the packed form of some values: above every key that begins with them, and no key itself."""
_TAGS = {"N": b"\x20", "S": b"\x30", "B": b"\x40"}
_LOWEST_EXPONENT = -130
_INVERTED = bytes(255 - byte for byte in range(256))


def pack(parts: Sequence[tuple[str, WireValue]]) -> WireValue:
    """The sort key of these columns' values, in order.

    :raises DataError: it has over 1024 bytes, or a value is no text, number or bytes; the column is named.
    """
    packed = prefix(parts)
    if len(packed) > MAX_SORT_KEY:
        name = max(parts, key=lambda part: len(packed_value(*part)))[0]
        names = ", ".join(name for name, _ in parts)
        raise DataError(
            f"the key columns {names} have {len(packed)} bytes together, most of them in {name!r}: they are packed in "
            f"one sort key, which has at most {MAX_SORT_KEY}; shorten it"
        )
    return {"B": packed}


def prefix(parts: Sequence[tuple[str, WireValue]]) -> bytes:
    """What every sort key begins with whose first columns have these values."""
    return b"".join(packed_value(name, wire) for name, wire in parts)


def packed_value(name: str, wire: WireValue) -> bytes:
    """One value, ended. :raises DataError: it is no text, number or bytes."""
    wire_type, value = split(wire)
    if wire_type not in _TAGS:
        raise DataError(f"the key column {name!r} was given a value that is stored as {wire_type}: keys are S, N or B")
    if wire_type == "N":
        return _TAGS["N"] + _number(Decimal(value))
    return begun(wire) + b"\x00"


def begun(wire: WireValue) -> bytes:
    """Text or bytes without their end: what every longer value with that beginning begins with."""
    wire_type, value = split(wire)
    content: bytes = value.encode() if wire_type == "S" else bytes(value)
    return _TAGS[wire_type] + content.replace(b"\x00", b"\x00\xff")


def canonical(wire: WireValue) -> bytes:
    """Any value as bytes that only an equal one has."""
    wire_type, value = split(wire)
    if wire_type in _TAGS:
        return packed_value("", wire)
    inner = sorted(value.items()) if wire_type == "M" else value if isinstance(value, list) else [str(value)]
    parts = [b"".join(map(canonical, _members(wire_type, each))) for each in inner]
    if wire_type in ("SS", "NS", "BS"):
        parts.sort()
    return b"\x50" + wire_type.encode() + b"\x00" + b"".join(parts) + b"\x00"


def _members(wire_type: str, member: Any) -> list[WireValue]:
    """What a document's or a set's member consists of."""
    match wire_type:
        case "M":
            return [{"S": member[0]}, member[1]]
        case "L":
            return [member]
        case "SS" | "NS" | "BS":
            return [{wire_type[0]: member}]
        case _:
            return [{"S": member}]


@dataclass(frozen=True, slots=True)
class PackedCheck:
    """Checks decoded rows that hold a packed key and its columns: another writer may have changed one in place.

    :ivar key: where the packed key stands in a row; ``columns`` are those it packs, each with its position.
    """

    key: int
    columns: tuple[tuple[Column, int], ...]

    @classmethod
    def of(cls, fields: Sequence[Column]) -> PackedCheck | None:
        """The check for rows of these fields, ``None`` where they do not hold all of it."""
        at = {column.name: position for position, column in enumerate(fields)}
        for name, position in at.items():
            names = packed_names(name)
            if names and all(each in at for each in names):
                return cls(position, tuple((fields[at[each]], at[each]) for each in names))
        return None

    def __call__(self, row: tuple[Any, ...]) -> None:
        """:raises DataError: the key is not what the columns make; they are named."""
        wires = [(column.name, encode(row[position], column)) for column, position in self.columns]
        known = [(name, wire) for name, wire in wires if wire is not None]
        if len(known) < len(wires) or prefix(known) != row[self.key]:
            names = ", ".join(column.name for column, _ in self.columns)
            raise DataError(
                f"an item's hidden sort key does not hold what its columns {names} do: another writer changed one of "
                "them, or the key; delete the item and insert it again"
            )


def _number(number: Decimal) -> bytes:
    if number.is_zero():
        return b"\x01"
    negative, digits, _ = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0").rstrip("0")
    text += "0" * (len(text) % 2)
    pairs = bytes(int(text[at : at + 2]) + 1 for at in range(0, len(text), 2))
    magnitude = bytes([number.adjusted() - _LOWEST_EXPONENT]) + pairs + b"\x00"
    return b"\x00" + magnitude.translate(_INVERTED) if negative else b"\x02" + magnitude
