"""A SELECT and its tables become a plan."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.counting import counted
from sqlalchemy_dynamorm.plan.local import plan_local
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.reading import native
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.steps import LocalPlan, ReadPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes


def plan_select(
    statement: nodes.Select | nodes.Compound, written: Written, tables: Tables, options: PlanOptions
) -> ReadPlan | LocalPlan:
    """One access where that answers the statement, else SQLite with what each table contributes."""
    try:
        if isinstance(statement, nodes.Compound):
            raise Unsupported(f"DynamoDB has no {statement.operator}")
        simple = counted(statement, tables)
        if simple.source is None:
            refuse_hint(options)
        return native(simple, tables, hinted(simple.table, written, options))
    except Unsupported as why:
        return plan_local(statement, written.text, tables, options, str(why), written.hints, written.lists)


def hinted(table: nodes.TableName | None, written: Written, options: PlanOptions) -> PlanOptions:
    """The options with the index that a hint in the statement names."""
    if table is None or not written.hints:
        return options
    hint = written.hints.get((table.schema, table.name), options.index)
    if options.index not in (None, hint):
        both = f"{hint!r} and {options.index!r}"
        raise ProgrammingError(f"The statement has two hints for {table.name!r}, the indexes {both}; name one.")
    return replace(options, index=hint)


def refuse_hint(options: PlanOptions) -> None:
    """Refuse the name of an index for a statement that reads no table."""
    if options.index is not None:
        raise ProgrammingError(f"The statement reads no table, so no index; leave out the hint {options.index!r}.")
