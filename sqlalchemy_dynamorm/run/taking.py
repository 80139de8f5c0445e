"""Taking guards: what becomes of a transaction that found one held by another row.

That row is read. Has it the values, it is a violation. Is it gone, or has it others by now (another program wrote it),
the guard is of no use to anyone and is deleted, on condition that guard and row are still so, in a transaction of its
own: it would take two more actions of the 100 that there are, and one row may hold several, which may be named once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy_dynamorm.errors import Error, TransactionCanceled
from sqlalchemy_dynamorm.run.buffer import Action, Entry, outdated
from sqlalchemy_dynamorm.run.children import Child, children
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.expiry import alive
from sqlalchemy_dynamorm.run.guards import OWNER, Guard, guard_of, guards, in_place, owner_of, pinned
from sqlalchemy_dynamorm.run.keys import identity
from sqlalchemy_dynamorm.run.parents import Parent, parents
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import whole_items
from sqlalchemy_dynamorm.run.system import system_table
from sqlalchemy_dynamorm.run.values import Item, item_size
from sqlalchemy_dynamorm.run.wire import fit

MAX_ACTIONS = 100
MAX_BYTES = 4 * 1024 * 1024
"""Of one TransactWriteItems (DynamoDB API reference)."""


@dataclass
class Taking:
    """The entries of a transaction with the guards they take and let go of, and the rows that they refer to, or that
    would refer to them."""

    entries: list[Entry]
    guards: list[Guard]
    related: list[Parent | Child] = field(default_factory=list)

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Taking:
        """:raises UniqueViolation, Unsupported, ForeignKeyViolation: see :func:`guards` and :func:`related`."""
        return cls([pinned(entry) for entry in entries], guards(entries), related(entries))

    @property
    def count(self) -> int:
        """How many actions it takes."""
        return len(self.entries) + len(self.guards) + len(self.related)

    @property
    def items(self) -> list[Item]:
        """What the entries put, or the keys of what they delete or check: what counts of their bytes."""
        return [entry.after or entry.key for entry in self.entries]

    @property
    def size(self) -> int:
        """The bytes that the items have."""
        return sum(map(item_size, self.items))

    @property
    def fits(self) -> bool:
        """Whether one TransactWriteItems takes it."""
        return self.count <= MAX_ACTIONS and fit(self.items, MAX_BYTES)

    def actions(self) -> list[Action]:
        """The entries' actions, then the guards', then the checks of parents and children."""
        return [each.action() for each in (*self.entries, *self.guards, *self.related)]

    def resolved(self, reasons: Sequence[Mapping[str, Any]]) -> Asking[bool]:
        """Change what was refused of the guards; ``False`` where that is not why the transaction was cancelled.

        :param reasons: why each action was refused, in order.
        :raises UniqueViolation: another row has the values.
        """
        rows, at = reasons[: len(self.entries)], len(self.entries)
        if any(_failed(reason) for reason in rows):
            return False
        found = False
        kept: list[Guard] = []
        for guard, reason in zip(self.guards, reasons[at:], strict=False):
            if not _failed(reason):
                kept.append(guard)
                continue
            found = True
            if guard.new is not None:  # else another row holds what this one lets go of: it stays as it is
                kept.append((yield from self._taken_over(guard)))
        self.guards = kept
        return found

    def look(self, guards: Sequence[Guard]) -> Asking[None]:
        """Look whether guards can be taken, before commit does.

        :raises UniqueViolation: another row has the values.
        """
        name = guards[0].table.system if guards else None
        if name is None:
            return
        system = system_table(name)
        held = yield from whole_items(system, [guard.key for guard in guards])
        for guard in guards:
            there = held.get(identity(guard.key, system))
            if there is not None:
                yield from self._taken_from(guard, there)

    def _taken_over(self, guard: Guard) -> Asking[Guard]:
        """The guard, as it can be taken from the row that holds it now."""
        there = wire_item((yield _get(guard.table.system, guard.key)))
        if there is None:
            return replace(guard, stale=None)
        taken = yield from self._taken_from(guard, there)
        if taken is not None:
            return taken
        try:
            freed = guard.freed(there[OWNER]["M"])
            yield transaction([{kind: params} for kind, params in freed])
        except TransactionCanceled as failure:
            if not any(_failed(reason) for reason in failure.reasons):
                raise
            # Guard or row are others by now; the next round looks at them again.
        return replace(guard, stale=None)

    def _taken_from(self, guard: Guard, there: Item) -> Asking[Guard | None]:
        """The guard, as it can be taken from the row that holds it, as it was just read.

        ``None`` where that row has nothing to do with this transaction, and does not have the values.
        """
        row = owner_of(there, guard.table)
        free = replace(guard, stale=there[OWNER]["M"])
        if row is None or row in (guard.new, guard.old):
            return free
        entry = self._entry(guard, row)
        if entry is not None and guard_of(entry.table, guard.unique, entry.after) == guard.key:
            raise self._about(guard, guard.violation("another row of this transaction"))
        if entry is not None and self._decides(entry, guard):
            return free
        stored = alive(guard.table, wire_item((yield _get(guard.table.physical, row))))
        if guard_of(guard.table, guard.unique, stored) == guard.key:
            raise self._taken(guard)
        if entry is None:
            return None
        self.entries[self.entries.index(entry)] = replace(entry, pins=entry.pins | {*guard.unique.columns})
        return free

    def _taken(self, guard: Guard) -> Error:
        """The error that a stored row has the values: a violation, unless an ON CONFLICT found them free."""
        taker = None if guard.new is None else self._entry(guard, guard.new)
        late = taker is not None and guard.unique.columns in taker.decided
        return self._about(guard, outdated(guard.table) if late else guard.violation())

    def _about(self, guard: Guard, error: Error) -> Error:
        """The error, saying which row it is about that wants the guard."""
        taker = None if guard.new is None else self._entry(guard, guard.new)
        return error if taker is None else taker.origin.of(error, taker.key)

    def _entry(self, guard: Guard, row: Item) -> Entry | None:
        wanted = identity(row, guard.table)
        same = (entry for entry in self.entries if entry.table.physical == guard.table.physical)
        return next((entry for entry in same if identity(entry.key, guard.table) == wanted), None)

    def _decides(self, entry: Entry, guard: Guard) -> bool:
        """Whether an entry makes sure by itself that its row does not have a guard's values."""
        if entry.after is None or not in_place(entry):
            return True
        return any(name in entry.changed and entry.after.get(name) != wire for name, wire in guard.values.items())


def related(entries: Sequence[Entry]) -> list[Parent | Child]:
    """The rows that must be there, and those that must not, for these entries to be written, each once.

    :raises ForeignKeyViolation: that cannot be.
    """
    if not any(entry.table.references or entry.table.referrers for entry in entries):
        return []
    needed, unwanted = parents(entries), children(entries)
    wanted = {(each.table.physical, identity(each.key, each.table)) for each in needed}
    for child in unwanted:
        if (child.table.physical, identity(child.key, child.table)) in wanted:
            raise child.violation()
    return [*needed, *unwanted]


def transaction(actions: list[dict[str, Any]]) -> Request:
    """A TransactWriteItems with a token, so that sending it again applies it once."""
    return Request("TransactWriteItems", {"TransactItems": actions, "ClientRequestToken": str(uuid.uuid4())})


def _failed(reason: Mapping[str, Any]) -> bool:
    return reason.get("Code") == "ConditionalCheckFailed"


def _get(table: str | None, key: Item) -> Request:
    return Request("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
