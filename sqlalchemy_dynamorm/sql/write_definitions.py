"""CREATE and DROP to text."""

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
    entries = [_column(column) for column in node.columns]
    if node.primary_key:
        entries.append(f"PRIMARY KEY ({names(node.primary_key)})")
    entries += [_foreign_key(key) for key in node.foreign_keys]
    entries += [_check(constraint) for constraint in node.checks]
    entries += [f"INDEX {name(index.name)} {_body(index)}" for index in node.indexes]
    table = f"{'IF NOT EXISTS ' if node.if_not_exists else ''}{write_table(node.table)}"
    return f"CREATE TABLE {table} ({', '.join(entries)}){_options(node.options)}"


def _column(node: nodes.ColumnDefinition) -> str:
    arguments = f"({', '.join(node.type.arguments)})" if node.type.arguments else ""
    default = "" if node.default is None else f" DEFAULT {write_expression(node.default)}"
    on_update = "" if node.on_update is None else f" ON UPDATE {write_expression(node.on_update)}"
    not_null = " NOT NULL" if node.not_null else ""
    autoincrement = " AUTOINCREMENT" if node.autoincrement else ""
    return f"{name(node.name)} {node.type.name}{arguments}{default}{on_update}{not_null}{autoincrement}"


def _check(node: nodes.CheckConstraint) -> str:
    return f"{_constraint(node.name)}CHECK ({node.condition})"


def _constraint(written: str | None) -> str:
    return "" if written is None else f"CONSTRAINT {name(written)} "


def _foreign_key(node: nodes.ForeignKey) -> str:
    constraint = _constraint(node.name)
    target = f" ({names(node.target_columns)})" if node.target_columns else ""
    return f"{constraint}FOREIGN KEY ({names(node.columns)}) REFERENCES {write_table(node.target)}{target}"


def _body(node: nodes.CreateIndex) -> str:
    return f"({names(node.columns)}){_options(node.options)}"


def _options(options: nodes.Options) -> str:
    return f" WITH ({', '.join(f'{name(key)}={string(value)}' for key, value in options)})" if options else ""


def _create_index(node: nodes.CreateIndex) -> str:
    kind = "UNIQUE INDEX" if node.unique else "INDEX"
    index = f"{'IF NOT EXISTS ' if node.if_not_exists else ''}{name(node.name)}"
    return f"CREATE {kind} {index} ON {write_table(node.table)} {_body(node)}"


def _drop_table(node: nodes.DropTable) -> str:
    return f"DROP TABLE {'IF EXISTS ' if node.if_exists else ''}{write_table(node.table)}"


def _drop_index(node: nodes.DropIndex) -> str:
    return f"DROP INDEX {'IF EXISTS ' if node.if_exists else ''}{name(node.name)} ON {write_table(node.table)}"


DEFINITIONS: dict[type[Any], Callable[[Any], str]] = {
    nodes.CreateTable: _create_table,
    nodes.CreateIndex: _create_index,
    nodes.DropTable: _drop_table,
    nodes.DropIndex: _drop_index,
}
"""The writer of each definition."""
