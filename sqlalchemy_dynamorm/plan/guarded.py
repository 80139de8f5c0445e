"""Unique constraints: which need guards, and lookups by their columns, whose guard says which row has the values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy_dynamorm.plan.key_conditions import equality
from sqlalchemy_dynamorm.plan.predicates import Predicate
from sqlalchemy_dynamorm.plan.schema import Table, Unique
from sqlalchemy_dynamorm.plan.steps import GuardedGet


def kept_by_guards(constraints: Iterable[Unique], key: Sequence[str]) -> tuple[Unique, ...]:
    """Each set of columns once, a named one first, but those that hold the whole key, which keeps them by itself."""
    found: dict[frozenset[str], Unique] = {}
    for unique in sorted(constraints, key=lambda each: (each.name is None, each.name or "")):
        if unique.columns and not (key and {*key} <= {*unique.columns}):
            found.setdefault(frozenset(unique.columns), unique)
    return tuple(found[names] for names in sorted(found, key=sorted))


def guarded(table: Table, parts: tuple[Predicate, ...]) -> GuardedGet | None:
    """The access by the guard of a unique constraint all of whose columns are given; ``None`` where none is.

    It serves none of the WHERE: a guard may be older than the row, so the row is checked against all of it.
    """
    if table.foreign_writers or table.system is None:
        return None
    for unique in table.uniques:
        given = [equality(parts, name) for name in unique.columns]
        values = tuple(part for part in given if part is not None)
        if len(values) == len(unique.columns):
            return GuardedGet(unique, values)
    return None
