"""Foreign keys, with ``foreign_keys=check``: nothing refers to a row that is deleted, or leaves its key.

This is so exact where the child's primary key is the foreign key, as in joined-table inheritance: then one row at most
refers to a row, and its key is known. A ConditionCheck, in the transaction that deletes the parent, says that it is not
there; whoever inserts it checks the parent in turn, so one of the two fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy_dynamorm.errors import ForeignKeyViolation
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.buffer import Action, Entry
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_columns
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Child:
    """A row that must not be there.

    :ivar table: its own, of which the key alone is known; ``entry`` deletes the row that it would refer to.
    """

    table: Table
    key: Item
    entry: Entry
    columns: tuple[str, ...]

    def action(self) -> Action:
        """The check that it is not there."""
        placeholders = Placeholders()
        condition = writing.absent(self.table, placeholders)
        return "ConditionCheck", writing.condition_check(self.table, self.key, condition, placeholders)

    def violation(self) -> ForeignKeyViolation:
        """The error that it is."""
        return ForeignKeyViolation(
            f"The foreign key of {self.table.name!r} ({', '.join(self.columns)}): a row refers to one that is deleted "
            f"of {self.entry.table.name!r}, or gets another key. Delete it too, in the same transaction or before.",
            table=self.entry.table.physical,
        )


def children(entries: Sequence[Entry]) -> list[Child]:
    """The rows that must not be there for these entries, each once, less those that they delete themselves.

    :raises ForeignKeyViolation: one that stays, or that the same transaction inserts.
    """
    mine = by_identity(entries)
    found: dict[object, Child] = {}
    for entry in entries:
        for child in children_of(entry):
            at = child.table.physical, identity(child.key, child.table)
            other = mine.get(at)
            if other is None:
                found.setdefault(at, child)
            elif other.after is not None:
                raise child.violation()
    return list(found.values())


def children_of(entry: Entry) -> Iterator[Child]:
    """The rows that must not be there, since they would refer to what an entry deletes."""
    if entry.before is None or entry.after is not None or entry.watched:
        return
    for referrer in entry.table.referrers:
        if referrer.child is None:
            continue  # the plan has refused to delete such rows
        item = {name: entry.before[target] for name, target in zip(referrer.columns, referrer.targets, strict=True)}
        kinds = (referrer.child.by_name[name].kind.key_type for name in referrer.columns)
        if all(next(iter(item[name])) == kind for name, kind in zip(referrer.columns, kinds, strict=True)):
            yield Child(referrer.child, key_from_columns(referrer.child, item), entry, referrer.columns)


def by_identity(entries: Iterable[Entry]) -> Mapping[tuple[str, Identity], Entry]:
    """Entries by what they are of."""
    return {(entry.table.physical, identity(entry.key, entry.table)): entry for entry in entries}
