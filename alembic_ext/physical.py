"""Tables of the models that have another name in DynamoDB (``dynamodb_table_name``): found under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from alembic.util import PriorityDispatchResult

from sqlalchemy_dynamorm.dialect.declared import physical_name

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps

    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect


def find_tables(context: AutogenContext, _: UpgradeOps) -> PriorityDispatchResult:
    """Let the connection that is inspected know the models' names."""
    assert context.connection is not None
    know(context.connection, context.sorted_tables)
    return PriorityDispatchResult.CONTINUE


def know(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Let a connection know under which names tables are in DynamoDB."""
    dialect = cast("DynamoDBDialect", connection.dialect)
    found: Any = connection.connection.dbapi_connection
    found.tables.aliases = dict(_aliases(tables, dialect))


def _aliases(tables: Iterable[sa.Table], dialect: DynamoDBDialect) -> Iterator[tuple[tuple[str | None, str], str]]:
    for table in tables:
        if table.dialect_options["dynamodb"]["table_name"] is not None:
            yield (table.schema, str(table.name)), physical_name(table, dialect, table.schema)


def tables_of(target_metadata: Any) -> list[sa.Table]:
    """The tables of an ``env.py``'s ``target_metadata``: a MetaData, several, or none."""
    given = target_metadata if isinstance(target_metadata, list | tuple) else [target_metadata]
    return [table for each in given if each is not None for table in each.tables.values()]
