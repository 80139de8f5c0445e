"""A SELECT becomes a plan: names are resolved, the access is chosen, the policy is asked."""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.access import Choice, Wanted, choose, serves_order
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.packed import verified
from sqlalchemy_dynamorm.plan.policy import check_scan
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Comparison, Predicate, columns_of, conjuncts
from sqlalchemy_dynamorm.plan.resolve import Fields, Names, outputs
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import Nothing, Projection, Query, ReadPlan, Sort
from sqlalchemy_dynamorm.sql import nodes


def plan_constants(statement: nodes.Select) -> ReadPlan:
    """A SELECT without FROM: one row, no call."""
    if statement.where is not None or statement.order:
        raise Unsupported("WHERE or ORDER BY without a FROM is not built yet.")
    values, labels = outputs(statement.outputs, None, Fields())
    if nodes.CountRows() in values:
        raise Unsupported("COUNT(*) without a FROM is not built yet.")
    projection = Projection((), values, labels)
    limit, offset = statement.limit, statement.offset
    return ReadPlan(None, Nothing(), projection, limit=limit, reason="constants only", offset=offset)


def plan_select(statement: nodes.Select, names: Names, options: PlanOptions) -> ReadPlan:
    """The plan of a SELECT from one table."""
    fields = Fields()
    values, labels = outputs(statement.outputs, names, fields)
    count = values == (nodes.CountRows(),)
    if nodes.CountRows() in values and not count:
        raise Unsupported("COUNT(*) beside other columns is not built yet.")
    where = ALWAYS if statement.where is None else when_true(statement.where, names.resolve)
    order = [] if count else _order(statement.order, names, where)
    choice, sort = access(names.table, where, fields, order, options)
    limited = (statement.limit, statement.offset) != (None, None) and bool(sort)
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
        statement.offset,
    )


Order = list[tuple[Column, nodes.OrderTerm]]


def _order(terms: tuple[nodes.OrderTerm, ...], names: Names, where: Predicate) -> Order:
    """The ORDER BY without the columns that an equality makes constant."""
    fixed = {part.column for part in conjuncts(where) if isinstance(part, Comparison) and part.op == "="}
    resolved = [(names.resolve(term.column), term) for term in terms]
    return [(column, term) for column, term in resolved if column not in fixed]


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
