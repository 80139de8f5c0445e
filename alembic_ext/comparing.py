"""Whether a model and what is reflected of its table say the same: types, defaults, indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.sql.sqltypes import NullType

from sqlalchemy_dynamorm.dialect import secondary
from sqlalchemy_dynamorm.dialect.declared import default_text, key_names, kind
from sqlalchemy_dynamorm.plan.kinds import type_name
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Index

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
    from sqlalchemy_dynamorm.sql import nodes


def same_type(one: sa.Column[Any], other: sa.Column[Any], dialect: DynamoDBDialect) -> bool:
    """Whether two columns are declared with the same words; one without a type says nothing."""
    if isinstance(one.type, NullType) or isinstance(other.type, NullType):
        return True
    return _words(one, dialect) == _words(other, dialect)


def _words(column: sa.Column[Any], dialect: DynamoDBDialect) -> nodes.TypeName:
    return type_name(dialect.type_compiler_instance.process(column.type, type_expression=column))


def same_default(one: sa.Column[Any], other: sa.Column[Any], dialect: DynamoDBDialect) -> bool:
    """Whether two columns have the same default, however its text is written."""
    return _default(one, dialect) == _default(other, dialect)


def _default(column: sa.Column[Any], dialect: DynamoDBDialect) -> nodes.Value | None:
    text = default_text(column.server_default, dialect)
    if text is None:
        return None
    from sqlalchemy_dynamorm.sql.read_columns import read_default

    return read_default(text, _words(column, dialect))


def planned_index(index: sa.Index, dialect: DynamoDBDialect) -> Index:
    """An index as it is created, its options applied.

    :raises Misdeclared: it contradicts itself.
    """
    table = cast("sa.Table", index.table)
    return secondary.index(index, (key_names(table) or (HIDDEN_KEY,))[0], dialect.settings.schema_separator)


def index_differences(metadata: sa.Index, reflected: sa.Index, dialect: DynamoDBDialect) -> list[str]:
    """What differs between two indexes of a name, each as ``what: is to should be``."""
    should, is_ = planned_index(metadata, dialect), planned_index(reflected, dialect)
    parts = (
        ("unique", bool(reflected.unique), bool(metadata.unique)),
        ("hash", is_.hash, should.hash),
        ("range", is_.range, should.range),
        ("projection", is_.projection, should.projection),
        ("include", sorted(is_.include), sorted(should.include)),
        ("local", is_.local, should.local),
    )
    return [f"{what} {old!r} to {new!r}" for what, old, new in parts if old != new]


def is_created(index: sa.Index, dialect: DynamoDBDialect) -> bool:
    """Whether an index of a model is created: the type of a column may keep it from being one."""
    columns = {column.name: Column(column.name, kind(column, dialect)) for column in index.columns}
    return secondary.uncreatable(planned_index(index, dialect), columns) is None


def key_types(index: sa.Index, dialect: DynamoDBDialect) -> dict[str, str]:
    """The attribute type of each key column of an index, where the column has a type: ``{"city": "S"}``."""
    kinds = {column.name: kind(column, dialect).key_type for column in index.columns}
    return {name: type_ for name, type_ in kinds.items() if type_ is not None}
