"""EXPLAIN: a plan as rows, one a step, in the words of the DynamoDB API."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy_dynamorm.plan.access import unfilterable
from sqlalchemy_dynamorm.plan.assignments import Assignment, Compute, Take
from sqlalchemy_dynamorm.plan.next_values import next_values
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Predicate, Some, columns_of, conjuncts, every
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import (
    BatchGetItem,
    ChangePlan,
    Conflict,
    Feed,
    GetItem,
    GuardedGet,
    InsertPlan,
    KeyProduct,
    KeyRows,
    LocalPlan,
    Nothing,
    Plan,
    Query,
    ReadPlan,
    Scan,
)
from sqlalchemy_dynamorm.plan.wording import show, value
from sqlalchemy_dynamorm.sql.write_assignments import write_operand

COLUMNS = ("step", "operation", "table", "index", "key_condition", "filter", "detail")
"""The columns of EXPLAIN. ``detail`` says why, and what runs locally."""

Row = tuple[int, str, "str | None", "str | None", "str | None", "str | None", str]


def rows(plan: Plan) -> list[Row]:
    """The steps of a plan, numbered from 1; see :data:`COLUMNS`."""
    return [(number, *step) for number, step in enumerate(_steps(plan), 1)]


_Step = tuple[str, "str | None", "str | None", "str | None", "str | None", str]


def _steps(plan: Plan) -> Iterator[_Step]:
    for name in dict.fromkeys(each.sequence.name for each in next_values(plan)):
        yield "UpdateItem", "the system table", None, None, None, f"the next numbers of the sequence {name!r}"
    match plan:
        case ReadPlan():
            yield from _read(plan)
        case InsertPlan():
            yield from _insert(plan)
        case ChangePlan():
            yield from _change(plan)
        case LocalPlan():
            yield from _local_step(plan)


def _local_step(plan: LocalPlan, what: str = "the whole statement runs here") -> Iterator[_Step]:
    for feed in plan.feeds:
        given = _keys_from(plan, feed)
        for operation, table, index, condition, filtered, detail in _read(_reads(feed)):
            yield operation, table, index, condition, filtered, detail + given
            given = ""
    yield "SQLite", None, None, None, None, f"local: {plan.reason}; {what}, on the rows read"


def _keys_from(plan: LocalPlan, feed: Feed) -> str:
    """Where a feed's keys come from, and what is done where they are many."""
    if feed.link is None:
        return ""
    source = next(_reads(each) for each in plan.feeds if each.name == feed.link.source)
    assert source.table is not None
    names = ", ".join(key.name for key in feed.link.keys)
    keys = f"; :{feed.link.param} is what the rows of {source.table.name!r} have in {names}"
    return keys if feed.read is None else f"{keys}; a Scan instead where they are many"


def _reads(feed: Feed) -> ReadPlan:
    """The read by keys where there are any."""
    read = feed.read if feed.link is None else feed.link.read
    assert read is not None
    return read


def _read(plan: ReadPlan) -> Iterator[_Step]:
    access, table = plan.access, plan.table
    physical = table.physical if table is not None else None
    rest = None if plan.rest == ALWAYS else show(plan.rest)
    detail = [plan.reason, *(f"not index {text}" for text in plan.passed_over)]
    match access:
        case Nothing():
            yield "(no call)", physical, None, None, None, "; ".join(detail)
        case GetItem(key, check):
            detail += _checked(check)
            yield "GetItem", physical, None, _joined(key), None, "; ".join([*detail, _consistency(plan)])
            yield from _local("filter", rest)
        case BatchGetItem(sources, check):
            detail += _checked(check)
            keys = " OR ".join(_source(source) for source in sources)
            yield "BatchGetItem", physical, None, keys, None, "; ".join([*detail, _consistency(plan)])
            yield from _local("filter", rest)
        case GuardedGet():
            yield from _guarded(plan, access, detail)
            yield from _local("filter", rest)
        case Query():
            yield from _query(plan, access, detail)
        case Scan(segments):
            detail += [*([f"{segments} segments, in parallel"] if segments > 1 else []), _consistency(plan)]
            yield "Scan" + _select(plan), physical, None, None, rest, "; ".join(detail)
    yield from _ending(plan)


