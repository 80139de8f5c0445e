"""A copy that is kept up with the table that it is of, by the table's stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy_dynamorm.errors import DataError, OperationalError
from sqlalchemy_dynamorm.run.copied_items import Copy, pages
from sqlalchemy_dynamorm.run.copy_marks import CopyMark, Followed, Place, write_mark
from sqlalchemy_dynamorm.run.expiry import present
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_columns, key_of
from sqlalchemy_dynamorm.run.reconcile import guard_items
from sqlalchemy_dynamorm.run.request import Asking, Pause
from sqlalchemy_dynamorm.run.settling import settle, stored
from sqlalchemy_dynamorm.run.sources import whole_items
from sqlalchemy_dynamorm.run.stream import Change, Stream
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.wire import same_item

PAUSE = 0.3  # seconds between two rounds that find nothing
QUIET, LONG_QUIET = 3, 30
"""Rounds without a record after which nobody writes: the first where the stream is ended then, which proves it."""
_MINUTE = 60
PATIENT = 200  # rounds
_HOMELESS = 1000  # keys that are kept; of more there is something wrong with the new key


def now() -> int:
    """The present second."""
    return int(present()["N"])


@dataclass
class Following:
    """The stream of a copied table.

    :ivar mark: how far the copy is, as it is kept.
    :ivar guarding: the unique values of items are guarded as they come.
    :ivar pending: old items that differed from their copies and were copied again; the stream has to tell of a change.
    """

    copy: Copy
    mark: CopyMark
    stream: Stream
    guarding: bool
    pending: dict[Identity, Item] = field(default_factory=dict)
    changes: int = 0

    @classmethod
    def of(cls, copy: Copy, mark: CopyMark, followed: Followed) -> Following:
        """Go on where an earlier run stood."""
        return cls(copy, mark, Stream.of(followed), guarding=followed.compared)

    @property
    def followed(self) -> Followed:
        """How far the stream was followed."""
        assert self.mark.followed is not None
        return self.mark.followed

    def keep(self, **changes: object) -> Asking[None]:
        """Keep how far it is."""
        followed = replace(self.followed, read=now(), shards=dict(self.stream.shards), **changes)  # type: ignore[arg-type]
        self.mark = replace(self.mark, followed=followed)
        yield from write_mark(self.copy.system, self.copy.target.physical, self.mark)

    def after_pages(self, mark: CopyMark) -> Asking[CopyMark]:
        """Follow what was written while some pages were copied."""
        self.mark = mark
        yield from self.catch_up()
        return self.mark

    def catch_up(self) -> Asking[None]:
        """Bring over all that was written until now."""
        until, idle = now(), 0
        while True:
            records, behind = yield from self.round(until)
            if not behind:
                break
            idle = 0 if records else idle + 1
            if idle:
                self._impatient(idle, "is throttled")
                yield Pause(PAUSE)
        if self.followed.open:
            yield from self._settle([Change(key) for key in self.followed.open])
        if now() - self.followed.read > _MINUTE:
            yield from self.keep()

    def _impatient(self, rounds: int, what: str) -> None:
        if rounds > PATIENT:
            raise OperationalError(
                f"The stream of {self.copy.source.name!r} {what} for {rounds * PAUSE:.0f} s. Nothing is lost: run the "
                "statement again to go on, within 24 hours.",
                table=self.copy.source.physical,
            )

    def round(self, until: int = 0) -> Asking[tuple[int, bool]]:
        """Read each shard once; how many records there were, and whether there are more from before ``until``."""
        records, behind = 0, False
        for shards in (yield from self.stream.groups()):
            before = {shard: self.stream.shards[shard] for shard in shards}
            read = yield from self.stream.read(shards, until)
            yield from self._settle(read.changes)
            if any(self.stream.shards[shard] != reached for shard, reached in before.items()):
                yield from self.keep()
            records, behind = records + read.records, behind or read.behind
            self.changes += len(read.changes)
        if records:
            self.copy.patience.tell(f"{self.copy.target.physical}: {self.changes} changes followed")
        return records, behind

    def _settle(self, changes: Sequence[Change]) -> Asking[None]:
        """Bring items over; those without a place are remembered, before the stream is said to be read."""
        if not changes:
            return
        done = yield from settle(self.copy, changes)
        of = {identity(key, self.copy.source): key for key in self.followed.open}
        for change in changes:
            self.pending.pop(identity(change.key, self.copy.source), None)
            of.pop(identity(change.key, self.copy.source), None)
        again = list(done.homeless)
        if self.guarding:
            again += yield from self.guarded(done.placed)
        of |= {identity(key, self.copy.source): key for key in again}
        if len(of) > _HOMELESS:
            raise self.homeless(len(of), next(iter(of.values())))
        self.mark = replace(self.mark, followed=replace(self.followed, open=tuple(of.values())))

    def guarded(self, items: list[Item]) -> Asking[list[Item]]:
        """Guard the unique values of items; the old keys of those whose values another one still has."""
        if not self.copy.target.uniques:
            return []
        report = yield from guard_items(self.copy.target, items, self.copy.system)
        twice = {identity(key, self.copy.target) for _, _, key in report.duplicates}
        return [
            self._old_key(item) for item in items if identity(key_of(item, self.copy.target), self.copy.target) in twice
        ]

    def _old_key(self, item: Item) -> Item:
        """The key in the old table of an item of the new one."""
        if self.copy.same_key:
            return key_of(item, self.copy.source)
        return key_from_columns(self.copy.source, item)

    def homeless(self, count: int, first: Item) -> DataError:
        """The error of items that have no place in the new table."""
        copy = self.copy
        error = DataError(
            f"{count} items of {copy.source.name!r} have no place in {copy.target.name!r}: they have no value of the "
            "right type for the new key, or another item has the same one. Mend them in the old table (the first is "
            ".key of the error) and run it again: it goes on from here.",
            table=copy.target.physical,
        )
        error.key = first
        return error

    # --- comparing ---

    def compare(self) -> Asking[None]:
        """Compare both tables, item by item, while they may be written.

        What differs is copied again. If it still differs then, it was changed in that moment: the stream must say so.

        :raises DataError: items differ of which it does not.
        """
        for table in (self.copy.source, self.copy.target):
            places, compared = (Place(),) * len(self.mark.places), 0
            while not all(place.ended for place in places):
                items, following = yield from pages(self.copy, table, places)
                places, compared = tuple(following), compared + len(items)
                of = self._forth if table is self.copy.source else self._back
                yield from self._again((yield from of(items)))
                yield from self.catch_up()
                self.copy.patience.tell(f"{table.physical}: {compared} items compared")
        yield from self.explained()

    def explained(self) -> Asking[None]:
        """Wait until the stream has told of all that differed."""
        for _ in range(PATIENT):
            if not self.pending:
                return
            yield Pause(PAUSE)
            yield from self.catch_up()
        error = DataError(
            f"{len(self.pending)} items of {self.copy.source.name!r} are not what their copies are, and its stream "
            "does not say that they were changed. Run it again; if they differ again (the first is .key of the error), "
            "report it.",
            table=self.copy.target.physical,
        )
        error.key = next(iter(self.pending.values()))
        raise error

    def _forth(self, items: Sequence[Item]) -> Asking[list[Change]]:
        """Old items that are not in the new table as they should be."""
        copy = self.copy
        wanted = [(item, copy.copied(item)) for item in items]
        there = yield from self._copies([new for _, new in wanted if new is not None])
        return [
            Change(key_of(item, copy.source), (item,))
            for item, new in wanted
            if new is None or not _is(new, there.get(identity(key_of(new, copy.target), copy.target)))
        ]

    def _copies(self, wanted: Sequence[Item]) -> Asking[dict[Identity, Item]]:
        """What is in the new table in the places of these items."""
        table = replace(self.copy.target, expires=None)
        keys = {identity(key_of(new, table), table): key_of(new, table) for new in wanted}
        return (yield from whole_items(table, list(keys.values())))

    def _back(self, items: Sequence[Item]) -> Asking[list[Change]]:
        """Items of the new table that are not what the old one has."""
        copy = self.copy
        keys = [self._old_key(item) for item in items]
        distinct = {identity(key, copy.source): key for key in keys}
        there = yield from stored(copy, list(distinct.values()))
        found: list[Change] = []
        for key, item in zip(keys, items, strict=True):
            old = there.get(identity(key, copy.source))
            if old is None or not _is(item, copy.copied(old)):
                found.append(Change(key, (item,)))
        return found

    def _again(self, changes: list[Change]) -> Asking[None]:
        """Copy items again, and look once more."""
        if not changes:
            return
        yield from self._settle(changes)
        keys = {identity(change.key, self.copy.source): change.key for change in changes}
        there = yield from stored(self.copy, list(keys.values()))
        differing = [change.key for change in (yield from self._forth(list(there.values())))]
        copies = [new for change in changes for image in change.images if (new := self.copy.copied(image)) is not None]
        left = yield from self._back(list((yield from self._copies(copies)).values()))
        open_ = {identity(key, self.copy.source) for key in self.followed.open}
        for key in [*differing, *(change.key for change in left)]:
            if identity(key, self.copy.source) not in open_:
                self.pending[identity(key, self.copy.source)] = key


def _is(one: Item, other: Item | None) -> bool:
    return other is not None and same_item(one, other)
