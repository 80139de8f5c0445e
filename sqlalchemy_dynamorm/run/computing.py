"""What SET computes of a row, in Python: exact arithmetic, text, lists, sets and documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.edits import exact
from sqlalchemy_dynamorm.run.values import JSON_NULL, Item, Json, decode
from sqlalchemy_dynamorm.sql import nodes

DIGITS = 38


def decimal(value: Any, column: Column) -> Decimal | None:
    """A number exactly, a float as the decimal number that it prints as; ``None`` for NULL.

    :raises DataError: it is no number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise DataError(
            f"SET computes column {column.name!r} with a value of type {type(value).__name__}; it takes numbers."
        )
    return Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)


def compute(operand: nodes.Operand, column: Column, columns: Mapping[str, Column], image: Item, values: Bound) -> Any:
    """The value of an operand on a row, in Python's types.

    :param column: what is set, for messages.
    :param columns: the columns that the operand reads, by name.
    :raises DataError: an operand of another type than the operator takes.
    :raises UnsupportedValue: a number of more than 38 digits.
    """

    def of(part: nodes.Operand) -> Any:
        match part:
            case nodes.Column(name):
                return decode(image.get(name), _exactly(columns[name]))
            case nodes.Arithmetic(op, left, right):
                return _calculated(op, of(left), of(right), column)
            case nodes.Joined(parts):
                return _joined([of(each) for each in parts], column)
            case nodes.Coalesce(parts):
                return next((found for each in parts if (found := of(each)) is not None), None)
            case nodes.ListAppend(first_list, second_list):
                return _appended(of(first_list), of(second_list), column)
            case nodes.SetChange(target, members, remove):
                return _members(of(target), values(members), remove)
            case nodes.JsonChange() | nodes.Selected():
                raise AssertionError("the planner lets neither be a part of what is computed here")
            case _:
                found = values(part)
                return found.value if isinstance(found, Json) and found != JSON_NULL else found

    return of(operand)


def _calculated(op: str, left: Any, right: Any, column: Column) -> Any:
    first, second = decimal(left, column), decimal(right, column)
    if first is None or second is None:
        return None
    if op != "/":
        return exact(op, first, second, column)
    return divided(first, second, whole=isinstance(left, int) and isinstance(right, int))


def divided(left: Decimal, right: Decimal, *, whole: bool) -> Decimal | None:
    """A quotient as SQLite gives it: of integers towards zero, by zero NULL; of others to DynamoDB's 38 digits."""
    if not right:
        return None
    with localcontext(Context(prec=DIGITS)):
        return left // right if whole else left / right


def _joined(parts: list[Any], column: Column) -> str | None:
    if any(part is None for part in parts):
        return None
    for part in parts:
        if not isinstance(part, str):
            raise DataError(
                f"SET computes column {column.name!r} with ||, which joins text; a side is {type(part).__name__}."
            )
    return "".join(parts)


def _appended(first: Any, second: Any, column: Column) -> list[Any] | None:
    if first is None or second is None:
        return None
    if not isinstance(first, list | tuple) or not isinstance(second, list | tuple):
        raise DataError(f"list_append() for column {column.name!r} takes lists.")
    return [*first, *second]


def _members(stored: Any, given: Any, remove: bool) -> set[Any]:
    found, many = set(stored or ()), members_given(given)
    return found - many if remove else found | many


def members_given(value: Any) -> frozenset[Any]:
    """The members of a set that a value stands for: its own, or itself."""
    if value is None:
        return frozenset()
    return frozenset(value) if isinstance(value, set | frozenset | list | tuple) else frozenset((value,))


def _exactly(column: Column) -> Column:
    """The column, read without a float in between."""
    kind = {Kind.FLOAT: Kind.DECIMAL, Kind.DOCUMENT: Kind.ANY}.get(column.kind, column.kind)
    return replace(column, kind=kind, nulls=column.kind is Kind.DOCUMENT)
