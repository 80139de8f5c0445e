"""A transaction's buffer: what it will do to each item, one action an item, and what it must still find at commit.

Entries are immutable, so a mark is a copy of a dict. DynamoDB takes one action an item, so a second statement on an
item is merged into the first: the first expectation (the item is absent, or present and as the WHERE said) is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import DuplicateKey, SerializationError
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, columns_of
from sqlalchemy_dynamorm.plan.schema import REST, Table
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.assignments import Done
from sqlalchemy_dynamorm.run.edits import Assign, Edits
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.images import Image, Images
from sqlalchemy_dynamorm.run.items import applied
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_of
from sqlalchemy_dynamorm.run.origins import UNKNOWN, Origin
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check

Action = tuple[Literal["Put", "Update", "Delete", "ConditionCheck"], dict[str, Any]]
Level = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a transaction does to one item.

    :ivar before: the stored item as it was read; ``None`` where it is expected to be absent.
    :ivar after: the item as this transaction leaves it; ``None`` for no item.
    :ivar known: the attributes of ``before`` that were read, where they were not all.
    :ivar checks: what must still hold of the stored item at commit.
    :ivar pins: attributes that must still be what was read.
    :ivar changed: the attributes that were set, while the stored item is updated in place.
    :ivar relative: what is done to those of them whose new value depends on what is stored.
    :ivar replaced: the item was deleted and inserted again.
    :ivar guarded: a delete by key alone is conditional all the same.
    :ivar left: the key that the item had before, where this transaction has moved it.
    :ivar origin: the statement that changed it last.
    :ivar watched: nothing is done to the item; it was read, and must still be what was read.
    :ivar own: the key was made for this item alone.
    :ivar decided: the constraints, by their columns, of which it was read whose the values are (ON CONFLICT): where
        another has them by commit, this transaction was too slow, and it is no violation.
    :ivar locked: it was read FOR UPDATE, so it must be so where nothing is written either.
    """

    table: Table
    key: Item
    before: Item | None
    after: Item | None
    known: frozenset[str] | None = None
    checks: tuple[Check, ...] = ()
    pins: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    relative: Edits = field(default_factory=dict)
    replaced: bool = False
    guarded: bool = False
    left: Item | None = None
    origin: Origin = UNKNOWN
    watched: bool = False
    own: bool = False
    decided: frozenset[tuple[str, ...]] = frozenset()
    locked: bool = False

    @property
    def image(self) -> Image:
        """The item as this transaction sees it."""
        whole = self.known is None or self.before is None or self.replaced or self.after is None
        return Image(self.after, None if whole or self.known is None else self.known | self.changed)

    def completed(self, stored: Item | None) -> Entry:
        """The entry with the attributes that were not read yet."""
        whole = Image(stored)
        before = Image(self.before, self.known).completed(whole).item
        return replace(self, before=before, after=self.image.completed(whole).item, known=None)

    @property
    def settled(self) -> frozenset[str]:
        """The attributes that were set to a value, whatever is stored."""
        return self.changed - self.relative.keys()

    @property
    def once(self) -> bool:
        """Sent twice, it would do more than sent once."""
        return any(edit.once for edit in self.relative.values())

    def action(self) -> Action:
        """The one action that does it."""
        placeholders = Placeholders()
        if self.before is None:
            condition = writing.absent(self.table, placeholders)
            if self.after is None:
                return "ConditionCheck", writing.condition_check(self.table, self.key, condition, placeholders)
            return "Put", writing.put(self.table, self.after, condition, placeholders)
        if self.after is None and not (self.checks or self.pins or self.guarded):
            return "Delete", writing.delete(self.table, self.key, None, placeholders)
        return self._conditional(placeholders)

    def _conditional(self, placeholders: Placeholders) -> Action:
        # A WHERE that held on the image cannot be one that never holds, so there is a condition.
        condition = writing.checked(self.table, self.checks, placeholders, self.before, self.pins) or ""
        if self.after is None:
            return "Delete", writing.delete(self.table, self.key, condition, placeholders)
        if self.replaced:
            return "Put", writing.put(self.table, self.after, condition, placeholders)
        if not self.changed:
            return "ConditionCheck", writing.condition_check(self.table, self.key, condition, placeholders)
        return "Update", writing.update(self.table, self.key, self._edits(self.after), condition, placeholders)

    def _edits(self, after: Item) -> Edits:
        return {name: self.relative.get(name) or Assign(after.get(name)) for name in sorted(self.changed)}


Entries = dict[tuple[str, Identity], Entry]


