"""A predicate checked locally, on decoded values, with the meaning the expression would have had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy_dynamorm.plan.predicates import (
    All,
    ColumnComparison,
    Comparison,
    Constant,
    FunctionTest,
    Membership,
    Pattern,
    PlaceTest,
    Predicate,
    Presence,
    SizeComparison,
    Some,
    ValueTest,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound, decide, ordered
from sqlalchemy_dynamorm.run.functions import function_test, size_test
from sqlalchemy_dynamorm.run.operands import compared
from sqlalchemy_dynamorm.run.patterns import like
from sqlalchemy_dynamorm.run.values import Json, decode, encode, same, same_type_order

Row = Sequence[Any]
Test = Callable[[Row], bool]


def checker(predicate: Predicate, fields: Sequence[Column], values: Bound) -> Test:
    """A function that says whether a decoded row (``fields`` in order) satisfies the predicate."""
    positions = {column: position for position, column in enumerate(fields)}

    def build(part: Predicate) -> Test:
        match part:
            case All(parts):
                tests = [build(inner) for inner in parts]
                return lambda row: all(test(row) for test in tests)
            case Some(parts):
                tests = [build(inner) for inner in parts]
                return lambda row: any(test(row) for test in tests)
            case Constant() | ValueTest():
                holds = part.holds if isinstance(part, Constant) else decide(part, values)
                return lambda row: holds
            case Membership():
                return _membership(part, [positions[column] for column in part.columns], values)
            case PlaceTest():
                return lambda row: True  # SQLite judges the rows
            case ColumnComparison(left, _, right):
                return _columns(part, positions[left], positions[right])
            case _:
                test, at = _of_one(part, values), positions[part.column]
                return lambda row: test(row[at])

    return build(predicate)


def _of_one(
    part: Comparison | SizeComparison | FunctionTest | Pattern | Presence, values: Bound
) -> Callable[[Any], bool]:
    """The test of one column's decoded value."""
    match part:
        case Comparison():
            return _comparison(part, values)
        case SizeComparison():
            return size_test(part, values)
        case FunctionTest():
            return function_test(part, values)
        case Pattern():
            return _pattern(part, values)
        case Presence(_, present):
            return lambda value: (value is not None) is present


def _columns(part: ColumnComparison, left: int, right: int) -> Test:
    op, column = part.op, part.left
    return lambda row: _holds(op, row[left], row[right], column)


def normalised(value: Any, column: Column) -> Any:
    """A bound value as reading it back would give it, so that like is compared with like."""
    column = compared(column, value)
    return None if value is None else decode(encode(value, column), column)


def _compare(left: Any, right: Any, column: Column) -> int | None:
    if column.kind is Kind.DOCUMENT or isinstance(left, list | dict | set):
        left, right = _plain(left), _plain(right)
        return 0 if same(left, right) else same_type_order(left, right)
    return same_type_order(left, right)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Json) else value


def _holds(op: str, left: Any, right: Any, column: Column) -> bool:
    if left is None or right is None:
        return False
    order = _compare(left, right, column)
    return op == "<>" if order is None else ordered(op, order)


def _comparison(part: Comparison, values: Bound) -> Callable[[Any], bool]:
    given, op, column = normalised(values(part.operand), part.column), part.op, part.column
    return lambda value: _holds(op, value, given, column)


def _membership(part: Membership, at: list[int], values: Bound) -> Test:
    columns = part.columns
    rows = [
        tuple(normalised(value, column) for value, column in zip(row, columns, strict=True))
        for row in values.rows(part)
    ]

    def equal(row: Row, item: tuple[Any, ...]) -> bool:
        return all(_holds("=", row[p], value, c) for p, value, c in zip(at, item, columns, strict=True))

    def different(row: Row, item: tuple[Any, ...]) -> bool:
        return any(_holds("<>", row[p], value, c) for p, value, c in zip(at, item, columns, strict=True))

    if part.negated:
        return lambda row: all(different(row, item) for item in rows)
    return lambda row: any(equal(row, item) for item in rows)


def _pattern(part: Pattern, values: Bound) -> Callable[[Any], bool]:
    text, negated = values(part.pattern), part.negated
    if text is None:
        return lambda value: False
    read = like(text, part.escape)
    return lambda value: isinstance(value, str) and read.matches(value) is not negated
