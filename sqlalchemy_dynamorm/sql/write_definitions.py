"""CREATE, ALTER and DROP to text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.write_expressions import name, names, string, write_expression


def write_table(node: nodes.TableName) -> str:
    """``schema.name AS alias``."""
    schema = "" if node.schema is None else name(node.schema) + "."
    alias = "" if node.alias is None else f" AS {name(node.alias)}"
    return f"{schema}{name(node.name)}{alias}"


def _create_table(node: nodes.CreateTable) -> str:
    entries = [write_column(column) for column in node.columns]
    if node.primary_key:
        entries.append(write_primary_key(node.primary_key, node.key_note))
    entries += [write_constraint(each) for each in node.uniques]
    entries += [write_constraint(each) for each in node.foreign_keys]
    entries += [write_constraint(each) for each in node.checks]
    entries += [f"{_kind(index)} {name(index.name)} {_body(index)}" for index in node.indexes]
    table = f"{'IF NOT EXISTS ' if node.if_not_exists else ''}{write_table(node.table)}"
    return f"CREATE TABLE {table} ({', '.join(entries)}){_comment(node.comment)}{_options(node.options)}"


def write_column(node: nodes.ColumnDefinition) -> str:
    """A column as CREATE TABLE and ADD COLUMN have it."""
    default = "" if node.default is None else f" DEFAULT {write_expression(node.default)}"
    on_update = "" if node.on_update is None else f" ON UPDATE {write_expression(node.on_update)}"
    not_null = " NOT NULL" if node.not_null else ""
    autoincrement = " AUTOINCREMENT" if node.autoincrement else ""
    identity = "" if node.identity is None else _identity(node.identity)
    generated = "" if node.generated is None else _generated(node.generated)
    constraints = f"{default}{on_update}{not_null}{autoincrement}{identity}{generated}{_comment(node.comment)}"
    return f"{name(node.name)} {_type(node.type)}{constraints}"


def _type(node: nodes.TypeName) -> str:
    return f"{node.name}({', '.join(node.arguments)})" if node.arguments else node.name


def _identity(node: nodes.Identity) -> str:
    options = _numbering(node.numbering).lstrip()
    return f" GENERATED {'ALWAYS' if node.always else 'BY DEFAULT'} AS IDENTITY{f' ({options})' if options else ''}"


def _generated(node: nodes.Generated) -> str:
    return f" GENERATED ALWAYS AS ({node.text}){' STORED' if node.persisted else ''}"


def _numbering(node: nodes.Numbering) -> str:
    numbers = {
        "INCREMENT BY": node.increment,
        "START WITH": node.start,
        "MINVALUE": node.minimum,
        "MAXVALUE": node.maximum,
        "CACHE": node.cache,
    }
    cycle = "" if node.cycle is None else " CYCLE" if node.cycle else " NO CYCLE"
    return "".join(f" {words} {number}" for words, number in numbers.items() if number is not None) + cycle


def write_primary_key(columns: tuple[str, ...], note: nodes.KeyNote) -> str:
    """``[CONSTRAINT name] PRIMARY KEY (columns) [COMMENT 'text']``."""
    return f"{_named(note.name)}PRIMARY KEY ({names(columns)}){_comment(note.comment)}"


def write_constraint(node: nodes.Constraint) -> str:
    """A constraint as CREATE TABLE and ADD CONSTRAINT have it."""
    if isinstance(node, nodes.Unique):
        body = f"UNIQUE ({names(node.columns)})"
    elif isinstance(node, nodes.ForeignKey):
        body = _foreign_key(node)
    else:
        body = f"CHECK ({node.condition})"
    return f"{_named(node.name)}{body}{_comment(node.comment)}"


def _named(constraint: str | None) -> str:
    return "" if constraint is None else f"CONSTRAINT {name(constraint)} "


def _foreign_key(node: nodes.ForeignKey) -> str:
    return f"FOREIGN KEY ({names(node.columns)}) {_references(node)}"


def _references(node: nodes.ForeignKey) -> str:
    target = f" ({names(node.target_columns)})" if node.target_columns else ""
    options = [
        f" ON DELETE {node.on_delete}" if node.on_delete else "",
        f" ON UPDATE {node.on_update}" if node.on_update else "",
        "" if node.deferrable is None else " DEFERRABLE" if node.deferrable else " NOT DEFERRABLE",
        f" INITIALLY {node.initially}" if node.initially else "",
        f" MATCH {node.match}" if node.match else "",
    ]
    return f"REFERENCES {write_table(node.target)}{target}{''.join(options)}"


def _comment(text: str | None) -> str:
    return "" if text is None else f" COMMENT {string(text)}"


def _kind(node: nodes.CreateIndex) -> str:
    return "UNIQUE INDEX" if node.unique else "INDEX"


def _body(node: nodes.CreateIndex) -> str:
    return f"({names(node.columns)}){_options(node.options)}"


def _options(options: nodes.Options) -> str:
    return f" WITH {_list(options)}" if options else ""


def _list(options: nodes.Options) -> str:
    return f"({', '.join(f'{name(key)}={string(value)}' for key, value in options)})"


def _create_index(node: nodes.CreateIndex) -> str:
    index = f"{'IF NOT EXISTS ' if node.if_not_exists else ''}{name(node.name)}"
    return f"CREATE {_kind(node)} {index} ON {write_table(node.table)} {_body(node)}"


def _drop_table(node: nodes.DropTable) -> str:
    return f"DROP TABLE {'IF EXISTS ' if node.if_exists else ''}{write_table(node.table)}"


def _drop_index(node: nodes.DropIndex) -> str:
    return f"DROP INDEX {'IF EXISTS ' if node.if_exists else ''}{name(node.name)} ON {write_table(node.table)}"


def _alter_index(node: nodes.AlterIndex) -> str:
    index = f"{'IF EXISTS ' if node.if_exists else ''}{name(node.name)}"
    return f"ALTER INDEX {index} ON {write_table(node.table)} SET {_list(node.options)}"


def _create_sequence(node: nodes.CreateSequence) -> str:
    sequence = f"{'IF NOT EXISTS ' if node.if_not_exists else ''}{write_table(node.name)}"
    return f"CREATE SEQUENCE {sequence}{_numbering(node.numbering)}"


def _drop_sequence(node: nodes.DropSequence) -> str:
    return f"DROP SEQUENCE {'IF EXISTS ' if node.if_exists else ''}{write_table(node.name)}"


def _alter_table(node: nodes.AlterTable) -> str:
    if isinstance(node.changes[0], nodes.SetComment):
        return _comment_on(node.table, node.changes[0])
    changes = ", ".join(map(write_change, node.changes))
    return f"ALTER TABLE {'IF EXISTS ' if node.if_exists else ''}{write_table(node.table)} {changes}"


def write_change(node: nodes.Change) -> str:
    """A change as ALTER TABLE has it; a comment is a statement of its own."""
    return _CHANGES[type(node)](node)


def _comment_on(table: nodes.TableName, node: nodes.SetComment) -> str:
    text = "NULL" if node.text is None else string(node.text)
    if node.name is None:
        return f"COMMENT ON TABLE {write_table(table)} IS {text}"
    if node.of == "COLUMN":
        return f"COMMENT ON COLUMN {write_table(table)}.{name(node.name)} IS {text}"
    return f"COMMENT ON CONSTRAINT {name(node.name)} ON {write_table(table)} IS {text}"


def _add_column(node: nodes.AddColumn) -> str:
    constraints = "".join(f" {_of_column(each)}" for each in node.constraints)
    return f"ADD COLUMN {'IF NOT EXISTS ' if node.if_not_exists else ''}{write_column(node.column)}{constraints}"


def _of_column(node: nodes.Constraint) -> str:
    """A constraint as it stands in the definition of its column."""
    if isinstance(node, nodes.Unique):
        return f"{_named(node.name)}UNIQUE"
    if isinstance(node, nodes.ForeignKey):
        return f"{_named(node.name)}{_references(node)}"
    return f"{_named(node.name)}CHECK ({node.condition})"


def _drop_column(node: nodes.DropColumn) -> str:
    return f"DROP COLUMN {'IF EXISTS ' if node.if_exists else ''}{name(node.name)}"


def _set_type(node: nodes.SetType) -> str:
    return f"ALTER COLUMN {name(node.name)} TYPE {_type(node.type)}"


def _set_not_null(node: nodes.SetNotNull) -> str:
    return f"ALTER COLUMN {name(node.name)} {'SET' if node.not_null else 'DROP'} NOT NULL"


def _set_default(node: nodes.SetDefault) -> str:
    return f"ALTER COLUMN {name(node.name)} {'DROP DEFAULT' if node.text is None else f'SET DEFAULT {node.text}'}"


def _rename_table(node: nodes.RenameTable) -> str:
    key = f" PRIMARY KEY ({names(node.primary_key)})" if node.primary_key else ""
    return f"ALTER TABLE {write_table(node.table)} RENAME TO {write_table(node.new)}{key}{_options(node.options)}"


def _drop_constraint(node: nodes.DropConstraint) -> str:
    return f"DROP CONSTRAINT {'IF EXISTS ' if node.if_exists else ''}{name(node.name)}"


_CHANGES: dict[type[Any], Callable[[Any], str]] = {
    nodes.AddColumn: _add_column,
    nodes.DropColumn: _drop_column,
    nodes.RenameColumn: lambda node: f"RENAME COLUMN {name(node.name)} TO {name(node.new)}",
    nodes.SetType: _set_type,
    nodes.SetNotNull: _set_not_null,
    nodes.SetDefault: _set_default,
    nodes.AddConstraint: lambda node: f"ADD {write_constraint(node.constraint)}",
    nodes.DropConstraint: _drop_constraint,
    nodes.SetOptions: lambda node: f"SET {_list(node.options)}",
}
"""The writer of each change of an ALTER TABLE."""

DEFINITIONS: dict[type[Any], Callable[[Any], str]] = {
    nodes.CreateTable: _create_table,
    nodes.CreateIndex: _create_index,
    nodes.DropTable: _drop_table,
    nodes.DropIndex: _drop_index,
    nodes.AlterIndex: _alter_index,
    nodes.CreateSequence: _create_sequence,
    nodes.DropSequence: _drop_sequence,
    nodes.AlterTable: _alter_table,
    nodes.RenameTable: _rename_table,
}
"""The writer of each definition."""
