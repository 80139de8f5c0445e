"""The numbers that a counter gives: of an autoincrement key, an Identity or a Sequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql import nodes

LARGEST = 2**63 - 1
"""Where a series ends that says no end, as PostgreSQL's do."""


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers from ``start`` on, each ``increment`` behind the one before.

    :ivar minimum: no number is below it; ``None`` for no bound.
    :ivar cycle: behind the last one comes the first again, from the other bound.
    :ivar cache: how many one process takes at once, to give them out one by one.
    """

    start: int = 1
    increment: int = 1
    minimum: int | None = None
    maximum: int | None = None
    cycle: bool = False
    cache: int = 1

    @property
    def base(self) -> int:
        """What stands for the last number before there was one."""
        return self.start - self.increment

    @property
    def end(self) -> int | None:
        """The bound that the series goes to."""
        return self.maximum if self.increment > 0 else self.minimum

    @property
    def before_again(self) -> int:
        """What stands for the last number where a cycle begins again."""
        first = self.minimum if self.increment > 0 else self.maximum
        return (self.start if first is None else first) - self.increment

    def is_behind(self, number: int, other: int) -> bool:
        """Whether a number comes after another."""
        return number > other if self.increment > 0 else number < other

    def left(self, last: int) -> int | None:
        """How many numbers there are behind one; ``None`` for no end."""
        return None if self.end is None else max(0, (self.end - last) // self.increment)

    def up_to(self, last: int, count: int) -> list[int]:
        """So many numbers, of which this is the last."""
        return [last - self.increment * back for back in range(count - 1, -1, -1)]

    def reached(self, given: Iterable[int]) -> int | None:
        """The number that the series must be past where these were given by hand; ``None`` where none is of it."""
        steps = max((-((number - self.start) // -self.increment) for number in given), default=-1)
        number = self.start + steps * self.increment
        if steps < 0 or (self.end is not None and self.is_behind(number, self.end)):
            return None
        return number


def series_of(written: nodes.Numbering, of: str) -> Series:
    """The series that a definition describes, with SQL's defaults.

    :param of: whose it is, for the message.
    :raises ProgrammingError: it contradicts itself.
    """
    increment = 1 if written.increment is None else written.increment
    up = increment > 0
    minimum = (1 if up else -LARGEST) if written.minimum is None else written.minimum
    maximum = (LARGEST if up else -1) if written.maximum is None else written.maximum
    start = (minimum if up else maximum) if written.start is None else written.start
    if increment == 0:
        raise ProgrammingError(f"The increment of {of} is 0; give another.")
    if not minimum <= start <= maximum:
        raise ProgrammingError(f"The start of {of}, {start}, is not between its bounds, {minimum} and {maximum}.")
    if written.cache is not None and written.cache < 1:
        raise ProgrammingError(f"The cache of {of} is {written.cache}; it takes 1 and more.")
    return Series(start, increment, minimum, maximum, written.cycle is True, written.cache or 1)
