"""``overflow=split``: a transaction that is too large, as chunks in order, each of them all or nothing.

What belongs together stays in one chunk: an item with its guards and its checks, the two sides of a key move, and the
rows between which a unique value is passed on. Items that were only read are checked first. Where foreign keys are
checked, parents are written before their children and deleted after them; rows that refer to each other in a circle
stay together. A lock that the transaction depends on is checked in each chunk, and goes with all that was written after
it into the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy_dynamorm.run.buffer import Entry
from sqlalchemy_dynamorm.run.children import Child, by_identity, children_of
from sqlalchemy_dynamorm.run.guards import affected, guard_of
from sqlalchemy_dynamorm.run.keys import identity
from sqlalchemy_dynamorm.run.parents import Parent, parents_of
from sqlalchemy_dynamorm.run.system import KEY, LOCKS
from sqlalchemy_dynamorm.run.taking import MAX_ACTIONS, MAX_BYTES, Taking


def chunks(entries: Sequence[Entry], system: str | None = None) -> list[list[Entry]]:
    """The entries in chunks that fit into a transaction each; what does not fit at all is a chunk of its own.

    :param system: the physical name of the system table, which has the locks.
    """
    at = next((number for number, entry in enumerate(entries) if _is_lock(entry, system)), len(entries))
    guarded = list(entries[at:])
    fence = [replace(entry, after=entry.before, changed=frozenset(), relative={}) for entry in guarded[:1]]
    units = sorted(_units(entries[:at]), key=lambda unit: not all(entry.watched for entry in unit))
    found: list[list[Entry]] = []
    actions, size = MAX_ACTIONS, 0
    for unit in _in_order(units):
        taking = Taking.of(unit)
        actions, size = actions + taking.count, size + taking.size
        if actions > MAX_ACTIONS - len(fence) or size > MAX_BYTES:
            found.append(list(fence))
            actions, size = taking.count, taking.size
        found[-1].extend(unit)
    if guarded:
        found.append(guarded)
    return found


def _is_lock(entry: Entry, system: str | None) -> bool:
    return entry.table.physical == system and entry.key[KEY]["S"].startswith(LOCKS)


def _units(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries, those that must stay together in one list, in the order of the first of them."""
    unit_of: dict[Any, int] = {}
    units: dict[int, list[Entry]] = {}
    for number, entry in enumerate(entries):
        marks = list(_marks(entry))
        joined = sorted({unit_of[mark] for mark in marks if mark in unit_of})
        into = joined[0] if joined else number
        units.setdefault(into, []).append(entry)
        for other in joined[1:]:
            moved = units.pop(other)
            units[into] += moved
            marks += [mark for one in moved for mark in _marks(one)]
        unit_of.update(dict.fromkeys(marks, into))
    return [units[number] for number in sorted(units)]


def _in_order(units: list[list[Entry]]) -> Iterable[list[Entry]]:
    """The units, each after those that foreign keys have before it, else as they were."""
    while True:
        try:
            return [units[number] for number in TopologicalSorter(_before(units)).static_order()]
        except CycleError as error:
            circle = sorted({*error.args[1]})
            joined = [entry for number in circle for entry in units[number]]
            units = [
                joined if number == circle[0] else unit
                for number, unit in enumerate(units)
                if number == circle[0] or number not in circle
            ]


def _before(units: Sequence[Sequence[Entry]]) -> dict[int, set[int]]:
    """Which units go before each: those with its parents, and those with the children of what it deletes."""
    unit_of = {at: number for number, unit in enumerate(units) for at in by_identity(unit)}
    before: dict[int, set[int]] = {}
    for number, unit in enumerate(units):
        related: list[Parent | Child] = []
        for entry in unit:
            related += [*parents_of(entry), *children_of(entry)]
        found = {unit_of.get((each.table.physical, identity(each.key, each.table)), number) for each in related}
        before[number] = found - {number}
    return before


def _marks(entry: Entry) -> Iterator[Any]:
    """What an entry has in common with those that it must stay together with."""
    table = entry.table
    yield table.physical, identity(entry.key, table)
    if entry.left is not None:
        yield table.physical, identity(entry.left, table)
    for unique in affected(entry):
        for image in (entry.before, entry.after):
            guard = guard_of(table, unique, image)
            if guard is not None:
                yield guard[KEY]["S"]
