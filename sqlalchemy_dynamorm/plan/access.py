"""Which API call serves a WHERE: whole keys, then unique values, then a Query of the table or an index, else a Scan.

The order in which conditions were written never matters. An index that could lose rows (an item without one of its
key attributes is not in it) is never used. Where the partition key is given, the table's own Query goes before a
local index unless that one narrows the reading further or gives the ORDER BY, does neither less, and holds all that is
wanted. A global index does not take its place, since its answer would no longer be strongly consistent; a hint may
name one. Without the partition key an index that holds all that is wanted goes first, then one that is asked for one
value and not for a list, then the one that narrows most, then one that gives the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy_dynamorm.plan.guarded import guarded
from sqlalchemy_dynamorm.plan.indexes import Refusal, hinted_query, index_query
from sqlalchemy_dynamorm.plan.key_conditions import as_list, fixed_columns, key_query, narrowing
from sqlalchemy_dynamorm.plan.keyed import whole_keys
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import (
    NEVER,
    Comparison,
    Pattern,
    Predicate,
    Presence,
    Some,
    columns_of,
    conjuncts,
    every,
)
from sqlalchemy_dynamorm.plan.schema import Column, Index, Table
from sqlalchemy_dynamorm.plan.steps import Access, BatchGetItem, GetItem, GuardedGet, Nothing, Query, Scan

Ordering = Sequence[tuple[Column, bool]]  # (column, descending), the columns that an equality does not fix
Parts = tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """An access, what of the WHERE it leaves to be checked, and why it was chosen."""

    access: Access
    rest: Predicate
    reason: str
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a statement wants beside its WHERE.

    :ivar columns: every column that is shown, checked or sorted by.
    :ivar order: the ORDER BY columns, each with its direction.
    """

    columns: frozenset[str]
    order: tuple[tuple[Column, bool], ...] = ()


def choose(table: Table, where: Predicate, wanted: Wanted, options: PlanOptions) -> Choice:
    """The access for ``where`` on ``table``; a :class:`Scan` where nothing serves it (the policy is the planner's).

    :raises UndefinedIndex: the options name an index that the table does not have.
    :raises ProgrammingError, NotSupportedError: they name one that may not be used here.
    """
    if where == NEVER:
        return Choice(Nothing(), NEVER, "no row can match")
    parts = conjuncts(where)
    if options.index is not None:
        query = hinted_query(table, parts, wanted.columns, options)
        return _queried(query, table, parts, wanted.order, f"the statement names index {options.index!r}")
    keyed = whole_keys(table, parts)
    if keyed is not None:
        return _keyed(table, parts, *keyed)
    lookup = guarded(table, parts)
    if lookup is not None:
        names = ", ".join(lookup.unique.columns)
        return Choice(lookup, where, f"the unique values are given ({names})")
    query_of_table = key_query(table.key[:1], table.key_columns[1:], parts, None)
    if query_of_table is not None:
        if table.packed and not all(map(_inclusive, query_of_table.range)):
            query_of_table = replace(query_of_table, exact=False)  # a range within a packed key takes its ends in
        return _in_partition(table, parts, query_of_table, wanted, options)
    return _by_index(table, parts, wanted, options)


def _keyed(table: Table, parts: Parts, access: GetItem | BatchGetItem, served: Parts) -> Choice:
    left, check = _told_apart(_without(parts, served), frozenset(table.key_columns))
    why = "the whole key is given" if isinstance(access, GetItem) else "whole keys are given"
    return Choice(replace(access, check=check), left, why)


def _told_apart(parts: Parts, fixed: frozenset[str]) -> tuple[Predicate, Predicate]:
    """What is left to check on items, and what the key values decide before anything is read."""
    early = tuple(part for part in parts if fixed.issuperset(column.name for column in columns_of(part)))
    return every(_without(parts, early)), every(early)


def _in_partition(table: Table, parts: Parts, query: Query, wanted: Wanted, options: PlanOptions) -> Choice:
    """The table's Query, or a local index's where that serves more and loses nothing."""
    best, passed_over = query, []
    for index in table.indexes:
        if not index.local:
            continue
        usual = key_query(index.hash, index.range, parts, index)
        if usual is None or not _serves_more(usual, query, table, wanted.order):
            continue
        found = index_query(table, index, parts, wanted.columns, options)
        if isinstance(found, Refusal):
            passed_over.append(f"{index.name}: {found.why}")
        elif found.complete:
            passed_over.append(f"{index.name}: it does not hold all that is wanted")
        elif _serves(found, table, wanted.order) > _serves(best, table, wanted.order):
            best = found
    reason = f"the partition key {table.partition!r} is given"
    if best.index is not None:
        more = "narrows it further" if narrowing(best) > narrowing(query) else "gives the order"
        reason = f"{reason}, and local index {best.index.name!r} {more}"
    return _queried(best, table, parts, wanted.order, reason, passed_over)


