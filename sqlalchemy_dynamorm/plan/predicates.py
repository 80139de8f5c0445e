"""WHERE in the form DynamoDB can be asked: negation pushed to the leaves, three-valued logic made two-valued.

In SQL a condition is true, false or unknown, and WHERE keeps what is true. DynamoDB knows only true and false, and
``x <> :v`` is true there where ``x`` is missing. So a condition is translated by two functions, :func:`when_true`
and :func:`when_false`; each leaf they give holds exactly when SQL's condition is known to be true (or false), and
is never true for a NULL it should not be true for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal as Choice
from typing import Union

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.sql import nodes

Operator = Choice["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column op operand``; never true where either is NULL."""

    column: Column
    op: Operator
    operand: nodes.Value


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


Leaf = Union[Comparison, Membership, Pattern, Presence, ValueTest, Constant]
Predicate = Union[Leaf, All, Some]
Resolve = Callable[[nodes.Column], Column]

ALWAYS = Constant(True)
NEVER = Constant(False)

_NEGATED: dict[Operator, Operator] = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED: dict[Operator, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_VALUES = (nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp)


def when_true(condition: nodes.Expression, resolve: Resolve) -> Predicate:
    """The predicate that holds exactly where the condition is true.

    :param resolve: a column as written to the table's column; raises what it does not know.
    :raises Unsupported: an expression that is no condition, or is not handled yet, by name.
    """
    match condition:
        case nodes.And(parts):
            return every(tuple(when_true(part, resolve) for part in parts))
        case nodes.Or(parts):
            return some(tuple(when_true(part, resolve) for part in parts))
        case nodes.Not(operand):
            return when_false(operand, resolve)
        case nodes.IsTrue(operand):
            return when_true(operand, resolve)
        case _:
            return _leaf(condition, resolve, negated=False)


def when_false(condition: nodes.Expression, resolve: Resolve) -> Predicate:
    """The predicate that holds exactly where the condition is false; see :func:`when_true`."""
    match condition:
        case nodes.And(parts):
            return some(tuple(when_false(part, resolve) for part in parts))
        case nodes.Or(parts):
            return every(tuple(when_false(part, resolve) for part in parts))
        case nodes.Not(operand):
            return when_true(operand, resolve)
        case nodes.IsTrue(operand):
            return _not_true(operand, resolve)
        case _:
            return _leaf(condition, resolve, negated=True)


def _not_true(operand: nodes.Expression, resolve: Resolve) -> Predicate:
    """``NOT (operand IS TRUE)``: false or unknown."""
    inner = operand.operand if isinstance(operand, nodes.Not) else operand
    match inner:
        case nodes.Column():
            column = inner
        case nodes.Compare(_, nodes.Column() as column, nodes.Literal(value)) if value is not None:
            pass
        case _:
            raise Unsupported("IS NOT TRUE of this is not built yet; write it with IS NULL and OR.")
    return some((when_false(operand, resolve), Presence(resolve(column), False)))


def _leaf(condition: nodes.Expression, resolve: Resolve, *, negated: bool) -> Predicate:
    match condition:
        case nodes.Compare(op, left, right):
            return _comparison(_NEGATED[op] if negated else op, left, right, resolve)
        case nodes.Between(operand, low, high):
            lower = _comparison("<" if negated else ">=", operand, low, resolve)
            upper = _comparison(">" if negated else "<=", operand, high, resolve)
            return (some if negated else every)((lower, upper))
        case nodes.In(columns, items):
            return Membership(tuple(resolve(column) for column in columns), items, negated)
        case nodes.Like(operand, pattern, escape):
            return Pattern(_text_column(operand, resolve), pattern, escape, negated)
        case nodes.IsNull(operand):
            return _null_test(operand, resolve, negated=negated)
        case nodes.Column():
            return Comparison(resolve(condition), "=", nodes.Literal(not negated))
        case nodes.Literal(value) if value is None or isinstance(value, int):
            return Constant(value is not None and bool(value) is not negated)
        case _:
            raise Unsupported(f"{_described(condition)} as a condition is not built yet.")


def _comparison(op: Operator, left: nodes.Expression, right: nodes.Expression, resolve: Resolve) -> Predicate:
    if isinstance(left, _VALUES):
        if isinstance(right, _VALUES):
            return ValueTest(op, left, right)
        return _comparison(_MIRRORED[op], right, left, resolve)
    if isinstance(left, nodes.Column) and isinstance(right, _VALUES):
        return Comparison(resolve(left), op, right)
    if isinstance(left, nodes.Column) and isinstance(right, nodes.Column):
        raise Unsupported("Comparing one column with another is not built yet.")
    raise Unsupported(f"Comparing {_described(left)} with {_described(right)} is not built yet.")


def _text_column(operand: nodes.Expression, resolve: Resolve) -> Column:
    if not isinstance(operand, nodes.Column):
        raise Unsupported(f"LIKE on {_described(operand)} is not built yet; its left side must be a column.")
    column = resolve(operand)
    if column.kind not in (Kind.STRING, Kind.ANY):
        raise Unsupported(f"LIKE is for text; the column {column.name!r} holds {column.kind.value} values.")
    return column


def _null_test(operand: nodes.Expression, resolve: Resolve, *, negated: bool) -> Predicate:
    if isinstance(operand, nodes.Column):
        return Presence(resolve(operand), negated)
    if isinstance(operand, _VALUES):
        return ValueTest("is not null" if negated else "is null", operand)
    raise Unsupported(f"IS NULL on {_described(operand)} is not built yet.")


def _described(expression: nodes.Expression) -> str:
    if isinstance(expression, nodes.CountRows):
        return "an aggregate (COUNT)"
    return {"Param": "a bound value", "Literal": "a constant"}.get(type(expression).__name__, "an expression")


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
        case Comparison() | Pattern() | Presence():
            yield predicate.column
