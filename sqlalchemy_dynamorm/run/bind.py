"""Bound values: what a plan's operands are in one execution."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sqlalchemy_dynamorm.errors import DataError, ProgrammingError
from sqlalchemy_dynamorm.plan.predicates import Membership, ValueTest
from sqlalchemy_dynamorm.run.values import Json, same_type_order
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class Bound:
    """The values of one execution.

    :ivar values: parameter name to value; NULL is ``None``.
    :ivar now: the statement's CURRENT_TIMESTAMP, in the stored form.
    :ivar numbers: what was taken of sequences.
    """

    values: Mapping[str, Any]
    now: str
    numbers: Mapping[nodes.NextValue, int] = field(default_factory=dict)

    def __call__(self, operand: nodes.Value) -> Any:
        """The value of an operand.

        :raises ProgrammingError: a parameter without a value, by name.
        """
        match operand:
            case nodes.Param(name):
                return self.parameter(name)
            case nodes.Literal(value):
                return value
            case nodes.CurrentTimestamp():
                return self.now
            case nodes.Concat(parts):
                return self._concatenated(parts)
            case nodes.Document(text):
                return Json(json.loads(text, parse_float=Decimal))
            case nodes.NextValue():
                return self.numbers[operand]

    def excluding(self, row: Mapping[str, Any]) -> Bound:
        """The same with the values of ``excluded``: the row that ON CONFLICT leaves out, by column."""
        return Bound({**self.values, **{nodes.Excluded.of(name).name: value for name, value in row.items()}}, self.now)

    def parameter(self, name: str) -> Any:
        """The value bound to a name."""
        try:
            return self.values[name]
        except KeyError:
            raise ProgrammingError(f"The statement needs a value for :{name}, and none was given.") from None

    def _concatenated(self, parts: tuple[nodes.Value, ...]) -> str | None:
        texts = [self(part) for part in parts]
        if any(text is None for text in texts):
            return None
        for text in texts:
            if not isinstance(text, str):
                raise DataError(f"|| joins text; one of its sides is {type(text).__name__}.")
        return "".join(texts)

    def rows(self, membership: Membership) -> list[tuple[Any, ...]]:
        """The items of an IN, each as a row as wide as its columns."""
        items, width = membership.items, len(membership.columns)
        if not isinstance(items, nodes.ParamList):
            return [tuple(self(value) for value in row) for row in items]
        listed = self.parameter(items.name)
        if not isinstance(listed, list | tuple):
            raise ProgrammingError(f"The value of :{items.name} must be a list; it is {type(listed).__name__}.")
        return [(item,) if width == 1 else tuple(item) for item in _wide(listed, width, items.name)]


def _wide(listed: list[Any] | tuple[Any, ...], width: int, name: str) -> Iterator[Any]:
    for item in listed:
        if width > 1 and (not isinstance(item, Sequence) or isinstance(item, str | bytes) or len(item) != width):
            raise ProgrammingError(f"Each item of :{name} must be a tuple of {width} values.")
        yield item


def bound(
    values: Mapping[str, Any] | None, now: str | None = None, numbers: Mapping[nodes.NextValue, int] | None = None
) -> Bound:
    """The values of one execution.

    :param now: the statement's :func:`present`, where it is executed with several sets of values.
    :param numbers: what was taken of sequences.
    """
    return Bound(values or {}, now or present(), numbers or {})


def present() -> str:
    """The present moment in UTC, as CURRENT_TIMESTAMP is shown and stored."""
    return datetime.now(timezone.utc).replace(tzinfo=None).isoformat("T", "microseconds")


def decide(test: ValueTest, values: Bound) -> bool:
    """Whether a comparison of values alone is true; unknown is not."""
    left = values(test.left)
    if test.op in ("is null", "is not null"):
        return (left is None) is (test.op == "is null")
    right = values(test.right) if test.right is not None else None
    if left is None or right is None:
        return False
    order = same_type_order(left, right)
    if order is None:
        return test.op == "<>"
    return ordered(test.op, order)


def ordered(op: str, order: int) -> bool:
    """Whether ``op`` holds of two values whose three-way comparison is ``order``."""
    match op:
        case "=":
            return order == 0
        case "<>":
            return order != 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case _:
            return order >= 0
