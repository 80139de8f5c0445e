"""The pace of a copy: a share of what its tables can serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.plan.table_options import DEFAULTS
from sqlalchemy_dynamorm.run.request import Asking, Pause
from sqlalchemy_dynamorm.run.table_options import described_options
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.waiting import Description
from sqlalchemy_dynamorm.run.wire import item_size

_READ_UNIT, _WRITE_UNIT = 4096, 1024
"""Bytes of a unit: of a strongly consistent read, which is rounded up for a page, and of a write (developer guide)."""


@dataclass
class Pace:
    """So many units a second.

    :ivar reads: of the old table, ``None`` for as many as there are; ``writes`` of the new one.
    """

    reads: float | None = None
    writes: float | None = None
    clock: Callable[[], float] = time.monotonic
    _due: float = field(init=False)

    def __post_init__(self) -> None:
        self._due = self.clock()

    def read(self, items: Iterable[Item]) -> Asking[None]:
        """Wait until a page is paid for."""
        if self.reads is not None:
            yield from self._pay(sum(map(item_size, items)) / _READ_UNIT / self.reads)

    def written(self, items: Iterable[Item]) -> Asking[None]:
        """Wait until these puts are paid for."""
        if self.writes is not None:
            yield from self._pay(sum(-(-item_size(item) // _WRITE_UNIT) for item in items) / self.writes)

    def _pay(self, seconds: float) -> Asking[None]:
        now = self.clock()
        self._due = max(self._due + seconds, now)  # the time that the work took counts, idle time does not add up
        if self._due > now:
            yield Pause(self._due - now)


def pace_of(found: Description, share: float | None) -> Pace:
    """The pace that takes a share of a table's capacity, and of that of a new one like it."""
    if share is None:
        return Pace()
    there, new = described_options(found), DEFAULTS.warm_throughput
    assert new is not None
    warm = there.warm_throughput or new
    reads = there.read_capacity or warm[0] or new[0]  # local servers tell zeros
    return Pace(share * reads, share * (there.write_capacity or new[1]))
