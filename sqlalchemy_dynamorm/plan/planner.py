"""A statement and a table become a plan: names are resolved, the access is chosen, the policy is asked."""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.access import Choice, Wanted, choose, serves_order
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.policy import check_scan
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Comparison, Predicate, columns_of, conjuncts
from sqlalchemy_dynamorm.plan.resolve import Fields, Names, outputs, returning
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import (
    ChangePlan,
    Field,
    GetItem,
    InsertPlan,
    Nothing,
    Plan,
    Projection,
    Query,
    ReadPlan,
    Sort,
)
from sqlalchemy_dynamorm.sql import nodes


def plan(statement: nodes.Query, table: Table | None, options: PlanOptions) -> Plan:
    """The plan of a statement.

    :param table: what the statement's table name stands for; ``None`` for a SELECT without FROM.
    :raises UndefinedColumn: a column the table does not declare.
    :raises UndefinedIndex, ProgrammingError, NotSupportedError: ``options.index`` is not there, or can not be used.
    :raises ScanRefused: it would read a whole table to answer for a part of it.
    :raises Unsupported: what is not handled yet, by name.
    """
    if options.index is not None and (statement.table is None or isinstance(statement, nodes.Insert)):
        raise ProgrammingError(f"The statement reads no table, so no index; leave out the hint {options.index!r}.")
    if isinstance(statement, nodes.Select) and statement.table is None:
        return _constants(statement)
    if table is None or statement.table is None:
        raise ProgrammingError("The statement names no table.")
    names = Names(table, statement.table)
    match statement:
        case nodes.Select():
            return _select(statement, names, options)
        case nodes.Insert():
            return _insert(statement, names)
        case nodes.Update():
            assignments = tuple((names.target(name), value) for name, value in statement.assignments)
            _refuse_twice([column for column, _ in assignments], "SET")
            return _change(names, statement.where, statement.returning, assignments, options)
        case nodes.Delete():
            return _change(names, statement.where, statement.returning, None, options)


def _constants(statement: nodes.Select) -> ReadPlan:
    """A SELECT without FROM: one row, no call."""
    if statement.where is not None or statement.order:
        raise Unsupported("WHERE or ORDER BY without a FROM is not built yet.")
    values, labels = outputs(statement.outputs, None, Fields())
    if nodes.CountRows() in values:
        raise Unsupported("COUNT(*) without a FROM is not built yet.")
    projection = Projection((), values, labels)
    return ReadPlan(None, Nothing(), projection, limit=statement.limit, reason="constants only")


def _select(statement: nodes.Select, names: Names, options: PlanOptions) -> ReadPlan:
    fields = Fields()
    values, labels = outputs(statement.outputs, names, fields)
    count = values == (nodes.CountRows(),)
    if nodes.CountRows() in values and not count:
        raise Unsupported("COUNT(*) beside other columns is not built yet.")
    where = ALWAYS if statement.where is None else when_true(statement.where, names.resolve)
    order = [] if count else _order(statement.order, names, where)
    choice, sort = _access(names.table, where, fields, order, options)
    limited = statement.limit is not None and bool(sort)
    check_scan(names.table, where, choice, options, [column for column, _ in order], limited=limited)
    return ReadPlan(
        names.table,
        choice.access,
        Projection(tuple(fields.columns), values, labels),
        where,
        choice.rest,
        options.consistent_read != "false",
        sort,
        statement.limit,
        count,
        choice.reason,
        choice.passed_over,
    )


Order = list[tuple[Column, nodes.OrderTerm]]


def _order(terms: tuple[nodes.OrderTerm, ...], names: Names, where: Predicate) -> Order:
    """The ORDER BY without the columns that an equality makes constant."""
    fixed = {part.column for part in conjuncts(where) if isinstance(part, Comparison) and part.op == "="}
    resolved = [(names.resolve(term.column), term) for term in terms]
    return [(column, term) for column, term in resolved if column not in fixed]


def _access(
    table: Table, where: Predicate, fields: Fields, order: Order, options: PlanOptions
) -> tuple[Choice, tuple[Sort, ...]]:
    """The access, with what it leaves to sort and to check added to the fields."""
    ordering = tuple((column, term.descending) for column, term in order)
    used = [*fields.columns, *columns_of(where), *(column for column, _ in order)]
    choice = choose(table, where, Wanted(frozenset(column.name for column in used), ordering), options)
    complete = isinstance(choice.access, Query) and choice.access.complete
    for column in columns_of(where if complete else choice.rest):
        fields.position(column)
    if not complete and serves_order(choice.access, table, ordering):
        return choice, ()
    return choice, tuple(Sort(fields.position(column), term.descending, term.nulls_first) for column, term in order)


def _insert(statement: nodes.Insert, names: Names) -> InsertPlan:
    columns = tuple(names.target(name) for name in statement.columns)
    _refuse_twice(columns, "the column list of INSERT")
    return InsertPlan(names.table, columns, statement.rows, returning(statement.returning, names))


def _refuse_twice(columns: list[Column] | tuple[Column, ...], place: str) -> None:
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise ProgrammingError(f"The column {column.name!r} stands twice in {place}.")


def _change(
    names: Names,
    written: nodes.Expression | None,
    shown: tuple[nodes.Output | nodes.Star, ...],
    assignments: tuple[tuple[Column, nodes.Value], ...] | None,
    options: PlanOptions,
) -> ChangePlan:
    table = names.table
    where = ALWAYS if written is None else when_true(written, names.resolve)
    back = returning(shown, names)
    choice = choose(table, where, Wanted(frozenset()), options)
    if isinstance(choice.access, GetItem):
        key, check = choice.access.key, choice.access.check
        return ChangePlan(table, where, choice.rest, key, None, assignments, back, check)
    find = _find_keys(table, where, options)
    check_scan(table, where, choice, options, (), limited=False)
    return ChangePlan(table, where, where, None, find, assignments, back)


def _find_keys(table: Table, where: Predicate, options: PlanOptions) -> ReadPlan:
    """The read that finds the keys an UPDATE or DELETE changes."""
    fields = Fields()
    keys = [table.by_name[name] for name in table.key]
    values = tuple(Field(fields.position(column)) for column in keys)
    choice, _ = _access(table, where, fields, [], options)
    projection = Projection(tuple(fields.columns), values, table.key)
    return ReadPlan(
        table,
        choice.access,
        projection,
        where,
        choice.rest,
        options.consistent_read != "false",
        reason=choice.reason,
        passed_over=choice.passed_over,
    )
