"""Foreign keys, with ``foreign_keys=check``: the parent of each row that is written must be there when it is.

One ConditionCheck a parent, in the transaction that writes the row. A parent that the same transaction inserts, or
changes, needs none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy_dynamorm.errors import ForeignKeyViolation
from sqlalchemy_dynamorm.plan.schema import Reference, Table
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.buffer import Action, Entry
from sqlalchemy_dynamorm.run.children import by_identity
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.guards import in_place
from sqlalchemy_dynamorm.run.keys import identity, key_from_columns
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Parent:
    """A row that must be there.

    :ivar table: its own, of which the key alone is known; ``entry`` is the first row that refers to it.
    """

    table: Table
    key: Item
    entry: Entry
    reference: Reference

    def action(self) -> Action:
        """The check that it is there."""
        placeholders = Placeholders()
        condition = writing.there(self.table, placeholders)
        return "ConditionCheck", writing.condition_check(self.table, self.key, condition, placeholders)

    def violation(self) -> ForeignKeyViolation:
        """The error that it is not."""
        return violation(self.entry.table, self.reference)


def violation(child: Table, reference: Reference) -> ForeignKeyViolation:
    """The error that a row's parent is not there."""
    name = f" {reference.name!r}" if reference.name else ""
    parent = "" if reference.parent is None else f" of {reference.parent.name!r}"
    return ForeignKeyViolation(
        f"The foreign key{name} of {child.name!r} ({', '.join(reference.columns)}): no row{parent} has these values.",
        table=child.physical,
    )


def affected(entry: Entry) -> list[Reference]:
    """The foreign keys of whose columns an entry may change a value."""
    if entry.after is None or entry.watched:
        return []
    return [each for each in entry.table.references if not in_place(entry) or entry.changed & {*each.columns}]


def parents(entries: Sequence[Entry]) -> list[Parent]:
    """The rows that must be there for these to be written, each once.

    :raises ForeignKeyViolation: one that the same transaction deletes, or that there cannot be.
    """
    mine = by_identity(entries)
    found: dict[object, Parent] = {}
    for entry in entries:
        for parent in parents_of(entry):
            at = parent.table.physical, identity(parent.key, parent.table)
            other = mine.get(at)
            if other is None:
                found.setdefault(at, parent)
            elif other.after is None:
                raise parent.violation()
    return list(found.values())


def parents_of(entry: Entry) -> Iterator[Parent]:
    """The rows that must be there for an entry.

    :raises ForeignKeyViolation: there cannot be one.
    """
    for reference in affected(entry):
        values = {name: (entry.after or {}).get(name) for name in reference.columns}
        if reference.parent is None or any(wire is None or "NULL" in wire for wire in values.values()):
            continue  # a NULL refers to nothing
        table = reference.parent
        item = {target: wire for target, wire in zip(reference.targets, values.values(), strict=True) if wire}
        if any(next(iter(item[name])) != table.by_name[name].kind.key_type for name in table.key_columns):
            raise violation(entry.table, reference)  # a number is no key of a table whose keys are texts
        yield Parent(table, key_from_columns(table, item), entry, reference)
