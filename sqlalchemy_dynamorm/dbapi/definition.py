"""DDL statements as the executions that the client runs; what the catalog knew of the table is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy_dynamorm.plan.definitions import display_name, index_of, table_of, types_given
from sqlalchemy_dynamorm.plan.names import physical
from sqlalchemy_dynamorm.plan.schema import Kind, Table
from sqlalchemy_dynamorm.run import definitions
from sqlalchemy_dynamorm.run.request import Execution, Outcome
from sqlalchemy_dynamorm.sql import nodes

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.connection import Connection
    from sqlalchemy_dynamorm.dbapi.statement import Tables


def definition(node: nodes.Definition, tables: Tables, connection: Connection) -> Execution:
    """The execution of a CREATE or DROP.

    :raises ProgrammingError: the definition contradicts itself; see :mod:`~sqlalchemy_dynamorm.plan.definitions`.
    """
    if isinstance(node, nodes.CreateTable):
        return _create_table(node, connection)
    if isinstance(node, nodes.CreateSequence | nodes.DropSequence):
        return _sequence(node, connection)
    client, name = connection.client, display_name(node.table)
    declared = tables.get((node.table.schema, node.table.name))
    written = declared.physical if declared is not None else connection.physical(node.table.name, node.table.schema)
    client.catalog.forget(written)
    if isinstance(node, nodes.DropTable):
        guarded = declared is not None and bool(declared.uniques)
        return definitions.drop_table(written, name, client.counters, if_exists=node.if_exists, guarded=guarded)
    separator = client.settings.schema_separator
    if isinstance(node, nodes.DropIndex):
        index = physical(node.name, None, separator)
        return definitions.drop_index(
            written, name, node.name, index, if_exists=node.if_exists, system=client.settings.system_table
        )
    known = {**client.catalog.kinds(written), **_kinds(declared), **types_given(node)}
    new = definitions.NewIndex(index_of(node, separator), known, node)
    return definitions.create_index(
        written, name, new, if_not_exists=node.if_not_exists, system=client.settings.system_table
    )


def _sequence(node: nodes.CreateSequence | nodes.DropSequence, connection: Connection) -> Execution:
    sequences, physical_name = connection.client.sequences, connection.physical(node.name.name, node.name.schema)
    if isinstance(node, nodes.CreateSequence):
        yield from sequences.create(physical_name, node)
    else:
        yield from sequences.drop(physical_name, node)
    return Outcome()


def _create_table(node: nodes.CreateTable, connection: Connection) -> Execution:
    client = connection.client
    table = table_of(node, client.settings.schema_separator)
    if node.table.schema is None and "table_name" not in dict(node.options):
        written = connection.physical_by_rule(node.table.name, None)
        table = replace(table, physical=written)
    client.catalog.forget(table.physical)
    client.catalog.declare(table)
    return definitions.create_table(table, client.counters, node, if_not_exists=node.if_not_exists)


def _kinds(declared: Table | None) -> Mapping[str, Kind]:
    if declared is None:
        return {}
    return {column.name: column.kind for column in declared.columns if column.kind.key_type is not None}
