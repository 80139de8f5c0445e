"""WHERE in the form DynamoDB can be asked: groups of leaves, each of which holds or does not.

:mod:`~sqlalchemy_dynamorm.plan.conditions` makes them. A leaf is never true for a NULL it should not be true for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as Choice
from typing import Union

from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.sql import nodes

Operator = Choice["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column op operand``; never true where either is NULL."""

    column: Column
    op: Operator
    operand: nodes.Value


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """``left op right`` of two columns that are stored alike; never true where either is NULL."""

    left: Column
    op: Operator
    right: Column


@dataclass(frozen=True, slots=True)
class SizeComparison:
    """``size(column) op operand``; never true where the column is NULL, or of a type that has no size."""

    column: Column
    op: Operator
    operand: nodes.Value


@dataclass(frozen=True, slots=True)
class FunctionTest:
    """``[NOT] name(column[, operand])``; but for ``attribute_exists``, never true where either is NULL."""

    name: Choice["attribute_exists", "attribute_type", "begins_with", "contains"]
    column: Column
    operand: nodes.Value | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """``columns [NOT] IN items``. Negated it holds where SQL's IN is known to be false."""

    columns: tuple[Column, ...]
    items: nodes.ParamList | tuple[tuple[nodes.Value, ...], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """``column [NOT] LIKE pattern``; never true for a NULL column."""

    column: Column
    pattern: nodes.Value
    escape: str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """``column IS [NOT] NULL``."""

    column: Column
    present: bool


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A comparison of values alone, decided once a statement; ``IS NULL`` is ``right=None``."""

    op: Operator | Choice["is null", "is not null"]
    left: nodes.Value
    right: nodes.Value | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """Always, or never."""

    holds: bool


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Predicate, ...]


ReadAs = Choice["any", "text", "integer", "number", "document"]


@dataclass(frozen=True, slots=True)
class PlaceTest:
    """What the value at a place in a document must be for a condition on it to be true; it may hold elsewhere too.

    It narrows what the service sends. Who asks it judges the rows again: it is no part of a WHERE that stands alone.

    :ivar path: JSON paths, each from where the one before it leads.
    :ivar read_as: what the condition casts the value to: ``any`` is as it is, ``document`` its JSON text.
    """

    column: Column
    path: tuple[nodes.Value, ...]
    read_as: ReadAs
    op: Operator | Choice["LIKE", "IS NOT NULL"]
    operand: nodes.Value | None = None
    escape: str | None = None


Leaf = Union[
    Comparison,
    ColumnComparison,
    SizeComparison,
    FunctionTest,
    Membership,
    Pattern,
    PlaceTest,
    Presence,
    ValueTest,
    Constant,
]
Predicate = Union[Leaf, All, Some]

ALWAYS = Constant(True)
NEVER = Constant(False)


def every(parts: tuple[Predicate, ...]) -> Predicate:
    """``All`` of the parts, flat, constants folded."""
    kept: list[Predicate] = []
    for part in parts:
        if part == NEVER:
            return NEVER
        if isinstance(part, All):
            kept.extend(part.parts)
        elif part != ALWAYS:
            kept.append(part)
    return kept[0] if len(kept) == 1 else All(tuple(kept)) if kept else ALWAYS


def some(parts: tuple[Predicate, ...]) -> Predicate:
    """``Some`` of the parts, flat, constants folded."""
    kept: list[Predicate] = []
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        if isinstance(part, Some):
            kept.extend(part.parts)
        elif part != NEVER:
            kept.append(part)
    return kept[0] if len(kept) == 1 else Some(tuple(kept)) if kept else NEVER


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """The parts that must all hold; none for ``ALWAYS``."""
    if predicate == ALWAYS:
        return ()
    return predicate.parts if isinstance(predicate, All) else (predicate,)


def columns_of(predicate: Predicate) -> Iterator[Column]:
    """Every column a predicate reads, perhaps more than once."""
    match predicate:
        case All(parts) | Some(parts):
            for part in parts:
                yield from columns_of(part)
        case Membership(columns):
            yield from columns
        case ColumnComparison(left, _, right):
            yield from (left, right)
        case Comparison() | SizeComparison() | FunctionTest() | Pattern() | PlaceTest() | Presence():
            yield predicate.column