def _ending(plan: ReadPlan) -> Iterator[_Step]:
    """What becomes of the rows that an access gives."""
    if plan.lock:
        physical = plan.table.physical if plan.table is not None else None
        yield "ConditionCheck", physical, None, "each row read", None, _LOCK
    if plan.sort:
        terms = (f"{plan.projection.fields[sort.field].name}{' DESC' if sort.descending else ''}" for sort in plan.sort)
        yield "Sort", None, None, None, None, f"local: ORDER BY {', '.join(terms)}"
    if plan.offset is not None:
        yield "Offset", None, None, None, None, f"local: the first {value(plan.offset)} rows are read and dropped"
    if plan.limit is not None:
        rows_kept = f"{value(plan.limit)} rows"
        more = " more" if plan.offset is not None else ""
        why = f"the first {rows_kept} of the sorted" if plan.sort else f"reading stops after {rows_kept}{more}"
        yield "Limit", None, None, None, None, why


_LOCK = "FOR UPDATE: nothing is locked, and nothing waits; the commit fails where a row is not what was read any more"


def _guarded(plan: ReadPlan, lookup: GuardedGet, detail: list[str]) -> Iterator[_Step]:
    assert plan.table is not None
    how = _consistency(plan)
    yield "GetItem", plan.table.system, None, _joined(lookup.values), None, "; ".join([*detail, "their guard", how])
    yield "GetItem", plan.table.physical, None, "the key that the guard names", None, how


def _query(plan: ReadPlan, query: Query, detail: list[str]) -> Iterator[_Step]:
    assert plan.table is not None
    condition = _joined((*query.hash, *query.range))
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
    yield "Query" + _select(plan), plan.table.physical, index, condition, sent, "; ".join(notes)
    if query.complete:
        what = "index_read=verify" if query.verify else "the index does not hold all that is wanted"
        why = f"{what}; checked against the whole WHERE; {_consistency(plan)}"
        yield "BatchGetItem", plan.table.physical, None, "keys of the step before", None, why
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


def _select(plan: ReadPlan) -> str:
    return " (Select=COUNT)" if plan.count else ""


def _checked(check: Predicate) -> list[str]:
    """What the key values decide before a request is sent."""
    return [] if check == ALWAYS else [f"only where the key has {show(check)}"]


def _consistency(plan: ReadPlan) -> str:
    return "strongly consistent" if plan.consistent else "eventually consistent"


def _local(what: str, text: str | None) -> Iterator[_Step]:
    if text is not None:
        yield "Filter", None, None, None, text, f"local: {what} on the items read"


def _insert(plan: InsertPlan) -> Iterator[_Step]:
    table = plan.table
    if plan.source is not None:
        what = "the rows are found here" if plan.each else "VALUES is computed here"
        yield from _read(plan.source) if isinstance(plan.source, ReadPlan) else _local_step(plan.source, what)
    for column in table.counted:
        if column not in plan.columns:
            yield "UpdateItem", "the system table", None, None, None, f"the next ids for {column.name!r}"
    if plan.conflict is not None:
        yield from _upsert(plan, plan.conflict)
    else:
        if plan.early:
            yield "GetItem", table.physical, None, ", ".join(table.key), None, f"whether the key is free: {_EARLY}"
            yield from _guards_read(table, None)
        condition = f"attribute_not_exists({table.partition})"
        yield "PutItem", table.physical, None, None, condition, f"{_rows(plan)}; {_COMMIT}"
    yield from _guards(table, None)


def _upsert(plan: InsertPlan, conflict: Conflict) -> Iterator[_Step]:
    """What is done where the row is free, and where it is not."""
    table, taken = plan.table, _meant(plan.table, conflict)
    if table.uniques:
        yield "GetItem", table.system, None, None, None, f"the guards of the unique values, and the row with {taken}"
    if conflict.action == "replace":
        bulk = "" if table.uniques else ", many by BatchWriteItem"
        detail = f"{_rows(plan)}, in the place of those with {taken}{bulk}; {_UPSERT}"
        yield "PutItem", table.physical, None, None, None, detail
        return
    left = f"; a row with {taken} is left out" if conflict.change is None else ""
    if conflict.change is not None and conflict.change.where == ALWAYS and not table.uniques:
        left = "; in AUTOCOMMIT one UpdateItem alone where SET gives just what the row has"
    detail = f"{_rows(plan)}{left}; {_UPSERT}"
    yield "PutItem", table.physical, None, None, f"attribute_not_exists({table.partition})", detail
    if conflict.change is not None:
        yield from _changed(conflict.change, f"the row with {taken}", _conditions(conflict.change))


def _meant(table: Table, conflict: Conflict) -> str:
    """The constraints that are meant, by their columns."""
    meant = [*([table.visible_key] if conflict.key else []), *(unique.columns for unique in conflict.uniques)]
    return "that " + " or ".join(f"({', '.join(columns)})" for columns in meant)


