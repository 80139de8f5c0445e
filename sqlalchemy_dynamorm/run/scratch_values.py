"""Values in the local step's database: what each is stored as there, and back, exactly or not at all.

A number is stored as SQLite's own where that loses nothing: as INTEGER if it is whole and fits 64 bits, else as REAL if
it has at most 15 significant digits, which survive a float both ways. So equal numbers are equal whichever column they
stand in. Any other number, and what SQLite has no form for (sets, binary within documents), is stored *sealed*, as a
BLOB that is equal where the values are: it can be shown and compared for equality and nothing else.

=========== ======================================================================================
``Kind``    in SQLite
=========== ======================================================================================
STRING      TEXT
INTEGER     INTEGER
DECIMAL     REAL, so that 5 / 2 is 2.5
FLOAT       REAL
NUMBER      INTEGER if it is whole, else REAL
BOOLEAN     INTEGER, 0 or 1
BINARY      BLOB
DOCUMENT    TEXT, JSON with its names sorted; JSON null is ``null``
ANY         by the value's own type; a flag is REAL 0.0 or 1.0, which no number is in such a column
=========== ======================================================================================
"""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from sqlalchemy_dynamorm.errors import UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.values import JSON_NULL, Json, decode, encode, whole
from sqlalchemy_dynamorm.sql import nodes

Convert = Callable[[Any], Any]
"""A value that is not None to another form."""

DIGITS = 15  # what a double holds of any decimal number: DBL_DIG
_WHOLE_FLOAT = 2**53  # up to here every whole number is a double
_INT64 = 2**63
_SEAL = secrets.token_bytes(16)  # no stored value begins with it: it is made anew in each process
_LONG_NUMBER = re.compile(r"\d{19}")
_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_FLAGS = {True: 1, False: 0}
_ANY_FLAGS = {True: 1.0, False: 0.0}


# ---- numbers


def digits(number: Decimal) -> int:
    """How many significant digits it has."""
    return len("".join(map(str, number.as_tuple().digits)).rstrip("0"))


def real(number: int | Decimal) -> float | None:
    """The REAL that stands for this number alone, or ``None``: beyond 15 digits there is none."""
    text = str(number)
    if len(text) <= DIGITS and "E" not in text:
        return float(text) + 0.0  # of -0, which is 0 in SQL
    exact = Decimal(number)
    found = float(exact)
    if found.is_integer() and abs(found) < _INT64:
        # SQLite compares a REAL with an INTEGER by its exact binary value, and 999999999999999000 is no double.
        return found if Decimal(found) == exact and _readable(found) else None
    return found if digits(exact) <= DIGITS else None


def _readable(value: float) -> bool:
    """Whether :func:`short` gives the whole number back."""
    return abs(value) <= _WHOLE_FLOAT or digits(Decimal(value)) <= DIGITS


def number(value: int | Decimal, *, as_real: bool) -> int | float | None:
    """The SQLite number that stands for this one alone, or ``None``. ``as_real`` prefers REAL, for a Decimal."""
    if as_real and (found := real(value)) is not None:
        return found
    plain = value if isinstance(value, int) else whole(value)
    if isinstance(plain, int) and -_INT64 <= plain < _INT64:
        return int(plain)
    return None if as_real else real(plain)


def short(value: float) -> Decimal:
    """The number of at most 15 digits that a REAL stands for, without an exponent."""
    if abs(value) <= _WHOLE_FLOAT and value.is_integer():
        return Decimal(int(value))
    text = repr(value)
    if len(text) > DIGITS + 1:
        text = f"{value:.{DIGITS}g}"
    found = Decimal(text)
    return Decimal(int(found)) if found == found.to_integral_value() else Decimal(format(found, "f"))


# ---- to SQLite


def declared_type(column: Column, *, shown: bool) -> str:
    """The type a column is declared with; without one SQLite keeps each value as it is given."""
    if column.kind is Kind.DECIMAL:
        return "" if shown else "REAL"
    return _TYPES.get(column.kind, "")


_TYPES = {
    Kind.STRING: "TEXT",
    Kind.EPOCH: "TEXT",
    Kind.EPOCH_MS: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.FLOAT: "REAL",
    Kind.BOOLEAN: "INTEGER",
    Kind.BINARY: "BLOB",
    Kind.DOCUMENT: "TEXT",
}
EXACT = frozenset({Kind.DECIMAL, Kind.NUMBER, Kind.ANY})
"""Kinds with fractions that must be summed exactly."""


