"""ON CONFLICT and INSERT OR …: which constraint is meant, and what is done to the row that is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.changing import assigned, checks_of
from sqlalchemy_dynamorm.plan.finding import finding, judged
from sqlalchemy_dynamorm.plan.next_values import refuse_next_values
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import every
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Table, Unique
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.steps import ChangePlan, Conflict, Projection
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.finding import update_of


def conflict(
    statement: nodes.Insert,
    names: Names,
    back: Projection | None,
    written: Written,
    tables: Tables,
    options: PlanOptions,
) -> Conflict | None:
    """What an INSERT does where a key or unique values are taken; ``None`` where it fails.

    :param back: what its RETURNING shows.
    :raises Unsupported: the target is no constraint of the table, or none is named where DO UPDATE could mean several;
        a query in what DO UPDATE says.
    """
    meant = statement.conflict
    if meant is None:
        return None
    key, uniques = _arbiters(meant, names)
    if meant.action != "update":
        return Conflict(meant.action, key, uniques)
    if key + len(uniques) != 1:
        raise Unsupported(
            f"ON CONFLICT DO UPDATE on {names.table.name!r} needs its target, the columns of one constraint: "
            f"{_constraints(names.table)}."
        )
    excluded = tuple(dict.fromkeys(names.target(each.column) for each in nodes.excluded_in(meant)))
    change = _update(statement, meant, names, written, tables, options, key=key)
    change = replace(change, returning=back, early=options.insert_check == "statement")
    return Conflict("update", key, uniques, change, excluded)


def _arbiters(written: nodes.Conflict, names: Names) -> tuple[bool, tuple[Unique, ...]]:
    """Whether the primary key is meant, and which unique constraints are."""
    table = names.table
    if written.constraint is not None:
        return _named(written.constraint, table)
    if not written.target:
        return bool(table.visible_key), table.uniques
    target = {names.target(name).name for name in written.target}
    if target == {*table.visible_key}:
        return True, ()
    found = tuple(unique for unique in table.uniques if {*unique.columns} == target)
    if not found:
        raise Unsupported(
            f"ON CONFLICT ({', '.join(written.target)}): {table.name!r} has no such constraint; it has "
            f"{_constraints(table)}."
        )
    return False, found


def _named(constraint: str, table: Table) -> tuple[bool, tuple[Unique, ...]]:
    found = tuple(unique for unique in table.uniques if unique.name == constraint)
    if not found:
        raise Unsupported(
            f"ON CONFLICT ON CONSTRAINT {constraint}: {table.name!r} has no unique constraint of that name; name the "
            f"columns of one: {_constraints(table)}."
        )
    return False, found


def _constraints(table: Table) -> str:
    held = [table.visible_key] if table.visible_key else []
    found = [*held, *(each.columns for each in table.uniques)]
    return " and ".join(f"({', '.join(columns)})" for columns in found) or "none"


def _update(
    statement: nodes.Insert,
    conflict_: nodes.Conflict,
    names: Names,
    written: Written,
    tables: Tables,
    options: PlanOptions,
    *,
    key: bool,
) -> ChangePlan:
    """The UPDATE of the row that is in the way: it is given, so there is nothing to find."""
    table = names.table
    given = tuple(
        (name, operand)
        for name, operand in conflict_.assignments
        # The row in the way has that key: giving it again moves nothing.
        if not (key and name in table.key_columns and operand == nodes.Excluded.of(name))
    )
    assignments, taken = assigned(given, names)
    refuse_next_values(assignments)
    update = nodes.Update(statement.table, given, conflict_.where)
    parts = judged(update, names)
    where = every(parts.there)
    change = ChangePlan(table, where, where, (), None, assignments, checks=checks_of(table, assignments))
    if not parts.here and not taken:
        return change
    _refuse_queries([*parts.here, *(each.expression for _, each in taken)])
    text = replace(written, text=update_of(written.text, statement.table), hints={})
    # No row is read to find it, so no scan is.
    found = finding(update, parts, taken, text, tables, replace(options, scan="allow", index=None))
    return replace(change, finding=found)


def _refuse_queries(expressions: Iterable[nodes.Expression]) -> None:
    for each in expressions:
        if isinstance(each, nodes.Subquery | nodes.InQuery):
            raise Unsupported(
                "A query in ON CONFLICT DO UPDATE is not supported: select its result first and give it as a value, or "
                "update the row by a statement of its own."
            )
        _refuse_queries(nodes.parts_of(each))
