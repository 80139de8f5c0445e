"""LIMIT and OFFSET with their values: which of the rows, counted from the first, are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class Cut:
    """How many rows are dropped, and how many are kept after them; ``keep`` is ``None`` for all."""

    skip: int = 0
    keep: int | None = None

    @property
    def stop(self) -> int | None:
        """How many rows are to be read, those dropped included; ``None`` for all."""
        return None if self.keep is None else self.skip + self.keep


def cut_of(plan: ReadPlan, values: Bound) -> Cut:
    """The LIMIT and OFFSET, checked.

    :raises DataError: one is negative or no whole number.
    """
    skip = 0 if plan.offset is None else number_of_rows("OFFSET", values, plan.offset)
    return Cut(skip, None if plan.limit is None else number_of_rows("LIMIT", values, plan.limit))


def number_of_rows(clause: str, values: Bound, operand: nodes.Value) -> int:
    """The value of a LIMIT or an OFFSET, checked as by :func:`cut_of`."""
    number = values(operand)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise DataError(f"{clause} takes a whole number of rows, 0 or more.")
    return number
