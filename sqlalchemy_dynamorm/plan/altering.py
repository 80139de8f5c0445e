"""What CREATE INDEX, DROP INDEX and ALTER TABLE make of a declared table: one definition to the next."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, UndefinedConstraint, Unsupported
from sqlalchemy_dynamorm.plan.defaults import default_of
from sqlalchemy_dynamorm.plan.kinds import column_of, kind_of
from sqlalchemy_dynamorm.plan.table_options import ttl_column
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.read_columns import read_default


def differences(there: nodes.CreateTable, wanted: nodes.CreateTable) -> list[str]:
    """What differs between two declarations of a table, by name; indexes and options are compared by themselves."""
    old, new = ({name: _comparable(column) for name, column in _columns(each).items()} for each in (there, wanted))
    found = [f"the column {name}" for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    if not found and list(old) != list(new):
        found.append("the order of columns")
    parts = (
        ("the primary key", (there.primary_key, there.key_note), (wanted.primary_key, wanted.key_note)),
        ("unique constraints", set(there.uniques), set(wanted.uniques)),
        ("foreign keys", set(there.foreign_keys), set(wanted.foreign_keys)),
        ("CHECK constraints", set(there.checks), set(wanted.checks)),
        ("the comment", there.comment, wanted.comment),
    )
    return found + [what for what, one, other in parts if one != other]


def _columns(table: nodes.CreateTable) -> dict[str, nodes.ColumnDefinition]:
    return {column.name: column for column in table.columns}


def _comparable(column: nodes.ColumnDefinition) -> nodes.ColumnDefinition:
    """The column with its defaults as its type has them: of an INTEGER, ``DEFAULT '5'`` is ``DEFAULT 5``."""
    kind = kind_of(column.type)
    return replace(
        column,
        default=default_of(column.name, kind, column.default),
        on_update=default_of(column.name, kind, column.on_update),
    )


def with_index(table: nodes.CreateTable, index: nodes.CreateIndex) -> nodes.CreateTable:
    """The table with an index more, in the place of one of the same name.

    One of attributes that the table does not declare is known to the service alone: with it the declaration, which is
    read as any CREATE TABLE, would not be read again.

    :raises UndefinedColumn: it is unique, and what is not declared cannot be kept so.
    """
    unknown = [name for name in index.columns if name not in {column.name for column in table.columns}]
    if unknown and index.unique:
        raise UndefinedColumn(f"There is no column {unknown[0]!r} in {table.table.name!r} to be unique. Add it first.")
    if unknown:
        return without_index(table, index.name)
    rest = without_index(table, index.name).indexes
    options = tuple(option for option in index.options if option[0] not in ("types", "check_items"))
    return replace(table, indexes=(*rest, replace(index, table=table.table, if_not_exists=False, options=options)))


def without_index(table: nodes.CreateTable, name: str) -> nodes.CreateTable:
    """The table without an index."""
    return replace(table, indexes=tuple(index for index in table.indexes if index.name != name))


def altered(table: nodes.CreateTable, changes: Iterable[nodes.Change]) -> nodes.CreateTable:
    """The table as an ALTER TABLE or COMMENT ON makes it. What is so already stays: it may be run again.

    :raises UndefinedColumn: there is no such column.
    :raises ProgrammingError: it is there otherwise, or is in use and cannot go.
    :raises Unsupported: it would change the table's key, or the type is none that there is.
    """
    for change in changes:
        if not isinstance(change, nodes.SetOptions):
            table = _CHANGES[type(change)](table, change)
    ttl_column(table)  # refuses a second one
    return table


def _column(table: nodes.CreateTable, name: str) -> nodes.ColumnDefinition:
    found = _columns(table).get(name)
    if found is None:
        raise UndefinedColumn(f"The table {table.table.name!r} has no column {name!r}.")
    return found


def _with_column(
    table: nodes.CreateTable, column: nodes.ColumnDefinition, name: str | None = None
) -> nodes.CreateTable:
    """The table with a column in the place of the one of that name."""
    wanted = column.name if name is None else name
    return replace(table, columns=tuple(column if each.name == wanted else each for each in table.columns))


def _add_column(table: nodes.CreateTable, change: nodes.AddColumn) -> nodes.CreateTable:
    column = change.column
    there = _columns(table).get(column.name)
    if there is None:
        column_of(column, nullable=True)  # refuses a type that there is not, and a default that is none of it
        if column.autoincrement or column.identity is not None:
            raise Unsupported(
                f"AUTOINCREMENT or GENERATED of the column {column.name!r} in ADD COLUMN is not supported: the rows "
                "that are there would have no number. Declare it in CREATE TABLE, or give the column a default."
            )
        table = replace(table, columns=(*table.columns, column))
    elif _comparable(there) != _comparable(column) and not change.if_not_exists:
        raise ProgrammingError(
            f"The table {table.table.name!r} has a column {column.name!r} already, declared otherwise."
        )
    elif _comparable(there) != _comparable(column):
        return table
    for constraint in change.constraints:
        table = _add_constraint(table, nodes.AddConstraint(constraint))
    return table


def _drop_column(table: nodes.CreateTable, change: nodes.DropColumn) -> nodes.CreateTable:
    if change.name not in _columns(table):
        if change.if_exists:
            return table
        _column(table, change.name)
    _refuse_used(table, change.name, "dropped", foreign_keys=True)
    return replace(table, columns=tuple(each for each in table.columns if each.name != change.name))


def _refuse_used(table: nodes.CreateTable, name: str, done: str, *, foreign_keys: bool) -> None:
    if name in table.primary_key:
        raise Unsupported(
            f"The column {name!r} of {table.table.name!r} cannot be {done}: it is of the table's key, which stays "
            "as it is. Copy it to a table with another: ALTER TABLE … RENAME TO … PRIMARY KEY (…)."
        )
    users = [f"the index {index.name}" for index in table.indexes if name in _held(index)]
    users += [_named("the unique constraint", each) for each in table.uniques if name in each.columns]
    users += [
        _named("the CHECK", each) for each in table.checks if re.search(rf"\b{re.escape(name)}\b", each.condition)
    ]
    if foreign_keys:
        users += [_named("the foreign key", each) for each in table.foreign_keys if name in each.columns]
    if users:
        raise ProgrammingError(
            f"The column {name!r} of {table.table.name!r} cannot be {done}: it is used by {', '.join(users)}. Drop "
            "that first."
        )


def _held(index: nodes.CreateIndex) -> set[str]:
    """The columns of an index, included ones too."""
    return {*index.columns, *json.loads(dict(index.options).get("include", "[]"))}


def _named(what: str, constraint: nodes.Constraint) -> str:
    of = constraint.condition if isinstance(constraint, nodes.CheckConstraint) else ", ".join(constraint.columns)
    return f"{what} {constraint.name}" if constraint.name else f"{what} of ({of})"


def _rename_column(table: nodes.CreateTable, change: nodes.RenameColumn) -> nodes.CreateTable:
    columns = _columns(table)
    if change.name not in columns and change.new in columns:
        return table  # it was renamed before
    column = _column(table, change.name)
    if change.new in columns:
        raise ProgrammingError(f"The table {table.table.name!r} has a column {change.new!r} already.")
    _refuse_used(table, change.name, "renamed", foreign_keys=False)
    keys = [
        replace(key, columns=tuple(change.new if each == change.name else each for each in key.columns))
        for key in table.foreign_keys
    ]
    return replace(_with_column(table, replace(column, name=change.new), change.name), foreign_keys=tuple(keys))


def _set_type(table: nodes.CreateTable, change: nodes.SetType) -> nodes.CreateTable:
    column = _column(table, change.name)
    changed = replace(column, type=change.type)
    column_of(changed, nullable=True)  # refuses a type that there is not, and a default that is none of it
    old, new = kind_of(column.type), kind_of(change.type)
    keys = [table.primary_key, *(index.columns for index in table.indexes)]
    if old.key_type != new.key_type and any(change.name in key for key in keys):
        raise Unsupported(
            f"The type of the column {change.name!r} of {table.table.name!r} cannot become {change.type.name}: it is "
            f"of a key or an index, which holds {old.value} values. For an index, drop it and make it again; for the "
            "key, add a column of the new type and copy the table to one with it in its key (RENAME TO … PRIMARY KEY)."
        )
    return _with_column(table, changed)


def _set_not_null(table: nodes.CreateTable, change: nodes.SetNotNull) -> nodes.CreateTable:
    column = _column(table, change.name)
    if not change.not_null and change.name in table.primary_key:
        raise ProgrammingError(f"The column {change.name!r} is of the key of {table.table.name!r}, which is NOT NULL.")
    return _with_column(table, replace(column, not_null=change.not_null))


def _set_default(table: nodes.CreateTable, change: nodes.SetDefault) -> nodes.CreateTable:
    column = _column(table, change.name)
    changed = replace(column, default=None if change.text is None else read_default(change.text, column.type))
    column_of(changed, nullable=True)  # refuses a default that is no value of the type
    return _with_column(table, changed)


def _add_constraint(table: nodes.CreateTable, change: nodes.AddConstraint) -> nodes.CreateTable:
    constraint = change.constraint
    if not isinstance(constraint, nodes.CheckConstraint):
        for name in constraint.columns:
            _column(table, name)
    there = _constraints(table)
    if constraint in there:
        return table
    if constraint.name is not None and any(each.name == constraint.name for each in there):
        raise ProgrammingError(
            f"The table {table.table.name!r} has a constraint {constraint.name!r} already, another one."
        )
    return _with_constraints(table, [*there, constraint])


def _drop_constraint(table: nodes.CreateTable, change: nodes.DropConstraint) -> nodes.CreateTable:
    there = _constraints(table)
    left = [each for each in there if each.name != change.name]
    if change.name == table.key_note.name:
        raise Unsupported(f"The primary key {change.name!r} cannot be dropped: a table keeps its key.")
    if len(left) == len(there) and not change.if_exists:
        raise UndefinedConstraint(f"The table {table.table.name!r} has no constraint {change.name!r}.")
    return _with_constraints(table, left)


def _constraints(table: nodes.CreateTable) -> tuple[nodes.Constraint, ...]:
    return (*table.uniques, *table.foreign_keys, *table.checks)


def _with_constraints(table: nodes.CreateTable, constraints: Iterable[nodes.Constraint]) -> nodes.CreateTable:
    found = tuple(constraints)
    return replace(
        table,
        uniques=tuple(each for each in found if isinstance(each, nodes.Unique)),
        foreign_keys=tuple(each for each in found if isinstance(each, nodes.ForeignKey)),
        checks=tuple(each for each in found if isinstance(each, nodes.CheckConstraint)),
    )


def _set_comment(table: nodes.CreateTable, change: nodes.SetComment) -> nodes.CreateTable:
    if change.name is None:
        return replace(table, comment=change.text)
    if change.of == "COLUMN":
        return _with_column(table, replace(_column(table, change.name), comment=change.text))
    if change.name == table.key_note.name:
        return replace(table, key_note=replace(table.key_note, comment=change.text))
    there = _constraints(table)
    if all(each.name != change.name for each in there):
        raise UndefinedConstraint(f"The table {table.table.name!r} has no constraint {change.name!r}.")
    changed = [replace(each, comment=change.text) if each.name == change.name else each for each in there]
    return _with_constraints(table, changed)


_CHANGES: dict[type[Any], Callable[[nodes.CreateTable, Any], nodes.CreateTable]] = {
    nodes.AddColumn: _add_column,
    nodes.DropColumn: _drop_column,
    nodes.RenameColumn: _rename_column,
    nodes.SetType: _set_type,
    nodes.SetNotNull: _set_not_null,
    nodes.SetDefault: _set_default,
    nodes.AddConstraint: _add_constraint,
    nodes.DropConstraint: _drop_constraint,
    nodes.SetComment: _set_comment,
}
"""What each change makes of a table; the table's options are the service's, and not declared."""
