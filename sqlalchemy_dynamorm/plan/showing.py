"""What RETURNING shows: columns and values as they are, or what SQLite computes of each row that was written."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.analysis import of_several_rows
from sqlalchemy_dynamorm.plan.local import plan_local
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.resolve import Names, returning
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.steps import Field, Projection
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.finding import shown_of
from sqlalchemy_dynamorm.sql.reader import read

Statement = nodes.Insert | nodes.Update | nodes.Delete


def shown(
    statement: Statement, names: Names, written: Written, tables: Tables, options: PlanOptions
) -> Projection | None:
    """What a statement's RETURNING shows, ``None`` without one.

    :raises Unsupported: a query, or what SQLite has not.
    :raises ProgrammingError: an aggregate.
    """
    try:
        return returning(statement.returning, names)
    except Unsupported as why:
        _refuse_aggregates(statement.returning)
        return _computed(statement, written, tables, options, str(why))


def _refuse_aggregates(outputs: Sequence[nodes.Output | nodes.Star]) -> None:
    if any(isinstance(each, nodes.Output) and of_several_rows(each.expression) for each in outputs):
        raise ProgrammingError("RETURNING is of each row; an aggregate or a window in it is of several.")


def _computed(statement: Statement, written: Written, tables: Tables, options: PlanOptions, reason: str) -> Projection:
    """What SQLite computes of the columns of the rows."""
    text = shown_of(written.text, statement.table)
    query = read(text, written.lists)
    assert isinstance(query, nodes.Select)
    plan = plan_local(query, text, tables, options, reason, {}, written.lists)
    if len(plan.feeds) > 1:
        raise Unsupported("A query in RETURNING is not supported: it shows the row that is written; SELECT the rest.")
    columns = plan.feeds[0].decoded
    return Projection(columns, tuple(map(Field, range(len(columns)))), plan.labels, plan)
