"""Which API call serves a WHERE: whole keys first, then a Query of the table, then of an index, else a Scan.

The order in which conditions were written never matters. The table beats an index, an index that holds all that is
wanted beats one that does not, and an index that could lose rows (an item without one of its key attributes is not
in it) is never used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import (
    NEVER,
    Comparison,
    Membership,
    Pattern,
    Predicate,
    Presence,
    Some,
    columns_of,
    conjuncts,
    every,
)
from sqlalchemy_dynamorm.plan.schema import Column, Index, Table
from sqlalchemy_dynamorm.plan.steps import (
    Access,
    BatchGetItem,
    GetItem,
    KeyProduct,
    KeyRows,
    Nothing,
    Query,
    Scan,
)

Ordering = Sequence[tuple[Column, bool]]  # (column, descending), the columns that an equality does not fix


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
    """The access for ``where`` on ``table``; a :class:`Scan` where nothing serves it (the policy is the planner's)."""
    if where == NEVER:
        return Choice(Nothing(), NEVER, "no row can match")
    parts = conjuncts(where)
    keyed = _whole_keys(table, parts)
    if keyed is not None:
        return keyed
    query = _query(table.key[:1], table.key[1:], parts, None)
    if query is not None:
        return _chosen(query, table, parts, wanted.order, f"the partition key {table.partition!r} is given")
    return _by_index(table, parts, wanted, options)


def _whole_keys(table: Table, parts: tuple[Predicate, ...]) -> Choice | None:
    equal = [_equality(parts, name) for name in table.key]
    if all(equal):
        key = tuple(part for part in equal if part is not None)
        return Choice(GetItem(key), _without(parts, key), "the whole key is given")
    for part in parts:
        sources = _key_sources(table, part)
        if sources is not None:
            rest = _parts_without(parts, (part,)) if _keys_alone(table, part) else parts
            return Choice(BatchGetItem(sources), every(rest), "whole keys are given")
    product = _product(table, parts)
    if product is not None:
        return Choice(BatchGetItem((product,)), _without(parts, product.parts), "whole keys are given")
    return None


def _key_sources(table: Table, part: Predicate) -> tuple[KeyProduct | KeyRows, ...] | None:
    """The keys that one conjunct lists: a row IN, or an OR of whole keys."""
    if isinstance(part, Membership) and len(part.columns) > 1 and not part.negated:
        names = [column.name for column in part.columns]
        if sorted(names) == sorted(table.key):
            return (KeyRows(part, tuple(names.index(name) for name in table.key)),)
    if isinstance(part, Some):
        found: list[KeyProduct | KeyRows] = []
        for alternative in part.parts:
            product = _product(table, conjuncts(alternative))
            sources = (product,) if product is not None else _key_sources(table, alternative)
            if sources is None:
                return None
            found.extend(sources)
        return tuple(found)
    return None


def _keys_alone(table: Table, part: Predicate) -> bool:
    """Whether such a conjunct says nothing besides the keys."""
    alternatives = part.parts if isinstance(part, Some) else (part,)
    return all(isinstance(one, Membership) or len(conjuncts(one)) == len(table.key) for one in alternatives)


def _product(table: Table, parts: tuple[Predicate, ...]) -> KeyProduct | None:
    chosen = [_equality(parts, name) or _listed(parts, name) for name in table.key]
    return KeyProduct(tuple(part for part in chosen if part is not None)) if all(chosen) else None


def _equality(parts: Sequence[Predicate], name: str) -> Comparison | None:
    for part in parts:
        if isinstance(part, Comparison) and part.op == "=" and part.column.name == name:
            return part
    return None


def _listed(parts: Sequence[Predicate], name: str) -> Membership | None:
    for part in parts:
        if isinstance(part, Membership) and not part.negated and [c.name for c in part.columns] == [name]:
            return part
    return None


def _query(
    hash_names: Sequence[str], range_names: Sequence[str], parts: Sequence[Predicate], index: Index | None
) -> Query | None:
    """A Query whose hash attributes are all given; one of them may be a list."""
    chosen: list[Comparison | Membership] = []
    for name in hash_names:
        part = _equality(parts, name) or _listed(parts, name)
        if part is None:
            return None
        chosen.append(part)
    if sum(isinstance(part, Membership) for part in chosen) > 1:
        return None
    ranged, exact = _range(range_names, parts)
    return Query(index, tuple(chosen), ranged, exact)


def _range(names: Sequence[str], parts: Sequence[Predicate]) -> tuple[tuple[Comparison | Pattern, ...], bool]:
    """The conditions on the range attributes, left to right without gaps, and whether they say just what is meant."""
    fixed: list[Comparison | Pattern] = []
    for name in names:
        equal = _equality(parts, name)
        if equal is not None:
            fixed.append(equal)
            continue
        bounds, exact = _bounds(name, parts)
        return (*fixed, *bounds), exact
    return tuple(fixed), True


def _bounds(name: str, parts: Sequence[Predicate]) -> tuple[tuple[Comparison | Pattern, ...], bool]:
    mine = [part for part in parts if isinstance(part, Comparison) and part.column.name == name]
    lower = next((part for part in mine if part.op in (">", ">=")), None)
    upper = next((part for part in mine if part.op in ("<", "<=")), None)
    if lower is not None and upper is not None:
        # One condition on a sort key is all there is, and BETWEEN is the only one with two ends; both inclusive.
        return (lower, upper), lower.op == ">=" and upper.op == "<="
    bound = lower or upper
    if bound is not None:
        return (bound,), True
    for part in parts:
        if isinstance(part, Pattern) and part.column.name == name and not part.negated:
            return (part,), False
    return (), True


def _chosen(query: Query, table: Table, parts: tuple[Predicate, ...], order: Ordering, reason: str) -> Choice:
    """The query, in the direction the ORDER BY asks, with what it leaves to be checked."""
    served: tuple[Predicate, ...] = query.hash
    if query.exact:
        served = (*served, *query.range)
    else:
        served = (*served, *(part for part in query.range if _exact_part(part)))
    if query.index is not None:
        # An item without one of the index's key attributes is not in it.
        served = (*served, *(part for part in parts if isinstance(part, Presence) and _rejects_any(part, query.index)))
    descending = bool(order) and order[0][1] and serves_order(query, table, order)
    directed = Query(query.index, query.hash, query.range, query.exact, not descending, query.complete)
    return Choice(directed, _without(parts, served), reason)


def _rejects_any(part: Presence, index: Index) -> bool:
    return part.present and part.column.name in index.key


def _exact_part(part: Comparison | Pattern) -> bool:
    return isinstance(part, Comparison) and part.op in ("=", "<=", ">=")


def _by_index(table: Table, parts: tuple[Predicate, ...], wanted: Wanted, options: PlanOptions) -> Choice:
    passed_over: list[str] = []
    best: tuple[tuple[bool, bool, int], Query] | None = None
    for index in table.indexes:
        query, why_not = _index_query(table, index, parts, wanted, options)
        if query is None:
            passed_over.append(f"{index.name}: {why_not}")
            continue
        rank = (not query.complete, serves_order(query, table, wanted.order), len(query.range))
        if best is None or rank > best[0]:
            best = rank, query
    if best is None:
        return Choice(Scan(), every(parts), "no key or index serves the WHERE", tuple(passed_over))
    chosen = best[1]
    assert chosen.index is not None
    choice = _chosen(chosen, table, parts, wanted.order, f"the hash key of index {chosen.index.name!r} is given")
    return Choice(choice.access, choice.rest, choice.reason, tuple(passed_over))


def _index_query(
    table: Table, index: Index, parts: tuple[Predicate, ...], wanted: Wanted, options: PlanOptions
) -> tuple[Query | None, str]:
    if options.consistent_read == "true" and not index.local:
        return None, "consistent_read=true, and a global index is never strongly consistent"
    query = _query(index.hash, index.range, parts, index)
    if query is None:
        return None, f"its hash key ({', '.join(index.hash)}) is not given"
    for name in index.range:
        if not _always_there(table, name, parts):
            return None, f"items without {name!r} are not in it, and the WHERE does not exclude them"
    covered = index.projection == "ALL" or wanted.columns <= {*index.key, *table.key, *index.include}
    return Query(index, query.hash, query.range, query.exact, complete=not covered), ""


def _always_there(table: Table, name: str, parts: Sequence[Predicate]) -> bool:
    column = table.column(name)
    if column is not None and not column.nullable:
        return True
    return any(_rejects_null(part, name) for part in parts)


def _rejects_null(part: Predicate, name: str) -> bool:
    match part:
        case Comparison(column) | Pattern(column):
            return column.name == name
        case Presence(column, present):
            return present and column.name == name
        case Membership(columns, _, negated):
            return not negated and name in {column.name for column in columns}
        case _:
            return False


def serves_order(access: Access, table: Table, order: Ordering) -> bool:
    """Whether the rows of this access come in that order without sorting."""
    if not order or isinstance(access, GetItem | Nothing):
        return True
    if not isinstance(access, Query) or not access.single:
        return False
    fixed = {part.column.name for part in access.range if isinstance(part, Comparison) and part.op == "="}
    ranged = access.index.range if access.index is not None else table.key[1:]
    ordering = [name for name in ranged if name not in fixed]
    asked = [column.name for column, _ in order]
    directions = {descending for _, descending in order}
    return asked == ordering[: len(asked)] and len(directions) == 1


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


def _without(parts: Sequence[Predicate], served: Sequence[Predicate]) -> Predicate:
    return every(_parts_without(parts, served))


def _parts_without(parts: Sequence[Predicate], served: Sequence[Predicate]) -> tuple[Predicate, ...]:
    return tuple(part for part in parts if not any(part is other for other in served))
