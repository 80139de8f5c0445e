"""ALTER TABLE and COMMENT ON to their node."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.errors import SQLSyntaxError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.read_columns import default_text, read_column, read_type
from sqlalchemy_dynamorm.sql.read_constraints import constraint
from sqlalchemy_dynamorm.sql.read_parts import option_list, table_name
from sqlalchemy_dynamorm.sql.words import Words

_CONSTRAINTS = ("CONSTRAINT", "UNIQUE", "FOREIGN", "CHECK", "PRIMARY")
_PLACE = "ALTER TABLE"


def read_alteration(words: Words) -> nodes.AlterTable | nodes.RenameTable:
    """Read what follows ALTER TABLE.

    :raises SQLSyntaxError: it is malformed.
    :raises Unsupported: a change that is not handled, by name.
    """
    if_exists = words.accept("IF", "EXISTS")
    table = table_name(words)
    if words.sees("RENAME", "TO"):
        return _rename_table(words, table, if_exists)
    changes = [_change(words)]
    while words.accept(","):
        changes.append(_change(words))
    return nodes.AlterTable(table, tuple(changes), if_exists)


def _change(words: Words) -> nodes.Change:
    if words.accept("ADD"):
        return _add_constraint(words) if any(map(words.sees, _CONSTRAINTS)) else _add_column(words)
    if words.accept("DROP", "CONSTRAINT"):
        if_exists = words.accept("IF", "EXISTS")
        return nodes.DropConstraint(words.name(), if_exists)
    if words.accept("DROP"):
        return _drop_column(words)
    if words.accept("ALTER"):
        return _alter_column(words)
    if words.accept("RENAME"):
        return _rename(words)
    if words.accept("SET"):
        return nodes.SetOptions(option_list(words, "SET"))
    raise words.refusal(_PLACE)


def _add_constraint(words: Words) -> nodes.AddConstraint:
    name = words.name() if words.accept("CONSTRAINT") else None
    found = constraint(words, name)
    if found is None:
        if words.sees("PRIMARY"):
            raise unsupported("ADD PRIMARY KEY", "copy it to a table with another key, RENAME TO … PRIMARY KEY (…)")
        raise words.refusal(_PLACE)
    return nodes.AddConstraint(found)


def _add_column(words: Words) -> nodes.AddColumn:
    words.accept("COLUMN")
    if_not_exists = words.accept("IF", "NOT", "EXISTS")
    column = read_column(words)
    if column.primary_key:
        raise unsupported("PRIMARY KEY in ADD COLUMN", "copy it to a table with another key, RENAME TO … PRIMARY KEY")
    constraints: tuple[nodes.Constraint, ...] = (*column.uniques, *column.foreign_keys, *column.checks)
    return nodes.AddColumn(column.definition(), constraints, if_not_exists)


def _drop_column(words: Words) -> nodes.DropColumn:
    words.accept("COLUMN")
    if_exists = words.accept("IF", "EXISTS")
    return nodes.DropColumn(words.name(), if_exists)


def _rename_table(words: Words, table: nodes.TableName, if_exists: bool) -> nodes.RenameTable:
    if if_exists:
        raise unsupported("IF EXISTS with RENAME TO", "leave it out")
    words.expect("RENAME", "TO")
    new = table_name(words)
    if new.schema is None:
        new = replace(new, schema=table.schema)
    key = words.names() if words.accept("PRIMARY", "KEY") else ()
    options = option_list(words, "WITH") if words.accept("WITH") else ()
    if words.sees(","):
        raise unsupported("RENAME TO with other changes", "make them one after the other")
    return nodes.RenameTable(table, new, key, options)


def _rename(words: Words) -> nodes.RenameColumn:
    if words.sees("TO"):
        raise unsupported("RENAME TO with other changes", "make them one after the other")
    if words.sees("CONSTRAINT"):
        raise unsupported("RENAME CONSTRAINT", "drop it and add it under its new name")
    words.accept("COLUMN")
    name = words.name()
    words.expect("TO")
    return nodes.RenameColumn(name, words.name())


def _alter_column(words: Words) -> nodes.Change:
    words.accept("COLUMN")
    name = words.name()
    if words.accept("TYPE") or words.accept("SET", "DATA", "TYPE"):
        return nodes.SetType(name, read_type(words, name))
    if words.accept("SET", "NOT", "NULL"):
        return nodes.SetNotNull(name, True)
    if words.accept("DROP", "NOT", "NULL"):
        return nodes.SetNotNull(name, False)
    if words.accept("SET", "DEFAULT"):
        return nodes.SetDefault(name, default_text(words))
    if words.accept("DROP", "DEFAULT"):
        return nodes.SetDefault(name, None)
    raise words.refusal("ALTER COLUMN")


def read_comment(words: Words) -> nodes.AlterTable:
    """Read what follows COMMENT: ``ON TABLE t IS 'text'``, ``ON COLUMN t.c IS NULL``, ``ON CONSTRAINT c ON t IS …``.

    :raises SQLSyntaxError: it is malformed, or the name of a column lacks its table's.
    :raises Unsupported: the comment of something else.
    """
    words.expect("ON")
    name: str | None = None
    if words.accept("TABLE"):
        of, table = "TABLE", table_name(words)
    elif words.accept("COLUMN"):
        of = "COLUMN"
        table, name = _column_name(words)
    elif words.accept("CONSTRAINT"):
        of, name = "CONSTRAINT", words.name()
        words.expect("ON")
        table = table_name(words)
    else:
        raise words.refusal("COMMENT ON")
    words.expect("IS")
    text = None if words.accept("NULL") else words.take("string")
    return nodes.AlterTable(table, (nodes.SetComment(of, name, text),))  # type: ignore[arg-type]


def _column_name(words: Words) -> tuple[nodes.TableName, str]:
    """``[schema.]table.column``."""
    parts = [words.name()]
    while words.accept("."):
        parts.append(words.name())
    if len(parts) not in (2, 3):
        raise SQLSyntaxError("COMMENT ON COLUMN takes table.column or schema.table.column.")
    return nodes.TableName(parts[-2], parts[0] if len(parts) == 3 else None), parts[-1]