@dataclass
class Buffer:
    """One open transaction: its writes, in the order their items were first written, and what it has read.

    :ivar images: what it has read; they outlive the rollback of a savepoint.
    :ivar watches: the items that must still be what was read, whether they are written or not.
    :ivar early: taken keys and unique values are found at the statement, as inside a savepoint.
    :ivar origin: the statement that is being run, and the row of it that is changed next.
    :ivar tokened: a single write is to go with a token.
    :ivar verified: the watches are checked at commit even where nothing is written.
    """

    level: Level = "READ COMMITTED"
    entries: Entries = field(default_factory=dict)
    watches: Entries = field(default_factory=dict)
    early: bool = False
    origin: Origin = UNKNOWN
    tokened: bool = False
    images: Images = field(init=False)
    verified: bool = field(init=False)

    def __post_init__(self) -> None:
        self.images = Images(first=self.repeatable)
        self.verified = self.level == "SERIALIZABLE"

    @property
    def repeatable(self) -> bool:
        """What was read of an item is what is read of it again."""
        return self.level != "READ COMMITTED"

    def touches(self, table: Table) -> bool:
        """Whether reads of a table may see something else than what is stored."""
        return self.repeatable or any(physical == table.physical for physical, _ in self.entries)

    def begin(self, statement: str, rows: int) -> Entries:
        """A statement begins; returns the state to go back to where it fails."""
        self.origin = Origin(statement, rows=rows)
        return self.mark()

    def at(self, row: int, rows: int | None = None) -> None:
        """What is changed now is of this row of the statement, from 1."""
        self.origin = Origin(self.origin.statement, row, rows or self.origin.rows)

    def mark(self) -> Entries:
        """The present state, to go back to."""
        return dict(self.entries)

    def restore(self, mark: Entries) -> None:
        """Go back to a mark."""
        self.entries = dict(mark)

    def entry(self, table: Table, key: Item) -> Entry | None:
        """What this transaction does to an item so far."""
        return self.entries.get((table.physical, identity(key, table)))

    def of(self, table: Table) -> Mapping[Identity, Entry]:
        """What this transaction does to the items of a table."""
        return {found: entry for (physical, found), entry in self.entries.items() if physical == table.physical}

    def put(self, entry: Entry) -> None:
        """Have this entry for its item."""
        self.entries[entry.table.physical, identity(entry.key, entry.table)] = entry

    # --- what statements do ---

    def _write(self, entry: Entry) -> None:
        self.put(replace(entry, origin=self.origin))

    def insert(self, table: Table, item: Item, *, left: Item | None = None, own: bool = False) -> None:
        """Add an item whose key must be free at commit.

        :param left: the key that it had before.
        :param own: the key was made for this item alone.
        :raises DuplicateKey: this transaction has put an item there itself.
        """
        key = key_of(item, table)
        at = table.physical, identity(key, table)
        found = self.entries.get(at)
        if found is None:
            self.entries[at] = Entry(table, key, None, item, left=left, own=own, origin=self.origin)
        elif found.after is not None:
            raise self.origin.of(duplicate(table), key)
        else:
            replaced = found.before is not None
            self._write(replace(found, after=item, replaced=replaced, changed=frozenset(), relative={}, left=left))

    def update(self, table: Table, image: Image, done: Done, check: Check) -> Item:
        """Change an item that was read as ``image``; returns the item as it then is, as far as it is known."""
        found = self._found(table, image)
        after = applied(image.item or {}, done.edits, table)
        relative, pinned = _composed(found, done)
        pins = found.pins if found.before is None or found.replaced else found.pins | (pinned - _keyed(table))
        changed = found.changed | done.edits.keys()
        for each in (check, *done.kept):
            found = _judged(found, each)
        found = replace(found, after=after, changed=changed, relative=relative)
        self._write(replace(found, pins=found.pins | pins))
        return after

    def leave(self, table: Table, image: Image, check: Check) -> None:
        """Delete an item that was read, whole, to be inserted by another key: what is copied must be unchanged."""
        self.delete(table, image, check)
        left = self.entries[table.physical, identity(key_of(image.item or {}, table), table)]
        if left.before is not None and not left.replaced:
            copied = writing.copied(table, left.before) - left.settled
            self.put(replace(left, pins=left.pins | copied, guarded=True))

    def delete(self, table: Table, image: Image, check: Check) -> None:
        """Delete an item that was read as ``image``."""
        self._write(replace(_judged(self._found(table, image), check), after=None))

    def _found(self, table: Table, image: Image) -> Entry:
        assert image.item is not None
        key = key_of(image.item, table)
        return self.entry(table, key) or Entry(table, key, image.item, image.item, image.known)

    def decide(self, table: Table, key: Item, constraints: Iterable[tuple[str, ...]]) -> None:
        """What an ON CONFLICT wrote to an item follows from what it read of these constraints, by their columns."""
        entry = self.entries[table.physical, identity(key, table)]
        self.put(replace(entry, decided=entry.decided.union(constraints)))

    # --- what reads leave ---

    def show(self, table: Table, key: Item, names: Iterable[str]) -> None:
        """A statement showed these attributes of an item that this transaction changes: they must not change any more.

        In a database with locks they could not, since the row is locked from the change on.
        """
        entry = self.entry(table, key)
        if entry is not None and entry.before is not None and not entry.replaced:
            shown = _named(names, table, entry.before) - entry.settled - _keyed(table)
            self.put(replace(entry, pins=entry.pins | shown))

    def lock(self, table: Table, key: Item, names: Iterable[str], *, anew: bool = False) -> None:
        """An item was read FOR UPDATE, in these attributes; one that this transaction has made is its own anyway."""
        if self.entry(table, key) is None:
            self.watch(table, key, names, anew=anew, locked=True)
        else:
            self.show(table, key, names)

    def watch(self, table: Table, key: Item, names: Iterable[str], *, anew: bool = False, locked: bool = False) -> None:
        """An item was read, and must still be what its image says, in these attributes, when this commits.

        :param anew: what was watched of it before counts no more.
        :param locked: also where this transaction writes nothing.
        """
        at = (table.physical, identity(key, table))
        image = self.images.find(table, key)
        if image is None:
            if self.entry(table, key) is not None:  # this transaction has made it
                return
            image = Image(None)  # it was asked for, and there was none
            self.images.put(table, key, image)
        pins = _named(names, table, image.item) - _keyed(table)
        new = Entry(table, key, image.item, image.item, image.known, pins=pins, watched=True, locked=locked)
        old = None if anew else self.watches.get(at)
        self.watches[at] = new if old is None else _both(old, new)


