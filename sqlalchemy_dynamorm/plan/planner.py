"""A statement and its tables become a plan."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.changing import plan_delete, plan_insert, plan_update
from sqlalchemy_dynamorm.plan.counting import counted
from sqlalchemy_dynamorm.plan.local import plan_local
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.reading import native
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.scopes import Tables
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
        return _read(statement, written, tables, options)
    if isinstance(statement, nodes.Insert):
        _refuse_hint(options)
        return plan_insert(statement, Names(tables(statement.table), statement.table), options)
    options = _hinted(statement.table, written, options)
    if isinstance(statement, nodes.Update):
        return plan_update(statement, written, tables, options)
    return plan_delete(statement, written, tables, options)


def _read(statement: nodes.Select | nodes.Compound, written: Written, tables: Tables, options: PlanOptions) -> Plan:
    """One access where that answers the statement, else SQLite with what each table contributes."""
    try:
        if isinstance(statement, nodes.Compound):
            raise Unsupported(f"DynamoDB has no {statement.operator}")
        simple = counted(statement, tables)
        if simple.source is None:
            _refuse_hint(options)
        return native(simple, tables, _hinted(simple.table, written, options))
    except Unsupported as why:
        return plan_local(statement, written.text, tables, options, str(why), written.hints, written.lists)


def _hinted(table: nodes.TableName | None, written: Written, options: PlanOptions) -> PlanOptions:
    """The options with the index that a hint in the statement names."""
    if table is None or not written.hints:
        return options
    hint = written.hints.get((table.schema, table.name), options.index)
    if options.index not in (None, hint):
        both = f"{hint!r} and {options.index!r}"
        raise ProgrammingError(f"The statement has two hints for {table.name!r}, the indexes {both}; name one.")
    return replace(options, index=hint)


def _refuse_hint(options: PlanOptions) -> None:
    if options.index is not None:
        raise ProgrammingError(f"The statement reads no table, so no index; leave out the hint {options.index!r}.")