def storing(column: Column, *, shown: bool) -> Convert | None:
    """What stores decoded values of the column; ``None``: they are stored as they are.

    :param shown: the statement only shows the column, or compares it for equality.
    """
    seal = _sealing(f"column {column.name!r}", shown=shown)
    match column.kind:
        case Kind.STRING | Kind.FLOAT | Kind.BINARY | Kind.EPOCH | Kind.EPOCH_MS:
            return None
        case Kind.LIST | Kind.STRING_SET | Kind.NUMBER_SET | Kind.BINARY_SET:
            return seal
        case Kind.BOOLEAN:
            return _FLAGS.__getitem__
        case Kind.INTEGER:
            return _storing_integer(seal, shown=shown)
        case Kind.NUMBER:
            return lambda value: _or_sealed(number(value, as_real=False), value, seal)
        case Kind.DECIMAL:
            return _storing_decimal(seal, shown=shown)
        case Kind.DOCUMENT:
            return lambda value: _document(value, seal, shown=shown)
        case Kind.ANY:
            return lambda value: _any(value, seal)


def _storing_integer(seal: Convert, *, shown: bool) -> Convert:
    def store(value: Any) -> Any:
        if type(value) is int and -_INT64 <= value < _INT64:
            return value
        # Another writer's fraction, or beyond 64 bits: sums of INTEGER columns are SQLite's own and would round it.
        return _or_sealed(number(value, as_real=False) if shown else None, value, seal)

    return store


def _storing_decimal(seal: Convert, *, shown: bool) -> Convert:
    if shown:
        return lambda value: _or_sealed(number(value, as_real=True), value, seal)
    return lambda value: _or_sealed(real(value), value, seal)


def _or_sealed(stored: Any, value: Any, seal: Convert) -> Any:
    return seal(value) if stored is None else stored


def _document(value: Any, seal: Convert, *, shown: bool) -> Any:
    """JSON text; sealed where it holds what JSON has not, or a number that SQLite's functions would round."""
    try:
        text = _json(value.value if isinstance(value, Json) else value)
    except (TypeError, ValueError):
        return seal(value)
    if not shown and _LONG_NUMBER.search(text) and _beyond_int64(value):
        return seal(value)
    return text


