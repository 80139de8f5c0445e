"""What SET does to a column: an update expression where one says exactly what SQL means, else a computation.

An update expression is sent as it is, reads nothing and is composed with what others write. It is exact only on some
stored values (``x + 1`` of a missing attribute is NULL in SQL and an error in DynamoDB), so it carries a condition,
and where that does not hold the item is read and the value computed here; see :mod:`~sqlalchemy_dynamorm.run.edits`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Union

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.sql import nodes

VALUES = (nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp, nodes.NextValue)
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.NUMBER, Kind.ANY)


@dataclass(frozen=True, slots=True)
class Give:
    """``x = value``."""

    value: nodes.Value


@dataclass(frozen=True, slots=True)
class Increase:
    """``x = x + a - b``, or ``x = coalesce(x, base) + …``; each term with its sign."""

    terms: tuple[tuple[int, nodes.Value], ...]
    base: nodes.Value | None = None


@dataclass(frozen=True, slots=True)
class Default:
    """``x = coalesce(x, value)``."""

    value: nodes.Value


@dataclass(frozen=True, slots=True)
class Extend:
    """``x = list_append(x, items)``, or before it; ``base`` stands for no list."""

    items: nodes.Value
    front: bool
    base: nodes.Value | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """``x = set_add(x, members)`` or ``set_remove``."""

    members: nodes.Value
    remove: bool


@dataclass(frozen=True, slots=True)
class Places:
    """``x = json_set(x, path, value, …)``; a value that is ``None`` removes."""

    places: tuple[tuple[nodes.Path, nodes.Value | None], ...]


@dataclass(frozen=True, slots=True)
class Compute:
    """Anything else, of the row as it was.

    :ivar columns: the columns it reads.
    """

    operand: nodes.Operand
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """What the SELECT that finds the row computes for it.

    :ivar at: where it stands among what is computed so.
    """

    at: int


Change = Union[Give, Increase, Default, Extend, Members, Places, Compute, Take]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One column of SET and what becomes of it."""

    column: Column
    change: Change
    written: nodes.Operand


Resolve = Callable[[nodes.Column], Column]


def assignment(column: Column, operand: nodes.Operand, resolve: Resolve, *, key: bool) -> Assignment:
    """How a column is set.

    :param key: it is a key attribute, which no update expression may name.
    :raises UndefinedColumn: the operand names a column that there is not.
    :raises Unsupported: arithmetic with what is no number.
    """
    columns = tuple(dict.fromkeys(resolve(found) for found in nodes.columns_in(operand)))
    _check(operand, resolve)
    if isinstance(operand, VALUES):
        return Assignment(column, Give(operand), operand)
    if isinstance(operand, nodes.JsonChange) and (columns != (column,) or not isinstance(operand.target, nodes.Column)):
        raise Unsupported(f"json_set() and json_remove() for the column {column.name!r} take that column itself.")
    direct = None if key or columns != (column,) else _direct(operand)
    return Assignment(column, direct or Compute(operand, columns), operand)


def stamps(table: Table, named: Container[Column]) -> tuple[Assignment, ...]:
    """What the ON UPDATE of the columns that a SET does not name sets them to."""
    return tuple(
        Assignment(column, Give(column.on_update), column.on_update)
        for column in table.columns
        if column.on_update and column not in named
    )


def written_by(table: Table, assignments: Iterable[Assignment]) -> frozenset[str]:
    """The columns that a SET may write: what it names, and the computed columns that follow."""
    named = frozenset(each.column.name for each in assignments)
    return named | {column.name for column, parts in table.computed if parts & named}


def _direct(operand: nodes.Operand) -> Change | None:
    """The update expression that an operand is, if it is one; its only column is the one that is set."""
    match operand:
        case nodes.Arithmetic():
            return _increase(operand)
        case nodes.Coalesce((nodes.Column(), second)) if isinstance(second, VALUES):
            return Default(second)
        case nodes.ListAppend(first, second):
            return _extend(first, second)
        case nodes.SetChange(nodes.Column(), members, remove):
            return Members(members, remove)
        case nodes.JsonChange(nodes.Column(), places):
            return Places(places)
        case _:
            return None


def _increase(operand: nodes.Arithmetic) -> Increase | None:
    terms: list[tuple[int, nodes.Value]] = []
    start: list[nodes.Operand] = []
    if not _flatten(operand, 1, terms, start) or len(start) != 1:
        return None
    base = _based(start[0])
    return None if base is _NOT else Increase(tuple(terms), base)


def _flatten(
    operand: nodes.Operand, sign: int, terms: list[tuple[int, nodes.Value]], start: list[nodes.Operand]
) -> bool:
    """Take a sum apart into values and what is no value; whether all of it is a sum, with that added."""
    match operand:
        case nodes.Arithmetic("+" | "-" as op, left, right):
            return _flatten(left, sign, terms, start) and _flatten(right, sign if op == "+" else -sign, terms, start)
        case _ if isinstance(operand, VALUES):
            terms.append((sign, operand))
            return True
        case _:
            start.append(operand)
            return sign == 1


_NOT = nodes.Literal("")


def _based(operand: nodes.Operand) -> nodes.Value | None:
    """What stands for NULL of a column: ``None`` for the column alone, :data:`_NOT` where it is something else."""
    match operand:
        case nodes.Column():
            return None
        case nodes.Coalesce((nodes.Column(), second)) if isinstance(second, VALUES):
            return second
        case _:
            return _NOT


def _extend(first: nodes.Operand, second: nodes.Operand) -> Extend | None:
    front = isinstance(first, VALUES)
    items, target = (first, second) if front else (second, first)
    base = _based(target)
    if not isinstance(items, VALUES) or base is _NOT:
        return None
    return Extend(items, front, base)


def _check(operand: nodes.Operand, resolve: Resolve) -> None:
    match operand:
        case nodes.Arithmetic(op, left, right):
            for side in (left, right):
                _check_number(side, op, resolve)
                _check(side, resolve)
        case nodes.ListAppend(first, second):
            _check(first, resolve)
            _check(second, resolve)
        case nodes.Joined(parts) | nodes.Coalesce(parts):
            for part in parts:
                _check(part, resolve)
        case nodes.SetChange(target):
            _check(target, resolve)


def _check_number(operand: nodes.Operand, op: str, resolve: Resolve) -> None:
    if isinstance(operand, nodes.Column) and (column := resolve(operand)).kind not in _NUMBERS:
        raise Unsupported(
            f"{op} is for numbers; the column {column.name!r} holds {column.kind.value} values. Text is joined with ||."
        )