def _serves_more(index: Query, query: Query, table: Table, order: Ordering) -> bool:
    """Whether an index narrows further or gives the order, and does neither less than the table's own Query."""
    ours, theirs = _serves(index, table, order), _serves(query, table, order)
    return ours != theirs and ours[0] >= theirs[0] and ours[1] >= theirs[1]


def _serves(query: Query, table: Table, order: Ordering) -> tuple[tuple[int, int], bool]:
    return narrowing(query), bool(order) and serves_order(query, table, order)


def _by_index(table: Table, parts: Parts, wanted: Wanted, options: PlanOptions) -> Choice:
    passed_over: list[str] = []
    found: list[Query] = []
    for index in table.indexes:
        query = index_query(table, index, parts, wanted.columns, options)
        if isinstance(query, Refusal):
            passed_over.append(f"{index.name}: {query.why}")
        else:
            found.append(query)
    if not found:
        reason = "no key or index serves the WHERE" if parts else "the table is asked for whole"
        return Choice(Scan(options.segments), every(parts), reason, tuple(passed_over) if parts else ())
    chosen = max(found, key=lambda query: _rank(query, table, wanted.order))
    assert chosen.index is not None
    reason = f"the hash key of index {chosen.index.name!r} is given"
    return _queried(chosen, table, parts, wanted.order, reason, passed_over)


def _rank(query: Query, table: Table, order: Ordering) -> tuple[bool, bool, tuple[int, int], bool]:
    return not query.complete, query.single, *_serves(query, table, order)


def _queried(
    query: Query, table: Table, parts: Parts, order: Ordering, reason: str, passed_over: Sequence[str] = ()
) -> Choice:
    """The query, in the direction the ORDER BY asks, with what it leaves to be checked."""
    served: Parts = (*query.hash, *(part for part in query.range if query.exact or _inclusive(part)))
    if query.index is not None:
        # An item without one of the index's key attributes is not in it.
        served = (*served, *(part for part in parts if isinstance(part, Presence) and _held(part, query.index)))
    left, check = _told_apart(_without(parts, served), fixed_columns(query))
    descending = bool(order) and order[0][1] and serves_order(query, table, order)
    return Choice(replace(query, forward=not descending, check=check), left, reason, tuple(passed_over))


def _held(part: Presence, index: Index) -> bool:
    return part.present and part.column.name in index.key


def _inclusive(part: Comparison | Pattern) -> bool:
    return isinstance(part, Comparison) and part.op in ("=", "<=", ">=")


def serves_order(access: Access, table: Table, order: Ordering) -> bool:
    """Whether the rows of this access come in that order without sorting."""
    if not order or isinstance(access, GetItem | GuardedGet | Nothing):
        return True
    if not isinstance(access, Query) or not access.single:
        return False
    fixed = fixed_columns(access)
    ranged = access.index.range if access.index is not None else table.key_columns[1:]
    ordering = [name for name in ranged if name not in fixed]
    asked = [column.name for column, _ in order]
    if access.index is None:
        asked = asked[: len(ordering)]  # the key is unique, so nothing after it can tell two rows apart
    directions = {descending for _, descending in order[: len(asked)]}
    return asked == ordering[: len(asked)] and len(directions) <= 1


def unfilterable(table: Table, query: Query, where: Predicate) -> frozenset[str]:
    """The columns that a Query's FilterExpression may not, or can not rightly, name.

    These are the key of what is queried (the service refuses it) and what the index does not hold (it would be taken
    for missing).
    """
    if query.index is None:
        return frozenset(table.key)
    held = {*query.index.key, *table.key, *query.index.include}
    missing = () if query.index.projection == "ALL" else (c.name for c in columns_of(where) if c.name not in held)
    return frozenset((*query.index.key, *missing))


def _without(parts: Parts, served: Sequence[Predicate]) -> Parts:
    return tuple(part for part in parts if not any(part is other or _is_list(part, other) for other in served))


def _is_list(part: Predicate, other: Predicate) -> bool:
    """Whether ``other`` is the list that this OR was taken for."""
    return isinstance(part, Some) and as_list(part) == other