_COMMIT = "in a transaction it is buffered, and commit sends one TransactWriteItems (one write alone goes as itself)"
_UPSERT = f"{_COMMIT}; there the row in the way is read first (GetItem)"
_CHANGE = f"{_COMMIT}; there the item is read first (GetItem), unless the transaction knows it, for the rowcount"


_EARLY = "insert_check=statement has it read in a transaction, and commit checks it again"


def _guards_read(table: Table, changed: frozenset[str] | None) -> Iterator[_Step]:
    """The guards that are read early; see :func:`_guards`."""
    names = _held(table, changed)
    if names:
        yield "GetItem", table.system, None, None, None, f"whether the values of {names} are free: {_EARLY}"


def _guards(table: Table, changed: frozenset[str] | None) -> Iterator[_Step]:
    """The guards that change where these columns do; ``None`` for all."""
    names = _held(table, changed)
    if names:
        why = f"in one transaction with the row, at once too: the guards of the unique values of {names}"
        yield "TransactWriteItems", table.system, None, None, None, why


def _held(table: Table, changed: frozenset[str] | None) -> str:
    held = [unique for unique in table.uniques if changed is None or changed & {*unique.columns}]
    return " and ".join(f"({', '.join(unique.columns)})" for unique in held)


def _rows(plan: InsertPlan) -> str:
    if plan.each:
        return "each row found"
    return "one row" if len(plan.rows) == 1 else f"{len(plan.rows)} rows"


def _change(plan: ChangePlan) -> Iterator[_Step]:
    if plan.find is not None:
        yield from _read(plan.find)
    if plan.finding is not None:
        yield from _local_step(plan.finding.plan, "the rows are found here")
    key = _joined((*plan.key, *conjuncts(plan.check))) if plan.key is not None else "each key found"
    set_ = None
    if plan.assignments is not None and not plan.moves:
        set_ = frozenset(each.column.name for each in plan.assignments)
    if plan.early and plan.assignments is not None:
        yield from _guards_read(plan.table, set_)
    yield from _changed(plan, key, _conditions(plan))
    yield from _guards(plan.table, set_)


def _conditions(plan: ChangePlan) -> str:
    condition = [f"attribute_exists({plan.table.partition})"]
    if plan.rest != ALWAYS:
        condition.append(f"({show(plan.rest)})" if isinstance(plan.rest, Some) else show(plan.rest))
    if plan.finding is not None and plan.finding.judged:
        condition.append(f"{', '.join(column.name for column in plan.finding.judged)} unchanged")
    return " AND ".join(condition)


def _changed(plan: ChangePlan, key: str, conditions: str) -> Iterator[_Step]:
    if plan.moves:
        why = "the key changes: the old item is deleted if unchanged, the new one put if its key is free"
        yield "GetItem", plan.table.physical, None, key, None, "the item to move"
        if plan.early:
            yield "GetItem", plan.table.physical, None, "the new key", None, f"whether it is free: {_EARLY}"
        yield "TransactWriteItems", plan.table.physical, None, key, conditions, why
        return
    how = _COMMIT if plan.finding is not None and plan.finding.judged else _CHANGE
    if plan.assignments is None:
        alone = plan.rest == ALWAYS and not (plan.finding and plan.finding.judged)
        yield "DeleteItem", plan.table.physical, None, key, None if alone else conditions, how
        return
    changed = ", ".join(_set(each) for each in plan.assignments)
    yield "UpdateItem", plan.table.physical, None, key, conditions, f"SET {changed}; {how}"


def _set(assignment: Assignment) -> str:
    if isinstance(assignment.change, Take):
        return f"{assignment.column.name} = what SQLite computes"
    text = f"{assignment.column.name} = {write_operand(assignment.written)}"
    return f"{text} (computed here, of the row as it is read)" if isinstance(assignment.change, Compute) else text


def _source(source: KeyProduct | KeyRows) -> str:
    return show(source.rows) if isinstance(source, KeyRows) else _joined(source.parts)


def _joined(parts: tuple[Predicate, ...]) -> str:
    return " AND ".join(show(part) for part in parts)


def text(plan: Plan) -> str:
    """The plan as lines, for a log or a terminal."""
    lines = []
    for number, operation, table, index, condition, filtered, detail in rows(plan):
        target = f" {table}" if table else ""
        target += f" index {index}" if index else ""
        where = f" key[{condition}]" if condition else ""
        where += f" filter[{filtered}]" if filtered else ""
        lines.append(f"{number}. {operation}{target}{where} — {detail}")
    return "\n".join(lines)
