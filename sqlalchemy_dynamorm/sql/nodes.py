"""The meaning of a statement: frozen, hashable nodes that hold names and parameters, never values bound later.

Names are as the statement wrote them (quotes removed). Nothing here knows a schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as Choice
from typing import Union

# --- values: what can be computed from the parameters alone -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param:
    """``:name``, one bound value."""

    name: str


@dataclass(frozen=True, slots=True)
class ParamList:
    """``:name`` in the place of an IN list: one bound list, of scalars or (for a row IN) of tuples."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant in the text; ``None`` is NULL."""

    value: str | int | Decimal | bool | bytes | None


@dataclass(frozen=True, slots=True)
class Concat:
    """``a || b || …`` of values; NULL if any part is."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class CurrentTimestamp:
    """``CURRENT_TIMESTAMP``, one value a statement."""


Value = Union[Param, Literal, Concat, CurrentTimestamp]

# --- expressions: what needs a row ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column, with the table name or alias it was qualified by."""

    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class CountRows:
    """``COUNT(*)``."""


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``; either side may be the column."""

    op: Choice["=", "<>", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Same:
    """``left IS NOT DISTINCT FROM right``, in SQLite's short form ``left IS right``: NULL is the same as NULL."""

    left: Expression
    right: Expression


FunctionName = Choice["size", "attribute_type", "attribute_exists", "attribute_not_exists", "begins_with", "contains"]


@dataclass(frozen=True, slots=True)
class Call:
    """One of DynamoDB's own functions: of a column, and perhaps of a value."""

    name: FunctionName
    column: Column
    operand: Value | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """``operand BETWEEN low AND high``."""

    operand: Expression
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class In:
    """``(columns) IN (items)``. ``columns`` has one entry but for a row IN.

    ``items`` is one bound list, or a tuple of rows, each as wide as ``columns``.
    """

    columns: tuple[Column, ...]
    items: ParamList | tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Like:
    """``operand LIKE pattern [ESCAPE escape]``, case-sensitive."""

    operand: Expression
    pattern: Value
    escape: str | None = None


@dataclass(frozen=True, slots=True)
class IsNull:
    """``operand IS NULL``."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class IsTrue:
    """``operand IS TRUE``: true or false, never unknown."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT operand``."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class And:
    """``a AND b AND …``, flat."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """``a OR b OR …``, flat."""

    parts: tuple[Expression, ...]


Condition = Union[Compare, Same, Between, In, Like, IsNull, IsTrue, Not, And, Or]
Expression = Union[Value, Column, CountRows, Call, Condition]

# --- statements -------------------------------------------------------------------------------------------------


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
    """``SELECT outputs [FROM table] [WHERE where] [ORDER BY order] [LIMIT limit]``."""

    outputs: tuple[Output | Star, ...]
    table: TableName | None
    where: Expression | None = None
    order: tuple[OrderTerm, ...] = ()
    limit: Value | None = None


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


@dataclass(frozen=True, slots=True)
class TypeName:
    """A column's type as the source text has it: ``VARCHAR(30)`` is ``("VARCHAR", ("30",))``, in upper case."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column of a CREATE TABLE. ``default`` is the DEFAULT clause's value."""

    name: str
    type: TypeName
    not_null: bool = False
    autoincrement: bool = False
    default: Value | None = None


Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """``CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table (columns) [WITH (option='value', …)]``.

    The same node stands for ``INDEX name (columns) [WITH (…)]`` inside a CREATE TABLE.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    unique: bool = False
    if_not_exists: bool = False
    options: Options = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``[CONSTRAINT name] FOREIGN KEY (columns) REFERENCES target (target_columns)``; kept, not enforced."""

    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    """``CREATE TABLE [IF NOT EXISTS] table (columns, PRIMARY KEY (…), …) [WITH (option='value', …)]``."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[CreateIndex, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    if_not_exists: bool = False
    options: Options = ()


@dataclass(frozen=True, slots=True)
class DropTable:
    """``DROP TABLE [IF EXISTS] table``."""

    table: TableName
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropIndex:
    """``DROP INDEX [IF EXISTS] name ON table``."""

    name: str
    table: TableName
    if_exists: bool = False


Query = Union[Select, Insert, Update, Delete]
Definition = Union[CreateTable, DropTable, CreateIndex, DropIndex]


@dataclass(frozen=True, slots=True)
class Explain:
    """``EXPLAIN query``: the plan as rows; nothing is sent."""

    query: Query


Statement = Union[Query, Definition, Explain]
