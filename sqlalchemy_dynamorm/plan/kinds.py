"""The kind of a column from the name its type has in SQL, for declared tables and for CREATE TABLE alike."""

from __future__ import annotations

import re

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.sql.nodes import TypeName

_NAMES: dict[Kind, str] = {
    Kind.STRING: (
        "VARCHAR CHAR CHARACTER TEXT STRING NVARCHAR NCHAR CLOB NCLOB UUID DATE TIME DATETIME TIMESTAMP TIMESTAMPTZ, "
        "CHARACTER VARYING, TIME WITH TIME ZONE, TIME WITHOUT TIME ZONE, "
        "TIMESTAMP WITH TIME ZONE, TIMESTAMP WITHOUT TIME ZONE"
    ),
    Kind.INTEGER: "INTEGER INT BIGINT SMALLINT TINYINT MEDIUMINT INT2 INT4 INT8",
    Kind.DECIMAL: "NUMERIC DECIMAL DEC",
    Kind.FLOAT: "FLOAT REAL DOUBLE, DOUBLE PRECISION",
    Kind.BOOLEAN: "BOOLEAN BOOL",
    Kind.BINARY: "BLOB BINARY VARBINARY",
    Kind.DOCUMENT: "JSON",
}


def _names(text: str) -> list[str]:
    single, *phrases = text.split(", ")
    return [*single.split(), *phrases]


_KINDS = {name: kind for kind, text in _NAMES.items() for name in _names(text)}
_TYPE = re.compile(r"([A-Z][A-Z0-9_]*(?: [A-Z][A-Z0-9_]*)*)(?:\(([^()]*)\))?")


def kind_of(name: TypeName) -> Kind:
    """How values of a column of that type are stored. The arguments (a length, a precision) change nothing.

    :raises Unsupported: there is no such type here, by name.
    """
    kind = _KINDS.get(name.name)
    if kind is None:
        raise Unsupported(
            f"The type {name.name} is not supported; there are: {', '.join(sorted(_KINDS))}. "
            "Choose the one that its values fit."
        )
    return kind


def type_name(text: str) -> TypeName:
    """The node of a type's text, ``NUMERIC(10, 2)`` for example.

    :raises Unsupported: there is more in it than a name and arguments (a collation, for example).
    """
    found = _TYPE.fullmatch(text.strip().upper())
    if found is None:
        raise Unsupported(f"The type {text!r} is not supported: only a name with arguments is, NUMERIC(10, 2) say.")
    arguments = tuple(part.strip() for part in found[2].split(",")) if found[2] else ()
    return TypeName(found[1], arguments)
