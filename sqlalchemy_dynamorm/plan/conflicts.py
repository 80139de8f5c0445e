"""ON CONFLICT and INSERT OR …: which constraint is meant, and what is done to the row that is in the way."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.assignments import assignment, stamps
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.next_values import refuse_next_values
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Table, Unique
from sqlalchemy_dynamorm.plan.steps import ChangePlan, Conflict, Projection
from sqlalchemy_dynamorm.sql import nodes


def conflict(statement: nodes.Insert, names: Names, back: Projection | None, *, early: bool) -> Conflict | None:
    """What an INSERT does where a key or unique values are taken; ``None`` where it fails.

    :param back: what its RETURNING shows.
    :raises Unsupported: the target is no constraint of the table, or none is named where DO UPDATE could mean several.
    """
    written = statement.conflict
    if written is None:
        return None
    key, uniques = _arbiters(written, names)
    if written.action != "update":
        return Conflict(written.action, key, uniques)
    if key + len(uniques) != 1:
        raise Unsupported(
            f"ON CONFLICT DO UPDATE on {names.table.name!r} needs its target, the columns of one constraint: "
            f"{_constraints(names.table)}."
        )
    excluded = tuple(dict.fromkeys(names.target(each.column) for each in nodes.excluded_in(written)))
    change = replace(_update(written, names, key=key), returning=back, early=early)
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


def _update(written: nodes.Conflict, names: Names, *, key: bool) -> ChangePlan:
    """The UPDATE of the row that is in the way: it is given, so there is nothing to find."""
    table = names.table
    written_to = tuple(
        assignment(names.writable(name), operand, names.resolve, key=name in table.key_columns)
        for name, operand in written.assignments
        # The row in the way has that key: giving it again moves nothing.
        if not (key and name in table.key_columns and operand == nodes.Excluded(nodes.EXCLUDED + name))
    )
    assignments = (*written_to, *stamps(table, {each.column for each in written_to}))
    refuse_next_values(assignments)
    where = ALWAYS if written.where is None else when_true(written.where, names.resolve)
    return ChangePlan(table, where, where, (), None, assignments)
