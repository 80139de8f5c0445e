"""UPDATE and DELETE become plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy_dynamorm.plan.access import Wanted, choose
from sqlalchemy_dynamorm.plan.assignments import Assignment, Take, assignment, stamps, written_by
from sqlalchemy_dynamorm.plan.checks import rules
from sqlalchemy_dynamorm.plan.expiry import visible
from sqlalchemy_dynamorm.plan.finding import Taken, finding, judged
from sqlalchemy_dynamorm.plan.next_values import refuse_next_values, told_apart
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.policy import check_scan
from sqlalchemy_dynamorm.plan.predicates import Predicate, columns_of, conjuncts, every
from sqlalchemy_dynamorm.plan.reading import read
from sqlalchemy_dynamorm.plan.references import check_references, check_referrers
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.showing import shown
from sqlalchemy_dynamorm.plan.steps import ChangePlan, CheckRule, GetItem
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes


def plan_update(statement: nodes.Update, written: Written, tables: Tables, options: PlanOptions) -> ChangePlan:
    """The plan of an UPDATE."""
    table = tables(statement.table)
    names = Names(table, statement.table)
    set_, taken = assigned(statement.assignments, names)
    check_references(table, [each.column.name for each in set_])
    plan = _change(statement, names, set_, taken, written, tables, options)
    return _as_asked(replace(plan, checks=checks_of(table, set_)), options)


def checks_of(table: Table, assignments: Sequence[Assignment]) -> tuple[CheckRule, ...]:
    """The CHECK constraints that a SET may violate."""
    return rules(table, written_by(table, assignments)) if table.checks else ()


def assigned(written: Sequence[nodes.Assignment], names: Names) -> tuple[tuple[Assignment, ...], list[Taken]]:
    """What SET does, and which of it is taken from what a SELECT of the row computes.

    :raises Unsupported: it gives another key to rows that others may refer to.
    """
    table = names.table
    taken: list[Taken] = []
    assignments: list[Assignment] = []
    operands = told_apart((operand,) for _, operand in written)
    for (name, _), (operand,) in zip(written, operands, strict=True):
        column = names.writable(name)
        if isinstance(operand, nodes.Selected):
            assignments.append(Assignment(column, Take(len(taken)), operand))
            taken.append((column, operand))
        else:
            assignments.append(assignment(column, operand, names.resolve, key=name in table.key_columns))
    if any(each.column.name in table.key_columns for each in assignments):
        check_referrers(table)
    return (*assignments, *stamps(table, {each.column for each in assignments})), taken


def plan_delete(statement: nodes.Delete, written: Written, tables: Tables, options: PlanOptions) -> ChangePlan:
    """The plan of a DELETE."""
    names = Names(tables(statement.table), statement.table)
    check_referrers(names.table)
    return _as_asked(_change(statement, names, None, (), written, tables, options), options)


def _as_asked(plan: ChangePlan, options: PlanOptions) -> ChangePlan:
    return replace(plan, tokened=True) if options.idempotent_writes == "always" else plan


def _change(
    statement: nodes.Update | nodes.Delete,
    names: Names,
    assignments: tuple[Assignment, ...] | None,
    taken: Sequence[Taken],
    written: Written,
    tables: Tables,
    options: PlanOptions,
) -> ChangePlan:
    table, parts, early = names.table, judged(statement, names), options.insert_check == "statement"
    written_where = every(parts.there)
    where = visible(table, written_where)
    back = shown(statement, names, written, tables, options)
    if parts.here or taken or statement.sources:
        refuse_next_values(assignments)
        found = finding(statement, parts, taken, written, tables, options)
        rest = every(tuple(part for part in conjuncts(where) if not _of_key(part, table)))
        return ChangePlan(table, where, rest, None, None, assignments, back, early=early, finding=found)
    choice = choose(table, where, Wanted(frozenset()), options)
    if isinstance(choice.access, GetItem):
        key, check = choice.access.key, choice.access.check
        return ChangePlan(table, where, choice.rest, key, None, assignments, back, check, early)
    refuse_next_values(assignments)
    find = read(table, where, tuple(table.by_name[name] for name in table.key_columns), options)
    check_scan(table, written_where, choice, options, (), limited=False)
    return ChangePlan(table, where, where, None, find, assignments, back, early=early)


def _of_key(part: Predicate, table: Table) -> bool:
    """Whether a condition is of the key alone, which no row changes."""
    return all(column.name in table.key_columns for column in columns_of(part))
