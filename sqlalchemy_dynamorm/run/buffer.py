"""A transaction's buffer: what it will do to each item, one action an item, and what it makes of it meanwhile.

Entries are immutable, so a mark is a copy of a dict. DynamoDB takes one action an item, so a second statement on an
item is merged into the first: the first expectation (the item is absent, or present and as the WHERE said) is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import DuplicateKey
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, columns_of
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.items import applied
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_of
from sqlalchemy_dynamorm.run.values import Item, WireValue
from sqlalchemy_dynamorm.run.writing import Check

Action = tuple[Literal["Put", "Update", "Delete", "ConditionCheck"], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a transaction does to one item.

    :ivar before: the stored item as it was read; ``None`` where it is expected to be absent.
    :ivar after: the item as this transaction leaves it; ``None`` for no item.
    :ivar checks: what must still hold of the stored item at commit.
    :ivar pins: attributes that must still be what was read.
    :ivar changed: the attributes that were set, while the stored item is updated in place.
    :ivar replaced: the item was deleted and inserted again.
    :ivar guarded: a delete by key alone is conditional all the same.
    """

    table: Table
    key: Item
    before: Item | None
    after: Item | None
    checks: tuple[Check, ...] = ()
    pins: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    replaced: bool = False
    guarded: bool = False

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
        changed = {name: self.after.get(name) for name in sorted(self.changed)}
        if not changed:
            return "ConditionCheck", writing.condition_check(self.table, self.key, condition, placeholders)
        return "Update", writing.update(self.table, self.key, changed, condition, placeholders)


Entries = dict[tuple[str, Identity], Entry]


@dataclass
class Buffer:
    """The writes of one open transaction, in the order their items were first written."""

    entries: Entries = field(default_factory=dict)

    def mark(self) -> Entries:
        """The present state, to go back to."""
        return dict(self.entries)

    def restore(self, mark: Entries) -> None:
        """Go back to a mark."""
        self.entries = dict(mark)

    def entry(self, table: Table, key: Item) -> Entry | None:
        """What this transaction does to an item so far."""
        return self.entries.get((table.physical, identity(key, table)))

    def own_writes(self, table: Table) -> Mapping[Identity, Item | None]:
        """The items of a table that this transaction wrote; ``None`` is deleted."""
        return {found: entry.after for (physical, found), entry in self.entries.items() if physical == table.physical}

    def _put(self, entry: Entry) -> None:
        self.entries[entry.table.physical, identity(entry.key, entry.table)] = entry

    def insert(self, table: Table, item: Item) -> None:
        """Add an item whose key must be free at commit.

        :raises DuplicateKey: this transaction has put an item there itself.
        """
        key = key_of(item, table)
        found = self.entry(table, key)
        if found is None:
            self._put(Entry(table, key, None, item))
        elif found.after is not None:
            raise duplicate(table)
        else:
            self._put(replace(found, after=item, replaced=found.before is not None, changed=frozenset()))

    def update(self, table: Table, image: Item, changed: Mapping[str, WireValue | None], check: Check) -> Item:
        """Change an item that was read as ``image``; returns the item as it then is."""
        key = key_of(image, table)
        found = self.entry(table, key) or Entry(table, key, image, image)
        after = applied(image, changed, table)
        self._put(replace(_judged(found, check), after=after, changed=found.changed | set(changed)))
        return after

    def move(self, table: Table, image: Item, after: Item, check: Check) -> None:
        """Give an item that was read as ``image`` another key: what is copied must be unchanged at commit.

        :raises DuplicateKey: this transaction has put an item there itself.
        """
        self.delete(table, image, check)
        left = self.entries[table.physical, identity(key_of(image, table), table)]
        if left.before is not None and not left.replaced:
            copied = writing.copied(table, left.before) - left.changed
            self._put(replace(left, pins=left.pins | copied, guarded=True))
        self.insert(table, after)

    def delete(self, table: Table, image: Item, check: Check) -> None:
        """Delete an item that was read as ``image``."""
        key = key_of(image, table)
        found = self.entry(table, key) or Entry(table, key, image, image)
        self._put(replace(_judged(found, check), after=None))


def _judged(entry: Entry, check: Check) -> Entry:
    """The entry with one more WHERE to hold at commit, less what this transaction itself decides.

    A WHERE that reads an attribute this transaction has set was judged on its own image, and the stored item may
    well differ there; so only what it reads besides is pinned to what was read.
    """
    if check.where == ALWAYS or entry.before is None or entry.replaced:
        return entry
    reads = {column.name for column in columns_of(check.where)}
    if reads & entry.changed:
        return replace(entry, pins=entry.pins | (reads - entry.changed))
    return replace(entry, checks=(*entry.checks, check))


def duplicate(table: Table) -> DuplicateKey:
    """The error of an INSERT whose key is taken."""
    return DuplicateKey(
        f"An item with this primary key ({', '.join(table.visible_key)}) is already in {table.name!r}.",
        table=table.physical,
    )
