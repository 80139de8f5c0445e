"""A predicate checked locally, on decoded values, with the meaning the expression would have had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.predicates import (
    All,
    Comparison,
    Constant,
    Membership,
    Pattern,
    Predicate,
    Presence,
    Some,
    ValueTest,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound, decide, ordered
from sqlalchemy_dynamorm.run.patterns import like
from sqlalchemy_dynamorm.run.values import decode, encode, same, same_type_order

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
            case Comparison():
                return _comparison(part, positions[part.column], values)
            case Pattern():
                return _pattern(part, positions[part.column], values)
            case Presence(column, present):
                return _presence(column, positions[column], present)

    return build(predicate)


def _presence(column: Column, at: int, present: bool) -> Test:
    if column.kind is Kind.DOCUMENT:
        # Decoded, JSON null and no attribute are both None.
        raise Unsupported(f"IS NULL on the JSON column {column.name!r} beside a whole key is not built yet.")
    return lambda row: (row[at] is not None) is present


def normalised(value: Any, column: Column) -> Any:
    """A bound value as reading it back would give it, so that like is compared with like."""
    return None if value is None else decode(encode(value, column), column)


def _compare(left: Any, right: Any, column: Column) -> int | None:
    if column.kind is Kind.DOCUMENT or isinstance(left, list | dict | set):
        return 0 if same(left, right) else same_type_order(left, right)
    return same_type_order(left, right)


def _holds(op: str, left: Any, right: Any, column: Column) -> bool:
    if left is None or right is None:
        return False
    order = _compare(left, right, column)
    return op == "<>" if order is None else ordered(op, order)


def _comparison(part: Comparison, at: int, values: Bound) -> Test:
    value, op, column = normalised(values(part.operand), part.column), part.op, part.column
    return lambda row: _holds(op, row[at], value, column)


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


def _pattern(part: Pattern, at: int, values: Bound) -> Test:
    text, negated = values(part.pattern), part.negated
    if text is None:
        return lambda row: False
    read = like(text, part.escape)

    def test(row: Row) -> bool:
        value = row[at]
        return isinstance(value, str) and read.matches(value) is not negated

    return test
