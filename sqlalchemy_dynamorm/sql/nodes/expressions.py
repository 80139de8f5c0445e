"""Values, expressions and conditions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Union
from typing import Literal as Choice

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.sql.nodes.queries import Relation, TableName


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the statement's text: from ``start`` up to ``end``."""

    start: int
    end: int


# --- values: what can be computed from the parameters alone -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param:
    """``:name``, one bound value."""

    name: str


_EXCLUDED = "dynamorm_excluded_"


@dataclass(frozen=True, slots=True)
class Excluded(Param):
    """``excluded.column`` in DO UPDATE: what the row that cannot be inserted would have had.

    It is known with the row, so it is a value. Its name says the column's, in characters that a parameter may have.
    """

    @classmethod
    def of(cls, column: str) -> Excluded:
        """That of a column."""
        return cls(_EXCLUDED + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", column))

    @property
    def column(self) -> str:
        """The column's name."""
        return re.sub(r"_([0-9a-f]+)_", lambda found: chr(int(found[1], 16)), self.name.removeprefix(_EXCLUDED))


def called(param: str) -> str:
    """A parameter as messages name it."""
    return f"excluded.{Excluded(param).column}" if param.startswith(_EXCLUDED) else f":{param}"


@dataclass(frozen=True, slots=True)
class ParamList:
    """``:name`` in the place of an IN list: one bound list, of scalars or (for a row IN) of tuples.

    :ivar width: of how many values each entry is.
    """

    name: str
    width: int = 1


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


@dataclass(frozen=True, slots=True)
class NextValue:
    """``nextval(sequence)``: a number that is taken before the statement runs.

    :ivar at: which of a statement's it is, since each is another number.
    """

    sequence: TableName
    at: int = 0


Value = Union[Param, Literal, Concat, CurrentTimestamp, Document, NextValue]

# --- expressions: what needs a row ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column, with the table name or alias it was qualified by.

    :ivar qualifier: where the text has ``schema.table`` before it.
    """

    name: str
    table: str | None = None
    schema: str | None = None
    qualifier: Place | None = field(default=None, compare=False, repr=False)


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
    """One of DynamoDB's own functions: of a column, and perhaps of a value.

    :ivar place: where the text has the column, with what it is qualified by.
    """

    name: FunctionName
    column: Column
    operand: Value | None = None
    place: Place | None = field(default=None, compare=False, repr=False)


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


@dataclass(frozen=True, slots=True)
class Computed:
    """What no expression of DynamoDB's says: arithmetic, CASE, a function, an aggregate, a window. SQLite computes it.

    :ivar what: its name, for messages.
    :ivar parts: the expressions in it.
    :ivar aggregate: it stands for a group of rows.
    :ivar gives: what its values are: ``"same"`` as its results', a ``"number"`` of rows, ``"truth"``, a ``"json"``
        text, or ``""`` for whatever SQLite makes of it.
    :ivar results: how many of its parts, from the first, are its results; ``None`` for all. Those of CASE come before
        its conditions.
    """

    what: str
    parts: tuple[Expression, ...] = ()
    aggregate: bool = False
    gives: Choice["same", "number", "truth", "json", ""] = ""
    results: int | None = None


CAST = "CAST AS "
"""What a :class:`Computed` begins with that is a cast; the type's name follows."""
WINDOW = "A window (OVER)"
"""What a :class:`Computed` is that looks at several rows."""


@dataclass(frozen=True, slots=True)
class Subquery:
    """A query in the place of an expression: one value, or ``EXISTS (…)``."""

    query: Relation
    exists: bool = False


@dataclass(frozen=True, slots=True)
class InQuery:
    """``(operands) IN (SELECT …)``."""

    operands: tuple[Expression, ...]
    query: Relation


Condition = Union[Compare, Same, Between, In, InQuery, Like, IsNull, IsTrue, Not, And, Or]
Expression = Union[Value, Column, CountRows, Call, Condition, Computed, Subquery, ParamList]
"""A list is none by itself: it stands behind IN."""


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly in an expression; a query in it is not looked into."""
    match expression:
        case Compare(_, left, right) | Same(left, right):
            return left, right
        case Call(_, column, operand):
            return (column,) if operand is None else (column, operand)
        case Between(operand, low, high):
            return operand, low, high
        case In(columns, items):
            listed = (items,) if isinstance(items, ParamList) else tuple(value for row in items for value in row)
            return *columns, *listed
        case Like(operand, pattern):
            return operand, pattern
        case IsNull(operand) | IsTrue(operand) | Not(operand):
            return (operand,)
        case And(parts) | Or(parts) | Concat(parts):
            return parts
        case Computed(_, parts):
            return parts
        case InQuery(operands):
            return operands
        case _:
            return ()
