"""INSERT, UPDATE and DELETE become plans."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.access import Wanted, choose
from sqlalchemy_dynamorm.plan.assignments import Assignment, Take, assignment, stamps
from sqlalchemy_dynamorm.plan.conflicts import conflict
from sqlalchemy_dynamorm.plan.expiry import visible
from sqlalchemy_dynamorm.plan.finding import Taken, finding, judged
from sqlalchemy_dynamorm.plan.next_values import refuse_next_values, told_apart
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.policy import check_scan
from sqlalchemy_dynamorm.plan.predicates import Predicate, columns_of, conjuncts, every
from sqlalchemy_dynamorm.plan.reading import read
from sqlalchemy_dynamorm.plan.resolve import Names, returning
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.steps import ChangePlan, GetItem, InsertPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes


def plan_insert(statement: nodes.Insert, names: Names, options: PlanOptions) -> InsertPlan:
    """The plan of an INSERT."""
    columns = _columns(statement, names)
    for column in columns:
        if column.generated is not None:
            raise ProgrammingError(f"The column {column.name!r} is computed: leave it out of INSERT.")
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
    listed = tuple(column for column in table.visible if column.generated is None)
    if len(listed) != width:
        raise ProgrammingError(f"{table.name!r} has {len(listed)} columns; INSERT gives a row of {width} values.")
    return listed


def _refuse_twice(columns: list[Column] | tuple[Column, ...], place: str) -> None:
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise ProgrammingError(f"The column {column.name!r} stands twice in {place}.")


def plan_update(statement: nodes.Update, written: Written, tables: Tables, options: PlanOptions) -> ChangePlan:
    """The plan of an UPDATE."""
    table = tables(statement.table)
    names = Names(table, statement.table)
    taken: list[Taken] = []
    assignments: list[Assignment] = []
    operands = told_apart((operand,) for _, operand in statement.assignments)
    for (name, _), (operand,) in zip(statement.assignments, operands, strict=True):
        column = names.writable(name)
        if isinstance(operand, nodes.Selected):
            assignments.append(Assignment(column, Take(len(taken)), operand))
            taken.append((column, operand))
        else:
            assignments.append(assignment(column, operand, names.resolve, key=name in table.key_columns))
    set_ = (*assignments, *stamps(table, {each.column for each in assignments}))
    return _change(statement, names, set_, taken, written, tables, options)


def plan_delete(statement: nodes.Delete, written: Written, tables: Tables, options: PlanOptions) -> ChangePlan:
    """The plan of a DELETE."""
    names = Names(tables(statement.table), statement.table)
    return _change(statement, names, None, (), written, tables, options)


def _change(
    statement: nodes.Update | nodes.Delete,
    names: Names,
    assignments: tuple[Assignment, ...] | None,
    taken: Sequence[Taken],
    written: Written,
    tables: Tables,
    options: PlanOptions,
) -> ChangePlan:
    table, parts = names.table, judged(statement, names)
    written_where = every(parts.there)
    where = visible(table, written_where)
    back = returning(statement.returning, names)
    if parts.here or taken or statement.sources:
        refuse_next_values(assignments)
        found = finding(statement, parts, taken, written, tables, options)
        rest = every(tuple(part for part in conjuncts(where) if not _of_key(part, table)))
        return ChangePlan(table, where, rest, None, None, assignments, back, early=_early(options), finding=found)
    choice = choose(table, where, Wanted(frozenset()), options)
    if isinstance(choice.access, GetItem):
        key, check = choice.access.key, choice.access.check
        return ChangePlan(table, where, choice.rest, key, None, assignments, back, check, _early(options))
    refuse_next_values(assignments)
    find = read(table, where, tuple(table.by_name[name] for name in table.key_columns), options)
    check_scan(table, written_where, choice, options, (), limited=False)
    return ChangePlan(table, where, where, None, find, assignments, back, early=_early(options))


def _of_key(part: Predicate, table: Table) -> bool:
    """Whether a condition is of the key alone, which no row changes."""
    return all(column.name in table.key_columns for column in columns_of(part))
