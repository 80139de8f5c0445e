"""A statement and a table become a plan."""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.changing import plan_delete, plan_insert, plan_update
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.reading import plan_constants, plan_select
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import Plan
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
        return plan_constants(statement)
    if table is None or statement.table is None:
        raise ProgrammingError("The statement names no table.")
    names = Names(table, statement.table)
    match statement:
        case nodes.Select():
            return plan_select(statement, names, options)
        case nodes.Insert():
            return plan_insert(statement, names)
        case nodes.Update():
            return plan_update(statement, names, options)
        case nodes.Delete():
            return plan_delete(statement, names, options)
