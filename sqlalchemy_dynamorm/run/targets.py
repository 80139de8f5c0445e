"""The items that an UPDATE or DELETE may change, each with what its set of values says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.assignments import Setting
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.keys import identity
from sqlalchemy_dynamorm.run.values import Item

TOGETHER = 500
"""Requests that are made and sent together: they are all in memory at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """One item to change.

    :ivar values: the values that the statement has for it.
    :ivar setting: what is set; ``None`` to delete it.
    :ivar row: the position of the values in an executemany, from 1.
    :ivar judged: what it was judged by, as SQLite had it, where SQLite found it.
    """

    key: Item
    values: Bound
    setting: Setting | None
    row: int = 1
    judged: tuple[Any, ...] = ()


class Keyed(Protocol):
    """What is about the item of a key."""

    @property
    def key(self) -> Item:
        """The key."""


K = TypeVar("K", bound=Keyed)


def rounds(table: Table, targets: Sequence[K]) -> Iterator[list[K]]:
    """The targets in rounds that may be sent in parallel: no item stands twice in one, and none is very long."""
    apart: list[list[K]] = []
    seen: dict[object, int] = {}
    for target in targets:
        at = seen.get(key := identity(target.key, table), 0)
        seen[key] = at + 1
        if at == len(apart):
            apart.append([])
        apart[at].append(target)
    for each in apart:
        yield from (each[at : at + TOGETHER] for at in range(0, len(each), TOGETHER))
