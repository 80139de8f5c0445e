"""A statement and its tables become a plan."""

from __future__ import annotations

from sqlalchemy_dynamorm.plan.changing import plan_delete, plan_update
from sqlalchemy_dynamorm.plan.inserting import plan_insert
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.references import enforced
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.selecting import hinted, plan_select
from sqlalchemy_dynamorm.plan.steps import Plan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes


def plan(statement: nodes.Query, written: Written, tables: Tables, options: PlanOptions) -> Plan:
    """The plan of a statement.

    :param tables: what a table's name stands for.
    :raises UndefinedColumn: a column the table does not declare.
    :raises UndefinedIndex, ProgrammingError, NotSupportedError: ``options.index`` is not there, or can not be used.
    :raises ScanRefused: it would read a whole table to answer for a part of it.
    :raises Unsupported: what is not handled yet, by name.
    """
    if isinstance(statement, nodes.Select | nodes.Compound):
        return plan_select(statement, written, tables, options)
    tables = enforced(tables, options)
    if isinstance(statement, nodes.Insert):
        return plan_insert(statement, written, tables, options)
    options = hinted(statement.table, written, options)
    if isinstance(statement, nodes.Update):
        return plan_update(statement, written, tables, options)
    return plan_delete(statement, written, tables, options)
