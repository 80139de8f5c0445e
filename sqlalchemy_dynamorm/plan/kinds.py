"""The kind of a column from the name its type has in SQL, for declared tables and for CREATE TABLE alike."""

from __future__ import annotations

import re

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.defaults import default_of
from sqlalchemy_dynamorm.plan.numbering import Series, series_of
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Moment
from sqlalchemy_dynamorm.sql.nodes import ColumnDefinition, TypeName

_NAMES: dict[Kind, str] = {
    Kind.STRING: (
        "VARCHAR CHAR CHARACTER TEXT STRING NVARCHAR NCHAR CLOB NCLOB UUID DATE TIME TIMETZ DATETIME TIMESTAMP "
        "TIMESTAMPTZ, CHARACTER VARYING, TIME WITH TIME ZONE, TIME WITHOUT TIME ZONE, "
        "TIMESTAMP WITH TIME ZONE, TIMESTAMP WITHOUT TIME ZONE"
    ),
    Kind.INTEGER: "INTEGER INT BIGINT SMALLINT TINYINT MEDIUMINT INT2 INT4 INT8",
    Kind.DECIMAL: "NUMERIC DECIMAL DEC INTERVAL",
    Kind.FLOAT: "FLOAT REAL DOUBLE, DOUBLE PRECISION",
    Kind.BOOLEAN: "BOOLEAN BOOL",
    Kind.BINARY: "BLOB BINARY VARBINARY",
    Kind.DOCUMENT: "JSON JSONB",
    # Words of our own, for what SQL has none:
    Kind.LIST: "ARRAY",
    Kind.STRING_SET: "STRING_SET",
    Kind.NUMBER_SET: "NUMBER_SET",
    Kind.BINARY_SET: "BINARY_SET",
    Kind.EPOCH: "EPOCH TTL, EPOCH WITH TIME ZONE",
    Kind.EPOCH_MS: "EPOCH_MS, EPOCH_MS WITH TIME ZONE",
}


def _names(text: str) -> list[str]:
    single, *phrases = text.split(", ")
    return [*single.split(), *phrases]


_MOMENTS: dict[str, Moment] = {
    "DATE": Moment.DATE,
    "TIME": Moment.TIME,
    "TIME WITHOUT TIME ZONE": Moment.TIME,
    "TIME WITH TIME ZONE": Moment.UTC_TIME,
    "TIMETZ": Moment.UTC_TIME,
    "DATETIME": Moment.DATETIME,
    "TIMESTAMP": Moment.DATETIME,
    "TIMESTAMP WITHOUT TIME ZONE": Moment.DATETIME,
    "TIMESTAMP WITH TIME ZONE": Moment.UTC_DATETIME,
    "TIMESTAMPTZ": Moment.UTC_DATETIME,
    "EPOCH": Moment.DATETIME,
    "EPOCH WITH TIME ZONE": Moment.UTC_DATETIME,
    "EPOCH_MS": Moment.DATETIME,
    "EPOCH_MS WITH TIME ZONE": Moment.UTC_DATETIME,
    "TTL": Moment.UTC_DATETIME,
}
_KINDS = {name: kind for kind, text in _NAMES.items() for name in _names(text)}
_TYPE = re.compile(r"([A-Z][A-Z0-9_]*(?: [A-Z][A-Z0-9_]*)*)(?:\(([^()]*)\))?")


def column_of(node: ColumnDefinition, *, nullable: bool) -> Column:
    """The column of a definition.

    :raises Unsupported: its type is not here, or its default is none that this type has.
    """
    kind, moment, identity = kind_of(node.type), _MOMENTS.get(node.type.name), node.identity
    return Column(
        node.name,
        kind,
        nullable and identity is None,
        node.autoincrement or identity is not None,
        moment=moment,
        scale=_scale(node.type) if kind is Kind.DECIMAL else None,
        default=default_of(node.name, kind, node.default),
        on_update=default_of(node.name, kind, node.on_update),
        series=Series() if identity is None else series_of(identity.numbering, f"the column {node.name!r}"),
        always=node.generated is not None or (identity is not None and identity.always),
        generated=None if node.generated is None else node.generated.operand,
    )


def _scale(name: TypeName) -> int | None:
    """The scale of ``NUMERIC(10, 2)``; one that says a precision alone does not round here."""
    return int(name.arguments[1]) if len(name.arguments) == 2 and name.arguments[1].isdigit() else None


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
