"""Guards: one item of the system table for each value of a unique constraint, held by the row that has the value.

A transaction writes guards together with the rows, so two rows cannot take one value. A guard says who holds it
(``owner``, the row's key). A row lets go of a guard only where it holds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy_dynamorm.errors import InternalError, UniqueViolation, Unsupported
from sqlalchemy_dynamorm.plan.schema import Table, Unique
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.buffer import Action, Entry
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.origins import Origin
from sqlalchemy_dynamorm.run.packing import canonical
from sqlalchemy_dynamorm.run.system import KEY, guard_key
from sqlalchemy_dynamorm.run.values import Item, WireValue

OWNER = "owner"
COLUMNS = "columns"


def values_of(unique: Unique, image: Mapping[str, WireValue] | None) -> Item | None:
    """A row's values of a constraint; ``None`` where there is no row, or one is NULL, which does not collide."""
    found = {} if image is None else {name: image[name] for name in unique.columns if name in image}
    return None if len(found) < len(unique.columns) or any("NULL" in wire for wire in found.values()) else found


def guard_of(table: Table, unique: Unique, image: Mapping[str, WireValue] | None) -> Item | None:
    """The key of the guard of a row's values; ``None`` where they need none."""
    values = values_of(unique, image)
    if values is None:
        return None
    digest = hashlib.sha256()
    for name in sorted(values):
        digest.update(canonical({"S": name}) + canonical(values[name]))
    return guard_key(table.physical, digest.hexdigest())


def guard_item(key: Item, unique: Unique, owner: Item) -> Item:
    """A guard as it is stored."""
    return {**key, OWNER: {"M": owner}, COLUMNS: {"L": [{"S": name} for name in unique.columns]}}


def owner_of(guard: Mapping[str, WireValue], table: Table) -> Item | None:
    """The key of the row that holds a guard; ``None`` where no row of this table can have it: of one made anew, say.

    :raises InternalError: the guard has no owner.
    """
    if "M" not in guard.get(OWNER, {}):
        raise InternalError(
            f"A guard of {table.name!r} in the system table has no owner: somebody changed it. Mend it: "
            "python -m sqlalchemy_dynamorm reconcile",
            table=table.system,
        )
    owner: Item = guard[OWNER]["M"]
    fits = {name: table.by_name[name].kind.key_type for name in table.key}
    return owner if {name: next(iter(wire)) for name, wire in owner.items()} == fits else None


@dataclass(frozen=True, slots=True)
class Guard:
    """What a transaction does to one guard.

    :ivar values: the values it stands for.
    :ivar old: the key of the row that lets go of it, if one does.
    :ivar new: the key of the row that takes it; ``None`` deletes it.
    :ivar stale: the key of a row that holds it without having the values, or loses them in the same transaction.
    """

    table: Table
    unique: Unique
    key: Item
    values: Item
    old: Item | None = None
    new: Item | None = None
    stale: Item | None = None

    def action(self) -> Action:
        """What is done to it."""
        placeholders = Placeholders()
        params: dict[str, Any] = {"TableName": self.table.system, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        params["ConditionExpression"] = self._condition(placeholders)
        if self.new is None:
            return "Delete", placeholders.into({**params, "Key": self.key})
        return "Put", placeholders.into({**params, "Item": guard_item(self.key, self.unique, self.new)})

    def freed(self, holder: Item) -> list[Action]:
        """Delete it, as long as that row holds it and does not have the values."""
        placeholders = Placeholders()
        params: dict[str, Any] = {"TableName": self.table.system, "Key": self.key}
        params["ConditionExpression"] = f"{placeholders.name(OWNER)} = {placeholders.value({'M': holder})}"
        return [("Delete", placeholders.into(params)), self._without_values(holder)]

    def _condition(self, placeholders: Placeholders) -> str:
        holders = [key for key in (self.new, self.old, self.stale) if key is not None]
        owned = [f"{placeholders.name(OWNER)} = {placeholders.value({'M': key})}" for key in holders]
        return " OR ".join([f"attribute_not_exists({placeholders.name(KEY)})", *owned])

    def _without_values(self, row: Item) -> Action:
        placeholders = Placeholders()
        differs = [f"{placeholders.name(name)} <> {placeholders.value(wire)}" for name, wire in self.values.items()]
        condition = " OR ".join([writing.absent(self.table, placeholders), *differs])
        return "ConditionCheck", writing.condition_check(self.table, row, condition, placeholders)

    def violation(self, who: str = "another row") -> UniqueViolation:
        """The error that another row has the values."""
        name = f" {self.unique.name!r}" if self.unique.name else ""
        return UniqueViolation(
            f"The unique constraint{name} on {self.table.name!r} ({', '.join(self.unique.columns)}): "
            f"{who} has these values already.",
            table=self.table.physical,
        )


def in_place(entry: Entry) -> bool:
    """Whether the stored item stays, so that what the entry does not set of it is what it is by then."""
    return entry.before is not None and entry.after is not None and not entry.replaced


def affected(entry: Entry) -> list[Unique]:
    """The constraints of whose columns an entry may change a value."""
    return [unique for unique in entry.table.uniques if not in_place(entry) or entry.changed & {*unique.columns}]


def pinned(entry: Entry) -> Entry:
    """The entry on condition that what it leaves of a constraint's columns is what was read: the guard is of both."""
    if not in_place(entry):
        return entry
    left = {name for columns in entry.table.constrained if entry.changed & {*columns} for name in columns}
    return replace(entry, pins=entry.pins | (left - entry.changed))


def guards(entries: Iterable[Entry]) -> list[Guard]:
    """What entries do to guards, one action a guard.

    :raises UniqueViolation: two rows have the same values after it.
    :raises Unsupported: a table has unique constraints, and the engine no system table.
    """
    found: dict[str, Guard] = {}
    for entry in entries:
        for unique in affected(entry):
            _check_system(entry.table)
            before, after = (guard_of(entry.table, unique, image) for image in (entry.before, entry.after))
            if before is not None and before != after:
                _add(
                    found,
                    Guard(entry.table, unique, before, values_of(unique, entry.before) or {}, old=entry.key),
                    entry.origin,
                )
            if after is not None:
                _add(
                    found,
                    Guard(entry.table, unique, after, values_of(unique, entry.after) or {}, new=entry.key),
                    entry.origin,
                )
    return list(found.values())


def _add(found: dict[str, Guard], guard: Guard, origin: Origin) -> None:
    id_ = guard.key[KEY]["S"]
    there = found.get(id_)
    if there is None:
        found[id_] = guard
    elif guard.new is not None and there.new is not None:
        raise origin.of(guard.violation("another row of this transaction"), guard.new)
    else:
        found[id_] = replace(there, old=guard.old or there.old, new=guard.new or there.new)


def _check_system(table: Table) -> None:
    if table.system is None:
        names = "; ".join(", ".join(unique.columns) for unique in table.uniques)
        raise Unsupported(
            f"{table.name!r} has unique constraints ({names}), which are kept in the system table, and this engine has "
            "none (system_table=none). It can read the table, and not write it.",
            table=table.physical,
        )
