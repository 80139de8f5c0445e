"""The steps of a read, for EXPLAIN: one for each operation, and for what is done here with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy_dynamorm.plan.access import unfilterable
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Predicate, columns_of, conjuncts, every
from sqlalchemy_dynamorm.plan.schema import REST, Table
from sqlalchemy_dynamorm.plan.steps import (
    BatchGetItem,
    GetItem,
    GuardedGet,
    KeyProduct,
    KeyRows,
    Nothing,
    Query,
    ReadPlan,
    Scan,
)
from sqlalchemy_dynamorm.plan.wording import show, value


class Step(NamedTuple):
    """A step of a plan, in the words of the DynamoDB API; ``by_index`` is the index that it reads."""

    operation: str
    table: str | None
    by_index: str | None
    key_condition: str | None
    filter: str | None
    detail: str
    projection: str | None = None


def read_steps(plan: ReadPlan) -> Iterator[Step]:
    """The steps of a SELECT that one access answers."""
    access, table = plan.access, plan.table
    physical = table.physical if table is not None else None
    rest = None if plan.rest == ALWAYS else show(plan.rest)
    detail = [plan.reason, *(f"not index {text}" for text in plan.passed_over)]
    fetched = _fetched(plan)
    match access:
        case Nothing():
            yield Step("(no call)", physical, None, None, None, "; ".join(detail))
        case GetItem(key, check):
            detail += _checked(check)
            yield Step("GetItem", physical, None, joined(key), None, "; ".join([*detail, _consistency(plan)]), fetched)
            yield from _local("filter", rest)
        case BatchGetItem(sources, check):
            detail += _checked(check)
            keys = " OR ".join(_source(source) for source in sources)
            yield Step("BatchGetItem", physical, None, keys, None, "; ".join([*detail, _consistency(plan)]), fetched)
            yield from _local("filter", rest)
        case GuardedGet():
            yield from _guarded(plan, access, detail)
            yield from _local("filter", rest)
        case Query():
            yield from _query(plan, access, detail)
        case Scan(segments):
            detail += [*([f"{segments} segments, in parallel"] if segments > 1 else []), _consistency(plan)]
            yield Step("Scan" + _select(plan), physical, None, None, rest, "; ".join(detail), fetched)
    yield from _ending(plan)


def _ending(plan: ReadPlan) -> Iterator[Step]:
    """What becomes of the rows that an access gives."""
    if plan.lock:
        physical = plan.table.physical if plan.table is not None else None
        yield Step("ConditionCheck", physical, None, "each row read", None, _LOCK)
    if plan.sort:
        terms = (f"{plan.projection.fields[sort.field].name}{' DESC' if sort.descending else ''}" for sort in plan.sort)
        yield Step("Sort", None, None, None, None, f"local: ORDER BY {', '.join(terms)}")
    if plan.offset is not None:
        yield Step("Offset", None, None, None, None, f"local: the first {value(plan.offset)} rows are read and dropped")
    if plan.limit is not None:
        rows_kept = f"{value(plan.limit)} rows"
        more = " more" if plan.offset is not None else ""
        why = f"the first {rows_kept} of the sorted" if plan.sort else f"reading stops after {rows_kept}{more}"
        yield Step("Limit", None, None, None, None, why)


_LOCK = "FOR UPDATE: nothing is locked, and nothing waits; the commit fails where a row is not what was read any more"


def _guarded(plan: ReadPlan, lookup: GuardedGet, detail: list[str]) -> Iterator[Step]:
    assert plan.table is not None
    how = _consistency(plan)
    yield Step(
        "GetItem", plan.table.system, None, joined(lookup.values), None, "; ".join([*detail, "their guard", how])
    )
    yield Step("GetItem", plan.table.physical, None, "the key that the guard names", None, how, _fetched(plan))


def _query(plan: ReadPlan, query: Query, detail: list[str]) -> Iterator[Step]:
    assert plan.table is not None
    condition = joined((*query.hash, *query.range))
    sent, local = _filters(plan.table, query, plan.rest)
    index = query.index.name if query.index is not None else None
    notes = [*detail, *_checked(query.check)]
    if not query.single:
        notes.append("one Query for each value, in parallel")
    if not query.forward:
        notes.append("ScanIndexForward=false")
    if not query.exact:
        notes.append("the key condition may be wider than the WHERE; rows are checked again locally")
    if query.of_global_index:
        notes.append("eventually consistent, as global indexes are")
    else:
        notes.append(_consistency(plan))
    keys = ", ".join(plan.table.key) if query.complete else None
    yield Step(
        "Query" + _select(plan), plan.table.physical, index, condition, sent, "; ".join(notes), keys or _fetched(plan)
    )
    if query.complete:
        what = "index_read=verify" if query.verify else "the index does not hold all that is wanted"
        why = f"{what}; checked against the whole WHERE; {_consistency(plan)}"
        yield Step("BatchGetItem", plan.table.physical, None, "keys of the step before", None, why, _fetched(plan))
    else:
        yield from _local("filter", local)


def _filters(table: Table, query: Query, rest: Predicate) -> tuple[str | None, str | None]:
    """What of the rest goes into the FilterExpression, and what is checked here because it may not."""
    unsent = unfilterable(table, query, rest)
    local = [part for part in conjuncts(rest) if any(column.name in unsent for column in columns_of(part))]
    sent = [part for part in conjuncts(rest) if part not in local]
    return _shown(sent), _shown(local)


def _shown(parts: list[Predicate]) -> str | None:
    return show(every(tuple(parts))) if parts else None


def _fetched(plan: ReadPlan) -> str | None:
    """The attributes that are asked for; none where the rows are counted."""
    if plan.count or plan.table is None:
        return None
    fields = plan.projection.fields
    return "all attributes" if REST in fields else ", ".join(column.name for column in fields) or plan.table.partition


def _select(plan: ReadPlan) -> str:
    return " (Select=COUNT)" if plan.count else ""


def _checked(check: Predicate) -> list[str]:
    """What the key values decide before a request is sent."""
    return [] if check == ALWAYS else [f"only where the key has {show(check)}"]


def _consistency(plan: ReadPlan) -> str:
    return "strongly consistent" if plan.consistent else "eventually consistent"


def _local(what: str, text: str | None) -> Iterator[Step]:
    if text is not None:
        yield Step("Filter", None, None, None, text, f"local: {what} on the items read")


def _source(source: KeyProduct | KeyRows) -> str:
    return show(source.rows) if isinstance(source, KeyRows) else joined(source.parts)


def joined(parts: tuple[Predicate, ...]) -> str:
    """Predicates that must all hold."""
    return " AND ".join(show(part) for part in parts)
