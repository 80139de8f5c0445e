"""A SELECT becomes a plan: names are resolved, the access is chosen, the policy is asked."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.access import Choice, Wanted, choose, serves_order
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.expiry import visible
from sqlalchemy_dynamorm.plan.next_values import told_apart
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.packed import verified
from sqlalchemy_dynamorm.plan.policy import check_scan
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Comparison, Predicate, columns_of, conjuncts
from sqlalchemy_dynamorm.plan.resolve import Fields, Names, outputs
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.scopes import Tables, check_locked
from sqlalchemy_dynamorm.plan.steps import Field, Nothing, Projection, Query, ReadPlan, Sort
from sqlalchemy_dynamorm.sql import nodes


def native(statement: nodes.Select, tables: Tables, options: PlanOptions) -> ReadPlan:
    """The plan of a SELECT that one access of DynamoDB's answers.

    :raises Unsupported: it is another, and why.
    """
    _check_clauses(statement)
    if statement.source is None:
        return _constants(statement)
    name = statement.table
    if name is None:
        raise Unsupported("a query in FROM is not a table")
    return _select(statement, Names(tables(name), name), options)


def _check_clauses(statement: nodes.Select) -> None:
    clauses = {
        "WITH": statement.tables,
        "JOIN": statement.joins,
        "GROUP BY": statement.group,
        "HAVING": statement.having,
        "DISTINCT": statement.distinct,
    }
    found = [clause for clause, value in clauses.items() if value]
    if found:
        raise Unsupported(f"DynamoDB has no {' and no '.join(found)}")


def _constants(statement: nodes.Select) -> ReadPlan:
    """A SELECT without FROM: one row, no call."""
    if statement.where is not None or statement.order:
        raise Unsupported("WHERE and ORDER BY without a FROM are computed")
    values, labels = outputs(statement.outputs, None, Fields())
    (values,) = told_apart([values])
    if nodes.CountRows() in values:
        raise Unsupported("COUNT(*) without a FROM is computed")
    projection = Projection((), values, labels)
    limit, offset = _bound(statement.limit), _bound(statement.offset)
    return ReadPlan(None, Nothing(), projection, limit=limit, reason="constants only", offset=offset)


def _select(statement: nodes.Select, names: Names, options: PlanOptions) -> ReadPlan:
    fields = Fields()
    values, labels = outputs(statement.outputs, names, fields)
    count = values == (nodes.CountRows(),)
    if nodes.CountRows() in values and not count:
        raise Unsupported("COUNT(*) beside other columns is computed")
    written = ALWAYS if statement.where is None else when_true(statement.where, names.resolve)
    where = visible(names.table, written)
    order = [] if count else _order(statement, names, where)
    limit, offset = _bound(statement.limit), _bound(statement.offset)
    lock = _locks(statement, count=count)
    options = current(options) if lock else options
    choice, sort = access(names.table, where, fields, order, options)
    limited = (statement.limit, statement.offset) != (None, None) and bool(sort)
    check_scan(names.table, written, choice, options, [column for column, _ in order], limited=limited)
    return ReadPlan(
        names.table,
        choice.access,
        Projection(tuple(fields.columns), values, labels),
        where,
        choice.rest,
        _consistent(choice, options),
        sort,
        limit,
        count,
        choice.reason,
        choice.passed_over,
        offset,
        lock,
    )


def _consistent(choice: Choice, options: PlanOptions) -> bool:
    """Whether what is read is to be as it was last committed, where that can be asked for."""
    verify = isinstance(choice.access, Query) and choice.access.verify
    return verify or options.consistent_read != "false"


def current(options: PlanOptions) -> PlanOptions:
    """The options with which FOR UPDATE reads: what an index says may be out of date, and would fail the commit."""
    return replace(options, index_read="verify")


def _locks(statement: nodes.Select, *, count: bool) -> bool:
    """Whether the rows are checked at commit.

    :raises ProgrammingError: FOR UPDATE OF another table.
    :raises Unsupported: rows are counted, so none is known by itself.
    """
    if statement.lock is None:
        return False
    if count:
        raise Unsupported("FOR UPDATE needs the rows that COUNT(*) counts")
    assert statement.table is not None
    check_locked(statement.lock, [statement.table.alias or statement.table.name])
    return True


def _bound(limit: nodes.Expression | None) -> nodes.Value | None:
    if limit is None or isinstance(limit, nodes.Param | nodes.Literal):
        return limit
    raise Unsupported("LIMIT or OFFSET with an expression is computed")


def read(table: Table, where: Predicate, columns: tuple[Column, ...], options: PlanOptions) -> ReadPlan:
    """The read of some columns of the rows that satisfy a predicate, for a statement that goes on with them."""
    where = visible(table, where)
    fields = Fields()
    values = tuple(Field(fields.position(column)) for column in columns)
    choice, _ = access(table, where, fields, [], options)
    return ReadPlan(
        table,
        choice.access,
        Projection(tuple(fields.columns), values, tuple(column.name for column in columns)),
        where,
        choice.rest,
        _consistent(choice, options),
        reason=choice.reason,
        passed_over=choice.passed_over,
    )


Order = list[tuple[Column, nodes.OrderTerm]]


def _order(statement: nodes.Select, names: Names, where: Predicate) -> Order:
    """The ORDER BY without the columns that an equality makes constant."""
    fixed = {part.column for part in conjuncts(where) if isinstance(part, Comparison) and part.op == "="}
    resolved = [(names.resolve(_ordering(term.expression, statement.outputs)), term) for term in statement.order]
    return [(column, term) for column, term in resolved if column not in fixed]


def _ordering(term: nodes.Expression, shown: tuple[nodes.Output | nodes.Star, ...]) -> nodes.Column:
    """The column of an ORDER BY term: a label goes before a column of the table."""
    if isinstance(term, nodes.Column) and term.table is None:
        labelled = [each.expression for each in shown if isinstance(each, nodes.Output) and each.label == term.name]
        term = labelled[0] if labelled else term
    if not isinstance(term, nodes.Column):
        raise Unsupported("ORDER BY of anything but a column is computed")
    return term


def access(
    table: Table, where: Predicate, fields: Fields, order: Order, options: PlanOptions
) -> tuple[Choice, tuple[Sort, ...]]:
    """The access, with what it leaves to sort and to check added to the fields."""
    ordering = tuple((column, term.descending) for column, term in order)
    used = [*fields.columns, *columns_of(where), *(column for column, _ in order)]
    choice = choose(table, where, Wanted(frozenset(column.name for column in used), ordering), options)
    complete = isinstance(choice.access, Query) and choice.access.complete
    for column in (*columns_of(where if complete else choice.rest), *verified(table, choice.access)):
        fields.position(column)
    if not complete and serves_order(choice.access, table, ordering):
        return choice, ()
    return choice, tuple(Sort(fields.position(column), term.descending, term.nulls_first) for column, term in order)
