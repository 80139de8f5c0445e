"""EXPLAIN: a plan as rows, one a step, in the words of the DynamoDB API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy_dynamorm.plan.assignments import Assignment, Compute, Give, Increase, Take
from sqlalchemy_dynamorm.plan.checks import compared
from sqlalchemy_dynamorm.plan.explain_reads import Step, joined, read_steps
from sqlalchemy_dynamorm.plan.next_values import next_values
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Some, conjuncts
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import (
    BatchGetItem,
    ChangePlan,
    CheckRule,
    Conflict,
    Feed,
    GetItem,
    InsertPlan,
    LocalPlan,
    Plan,
    Projection,
    Query,
    ReadPlan,
    Scan,
)
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql.write_assignments import write_operand

COLUMNS = ("step", "operation", "table", "index", "key_condition", "filter", "projection", "detail")
"""The columns of EXPLAIN. ``projection`` says which attributes are fetched, ``detail`` why, and what runs locally."""

Row = tuple[int, str, "str | None", "str | None", "str | None", "str | None", "str | None", str]


def rows(plan: Plan, level: str = "READ COMMITTED") -> list[Row]:
    """The steps of a plan, numbered from 1; see :data:`COLUMNS`.

    :param level: the isolation level; a last step says what it changes, if it does.
    """
    steps = [*_steps(plan), *_isolation(plan, level)]
    return [
        (
            number,
            each.operation,
            each.table,
            each.by_index,
            each.key_condition,
            each.filter,
            each.projection,
            each.detail,
        )
        for number, each in enumerate(steps, 1)
    ]


def _steps(plan: Plan) -> Iterator[Step]:
    for name in dict.fromkeys(each.sequence.name for each in next_values(plan)):
        yield Step("UpdateItem", "the system table", None, None, None, f"the next numbers of the sequence {name!r}")
    match plan:
        case ReadPlan():
            yield from read_steps(plan)
        case InsertPlan():
            yield from _insert(plan)
            yield from _returned(plan.returning)
        case ChangePlan():
            yield from _change(plan)
            yield from _returned(plan.returning)
        case LocalPlan():
            yield from _local_step(plan)


def _returned(returning: Projection | None) -> Iterator[Step]:
    if returning is not None and returning.computing is not None:
        yield Step("SQLite", None, None, None, None, "local: RETURNING is computed of the rows that are written")


def _local_step(plan: LocalPlan, what: str = "the whole statement runs here") -> Iterator[Step]:
    for feed in plan.feeds:
        given = _keys_from(plan, feed)
        for step in read_steps(_reads(feed)):
            yield step._replace(detail=step.detail + given)
            given = ""
    yield Step("SQLite", None, None, None, None, f"local: {plan.reason}; {what}, on the rows read")


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


def _isolation(plan: Plan, level: str) -> Iterator[Step]:
    """What an isolation level other than the default changes."""
    if level == "AUTOCOMMIT" and isinstance(plan, InsertPlan | ChangePlan):
        why = "each row is sent at once, by itself, on its own condition; nothing is buffered"
        yield Step("Isolation", None, None, None, None, f"{level}: {why}")
    if level not in ("REPEATABLE READ", "SERIALIZABLE"):
        return
    accesses = [read.access for read in _all_reads(plan)]
    if level == "SERIALIZABLE" and any(isinstance(access, Query | Scan) for access in accesses):
        why = "refused when it is run: only what is read by its whole key can be verified at commit"
        yield Step("Isolation", None, None, None, None, f"{level}: {why}")
    elif any(isinstance(access, GetItem | BatchGetItem) for access in accesses):
        why = "what is read by key is served again as it was, and commit checks that it still is"
        yield Step("Isolation", None, None, None, None, f"{level}: {why}")


def _all_reads(plan: Plan) -> list[ReadPlan]:
    match plan:
        case ReadPlan():
            return [plan]
        case LocalPlan(feeds):
            return [_reads(feed) for feed in feeds]
        case ChangePlan(find=ReadPlan() as find):
            return [find]
        case ChangePlan(finding=finding) if finding is not None:
            return _all_reads(finding.plan)
        case InsertPlan(source=ReadPlan() | LocalPlan() as source):
            return _all_reads(source)
        case _:
            return []


def _insert(plan: InsertPlan) -> Iterator[Step]:
    table = plan.table
    if plan.source is not None:
        what = "the rows are found here" if plan.each else "VALUES is computed here"
        yield from read_steps(plan.source) if isinstance(plan.source, ReadPlan) else _local_step(plan.source, what)
    for column in table.counted:
        if column not in plan.columns:
            yield Step("UpdateItem", "the system table", None, None, None, f"the next ids for {column.name!r}")
    yield from _checks(plan.checks, "of each row, before anything is sent")
    if plan.conflict is not None:
        yield from _upsert(plan, plan.conflict)
    else:
        if plan.early:
            yield Step(
                "GetItem", table.physical, None, ", ".join(table.key), None, f"whether the key is free: {_EARLY}"
            )
            yield from _guards_read(table, None)
        condition = f"attribute_not_exists({table.partition})"
        yield Step("PutItem", table.physical, None, None, condition, f"{_rows(plan)}; {_COMMIT}")
    yield from _guards(table, None)
    yield from _parents(table, None)


def _checks(rules: Sequence[CheckRule], of: str) -> Iterator[Step]:
    """The CHECK constraints that are judged here, and of what."""
    judged = "; ".join(rule.constraint.condition for rule in rules if rule.violated is not None)
    if judged:
        yield Step("CHECK", None, None, None, None, f"{judged}: judged here, {of}")


def _upsert(plan: InsertPlan, conflict: Conflict) -> Iterator[Step]:
    """What is done where the row is free, and where it is not."""
    table, taken = plan.table, _meant(plan.table, conflict)
    if table.uniques:
        yield Step(
            "GetItem", table.system, None, None, None, f"the guards of the unique values, and the row with {taken}"
        )
    if conflict.action == "replace":
        bulk = "" if table.uniques else ", many by BatchWriteItem"
        detail = f"{_rows(plan)}, in the place of those with {taken}{bulk}; {_UPSERT}"
        yield Step("PutItem", table.physical, None, None, None, detail)
        return
    left = f"; a row with {taken} is left out" if conflict.change is None else ""
    if conflict.change is not None and not table.uniques and _says_all(conflict.change):
        left = "; in AUTOCOMMIT one UpdateItem alone where SET gives just what the row has"
    detail = f"{_rows(plan)}{left}; {_UPSERT}"
    yield Step("PutItem", table.physical, None, None, f"attribute_not_exists({table.partition})", detail)
    if conflict.change is not None:
        if conflict.change.finding is not None:
            why = f"local: {conflict.change.finding.plan.reason}; it runs here, on the row with {taken}"
            yield Step("SQLite", None, None, None, None, why)
        yield from _changed(conflict.change, f"the row with {taken}", _conditions(conflict.change))


def _says_all(change: ChangePlan) -> bool:
    """Whether DO UPDATE may give a row what an INSERT of it would."""
    return change.where == ALWAYS and all(isinstance(each.change, Give) for each in change.assignments or ())


def _meant(table: Table, conflict: Conflict) -> str:
    """The constraints that are meant, by their columns."""
    meant = [*([table.visible_key] if conflict.key else []), *(unique.columns for unique in conflict.uniques)]
    return "that " + " or ".join(f"({', '.join(columns)})" for columns in meant)


_COMMIT = "in a transaction it is buffered, and commit sends one TransactWriteItems (one write alone goes as itself)"
_UPSERT = f"{_COMMIT}; there the row in the way is read first (GetItem)"
_CHANGE = f"{_COMMIT}; there the item is read first (GetItem), unless the transaction knows it, for the rowcount"


_EARLY = "insert_check=statement has it read in a transaction, and commit checks it again"


def _guards_read(table: Table, changed: frozenset[str] | None) -> Iterator[Step]:
    """The guards that are read early; see :func:`_guards`."""
    names = _held(table, changed)
    if names:
        yield Step("GetItem", table.system, None, None, None, f"whether the values of {names} are free: {_EARLY}")


def _guards(table: Table, changed: frozenset[str] | None) -> Iterator[Step]:
    """The guards that change where these columns do; ``None`` for all."""
    names = _held(table, changed)
    if names:
        why = f"in one transaction with the row, at once too: the guards of the unique values of {names}"
        yield Step("TransactWriteItems", table.system, None, None, None, why)


def _parents(table: Table, changed: frozenset[str] | None) -> Iterator[Step]:
    """The rows that must be there where these columns change; ``None`` for all."""
    for each in table.references:
        if each.parent is not None and (changed is None or changed & {*each.columns}):
            why = f"in one transaction with the row: the row that {', '.join(each.columns)} refers to is there"
            yield Step("ConditionCheck", each.parent.physical, None, ", ".join(each.targets), None, why)


def _children(table: Table) -> Iterator[Step]:
    """The rows that must not be there, since they would refer to what leaves its key."""
    for each in table.referrers:
        if each.child is not None:
            why = f"in one transaction with the row: no row of {each.name} refers to it"
            yield Step("ConditionCheck", each.child.physical, None, ", ".join(each.columns), None, why)


def _held(table: Table, changed: frozenset[str] | None) -> str:
    held = [unique for unique in table.uniques if changed is None or changed & {*unique.columns}]
    return " and ".join(f"({', '.join(unique.columns)})" for unique in held)


def _rows(plan: InsertPlan) -> str:
    if plan.each:
        return "each row found"
    return "one row" if len(plan.rows) == 1 else f"{len(plan.rows)} rows"


def _change(plan: ChangePlan) -> Iterator[Step]:
    if plan.find is not None:
        yield from read_steps(plan.find)
    if plan.finding is not None:
        yield from _local_step(plan.finding.plan, "the rows are found here")
    key = joined((*plan.key, *conjuncts(plan.check))) if plan.key is not None else "each key found"
    set_ = None
    if plan.assignments is not None and not plan.moves:
        set_ = frozenset(each.column.name for each in plan.assignments)
    if plan.early and plan.assignments is not None:
        yield from _guards_read(plan.table, set_)
    yield from _changed(plan, key, _conditions(plan))
    yield from _guards(plan.table, set_)
    if plan.assignments is not None:
        yield from _parents(plan.table, set_)
    if plan.assignments is None or plan.moves:
        yield from _children(plan.table)


def _conditions(plan: ChangePlan) -> str:
    condition = [f"attribute_exists({plan.table.partition})"]
    if plan.rest != ALWAYS:
        condition.append(f"({show(plan.rest)})" if isinstance(plan.rest, Some) else show(plan.rest))
    if plan.finding is not None and plan.finding.judged:
        condition.append(f"{', '.join(column.name for column in plan.finding.judged)} unchanged")
    return " AND ".join(condition)


def _changed(plan: ChangePlan, key: str, conditions: str) -> Iterator[Step]:
    how = "; of a sum also the write's condition" if any(_increased(rule, plan) for rule in plan.checks) else ""
    if any(_looks(rule, plan) for rule in plan.checks):
        how += "; in AUTOCOMMIT the item is read first, and must be unchanged in these columns"
    yield from _checks(plan.checks, f"of each row as it is set{how}")
    if plan.moves:
        why = "the key changes: the old item is deleted if unchanged, the new one put if its key is free"
        yield Step("GetItem", plan.table.physical, None, key, None, "the item to move")
        if plan.early:
            yield Step("GetItem", plan.table.physical, None, "the new key", None, f"whether it is free: {_EARLY}")
        yield Step("TransactWriteItems", plan.table.physical, None, key, conditions, why)
        return
    sent = _COMMIT if plan.finding is not None and plan.finding.judged else _CHANGE
    if plan.assignments is None:
        alone = plan.rest == ALWAYS and not (plan.finding and plan.finding.judged)
        yield Step("DeleteItem", plan.table.physical, None, key, None if alone else conditions, sent)
        return
    changed = ", ".join(_set(each) for each in plan.assignments)
    yield Step("UpdateItem", plan.table.physical, None, key, conditions, f"SET {changed}; {sent}")


def _increased(rule: CheckRule, plan: ChangePlan) -> bool:
    """Whether a CHECK constraint is of one number, to which something is added."""
    column = compared(rule)
    changes = [each.change for each in plan.assignments or () if column is not None and each.column.name == column.name]
    return any(isinstance(change, Increase) and change.base is None for change in changes)


def _looks(rule: CheckRule, plan: ChangePlan) -> bool:
    """Whether a CHECK constraint needs the row."""
    given = {each.column.name for each in plan.assignments or () if isinstance(each.change, Give)}
    return not rule.columns <= given and not _increased(rule, plan)


def _set(assignment: Assignment) -> str:
    if isinstance(assignment.change, Take):
        return f"{assignment.column.name} = what SQLite computes"
    text = f"{assignment.column.name} = {write_operand(assignment.written)}"
    return f"{text} (computed here, of the row as it is read)" if isinstance(assignment.change, Compute) else text


def text(plan: Plan, level: str = "READ COMMITTED") -> str:
    """The plan as lines, for a log or a terminal."""
    lines = []
    for number, operation, table, index, condition, filtered, _, detail in rows(plan, level):
        target = f" {table}" if table else ""
        target += f" index {index}" if index else ""
        where = f" key[{condition}]" if condition else ""
        where += f" filter[{filtered}]" if filtered else ""
        lines.append(f"{number}. {operation}{target}{where} — {detail}")
    return "\n".join(lines)