def _named(names: Iterable[str], table: Table, item: Item | None) -> frozenset[str]:
    """The attributes of these names; ``*`` is all that the item has, or might have been given since."""
    found = frozenset(names)
    return found if REST.name not in found else found - {REST.name} | {*table.by_name} | (item or {}).keys()


def _keyed(table: Table) -> frozenset[str]:
    """What cannot change of an item, since it is its key."""
    return frozenset((*table.key, *table.key_columns))


def _both(old: Entry, new: Entry) -> Entry:
    """Two watches of one item: what was read first is what must still be there."""
    locked = old.locked or new.locked
    if old.before is None or new.before is None:
        return replace(old, locked=locked)
    seen = {name: wire for name, wire in new.before.items() if name not in old.pins}
    seen.update({name: wire for name, wire in old.before.items() if name in old.pins or name not in seen})
    return replace(new, before=seen, after=seen, pins=old.pins | new.pins, locked=locked)


def _judged(entry: Entry, check: Check) -> Entry:
    """The entry with one more WHERE to hold at commit, less what this transaction itself decides.

    A WHERE that reads an attribute this transaction has set was judged on its own image, and the stored item may
    well differ there; so only what it reads besides is pinned to what was read.
    """
    if check.where == ALWAYS or entry.before is None or entry.replaced:
        return entry
    reads = {column.name for column in columns_of(check.where)}
    if reads & entry.changed:
        return replace(entry, pins=entry.pins | (reads - entry.settled))
    return replace(entry, checks=(*entry.checks, check))


def _composed(entry: Entry, done: Done) -> tuple[Edits, frozenset[str]]:
    """What is done to attributes that depends on what is stored, and the attributes that must be what was read.

    ``+1`` and ``+1`` is ``+2`` of whatever is stored then. What no one expression says was computed of the image.
    """
    relative = {name: edit for name, edit in entry.relative.items() if name not in done.edits}
    pins = set(done.used)
    guarded = {name for columns in entry.table.constrained for name in columns}  # a guard is of the value itself
    for name, edit in done.edits.items():
        if not edit.relative or (name in entry.changed and name not in entry.relative):
            continue
        earlier = entry.relative.get(name)
        both = None if name in guarded else edit if earlier is None else edit.after(earlier)
        if both is None:
            pins.add(name)
        else:
            relative[name] = both
    return relative, frozenset(pins) - entry.settled


def duplicate(table: Table) -> DuplicateKey:
    """The error of an INSERT whose key is taken."""
    return DuplicateKey(
        f"An item with this primary key ({', '.join(table.visible_key)}) is already in {table.name!r}.",
        table=table.physical,
    )


def outdated(table: Table) -> SerializationError:
    """The error that what a transaction has read is not so any more."""
    return SerializationError(
        f"An item of {table.name!r} that this transaction read was changed by another. "
        "Roll back and run the transaction again.",
        table=table.physical,
    )
