"""CREATE TABLE to its node."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.read_columns import read_column
from sqlalchemy_dynamorm.sql.read_constraints import comment, constraint
from sqlalchemy_dynamorm.sql.read_parts import index, options, refuse_twice, table_name
from sqlalchemy_dynamorm.sql.words import Words, once

_NOT_A_COLUMN = frozenset("PRIMARY FOREIGN UNIQUE CHECK CONSTRAINT INDEX EXCLUDE".split())


@dataclass(slots=True)
class _Draft:
    """The entries of a CREATE TABLE as far as they are read."""

    table: nodes.TableName
    columns: list[nodes.ColumnDefinition] = field(default_factory=list)
    primary_key: tuple[str, ...] | None = None
    key_note: nodes.KeyNote = field(default_factory=nodes.KeyNote)
    uniques: list[nodes.Unique] = field(default_factory=list)
    indexes: list[nodes.CreateIndex] = field(default_factory=list)
    foreign_keys: list[nodes.ForeignKey] = field(default_factory=list)
    checks: list[nodes.CheckConstraint] = field(default_factory=list)


def read_table(words: Words) -> nodes.CreateTable:
    """Read what follows CREATE TABLE.

    :raises SQLSyntaxError: it is malformed.
    :raises Unsupported: a type of constraint or a clause that is not handled, by name.
    :raises ProgrammingError: a column stands twice, or a key or index has a column that is not there.
    """
    if_not_exists = words.accept("IF", "NOT", "EXISTS")
    draft = _Draft(table_name(words))
    if words.sees("AS"):
        raise unsupported("CREATE TABLE … AS")
    words.expect("(")
    _entry(words, draft)
    while words.accept(","):
        _entry(words, draft)
    words.expect(")")
    _check(draft)
    said = comment(words)
    return nodes.CreateTable(
        draft.table,
        tuple(draft.columns),
        draft.primary_key or (),
        tuple(draft.indexes),
        tuple(draft.foreign_keys),
        if_not_exists,
        options(words),
        tuple(draft.checks),
        tuple(draft.uniques),
        draft.key_note,
        said,
    )


def _entry(words: Words, draft: _Draft) -> None:
    if words.next is None or words.next.upper not in _NOT_A_COLUMN:
        _column(words, draft)
    elif words.accept("INDEX"):
        draft.indexes.append(index(words, words.name(), draft.table))
    elif words.accept("UNIQUE", "INDEX"):
        draft.indexes.append(index(words, words.name(), draft.table, unique=True))
    else:
        name = words.name() if words.accept("CONSTRAINT") else None
        _table_constraint(words, draft, name)


def _table_constraint(words: Words, draft: _Draft, name: str | None) -> None:
    if words.accept("PRIMARY", "KEY"):
        draft.primary_key = once(draft.primary_key, words.names(), "PRIMARY KEY")
        draft.key_note = nodes.KeyNote(name, comment(words))
        return
    found = constraint(words, name)
    if isinstance(found, nodes.Unique):
        draft.uniques.append(found)
    elif isinstance(found, nodes.ForeignKey):
        draft.foreign_keys.append(found)
    elif isinstance(found, nodes.CheckConstraint):
        draft.checks.append(found)
    else:
        raise words.refusal("CREATE TABLE")


def _column(words: Words, draft: _Draft) -> None:
    column = read_column(words)
    draft.columns.append(column.definition())
    if column.primary_key:
        draft.primary_key = once(draft.primary_key, (column.name,), "PRIMARY KEY")
        draft.key_note = column.key_note
    draft.uniques += column.uniques
    draft.foreign_keys += column.foreign_keys
    draft.checks += column.checks


def _check(draft: _Draft) -> None:
    columns = [column.name for column in draft.columns]
    if not columns:
        raise ProgrammingError("CREATE TABLE needs a column.")
    refuse_twice(columns, "CREATE TABLE")
    refuse_twice([index.name for index in draft.indexes], "the indexes of CREATE TABLE")
    used = [("PRIMARY KEY", draft.primary_key or ())]
    used += [(f"the index {index.name}", index.columns) for index in draft.indexes]
    used += [("UNIQUE", each.columns) for each in draft.uniques]
    for place, names in used:
        refuse_twice(list(names), place)
    used += [("FOREIGN KEY", key.columns) for key in draft.foreign_keys]  # one column may refer to two
    for place, names in used:
        for name in names:
            if name not in columns:
                raise UndefinedColumn(f"{place} names the column {name}, which the table does not declare.")
