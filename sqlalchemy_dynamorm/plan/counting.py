"""``SELECT count(*) FROM (SELECT …)`` is a count of the inner rows: the form in which ``Query.count()`` is written."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.sql import nodes


def counted(statement: nodes.Select, tables: Tables) -> nodes.Select:
    """The same statement, one that counts another's rows turned into that other's count.

    :raises UndefinedColumn: that other shows a column that its table does not have.
    """
    match statement:
        case nodes.Select((nodes.Output(nodes.CountRows(), label),), nodes.Derived(nodes.Select() as inner)):
            if _only_counts(statement) and _shows_each_row(inner, tables):
                return replace(inner, outputs=(nodes.Output(nodes.CountRows(), label),), order=())
    return statement


def _only_counts(statement: nodes.Select) -> bool:
    bare = nodes.Select(statement.outputs, statement.source)
    return replace(statement, order=()) == bare


def _shows_each_row(inner: nodes.Select, tables: Tables) -> bool:
    if inner.table is None or inner.tables:
        return False
    names = Names(tables(inner.table), inner.table)
    for output in inner.outputs:
        if isinstance(output, nodes.Output) and isinstance(output.expression, nodes.Column):
            names.resolve(output.expression)
        elif isinstance(output, nodes.Output) and not isinstance(output.expression, nodes.Param | nodes.Literal):
            return False
    cut = inner.distinct or inner.group or inner.having or inner.limit is not None or inner.offset is not None
    return not cut
