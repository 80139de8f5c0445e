"""The codec: Python values to wire values and back, exactly or with an error that names the column.

``None`` is SQL NULL, which is stored as no attribute; ``Json(None)`` is JSON null, the NULL type. Numbers are written
in full, without exponent and without superfluous zeros, so equal numbers have equal text, and they never pass
through binary floats. Source of the limits: the DynamoDB developer guide, "Supported data types and naming rules".
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import DataError, InternalError, UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.compare import same, same_type_order
from sqlalchemy_dynamorm.run.wire import MAX_LEVELS, Item, WireValue, check_item, item_size, scalar_size, split

__all__ = [
    "JSON_NULL",
    "Item",
    "Json",
    "Reader",
    "Role",
    "WireValue",
    "check_item",
    "decode",
    "encode",
    "encode_key",
    "item_size",
    "same",
    "same_type_order",
    "whole",
]

Role = Literal["partition", "sort"]
"""What a value of a key is; a column that is packed is a part of a sort key."""
MAX_KEY: dict[Role, int] = {"partition": 2048, "sort": 1024}
_LARGEST, _SMALLEST = 125, -130  # powers of ten: 9.99…E+125 and 1E-130
_EXACT = Context(prec=38, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact])
_WIRE_TYPES = {
    Kind.STRING: "S",
    Kind.INTEGER: "N",
    Kind.DECIMAL: "N",
    Kind.FLOAT: "N",
    Kind.NUMBER: "N",
    Kind.BOOLEAN: "BOOL",
    Kind.BINARY: "B",
}
_DOCUMENT_TYPES = frozenset({"S", "N", "BOOL", "M", "L"})


@dataclass(frozen=True, slots=True)
class Json:
    """Store this Python value as a native document; ``Json(None)`` is JSON null, the NULL type."""

    value: Any


JSON_NULL = Json(None)


# ---- encoding


def encode(value: Any, column: Column) -> WireValue | None:
    """The wire value of ``value`` in ``column``, or ``None`` for no attribute (SQL NULL, an empty set).

    :raises DataError: the type does not fit the column's kind; a document is too deep or has a key that is no string.
    :raises UnsupportedValue: a number that DynamoDB can't hold exactly.
    """
    return None if value is None else _ENCODERS[column.kind](value, column)


def encode_key(value: Any, column: Column, role: Role) -> WireValue:
    """The wire value of a key attribute of a table or an index.

    :raises DataError: NULL, an empty or too long value (2048 bytes, as a sort key 1024), a kind that can't be a key.
    """
    if column.kind.key_type is None and column.kind is not Kind.ANY:
        raise DataError(
            f"column {column.name!r} is declared {column.kind.value} and cannot be a {role} key: keys are strings, "
            "numbers or binary; declare it as one of these"
        )
    wire = encode(value, column)
    if column.kind is Kind.ANY and wire is not None and not wire.keys() <= {"S", "N", "B"}:
        raise _wrong_type(value, column)
    if wire is None:
        raise DataError(f"key column {column.name!r} is NULL: every item needs its {role} key; give it a value")
    _check_key_length(wire, column, role)
    return wire


def _check_key_length(wire: WireValue, column: Column, role: Role) -> None:
    if "N" in wire:
        return
    size = scalar_size(wire)
    if size == 0:
        raise DataError(f"key column {column.name!r} is empty: DynamoDB takes no empty {role} key; give it a value")
    if size > MAX_KEY[role]:
        raise DataError(
            f"key column {column.name!r} has {size} bytes: a {role} key has at most {MAX_KEY[role]}; shorten it"
        )


def _encode_string(value: Any, column: Column) -> WireValue:
    text = _text(value, column)
    if text is None:
        raise _wrong_type(value, column)
    return {"S": text}


def _text(value: Any, column: Column) -> str | None:
    """The text of what is stored as S, or ``None`` where ``value`` is not of such a type."""
    if isinstance(value, str):
        return _unicode(value, column)
    if isinstance(value, dt.datetime):
        return _datetime_text(value, column)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return _time_text(value, column)
    return str(value) if isinstance(value, uuid.UUID) else None


def _unicode(value: str, column: Column) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"column {column.name!r} was given text with a lone surrogate, which has no UTF-8 form; "
                "replace such characters, or store bytes in a binary column"
            ) from None
    return str.__str__(value)  # of a subclass, an enum's member for example, the text itself


def _datetime_text(value: dt.datetime, column: Column) -> str:
    if value.utcoffset() is None:
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    try:
        utc = value.astimezone(dt.timezone.utc)
    except OverflowError:
        raise DataError(f"column {column.name!r} was given a datetime outside the years 1 to 9999 in UTC") from None
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _time_text(value: dt.time, column: Column) -> str:
    if value.tzinfo is None:
        return value.isoformat(timespec="microseconds")
    offset = value.utcoffset()
    if offset is None:
        raise DataError(
            f"column {column.name!r} was given a time in a zone whose offset depends on the day; "
            "give a time without a zone or with a fixed offset"
        )
    some_day = dt.datetime.combine(dt.date(2000, 1, 2), value.replace(tzinfo=None)) - offset
    return some_day.time().isoformat(timespec="microseconds") + "Z"


def _encode_number(value: Any, column: Column) -> WireValue:
    if not isinstance(value, (int, float, Decimal)):
        raise _wrong_type(value, column)
    return {"N": _number_text(value, column)}


def _encode_integer(value: Any, column: Column) -> WireValue:
    wire = _encode_number(value, column)
    if "." in wire["N"]:
        raise DataError(
            f"column {column.name!r} is declared integer and was given a {type(value).__name__} with a fraction; "
            "round it, or declare the column Numeric"
        )
    return wire


def _number_text(value: float | Decimal, column: Column) -> str:
    if isinstance(value, int) and -(10**38) < value < 10**38:
        return str(int(value))
    number = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise UnsupportedValue(
            f"column {column.name!r} was given NaN or an infinity, which DynamoDB has no number for; use NULL"
        )
    if number.is_zero():
        return "0"
    if not _SMALLEST <= number.adjusted() <= _LARGEST:
        raise UnsupportedValue(
            f"column {column.name!r} was given a number outside DynamoDB's range, 1E-130 to 9.99E+125 "
            "(positive or negative); scale it, or store text"
        )
    try:
        return format(_EXACT.normalize(number), "f")
    except Inexact:
        raise UnsupportedValue(
            f"column {column.name!r} was given a number of more than 38 significant digits, DynamoDB's limit; "
            "round it, or store text"
        ) from None


def _encode_boolean(value: Any, column: Column) -> WireValue:
    if isinstance(value, int) and value in (0, 1):
        return {"BOOL": bool(value)}
    raise _wrong_type(value, column)


def _encode_binary(value: Any, column: Column) -> WireValue:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"B": bytes(value)}
    raise _wrong_type(value, column)


def _encode_document(value: Any, column: Column) -> WireValue:
    plain = value.value if isinstance(value, Json) else value
    if isinstance(plain, (bytes, bytearray, memoryview, set, frozenset)):
        raise _wrong_type(plain, column)
    return _native(plain, column, 1)


def _encode_any(value: Any, column: Column) -> WireValue | None:
    if isinstance(value, Json):
        return _native(value.value, column, 1)
    if isinstance(value, (set, frozenset)) and not value:
        return None
    text = _text(value, column)
    return _native(value, column, 1) if text is None else {"S": text}


def _native(value: Any, column: Column, level: int) -> WireValue:
    """The wire value by the Python type alone; ``level`` counts from 1, the attribute."""
    if level > MAX_LEVELS:
        raise DataError(
            f"column {column.name!r} was given a document of more than {MAX_LEVELS} levels, DynamoDB's limit; "
            "flatten it, or store it as text"
        )
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": _unicode(value, column)}
    if isinstance(value, (int, float, Decimal)):
        return {"N": _number_text(value, column)}
    if isinstance(value, Mapping):
        return {"M": {_name(key, column): _native(each, column, level + 1) for key, each in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"L": [_native(each, column, level + 1) for each in value]}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"B": bytes(value)}
    if isinstance(value, (set, frozenset)):
        return _set(value, column)
    raise _wrong_type(value, column)


def _name(key: Any, column: Column) -> str:
    if isinstance(key, str):
        return _unicode(key, column)
    raise DataError(
        f"column {column.name!r} was given a document with a key of type {type(key).__name__}: keys are strings"
    )


def _set(value: Iterable[Any], column: Column) -> WireValue:
    members = {_member(each, column) for each in value}
    types = {wire_type for wire_type, _ in members}
    if len(types) == 1:
        return {types.pop(): sorted(member for _, member in members)}
    problem = "an empty set within a document" if not types else "a set that mixes strings, numbers and binary"
    raise DataError(f"column {column.name!r} was given {problem}: a set has members, all of one type; use a list")


def _member(value: Any, column: Column) -> tuple[str, Any]:
    if isinstance(value, str):
        return "SS", _unicode(value, column)
    if isinstance(value, bytes):
        return "BS", bytes(value)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "NS", _number_text(value, column)
    raise DataError(
        f"column {column.name!r} was given a set with a member of type {type(value).__name__}: "
        "members are strings, numbers or bytes"
    )


def _wrong_type(value: Any, column: Column) -> DataError:
    if column.kind is Kind.BOOLEAN and type(value) is int:
        return DataError(f"column {column.name!r} is declared boolean and was given an int other than 0 and 1")
    return DataError(
        f"column {column.name!r} is declared {column.kind.value} and was given a value of type "
        f"{type(value).__name__}; convert it, or declare the column with a type that takes it"
    )


_ENCODERS: dict[Kind, Callable[[Any, Column], WireValue | None]] = {
    Kind.STRING: _encode_string,
    Kind.INTEGER: _encode_integer,
    Kind.DECIMAL: _encode_number,
    Kind.FLOAT: _encode_number,
    Kind.NUMBER: _encode_number,
    Kind.BOOLEAN: _encode_boolean,
    Kind.BINARY: _encode_binary,
    Kind.DOCUMENT: _encode_document,
    Kind.ANY: _encode_any,
}


# ---- decoding


def decode(wire: WireValue | None, column: Column) -> Any:
    """The Python value of a stored one; no attribute and the NULL type are ``None``.

    INTEGER gives ``int``, or a ``Decimal`` where another writer stored a fraction; ANY likewise, and sets as Python
    sets. DOCUMENT gives numbers as ``json.loads`` would.

    :raises DataError: the item stores another type than the column is declared with.
    :raises InternalError: not a wire value.
    """
    return Reader(column)(wire)


class Reader:
    """Reads one column's wire values."""

    __slots__ = ("_column", "_number")

    def __init__(self, column: Column) -> None:
        self._column = column
        self._number = _NUMBERS.get(column.kind, whole)

    def __call__(self, wire: WireValue | None) -> Any:
        """As :func:`decode`."""
        if wire is None:
            return None
        wire_type, _ = split(wire)
        if wire_type == "NULL":
            return JSON_NULL if self._column.nulls else None
        self._check(wire_type)
        return self._read(wire)

    def _check(self, wire_type: str) -> None:
        kind = self._column.kind
        if kind is Kind.ANY or wire_type == _WIRE_TYPES.get(kind):
            return
        if kind is Kind.DOCUMENT and wire_type in _DOCUMENT_TYPES:
            return
        raise DataError(
            f"column {self._column.name!r} is declared {kind.value}, but the item stores it as {wire_type}; "
            "declare the column with the type that is stored, or correct the item"
        )

    def _read(self, wire: WireValue) -> Any:
        wire_type, value = split(wire)
        if wire_type in ("S", "BOOL", "B"):
            return value
        if wire_type == "N":
            return self._number(value)
        if wire_type == "M":
            return {name: self._read(each) for name, each in value.items()}
        if wire_type == "L":
            return [self._read(each) for each in value]
        return self._rare(wire_type, value)

    def _rare(self, wire_type: str, value: Any) -> Any:
        if wire_type == "NULL":
            return None
        if wire_type in ("SS", "BS"):
            return set(value)
        if wire_type == "NS":
            return set(map(self._number, value))
        raise InternalError(f"column {self._column.name!r} has the unknown wire type {wire_type!r}; report it")


def whole(text: str | Decimal) -> int | Decimal:
    """A number exactly: ``int`` if it is integral, else ``Decimal``."""
    try:
        return int(text) if isinstance(text, str) else _integral(text)
    except ValueError:
        return _integral(Decimal(text))


def _integral(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def _json_number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


_NUMBERS: dict[Kind, Callable[[str], Any]] = {Kind.DECIMAL: Decimal, Kind.FLOAT: float, Kind.DOCUMENT: _json_number}
