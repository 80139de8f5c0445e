"""``create_all`` and ``drop_all``: SQLAlchemy asks by name whether a table is there, and ours may have another name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sqlalchemy_dynamorm.dialect.declared import physical_name

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect


class NamingConnection(Connection):
    """A connection that knows, while DDL looks for tables, what ``dynamodb_table_name`` says of them.

    :ivar physical_names: of tables that are named otherwise, by schema and name.
    """

    physical_names: dict[tuple[str | None, str], str]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        """The arguments are SQLAlchemy's."""
        self.physical_names = {}
        super().__init__(*arguments, **keywords)

    def _run_ddl_visitor(self, visitorcallable: Any, element: Any, **keywords: Any) -> None:
        known = self.physical_names
        self.physical_names = {**known, **self._named(keywords.get("tables") or _tables_of(element))}
        try:
            super()._run_ddl_visitor(visitorcallable, element, **keywords)
        finally:
            self.physical_names = known

    def _named(self, tables: Iterable[sa.Table]) -> dict[tuple[str | None, str], str]:
        dialect = cast("DynamoDBDialect", self.dialect)
        mapped = [table for table in tables if table.dialect_options["dynamodb"]["table_name"] is not None]
        schemas = [self.schema_for_object(table) for table in mapped]
        return {
            (schema, str(table.name)): physical_name(table, dialect, schema)
            for schema, table in zip(schemas, mapped, strict=True)
        }


def _tables_of(element: Any) -> list[sa.Table]:
    if isinstance(element, sa.MetaData):
        return list(element.tables.values())
    return [element] if isinstance(element, sa.Table) else []
