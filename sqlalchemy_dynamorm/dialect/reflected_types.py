"""The words of types in DDL back to SQLAlchemy's types, for reflection: the inverse of ``type_compiler.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy import util

from sqlalchemy_dynamorm.dialect.sets import BinarySet, NumberSet, StringSet
from sqlalchemy_dynamorm.dialect.times import TTL
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.sql.nodes import TypeName

Type = sqltypes.TypeEngine[Any]
_Make = Callable[..., Type]

_TEXTS: dict[str, _Make] = {
    "VARCHAR": sqltypes.VARCHAR,
    "CHARACTER VARYING": sqltypes.VARCHAR,
    "CHAR": sqltypes.CHAR,
    "CHARACTER": sqltypes.CHAR,
    "TEXT": sqltypes.TEXT,
    "STRING": sqltypes.VARCHAR,
    "NVARCHAR": sqltypes.NVARCHAR,
    "NCHAR": sqltypes.NCHAR,
    "CLOB": sqltypes.CLOB,
    "NCLOB": sqltypes.CLOB,
    "UUID": sqltypes.UUID,
}
_NUMBERS: dict[str, _Make] = {
    **dict.fromkeys(("INTEGER", "INT", "MEDIUMINT", "INT4"), sqltypes.INTEGER),
    **dict.fromkeys(("BIGINT", "INT8"), sqltypes.BIGINT),
    **dict.fromkeys(("SMALLINT", "TINYINT", "INT2"), sqltypes.SMALLINT),
    "NUMERIC": sqltypes.NUMERIC,
    "DECIMAL": sqltypes.DECIMAL,
    "DEC": sqltypes.DECIMAL,
    "FLOAT": sqltypes.FLOAT,
    "REAL": sqltypes.REAL,
    "DOUBLE": sqltypes.DOUBLE,
    "DOUBLE PRECISION": sqltypes.DOUBLE_PRECISION,
    "BOOLEAN": sqltypes.BOOLEAN,
    "BOOL": sqltypes.BOOLEAN,
}
_TIMES: dict[str, _Make] = {
    "DATE": sqltypes.DATE,
    "TIME": sqltypes.TIME,
    "TIME WITHOUT TIME ZONE": sqltypes.TIME,
    "TIME WITH TIME ZONE": lambda: sqltypes.TIME(timezone=True),
    "DATETIME": sqltypes.DATETIME,
    "TIMESTAMP": sqltypes.TIMESTAMP,
    "TIMESTAMP WITHOUT TIME ZONE": sqltypes.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": lambda: sqltypes.TIMESTAMP(timezone=True),
    "TIMESTAMPTZ": lambda: sqltypes.TIMESTAMP(timezone=True),
    "TIMETZ": lambda: sqltypes.TIME(timezone=True),
    "INTERVAL": sqltypes.Interval,
    "TTL": TTL,
    **dict.fromkeys(("EPOCH", "EPOCH_MS"), sqltypes.DATETIME),
    **dict.fromkeys(("EPOCH WITH TIME ZONE", "EPOCH_MS WITH TIME ZONE"), lambda: sqltypes.DATETIME(timezone=True)),
}
_OTHERS: dict[str, _Make] = {
    "BLOB": sqltypes.BLOB,
    "BINARY": sqltypes.BINARY,
    "VARBINARY": sqltypes.VARBINARY,
    "JSON": sqltypes.JSON,
    "STRING_SET": StringSet,
    "NUMBER_SET": NumberSet,
    "BINARY_SET": BinarySet,
}
_TYPES = {**_TEXTS, **_NUMBERS, **_TIMES, **_OTHERS}
_SAMPLED: dict[frozenset[str], _Make] = {
    frozenset({"S"}): sqltypes.String,
    # A sample of whole numbers does not say that all are: an Integer column would be wrong of the first fraction.
    frozenset({"N"}): sqltypes.Numeric,
    frozenset({"B"}): sqltypes.BLOB,
    frozenset({"BOOL"}): sqltypes.Boolean,
    frozenset({"SS"}): StringSet,
    frozenset({"NS"}): NumberSet,
    frozenset({"BS"}): BinarySet,
    **dict.fromkeys((frozenset("M"), frozenset("L"), frozenset("ML")), sqltypes.JSON),
}
_STORED: dict[Kind, _Make] = {Kind.STRING: sqltypes.String, Kind.NUMBER: sqltypes.Numeric, Kind.BINARY: sqltypes.BLOB}


def reflected_type(name: TypeName, column: str) -> Type:
    """The type of a declared column; a word that has none here is ``NullType``, with a warning, as elsewhere."""
    if name.name == "ARRAY":
        return sqltypes.ARRAY(reflected_type(TypeName(name.arguments[0] if name.arguments else "JSON"), column))
    make = _TYPES.get(name.name)
    if make is None:
        util.warn(f"Did not recognize type {name.name!r} of column {column!r}")
        return sqltypes.NullType()
    return make(*(int(argument) for argument in name.arguments if argument.isdigit()))


def reflected_format(name: TypeName) -> dict[str, str]:
    """The options of a column whose type's word says that its dates and times are numbers."""
    word = name.name.partition(" ")[0]
    return {"dynamodb_format": word.lower()} if word in ("EPOCH", "EPOCH_MS") else {}


def stored_type(kind: Kind) -> Type:
    """The type of an attribute of which only its form is known: text, a number or bytes."""
    return _STORED.get(kind, sqltypes.NullType)()


def sampled_type(types: frozenset[str], column: str) -> Type:
    """The type of an attribute by the wire types that a sample has of it.

    Where they are several, or NULL alone, it is ``NullType``, which reads whatever is stored, with a warning.
    """
    make = _SAMPLED.get(types - {"NULL"})
    if make is None:
        util.warn(
            f"The column {column!r} is reflected without a type: the items of the sample store it as "
            f"{', '.join(sorted(types))}. It is read as it is stored; a Column in the Table can say more."
        )
        return sqltypes.NullType()
    return make()
