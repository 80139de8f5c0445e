"""DynamoDB's functions of an attribute, with a statement's values and on decoded values.

What they mean is in the DynamoDB developer guide, "Comparison operator and function reference": the size of a text is
its length, in characters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.predicates import FunctionTest, SizeComparison
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound, ordered
from sqlalchemy_dynamorm.run.values import JSON_NULL, WireValue, decode, encode, same, same_type_order

TYPES = ("B", "BOOL", "BS", "L", "M", "N", "NS", "NULL", "S", "SS")
_OPERANDS = {"attribute_type": {"S"}, "begins_with": {"S", "B"}, "contains": {"S", "B", "N"}}


def size_given(part: SizeComparison, values: Bound) -> WireValue | None:
    """The number that a size is compared with; ``None`` for NULL.

    :raises DataError: it is no number.
    """
    return encode(values(part.operand), Column(f"size({part.column.name})", Kind.NUMBER))


def operand_given(part: FunctionTest, values: Bound) -> WireValue | None:
    """The second argument of a function; ``None`` for NULL, and where it takes none.

    :raises DataError: the function takes no such value.
    """
    wire = None if part.operand is None else encode(values(part.operand), _sought(part.column))
    if wire is None:
        return None
    if not _OPERANDS[part.name] & wire.keys():
        takes = "a text, a number or a binary value" if part.name == "contains" else "a text or a binary value"
        raise DataError(f"{part.name}({part.column.name}, …) looks for {takes}; convert what it was given.")
    if part.name == "attribute_type" and wire["S"] not in TYPES:
        raise DataError(f"attribute_type({part.column.name}) is compared with one of {', '.join(TYPES)}.")
    return wire


def _sought(column: Column) -> Column:
    """What a function looks for in a column: a part of a date is no date, and a member of a set no set."""
    return replace(column, moment=None, kind=Kind.ANY if column.kind in _HOLDING else column.kind)


_HOLDING = (Kind.LIST, Kind.STRING_SET, Kind.NUMBER_SET, Kind.BINARY_SET)


def is_empty(wire: WireValue, column: Column) -> bool:
    """Whether this is the text or binary value that every value of the column begins with and contains."""
    return column.kind in (Kind.STRING, Kind.BINARY) and wire in ({"S": ""}, {"B": b""})


def size_test(part: SizeComparison, values: Bound) -> Callable[[Any], bool]:
    """Whether the size of a decoded value compares as asked."""
    wire, op = size_given(part, values), part.op
    if wire is None:
        return lambda value: False
    number = decode(wire, Column("size", Kind.NUMBER))

    def test(value: Any) -> bool:
        size = size_of(value)
        return size is not None and ordered(op, same_type_order(size, number) or 0)

    return test


def function_test(part: FunctionTest, values: Bound) -> Callable[[Any], bool]:
    """Whether the function holds of a decoded value."""
    negated = part.negated
    if part.name == "attribute_exists":
        return lambda value: (value is not None) is not negated
    wire = operand_given(part, values)
    if wire is None:
        return lambda value: False
    operand = decode(wire, _sought(part.column))
    holds = TESTS[part.name]
    return lambda value: value is not None and holds(value, operand) is not negated


def size_of(value: Any) -> int | None:
    """The size of a decoded value; ``None`` where its type has none."""
    return len(value) if isinstance(value, str | bytes | list | dict | set) else None


def type_of(value: Any) -> str:
    """The wire type of a decoded value."""
    if isinstance(value, set):
        return type_of(next(iter(value))) + "S"
    return "NULL" if value == JSON_NULL else next(name for kind, name in _TYPES if isinstance(value, kind))


_TYPES: tuple[tuple[Any, str], ...] = (
    (str, "S"),
    (bool, "BOOL"),
    ((int, float, Decimal), "N"),
    (dict, "M"),
    (list, "L"),
    (bytes, "B"),
)


def _begins(value: Any, operand: Any) -> bool:
    return type(value) is type(operand) and value[: len(operand)] == operand


def _contains(value: Any, operand: Any) -> bool:
    if isinstance(value, list | set):
        return any(same(element, operand) for element in value)
    if not isinstance(value, str | bytes):
        return False
    return type(value) is type(operand) and bool(operand in value)  # type: ignore[operator]


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "attribute_type": lambda value, operand: type_of(value) == operand,
    "begins_with": _begins,
    "contains": _contains,
}