def _beyond_int64(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_beyond_int64, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -_INT64 <= value < _INT64


def _any(value: Any, seal: Convert) -> Any:
    if isinstance(value, str | bytes):
        return value
    if isinstance(value, bool):
        return _ANY_FLAGS[value]
    if isinstance(value, int | Decimal):
        return _or_sealed(number(value, as_real=False), value, seal)
    return seal(value)


def _sealing(where: str, *, shown: bool) -> Convert:
    """What seals a value, or refuses it by where it stands if the statement computes with it."""
    return _sealed if shown else lambda value: _refuse(where, value)


def _sealed(value: Any) -> bytes:
    plain = value.value if isinstance(value, Json) else value
    wire = encode(Json(plain), Column("sealed", Kind.ANY))
    text = json.dumps({"Item": {"v": wire}}, sort_keys=True, default=lambda binary: b64encode(binary).decode())
    return _SEAL + text.encode()


def _refuse(where: str, value: Any) -> Any:
    if isinstance(value, int | Decimal):
        what = f"a number that neither 64 bits nor {DIGITS} significant digits hold"
    else:
        what = f"a value that SQL has no form for ({type(value).__name__})"
    raise UnsupportedValue(
        f"{where} holds {what}: the local step can show it and compare it for equality, but not compute, order or "
        "compare otherwise with it, since the answer could be rounded; take the column out of these parts of the "
        "statement, and compute in Python"
    )


def binding(value: Any, name: str, *, shown: bool) -> Any:
    """A statement's value as SQLite takes it.

    :raises UnsupportedValue: a number or a value that SQLite can't hold, where it is computed with.
    """
    if value is None or type(value) in (str, bytes):
        return value
    where = f"the value of {nodes.called(name)}"
    seal = _sealing(where, shown=shown)
    if isinstance(value, bool):
        return _FLAGS[value]
    if isinstance(value, int | Decimal):
        return _binding_number(value, where, seal)
    if isinstance(value, float):
        return _finite(value, where)
    if isinstance(value, Json):
        return _document(_as_read(value, name), seal, shown=shown)
    return _binding_other(value, name, seal)


def _binding_number(value: int | Decimal, where: str, seal: Convert) -> Any:
    if isinstance(value, Decimal) and not value.is_finite():
        _finite(float(value), where)
    return _or_sealed(number(value, as_real=isinstance(value, Decimal)), value, seal)


def _finite(value: float, where: str) -> float:
    if not isfinite(value):
        raise UnsupportedValue(f"{where} is NaN or an infinity, which DynamoDB has no number for; use NULL")
    return float(value) + 0.0  # of -0.0, 0.0


def _as_read(value: Json, name: str) -> Any:
    """The document as it is read back: 1.0 is 1."""
    if value.value is None:
        return value
    return decode(encode(value, Column(name, Kind.DOCUMENT)), Column(name, Kind.DOCUMENT))


def _binding_other(value: Any, name: str, seal: Convert) -> Any:
    """Dates, times, UUIDs are their stored text, binary of any type is bytes; what else there is is sealed."""
    wire = encode(value, Column(name, Kind.ANY))
    if wire is None:  # an empty set
        return None
    return wire["S"] if "S" in wire else wire["B"] if "B" in wire else seal(value)


# ---- from SQLite


def document(value: Any, column: Column) -> Json | None:
    """The document that a result of SQLite's is, which a JSON column takes: its text is JSON.

    :raises UnsupportedValue: a text that is none.
    """
    if value is None or isinstance(value, Json):
        return value
    if isinstance(value, bytes) and value.startswith(_SEAL):
        return Json(_opened(value, Kind.DOCUMENT))
    if not isinstance(value, str):
        return Json(value)
    try:
        return Json(json.loads(value))
    except ValueError:
        raise UnsupportedValue(
            f"The JSON column {column.name!r} was given a text that is no JSON by the local step; make it one with "
            "json_quote()."
        ) from None


def reading(kind: Kind | None) -> Convert | None:
    """What makes a result's value of the declared kind; ``None``: it is right as SQLite gives it.

    A kind of ``None`` is a result that no column declares: it must not be a sealed value.
    """
    return None if kind in (Kind.STRING, Kind.EPOCH, Kind.EPOCH_MS) else _READERS.get(kind, _unsealing(kind))


def _unsealing(kind: Kind | None) -> Convert:
    return lambda value: _opened(value, kind) if isinstance(value, bytes) else value


def _opened(value: bytes, kind: Kind | None) -> Any:
    if not value.startswith(_SEAL):
        return value
    if kind is None:
        raise UnsupportedValue(
            "The statement computes with a value that can only be shown or compared for equality (a wide number, a "
            "set); select the column as it is, and compute in Python"
        )
    item = wire_item(value[len(_SEAL) :])
    return decode(item and item["v"], Column("result", kind))


def _read_integer(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        return _opened(value, Kind.INTEGER)
    if isinstance(value, float):
        if abs(value) >= _INT64 and digits(Decimal(repr(value))) > DIGITS:
            raise UnsupportedValue(
                "A whole number of the result is beyond 64 bits, so SQLite rounded it; compute it in Python, or select "
                "what it is made of"
            )
        return whole(short(value))
    return value


def _read_decimal(value: Any) -> Any:
    if isinstance(value, float):
        return short(value)
    if isinstance(value, int):
        return Decimal(value)
    return _opened(value, Kind.DECIMAL) if isinstance(value, bytes) else value


def _read_number(value: Any) -> Any:
    if isinstance(value, float):
        return whole(short(value))
    return _opened(value, Kind.NUMBER) if isinstance(value, bytes) else value


def _read_float(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


def _read_boolean(value: Any) -> Any:
    # coalesce(flag, 5) is SQLite's 5, not true.
    return bool(value) if value in (0, 1) else value


def _read_document(value: Any) -> Any:
    if isinstance(value, str):
        return json.loads(value)
    return _opened(value, Kind.DOCUMENT) if isinstance(value, bytes) else value


def as_stored(value: Any) -> Any:
    """The value of a column of any type: JSON null is one."""
    return JSON_NULL if (found := _read_any(value)) is None else found


def given(value: Any) -> Any:
    """A bound value that such a one is compared with."""
    return whole(short(value)) if isinstance(value, float) else value


def _read_any(value: Any) -> Any:
    if isinstance(value, float):
        return bool(value) if value in (0.0, 1.0) else whole(short(value))
    return _opened(value, Kind.ANY) if isinstance(value, bytes) else value


_READERS: dict[Kind | None, Convert] = {
    Kind.INTEGER: _read_integer,
    Kind.DECIMAL: _read_decimal,
    Kind.NUMBER: _read_number,
    Kind.FLOAT: _read_float,
    Kind.BOOLEAN: _read_boolean,
    Kind.DOCUMENT: _read_document,
    Kind.ANY: _read_any,
}


def convert(rows: list[tuple[Any, ...]], converts: tuple[Convert | None, ...]) -> list[tuple[Any, ...]]:
    """The rows with each column converted; NULL stays NULL."""
    if not rows or not any(converts):
        return rows
    columns = zip(*rows, strict=True)
    return list(
        zip(
            *[
                column if each is None else [None if value is None else each(value) for value in column]
                for each, column in zip(converts, columns, strict=True)
            ],
            strict=True,
        )
    )
