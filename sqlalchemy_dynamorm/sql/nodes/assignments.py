"""What SET gives a column: a value, or something computed of the row as it was before the statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as Choice
from typing import Union

from sqlalchemy_dynamorm.sql.nodes.expressions import Column, Concat, Expression, Value


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left op right`` of numbers; NULL if either is."""

    op: Choice["+", "-", "*", "/"]
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Joined:
    """``a || b || …`` with a column among the parts; NULL if any part is."""

    parts: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Coalesce:
    """``coalesce(a, b, …)``, also written ``ifnull`` and ``if_not_exists``: the first that is not NULL."""

    parts: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class ListAppend:
    """``list_append(first, second)``: one list behind the other; NULL if either is."""

    first: Operand
    second: Operand


@dataclass(frozen=True, slots=True)
class SetChange:
    """``set_add(target, members)`` or ``set_remove(target, members)``; NULL is the empty set."""

    target: Operand
    members: Value
    remove: bool


Path = tuple[Value, ...]
"""JSON paths that are written one behind the other: ``$.a`` and ``$.b`` are ``$.a.b``."""


@dataclass(frozen=True, slots=True)
class JsonChange:
    """``json_set(target, path, value, …)`` or, where a value is ``None``, ``json_remove(target, path, …)``.

    ``SET json_extract(target, path) = value`` is the same.
    """

    target: Operand
    places: tuple[tuple[Path, Value | None], ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """Anything else, which only a SELECT (of the row, in SET) computes: CASE, a function, a query.

    :ivar at: which of the assignments, or of the values of VALUES, it is in the text, from 0.
    """

    expression: Expression
    at: int = field(default=0, compare=False)


Operand = Union[Value, Column, Arithmetic, Joined, Coalesce, ListAppend, SetChange, JsonChange, Selected]

Assignment = tuple[str, Operand]
"""``column = operand``."""


def values_in(operand: Operand) -> tuple[Operand, ...]:
    """What an operand is made of in the end: columns and values."""
    match operand:
        case Arithmetic(_, left, right) | ListAppend(left, right):
            return (*values_in(left), *values_in(right))
        case Joined(parts) | Coalesce(parts) | Concat(parts):
            return tuple(found for part in parts for found in values_in(part))
        case SetChange(target, members):
            return (*values_in(target), members)
        case JsonChange(target, places):
            return (*values_in(target), *(each for path, new in places for each in (*path, new) if each is not None))
        case _:
            return (operand,)


def columns_in(operand: Operand) -> tuple[Column, ...]:
    """The columns that an operand reads, perhaps more than once."""
    match operand:
        case Column():
            return (operand,)
        case Arithmetic(_, left, right) | ListAppend(left, right):
            return (*columns_in(left), *columns_in(right))
        case Joined(parts) | Coalesce(parts):
            return tuple(column for part in parts for column in columns_in(part))
        case SetChange(target) | JsonChange(target):
            return columns_in(target)
        case _:
            return ()
