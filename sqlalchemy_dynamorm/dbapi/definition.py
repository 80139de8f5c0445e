"""DDL statements as the executions that the client runs; what the catalog knew of the table is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy_dynamorm.plan.definitions import (
    TABLE_WORDS,
    checks_items,
    display_name,
    index_of,
    table_of,
    types_given,
    units_set,
)
from sqlalchemy_dynamorm.plan.names import physical
from sqlalchemy_dynamorm.plan.schema import Kind, Table
from sqlalchemy_dynamorm.plan.table_options import at_creation
from sqlalchemy_dynamorm.run import altering, copying, definitions, index_capacity, indexing
from sqlalchemy_dynamorm.run.request import Execution, Outcome
from sqlalchemy_dynamorm.run.waiting import DEFAULT, Patience
from sqlalchemy_dynamorm.sql import nodes

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.connection import Connection
    from sqlalchemy_dynamorm.dbapi.statement import Tables


def definition(
    node: nodes.Definition, tables: Tables, connection: Connection, patience: Patience = DEFAULT
) -> Execution:
    """The execution of a CREATE, ALTER or DROP.

    :param patience: how long it waits for the table, and who is told.
    :raises ProgrammingError: the definition contradicts itself; see :mod:`~sqlalchemy_dynamorm.plan.definitions`.
    """
    if isinstance(node, nodes.CreateTable):
        return _create_table(node, connection, patience)
    if isinstance(node, nodes.CreateSequence | nodes.DropSequence):
        return _sequence(node, connection)
    if isinstance(node, nodes.RenameTable):
        return _rename_table(node, connection, patience)
    client, name = connection.client, display_name(node.table)
    declared = tables.get((node.table.schema, node.table.name))
    written = (
        declared.physical if declared is not None else connection.tables.physical(node.table.name, node.table.schema)
    )
    client.catalog.forget(written)
    system, separator = client.settings.system_table, client.settings.schema_separator
    match node:
        case nodes.DropTable():
            guarded = declared is not None and bool(declared.uniques)
            old = definitions.OldTable(written, name, node.if_exists, guarded)
            return definitions.drop_table(old, client.counters, patience)
        case nodes.AlterTable():
            return altering.alter_table(altering.Altering(node, written, name, system, separator, patience))
        case nodes.AlterIndex():
            change = index_capacity.IndexChange(node, physical(node.name, None, separator), *units_set(node))
            return index_capacity.alter_index(indexing.OnTable(written, name, system), change, patience)
        case nodes.DropIndex():
            index = indexing.OldIndex(node.name, physical(node.name, None, separator), node.if_exists)
            return indexing.drop_index(indexing.OnTable(written, name, system), index, patience)
        case _:
            known = {**client.catalog.kinds(written), **_kinds(declared), **types_given(node)}
            index_ = index_of(node, separator)
            new = indexing.NewIndex(index_, known, node, node.if_not_exists, separator, checks_items(node))
            return indexing.create_index(indexing.OnTable(written, name, system), new, patience)


def _rename_table(node: nodes.RenameTable, connection: Connection, patience: Patience) -> Execution:
    # By their own names: the models may say by now that the table is to be found under the new one.
    source, target = (connection.tables.physical_by_rule(each.name, each.schema) for each in (node.table, node.new))
    client, name = connection.client, display_name(node.table)
    client.catalog.forget(target)
    renaming = copying.Copying(node, source, target, name, client.settings.schema_separator, patience)
    return copying.rename_table(renaming, client.counters)


def _sequence(node: nodes.CreateSequence | nodes.DropSequence, connection: Connection) -> Execution:
    sequences, physical_name = connection.client.sequences, connection.tables.physical(node.name.name, node.name.schema)
    if isinstance(node, nodes.CreateSequence):
        yield from sequences.create(physical_name, node)
    else:
        yield from sequences.drop(physical_name, node)
    return Outcome()


def _create_table(node: nodes.CreateTable, connection: Connection, patience: Patience) -> Execution:
    client = connection.client
    table, options = table_of(node, client.settings.schema_separator), at_creation(node, TABLE_WORDS)
    if node.table.schema is None and "table_name" not in dict(node.options):
        written = connection.tables.physical_by_rule(node.table.name, None)
        table = replace(table, physical=written)
    client.catalog.forget(table.physical)
    client.catalog.declare(table)
    new = definitions.NewTable(table, node, options, node.if_not_exists)
    return definitions.create_table(new, client.counters, patience)


def _kinds(declared: Table | None) -> Mapping[str, Kind]:
    if declared is None:
        return {}
    return {column.name: column.kind for column in declared.columns if column.kind.key_type is not None}
