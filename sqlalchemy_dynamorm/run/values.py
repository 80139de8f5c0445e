"""The codec: Python values to wire values and back, exactly or with an error that names the column.

``None`` is SQL NULL, which is stored as no attribute; ``Json(None)`` is JSON null, the NULL type.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import DataError, InternalError
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Moment
from sqlalchemy_dynamorm.run.compare import same, same_type_order
from sqlalchemy_dynamorm.run.documents import Json, native, typed_set, unicode, wrong_type
from sqlalchemy_dynamorm.run.epoch import to_number, to_text
from sqlalchemy_dynamorm.run.isotime import stored_text
from sqlalchemy_dynamorm.run.numbers import json_number, number_text, whole
from sqlalchemy_dynamorm.run.wire import Item, WireValue, check_item, item_size, scalar_size, split

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
_WIRE_TYPES = {
    Kind.STRING: "S",
    Kind.INTEGER: "N",
    Kind.DECIMAL: "N",
    Kind.FLOAT: "N",
    Kind.NUMBER: "N",
    Kind.BOOLEAN: "BOOL",
    Kind.BINARY: "B",
    Kind.EPOCH: "N",
    Kind.EPOCH_MS: "N",
    Kind.LIST: "L",
    Kind.STRING_SET: "SS",
    Kind.NUMBER_SET: "NS",
    Kind.BINARY_SET: "BS",
}
_DOCUMENT_TYPES = frozenset({"S", "N", "BOOL", "M", "L"})


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
        raise wrong_type(value, column)
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
        raise wrong_type(value, column)
    return {"S": text if column.moment is None else stored_text(text, column.moment, column.name)}


def _text(value: Any, column: Column) -> str | None:
    """The text of what is stored as S, or ``None`` where ``value`` is not of such a type."""
    if isinstance(value, str):
        return unicode(value, column)
    if isinstance(value, dt.datetime):
        _check_zone(value, column)
        return _datetime_text(value, column)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return _time_text(value, column)
    return str(value) if isinstance(value, uuid.UUID) else None


def _check_zone(value: dt.datetime, column: Column) -> None:
    if column.moment not in (Moment.DATETIME, Moment.UTC_DATETIME):
        return
    if (value.utcoffset() is None) is (column.moment is Moment.UTC_DATETIME):
        given, wanted = ("a naive", "with a time zone") if value.utcoffset() is None else ("an aware", "without one")
        raise DataError(f"column {column.name!r} was given {given} datetime and is declared {wanted}; convert it")


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
        raise wrong_type(value, column)
    return {"N": number_text(value, column)}


_WHOLE = re.compile(r"[+-]?[0-9]{1,38}", re.ASCII)


def whole_number(value: Any) -> Any:
    """The number that a text of a whole number stands for, as SQLite, MySQL and PostgreSQL's drivers take it.

    The key of a URL, say. Any other value is given back as it is.
    """
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


def _encode_integer(value: Any, column: Column) -> WireValue:
    value = whole_number(value)
    wire = _encode_number(value, column)
    if "." in wire["N"]:
        raise DataError(
            f"column {column.name!r} is declared integer and was given a {type(value).__name__} with a fraction; "
            "round it, or declare the column Numeric"
        )
    return wire


def _encode_boolean(value: Any, column: Column) -> WireValue:
    if isinstance(value, int) and value in (0, 1):
        return {"BOOL": bool(value)}
    raise wrong_type(value, column)


def _encode_binary(value: Any, column: Column) -> WireValue:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"B": bytes(value)}
    raise wrong_type(value, column)


def _encode_document(value: Any, column: Column) -> WireValue:
    plain = value.value if isinstance(value, Json) else value
    if isinstance(plain, (bytes, bytearray, memoryview, set, frozenset)):
        raise wrong_type(plain, column)
    return native(plain, column, 1)


def _encode_epoch(value: Any, column: Column) -> WireValue:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return {"N": number_text(value, column)}
    text = _text(value, column)
    if text is None:
        raise wrong_type(value, column)
    return {"N": number_text(to_number(text, column), column)}


def _encode_list(value: Any, column: Column) -> WireValue:
    if isinstance(value, (list, tuple)):
        return native(value, column, 1)
    raise wrong_type(value, column)


def _encode_set(value: Any, column: Column) -> WireValue | None:
    if not isinstance(value, (set, frozenset, list, tuple)):
        raise wrong_type(value, column)
    return typed_set(value, _WIRE_TYPES[column.kind], column) if value else None


def _encode_any(value: Any, column: Column) -> WireValue | None:
    if isinstance(value, Json):
        return native(value.value, column, 1)
    if isinstance(value, (set, frozenset)) and not value:
        return None
    text = _text(value, column)
    return native(value, column, 1) if text is None else {"S": text}


_ENCODERS: dict[Kind, Callable[[Any, Column], WireValue | None]] = {
    Kind.STRING: _encode_string,
    Kind.INTEGER: _encode_integer,
    Kind.DECIMAL: _encode_number,
    Kind.FLOAT: _encode_number,
    Kind.NUMBER: _encode_number,
    Kind.BOOLEAN: _encode_boolean,
    Kind.BINARY: _encode_binary,
    Kind.EPOCH: _encode_epoch,
    Kind.EPOCH_MS: _encode_epoch,
    Kind.DOCUMENT: _encode_document,
    Kind.LIST: _encode_list,
    Kind.STRING_SET: _encode_set,
    Kind.NUMBER_SET: _encode_set,
    Kind.BINARY_SET: _encode_set,
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
        epoch = column.kind in (Kind.EPOCH, Kind.EPOCH_MS)
        self._number = partial(to_text, column=column) if epoch else _NUMBERS.get(column.kind, whole)

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


_NUMBERS: dict[Kind, Callable[[str], Any]] = {Kind.DECIMAL: Decimal, Kind.FLOAT: float, Kind.DOCUMENT: json_number}
