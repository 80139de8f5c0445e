"""ON CONFLICT and INSERT OR …: a row that finds its key or unique values taken.

It is left out, changes the row in its way, or takes its place. In a transaction that row is read at the statement, and
the commit holds if it is still so. In AUTOCOMMIT the condition of a put finds it; where guards go with the rows, each
row is a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.schema import Unique
from sqlalchemy_dynamorm.plan.steps import Conflict, InsertPlan
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.changes import Changer, alone
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.early import refuse_taken_keys, refuse_taken_values
from sqlalchemy_dynamorm.run.guarded import ROUNDS, owner
from sqlalchemy_dynamorm.run.guards import guard_of
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_of
from sqlalchemy_dynamorm.run.overlay import complete
from sqlalchemy_dynamorm.run.put_at_once import Candidate, PutAtOnce
from sqlalchemy_dynamorm.run.reads import project
from sqlalchemy_dynamorm.run.request import Asking, Rows
from sqlalchemy_dynamorm.run.sources import whole_items
from sqlalchemy_dynamorm.run.targets import Target
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check


@dataclass(frozen=True)
class Upserter:
    """An insert plan that says what becomes of a row whose key or unique values are taken."""

    plan: InsertPlan
    conflict: Conflict
    decoder: RowDecoder
    changer: Changer | None = field(init=False)
    at_once: PutAtOnce = field(init=False)

    def __post_init__(self) -> None:
        change = self.conflict.change
        changer = None if change is None else Changer(change)
        object.__setattr__(self, "changer", changer)
        object.__setattr__(self, "at_once", PutAtOnce(self.plan, self.conflict, self.decoder, changer))

    def run(self, rows: Sequence[Candidate], buffer: Buffer | None) -> Asking[int]:
        """Insert rows, or what stands for it; returns how many were written, and yields what RETURNING shows of them.

        :raises DuplicateKey, UniqueViolation: a constraint that is not meant is in the way.
        """
        if buffer is not None:
            return (yield from self._buffered(rows, buffer))
        change = self.conflict.change
        if self.plan.table.several or (change is not None and (change.moves or change.finding is not None)):
            count = 0
            for row in rows:
                count += yield from alone(partial(self._buffered, [row]))
            return count
        return (yield from self.at_once.run(rows))

    @property
    def _replaces(self) -> bool:
        return self.conflict.action == "replace"

    # --- in a transaction ---

    def _buffered(self, rows: Sequence[Candidate], buffer: Buffer) -> Asking[int]:
        """Row by row, since each may be in the way of the next."""
        stored = yield from self._stored([row.key for row in rows], buffer)
        count = 0
        for row in rows:
            in_the_way = yield from self._in_the_way(row, stored, buffer)
            if not in_the_way or self._replaces:
                yield from self._inserted(row, in_the_way, buffer)
                count += 1
            else:
                count += yield from self._given_way(row, in_the_way[0], buffer)
        return count

    def _stored(self, keys: Sequence[Item], buffer: Buffer) -> Asking[Mapping[Identity, Image]]:
        """What is stored at these keys, read together, of those that this transaction has not written.

        What must be seen again is not read again.
        """
        table = self.plan.table
        if not self.conflict.key:
            return {}
        found = {identity(key, table): key for key in keys if buffer.entry(table, key) is None}
        images = buffer.images.of(table) if buffer.repeatable else {}
        asked = {at: key for at, key in found.items() if at not in images}
        items = (yield from whole_items(table, list(asked.values()))) if asked else {}
        for at, key in asked.items():
            buffer.images.put(table, key, Image(items.get(at)))
        yield from complete(buffer, table, self._needed, {identity(key, table) for key in keys})
        return {at: image for at, key in found.items() if (image := buffer.images.find(table, key)) is not None}

    @property
    def _needed(self) -> frozenset[str] | None:
        """The attributes that must be known of a row in the way; ``None`` for all."""
        if self.changer is not None:
            return self.changer.needed
        return frozenset(name for unique in self.plan.table.uniques for name in unique.columns)

    def _in_the_way(self, row: Candidate, stored: Mapping[Identity, Image], buffer: Buffer) -> Asking[list[Image]]:
        """The rows that have this one's key or unique values, each once, that of the key first."""
        found: dict[Identity, Image] = {}
        if self.conflict.key:
            key = row.key
            entry, at = buffer.entry(self.plan.table, key), identity(key, self.plan.table)
            image = stored[at] if entry is None else entry.image
            if image.item is not None:
                found[at] = image
        for unique in self.conflict.uniques:
            holder = yield from self._holder(unique, row.item, buffer)
            if holder is not None and holder.item is not None:
                found.setdefault(identity(key_of(holder.item, self.plan.table), self.plan.table), holder)
        return list(found.values())

    def _holder(self, unique: Unique, item: Item, buffer: Buffer) -> Asking[Image | None]:
        """The row that has the unique values of an item, as this transaction sees it."""
        table, guard = self.plan.table, guard_of(self.plan.table, unique, item)
        if guard is None:
            return None
        for entry in buffer.of(table).values():
            if guard_of(table, unique, entry.after) == guard:
                yield from complete(buffer, table, self._needed, {identity(entry.key, table)})
                return (buffer.entry(table, entry.key) or entry).image
        followed: Item | None = None
        for _ in range(ROUNDS):
            key = yield from owner(table, guard, consistent=True)
            if key is None or key == followed or buffer.entry(table, key) is not None:
                return None  # what this transaction wrote has other values by now
            followed = key
            image = yield from self._image(key, buffer)
            if guard_of(table, unique, image.item) == guard:
                return image
        return None

    def _image(self, key: Item, buffer: Buffer) -> Asking[Image]:
        table = self.plan.table
        known = buffer.images.find(table, key) if buffer.repeatable else None
        if known is None or not known.holds(None):
            items = yield from whole_items(table, [key])
            new = Image(items.get(identity(key, table)))
            known = new if known is None else known.completed(new)
            buffer.images.put(table, key, known)
        return known

    def _inserted(self, row: Candidate, in_the_way: Sequence[Image], buffer: Buffer) -> Asking[None]:
        table, key = self.plan.table, row.key
        for image in in_the_way:
            buffer.delete(table, image, Check(ALWAYS, row.values))
        early = self.plan.early or buffer.early
        if early and not self.conflict.key:
            yield from refuse_taken_keys(buffer, table, [key])
        buffer.at(row.row)
        buffer.insert(table, row.item, own=row.own)
        if early:
            yield from refuse_taken_values(buffer, table, [key])
        buffer.decide(table, key, self._decided)
        if self.plan.returning is not None:
            yield Rows([project(self.plan.returning, self.decoder.row(row.item), row.values)])

    @property
    def _decided(self) -> Iterator[tuple[str, ...]]:
        """The constraints that are meant, by their columns."""
        if self.conflict.key:
            yield self.plan.table.key_columns
        for unique in self.conflict.uniques:
            yield unique.columns

    def _given_way(self, row: Candidate, image: Image, buffer: Buffer) -> Asking[int]:
        """Change the row in the way, or leave both as they are."""
        table, key = self.plan.table, key_of(image.item or {}, self.plan.table)
        if self.changer is None:
            if buffer.repeatable:
                buffer.watch(table, key, [name for unique in self.conflict.uniques for name in unique.columns])
            return 0
        targets = self._targets(row, key, image, self.changer)
        if not targets and buffer.repeatable:
            buffer.watch(table, key, self._needed or image.item or ())
        count = yield from self.changer.judged(targets, {identity(key, table): image}, buffer)
        if count and not self.changer.plan.moves:
            buffer.decide(table, key, [table.key_columns])
        return count

    def _targets(self, row: Candidate, key: Item, image: Image, changer: Changer) -> list[Target]:
        """The row in the way, as it is to be changed; none where SQLite finds that it is not."""
        if changer.searching is not None:
            return changer.searching.given(image.item or {}, row.values, row.row)
        return [Target(key, row.values, row.setting(changer), row.row)]
