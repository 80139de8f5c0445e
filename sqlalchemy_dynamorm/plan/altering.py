"""What CREATE INDEX, DROP INDEX and ALTER TABLE make of a declared table: one definition to the next."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.sql import nodes


def differences(there: nodes.CreateTable, wanted: nodes.CreateTable) -> list[str]:
    """What differs between two declarations of a table, by name; indexes and options are compared by themselves."""
    old, new = _columns(there), _columns(wanted)
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


def with_index(table: nodes.CreateTable, index: nodes.CreateIndex) -> nodes.CreateTable:
    """The table with an index more, in the place of one of the same name."""
    rest = without_index(table, index.name).indexes
    options = tuple(option for option in index.options if option[0] != "types")
    return replace(table, indexes=(*rest, replace(index, table=table.table, if_not_exists=False, options=options)))


def without_index(table: nodes.CreateTable, name: str) -> nodes.CreateTable:
    """The table without an index."""
    return replace(table, indexes=tuple(index for index in table.indexes if index.name != name))
