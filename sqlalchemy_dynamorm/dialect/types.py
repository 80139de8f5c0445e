"""Our types: what a Python value is to the cursor, and a cursor's value to Python.

The cursor takes and gives ``str``, ``int``, ``Decimal``, ``float``, ``bool``, ``bytes`` and documents. A result
processor accepts more than that, since a local step computes in SQLite, where a Boolean is 1 and a number a float.
"""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.sqlite.json import JSONIndexType, JSONPathType
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import elements

from sqlalchemy_dynamorm.dialect.arrays import StoredArray
from sqlalchemy_dynamorm.dialect.times import StoredDate, StoredDateTime, StoredInterval, StoredTime
from sqlalchemy_dynamorm.errors import DataError

Processor = Callable[[Any], Any]
_WIDE = Context(prec=400)  # never rounds what DynamoDB can hold: 38 digits, 125 of them zeros, and a scale


class StoredBoolean(sqltypes.Boolean):
    """BOOL."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _to_bool


def _to_bool(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        found = {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
        if found is None:
            raise DataError("A stored text is neither true nor false; the column's type is Boolean.")
        return found
    return bool(value)


class StoredInteger(sqltypes.Integer):
    """N. A number with a fraction, from an expression whose type SQLAlchemy guessed, stays what it is."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _to_int


def _to_int(value: Any) -> Any:
    if value is None or type(value) is int:
        return value
    number = _number(value) if isinstance(value, str) else value
    return int(number) if number == number // 1 else number


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise DataError("A text stands where the column's type says a number is.") from None


class StoredNumeric(sqltypes.Numeric[Any]):
    """N, exact. Results have the declared scale at least, as ``NUMERIC(10, 2)`` has everywhere."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _exact

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _decimals(self.scale) if self.asdecimal else _to_float

    def literal_processor(self, dialect: Dialect) -> Processor:
        return _number_literal


class StoredFloat(sqltypes.Float[Any]):
    """N."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _to_float

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _decimals(None) if self.asdecimal else _to_float

    def literal_processor(self, dialect: Dialect) -> Processor:
        return _number_literal


def _exact(value: Any) -> Any:
    """A float as the decimal number that it prints as, a text as the number it is; the rest as it is."""
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    return _number(value) if isinstance(value, str) else value


def _to_float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise DataError("A text stands where the column's type says a number is.") from None


def _decimals(scale: int | None) -> Processor:
    places = None if scale is None else Decimal(1).scaleb(-scale)

    def process(value: Any) -> Decimal | None:
        # A float is what SQLite computed: 15 digits of it are certain (sqlite.org, "Floating Point Numbers").
        number = Decimal(format(value, ".15g")) if isinstance(value, float) else _exact(value)
        if number is None:
            return None
        found = number if isinstance(number, Decimal) else Decimal(number)
        if places is None or not found.is_finite() or _scale(found) >= _scale(places):
            return found
        return found.quantize(places, context=_WIDE)

    return process


def _scale(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _number_literal(value: Any) -> str:
    return format(_exact(value) if isinstance(value, float | str) else Decimal(value), "f")


class StoredBinary(sqltypes.LargeBinary):
    """B."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _to_bytes

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _to_bytes

    def literal_processor(self, dialect: Dialect) -> Processor:
        return lambda value: f"X'{bytes(value).hex().upper()}'"


def _to_bytes(value: Any) -> bytes | None:
    if value is None or type(value) is bytes:
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise DataError(f"A binary column takes bytes; it does not take {type(value).__name__}.")


class StoredEnum(sqltypes.Enum):
    """S. A text that is none of its values is refused, as a native type of a database refuses it; with
    ``native_enum=False`` it is taken, as SQLAlchemy documents."""

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        stored: Processor | None = super().bind_processor(dialect)  # type: ignore[no-untyped-call]
        if stored is None or not self.native_enum:
            return stored
        known = frozenset(self.enums)

        def process(value: Any) -> Any:
            found = stored(value)
            if found is None or found in known:
                return found
            raise DataError(f"A text that is no value of the Enum {self.name or ''!r} stands where one should.")

        return process


class StoredUuid(sqltypes.Uuid[Any]):
    """S: dashed, lower case. A text in any form that :class:`uuid.UUID` reads is taken too."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return lambda value: None if value is None else str(_to_uuid(value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        if self.as_uuid:
            return lambda value: None if value is None else _to_uuid(value)
        return lambda value: None if value is None else str(_to_uuid(value))

    def literal_processor(self, dialect: Dialect) -> Processor:
        return lambda value: f"'{_to_uuid(value)}'"


def _to_uuid(value: Any) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise DataError(f"A {type(value).__name__} that is no UUID stands where the type is Uuid.") from None


class StoredJson(sqltypes.JSON):
    """A native document. JSON null is the NULL type; SQL NULL is no attribute.

    An engine's ``json_serializer`` and ``json_deserializer`` are honoured by going through their text.
    """

    def bind_processor(self, dialect: Dialect) -> Processor:
        from sqlalchemy_dynamorm.run.values import Json

        native = _native_document(getattr(dialect, "_json_serializer", None))

        def process(value: Any) -> Json | None:
            if isinstance(value, elements.Null) or (value is None and self.none_as_null):
                return None
            return Json(native(None if value is self.NULL else value))

        return process

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        deserializer = getattr(dialect, "_json_deserializer", None)
        if deserializer is None:
            return None
        return lambda value: None if value is None else deserializer(json.dumps(value))


def _native_document(serializer: Callable[[Any], str] | None) -> Processor:
    if serializer is None:
        return lambda value: value

    def native(value: Any) -> Any:
        try:
            return json.loads(serializer(value), parse_float=Decimal)
        except ValueError:
            raise DataError("The engine's json_serializer returned a text that is not JSON.") from None

    return native


COLSPECS: dict[type[sqltypes.TypeEngine[Any]], type[sqltypes.TypeEngine[Any]]] = {
    sqltypes.Boolean: StoredBoolean,
    sqltypes.Integer: StoredInteger,
    sqltypes.Numeric: StoredNumeric,
    sqltypes.Float: StoredFloat,
    sqltypes.LargeBinary: StoredBinary,
    sqltypes.BINARY: StoredBinary,
    sqltypes.VARBINARY: StoredBinary,
    sqltypes.DateTime: StoredDateTime,
    sqltypes.Date: StoredDate,
    sqltypes.Time: StoredTime,
    sqltypes.Uuid: StoredUuid,
    sqltypes.Interval: StoredInterval,
    sqltypes.Enum: StoredEnum,
    sqltypes.ARRAY: StoredArray,
    sqltypes.JSON: StoredJson,
    sqltypes.JSON.JSONIndexType: JSONIndexType,
    sqltypes.JSON.JSONPathType: JSONPathType,
}
