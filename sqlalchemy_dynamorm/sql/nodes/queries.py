"""SELECT, INSERT, UPDATE, DELETE and EXPLAIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from sqlalchemy_dynamorm.sql.nodes.expressions import Column, Expression, Value


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as written: ``schema.name AS alias``."""

    name: str
    schema: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One result column: an expression and the name it has in ``cursor.description``."""

    expression: Expression
    label: str


@dataclass(frozen=True, slots=True)
class Star:
    """``*`` or ``t.*``."""

    table: str | None = None


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One ORDER BY term. ``nulls_first`` is what holds, written or by SQLite's default (NULL is the smallest)."""

    column: Column
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Select:
    """``SELECT outputs [FROM table] [WHERE where] [ORDER BY order] [LIMIT limit] [OFFSET offset]``."""

    outputs: tuple[Output | Star, ...]
    table: TableName | None
    where: Expression | None = None
    order: tuple[OrderTerm, ...] = ()
    limit: Value | None = None
    offset: Value | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """``INSERT INTO table (columns) VALUES rows [RETURNING returning]``; DEFAULT VALUES is one empty row."""

    table: TableName
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    returning: tuple[Output | Star, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """``UPDATE table SET assignments [WHERE where] [RETURNING returning]``."""

    table: TableName
    assignments: tuple[tuple[str, Value], ...]
    where: Expression | None = None
    returning: tuple[Output | Star, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """``DELETE FROM table [WHERE where] [RETURNING returning]``."""

    table: TableName
    where: Expression | None = None
    returning: tuple[Output | Star, ...] = ()


Query = Union[Select, Insert, Update, Delete]


@dataclass(frozen=True, slots=True)
class Explain:
    """``EXPLAIN query``: the plan as rows; nothing is sent."""

    query: Query
