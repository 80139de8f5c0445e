"""The rows of an UPDATE or DELETE that only SQLite can judge or compute, each as what must still be so of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import Finding
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_values
from sqlalchemy_dynamorm.run.local import LocalReader, computed_of, taken
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Asking
from sqlalchemy_dynamorm.run.scratch_values import Convert, storing
from sqlalchemy_dynamorm.run.sources import Row
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Found:
    """A row that was found.

    :ivar judged: what it was judged by, as SQLite had it.
    :ivar taken: what SQLite computed for SET.
    """

    key: Item
    judged: tuple[Any, ...]
    taken: tuple[Any, ...]


@dataclass(frozen=True)
class Finder:
    """A finding with its readers, made once and run with any values."""

    table: Table
    finding: Finding
    reader: LocalReader = field(init=False)
    decoder: RowDecoder = field(init=False)
    fed: RowDecoder = field(init=False)
    stored: tuple[Convert | None, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = self.finding
        object.__setattr__(self, "reader", LocalReader(found.plan))
        object.__setattr__(self, "decoder", RowDecoder(found.judged))
        object.__setattr__(self, "fed", RowDecoder(found.plan.feeds[0].columns))
        converts = tuple(storing(column, shown=column.name in found.shown) for column in found.judged)
        object.__setattr__(self, "stored", converts)

    def found(self, values: Bound, scope: Scope) -> Asking[list[Found]]:
        """The rows, each once: what joins a row with several others changes it once, by the first of them."""
        rows: list[Row] = []
        yield from taken(self.reader.run(values, scope), rows.extend)
        return self._each(rows)

    def among(self, item: Item, values: Bound) -> list[Found]:
        """The row that is given, if it is found."""
        given = self.fed.row(item)
        return self._each(row for rows in computed_of(self.finding.plan, [given], values) for row in rows)

    def _each(self, rows: Iterable[Row]) -> list[Found]:
        table, found = self.table, dict[Identity, Found]()
        keys, judged = len(table.key_columns), len(self.finding.judged)
        for row in rows:
            key = key_from_values(table, row[:keys])
            if key is not None:
                one = Found(key, row[keys : keys + judged], row[keys + judged :])
                found.setdefault(identity(key, table), one)
        return list(found.values())

    def unchanged(self, judged: Sequence[Any], item: Item) -> bool:
        """Whether SQLite would have what a row was judged by of this item, too."""
        now = self.decoder.row(item)
        return all(
            (value if value is None or convert is None else convert(value)) == seen
            for value, convert, seen in zip(now, self.stored, judged, strict=True)
        )
