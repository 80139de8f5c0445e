"""Values, expressions and conditions."""

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


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON text that stands for its document: the DEFAULT of a JSON column."""

    text: str


Value = Union[Param, Literal, Concat, CurrentTimestamp, Document]

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
