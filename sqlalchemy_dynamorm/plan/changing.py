"""INSERT, UPDATE and DELETE become plans."""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.access import Wanted, choose
from sqlalchemy_dynamorm.plan.assignments import Assignment, assignment, stamps
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.conflicts import conflict
from sqlalchemy_dynamorm.plan.next_values import refuse_next_values, told_apart
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.policy import check_scan
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.reading import read
from sqlalchemy_dynamorm.plan.resolve import Names, returning
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.steps import ChangePlan, GetItem, InsertPlan
from sqlalchemy_dynamorm.sql import nodes


def plan_insert(statement: nodes.Insert, names: Names, options: PlanOptions) -> InsertPlan:
    """The plan of an INSERT."""
    columns = _columns(statement, names)
    _refuse_twice(columns, "the column list of INSERT")
    defaults = {column: column.default for column in names.table.columns if column.default and column not in columns}
    rows = told_apart((*row, *defaults.values()) for row in statement.rows)
    shown, early = returning(statement.returning, names), _early(options)
    return InsertPlan(names.table, (*columns, *defaults), rows, shown, early, conflict(statement, names, early=early))


def _early(options: PlanOptions) -> bool:
    return options.insert_check == "statement"


def _columns(statement: nodes.Insert, names: Names) -> tuple[Column, ...]:
    """The columns that the rows have values for: without a list, those of the table as it is declared."""
    width = len(statement.rows[0])
    if statement.columns or not width:
        return tuple(names.target(name) for name in statement.columns)
    table = names.table
    if not table.declared:
        raise Unsupported(
            f"INSERT without a list of columns, of {table.name!r}, is not supported: nobody declared its columns, so "
            "their order is not certain; name them."
        )
    if len(table.visible) != width:
        raise ProgrammingError(
            f"{table.name!r} has {len(table.visible)} columns; INSERT gives a row of {width} values."
        )
    return table.visible


def _refuse_twice(columns: list[Column] | tuple[Column, ...], place: str) -> None:
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise ProgrammingError(f"The column {column.name!r} stands twice in {place}.")


def plan_update(statement: nodes.Update, names: Names, options: PlanOptions) -> ChangePlan:
    """The plan of an UPDATE."""
    table = names.table
    operands = told_apart((operand,) for _, operand in statement.assignments)
    written = [
        assignment(names.writable(name), operand, names.resolve, key=name in table.key_columns)
        for (name, _), (operand,) in zip(statement.assignments, operands, strict=True)
    ]
    assignments = (*written, *stamps(table, {each.column for each in written}))
    return _change(names, statement.where, statement.returning, assignments, options)


def plan_delete(statement: nodes.Delete, names: Names, options: PlanOptions) -> ChangePlan:
    """The plan of a DELETE."""
    return _change(names, statement.where, statement.returning, None, options)


def _change(
    names: Names,
    written: nodes.Expression | None,
    shown: tuple[nodes.Output | nodes.Star, ...],
    assignments: tuple[Assignment, ...] | None,
    options: PlanOptions,
) -> ChangePlan:
    table = names.table
    where = ALWAYS if written is None else when_true(written, names.resolve)
    back = returning(shown, names)
    choice = choose(table, where, Wanted(frozenset()), options)
    if isinstance(choice.access, GetItem):
        key, check = choice.access.key, choice.access.check
        return ChangePlan(table, where, choice.rest, key, None, assignments, back, check, _early(options))
    refuse_next_values(assignments)
    find = read(table, where, tuple(table.by_name[name] for name in table.key_columns), options)
    check_scan(table, where, choice, options, (), limited=False)
    return ChangePlan(table, where, where, None, find, assignments, back, early=_early(options))
