"""What a WHERE says of key attributes, as the conditions a Query takes: hash attributes by ``=``, then one range.

A key condition has every hash attribute by equality, range attributes by equality from left to right, and at most one
inequality, on the last of them it names (DynamoDB developer guide, "Key condition expressions"; it holds for keys of
several attributes too).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Pattern, Predicate, Some, conjuncts
from sqlalchemy_dynamorm.plan.schema import Column, Index
from sqlalchemy_dynamorm.plan.steps import Query
from sqlalchemy_dynamorm.sql import nodes

Ranged = tuple[Comparison | Pattern, ...]


def as_list(part: Predicate) -> Membership | None:
    """``a IN (…)``, or ``a = 1 OR a IN (2, 3)`` as the one list it is; ``None`` for what is no list of one column."""
    if isinstance(part, Membership):
        return None if part.negated or len(part.columns) > 1 else part
    if not isinstance(part, Some):
        return None
    columns: set[Column] = set()
    rows: list[tuple[nodes.Value, ...]] = []
    for one in part.parts:
        if isinstance(one, Comparison) and one.op == "=":
            columns.add(one.column)
            rows.append((one.operand,))
        elif isinstance(one, Membership) and not one.negated and isinstance(one.items, tuple):
            columns.update(one.columns)
            rows.extend(one.items)
        else:
            return None
    return Membership((columns.pop(),), tuple(rows)) if len(columns) == 1 else None


def equality(parts: Sequence[Predicate], name: str) -> Comparison | None:
    """The first ``name = value``."""
    for part in parts:
        if isinstance(part, Comparison) and part.op == "=" and part.column.name == name:
            return part
    return None


def listed(parts: Sequence[Predicate], name: str) -> Membership | None:
    """The values that a column can have: the first ``name IN (…)`` or OR of equalities, else what an OR implies."""
    lists = (found for part in parts if (found := as_list(part)) is not None)
    exact = next((found for found in lists if found.columns[0].name == name), None)
    if exact is not None:
        return exact
    return next((found for part in parts if (found := _implied(part, name)) is not None), None)


def _implied(part: Predicate, name: str) -> Membership | None:
    """``name IN (1, 2)`` of ``name = 1 AND … OR name = 2 AND …``, which says more, and so is left to be checked."""
    if not isinstance(part, Some):
        return None
    rows: list[tuple[nodes.Value, ...]] = []
    columns: tuple[Column, ...] = ()
    for alternative in part.parts:
        parts = conjuncts(alternative)
        given = equality(parts, name) or listed(parts, name)
        if isinstance(given, Comparison):
            columns = (given.column,)
            rows.append((given.operand,))
        elif given is not None and isinstance(given.items, tuple):
            columns = given.columns
            rows.extend(given.items)
        else:
            return None
    return Membership(columns, tuple(rows))


def key_query(
    hash_names: Sequence[str], range_names: Sequence[str], parts: Sequence[Predicate], index: Index | None
) -> Query | None:
    """A Query whose hash attributes are all given, by a value or a list; ``None`` where they are not."""
    chosen: list[Comparison | Membership] = []
    for name in hash_names:
        part = equality(parts, name) or listed(parts, name)
        if part is None:
            return None
        chosen.append(part)
    ranged, exact = _range(range_names, parts)
    return Query(index, tuple(chosen), ranged, exact)


def _range(names: Sequence[str], parts: Sequence[Predicate]) -> tuple[Ranged, bool]:
    """The conditions on the range attributes, left to right without gaps, and whether they say just what is meant."""
    fixed: list[Comparison | Pattern] = []
    for name in names:
        equal = equality(parts, name)
        if equal is None:
            bounds, exact = _bounds(name, parts)
            return (*fixed, *bounds), exact
        fixed.append(equal)
    return tuple(fixed), True


def _bounds(name: str, parts: Sequence[Predicate]) -> tuple[Ranged, bool]:
    """Every bound of an attribute, of which a run sends the tightest, else a pattern."""
    mine = [part for part in parts if isinstance(part, Comparison) and part.column.name == name and part.op != "<>"]
    if mine:
        # BETWEEN is the only condition with two ends, and both its ends are inclusive.
        two_ends = len({part.op[0] for part in mine}) == 2
        return tuple(mine), not two_ends or all(part.op in ("<=", ">=") for part in mine)
    for part in parts:
        if isinstance(part, Pattern) and part.column.name == name and not part.negated:
            return (part,), False
    return (), True


def fixed_columns(query: Query) -> frozenset[str]:
    """The attributes that have one value each in every request of a Query."""
    ranged = (part for part in query.range if isinstance(part, Comparison) and part.op == "=")
    hashed = (part.columns[0] if isinstance(part, Membership) else part.column for part in query.hash)
    return frozenset(column.name for column in (*hashed, *(part.column for part in ranged)))


def narrowing(query: Query) -> tuple[int, int]:
    """How much a Query leaves unread, to compare: attributes fixed, then how many ends its range has (0 to 2)."""
    bounds = [part for part in query.range if isinstance(part, Pattern) or part.op != "="]
    ends = {part.op[0] if isinstance(part, Comparison) else "like" for part in bounds}
    return len(fixed_columns(query)), len(ends)
