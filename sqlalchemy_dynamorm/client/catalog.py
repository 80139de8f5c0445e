"""What is known of tables that statements do not declare: DescribeTable's answers, kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.plan.schema import Kind, Table

KEPT = 60.0
"""Seconds that a description is believed, and that an index which the service could not use is not asked for."""


@dataclass
class Catalog:
    """Tables by physical name, and the kinds of the columns that this process has declared."""

    clock: Callable[[], float] = time.monotonic
    _tables: dict[str, tuple[float, Table]] = field(default_factory=dict)
    _kinds: dict[str, dict[str, Kind]] = field(default_factory=dict)
    _aside: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, physical: str) -> Table | None:
        """A table that was described lately."""
        with self._lock:
            found = self._tables.get(physical)
        return found[1] if found is not None and self.clock() - found[0] < KEPT else None

    def put(self, physical: str, table: Table) -> Table:
        """Remember a description; the one already known is given back where it says the same."""
        with self._lock:
            known = self._tables.get(physical)
            kept = known[1] if known is not None and known[1] == table else table
            self._tables[physical] = self.clock(), kept
            return kept

    def forget(self, physical: str) -> None:
        """The table was changed or dropped."""
        with self._lock:
            self._tables.pop(physical, None)
            self._aside = {name: since for name, since in self._aside.items() if name[0] != physical}

    def set_aside(self, physical: str, index: str) -> None:
        """The service says that it has no such index, or is still building it: plans do without it for a while."""
        with self._lock:
            self._aside[physical, index] = self.clock()

    def aside(self) -> frozenset[tuple[str, str]]:
        """The indexes that were set aside lately, each with its table, by their physical names."""
        if not self._aside:
            return frozenset()
        with self._lock:
            now = self.clock()
            self._aside = {name: since for name, since in self._aside.items() if now - since < KEPT}
            return frozenset(self._aside)

    def declare(self, table: Table) -> None:
        """Remember the kinds of a declared table's columns, for the indexes to come."""
        with self._lock:
            self._kinds[table.physical] = {column.name: column.kind for column in table.columns}

    def kinds(self, physical: str) -> Mapping[str, Kind]:
        """The kinds of the columns of a table that this process has declared."""
        with self._lock:
            return dict(self._kinds.get(physical, {}))
