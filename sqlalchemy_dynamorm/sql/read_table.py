"""CREATE TABLE to its node."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.read_parts import constant, index, options, refuse_twice, table_name
from sqlalchemy_dynamorm.sql.words import Words, once

_AFTER_TYPE = frozenset(
    "NOT NULL PRIMARY DEFAULT AUTOINCREMENT REFERENCES UNIQUE CHECK CONSTRAINT COLLATE GENERATED AS ON COMMENT".split()
)
_NOT_A_COLUMN = frozenset("PRIMARY FOREIGN UNIQUE CHECK CONSTRAINT INDEX EXCLUDE".split())


@dataclass(slots=True)
class _Draft:
    """The entries of a CREATE TABLE as far as they are read."""

    table: nodes.TableName
    columns: list[nodes.ColumnDefinition] = field(default_factory=list)
    primary_key: tuple[str, ...] | None = None
    indexes: list[nodes.CreateIndex] = field(default_factory=list)
    foreign_keys: list[nodes.ForeignKey] = field(default_factory=list)


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
    return nodes.CreateTable(
        draft.table,
        tuple(draft.columns),
        draft.primary_key or (),
        tuple(draft.indexes),
        tuple(draft.foreign_keys),
        if_not_exists,
        options(words),
    )


def _entry(words: Words, draft: _Draft) -> None:
    if words.next is None or words.next.upper not in _NOT_A_COLUMN:
        _column(words, draft)
    elif words.accept("INDEX"):
        draft.indexes.append(index(words, words.name(), draft.table))
    else:
        name = words.name() if words.accept("CONSTRAINT") else None
        _table_constraint(words, draft, name)


def _table_constraint(words: Words, draft: _Draft, name: str | None) -> None:
    if words.accept("PRIMARY", "KEY"):
        draft.primary_key = once(draft.primary_key, words.names(), "PRIMARY KEY")
    elif words.accept("FOREIGN", "KEY"):
        columns = words.names()
        words.expect("REFERENCES")
        draft.foreign_keys.append(_reference(words, columns, name))
    else:
        raise _unenforced(words)


def _column(words: Words, draft: _Draft) -> None:
    name = words.name()
    definition = _Column(name, _type(words, name))
    while not (words.sees(",") or words.sees(")")):
        _column_constraint(words, draft, definition)
    autoincrement = definition.autoincrement is True
    draft.columns.append(
        nodes.ColumnDefinition(name, definition.type, definition.not_null is True, autoincrement, definition.default)
    )


@dataclass(slots=True)
class _Column:
    """A column as far as it is read; ``None`` is not said yet."""

    name: str
    type: nodes.TypeName
    not_null: bool | None = None
    autoincrement: bool | None = None
    default: nodes.Value | None = None


def _column_constraint(words: Words, draft: _Draft, column: _Column) -> None:
    name = words.name() if words.accept("CONSTRAINT") else None
    if words.accept("NOT", "NULL"):
        column.not_null = once(column.not_null, True, "NULL or NOT NULL")
    elif words.accept("NULL"):
        column.not_null = once(column.not_null, False, "NULL or NOT NULL")
    elif words.accept("AUTOINCREMENT"):
        column.autoincrement = once(column.autoincrement, True, "AUTOINCREMENT")
    elif words.accept("DEFAULT"):
        column.default = once(column.default, constant(words), "DEFAULT")
    elif words.accept("PRIMARY", "KEY"):
        draft.primary_key = once(draft.primary_key, (column.name,), "PRIMARY KEY")
    elif words.accept("REFERENCES"):
        draft.foreign_keys.append(_reference(words, (column.name,), name))
    else:
        raise _unenforced(words)


def _type(words: Words, column: str) -> nodes.TypeName:
    parts = []
    while words.next is not None and words.next.kind == "word" and words.next.upper not in _AFTER_TYPE:
        parts.append(words.take("word").upper())
    if not parts:
        raise SQLSyntaxError(f"The column {column} has no type.")
    return nodes.TypeName(" ".join(parts), _type_arguments(words))


def _type_arguments(words: Words) -> tuple[str, ...]:
    if not words.accept("("):
        return ()
    found = [_type_argument(words)]
    while words.accept(","):
        found.append(_type_argument(words))
    words.expect(")")
    return tuple(found)


def _type_argument(words: Words) -> str:
    if words.accept("-"):
        return "-" + words.take("number")
    if words.next is not None and words.next.kind == "string":
        return "'" + words.take("string").replace("'", "''") + "'"
    return words.take("number", "word")


def _reference(words: Words, columns: tuple[str, ...], name: str | None) -> nodes.ForeignKey:
    target = table_name(words)
    target_columns = words.names() if words.sees("(") else ()
    if target_columns and len(target_columns) != len(columns):
        raise ProgrammingError(f"FOREIGN KEY has {len(columns)} columns and refers to {len(target_columns)}.")
    while words.accept("ON"):
        _no_action(words)
    return nodes.ForeignKey(columns, target, target_columns, name)


def _no_action(words: Words) -> None:
    event = words.take("word").upper()
    if event not in ("DELETE", "UPDATE"):
        raise words.error()
    if not words.accept("NO", "ACTION"):
        raise unsupported(f"ON {event} with an action", "foreign keys are declared, not enforced")


def _unenforced(words: Words) -> Exception:
    for kind in ("UNIQUE", "CHECK"):
        if words.sees(kind):
            return Unsupported(f"{kind} constraints are not enforced yet, so they are refused; leave the {kind} out.")
    return words.refusal("CREATE TABLE")


def _check(draft: _Draft) -> None:
    columns = [column.name for column in draft.columns]
    if not columns:
        raise ProgrammingError("CREATE TABLE needs a column.")
    refuse_twice(columns, "CREATE TABLE")
    refuse_twice([index.name for index in draft.indexes], "the indexes of CREATE TABLE")
    used = [("PRIMARY KEY", draft.primary_key or ())]
    used += [(f"the index {index.name}", index.columns) for index in draft.indexes]
    used += [("FOREIGN KEY", key.columns) for key in draft.foreign_keys]
    for place, names in used:
        refuse_twice(list(names), place)
        for name in names:
            if name not in columns:
                raise UndefinedColumn(f"{place} names the column {name}, which the table does not declare.")
