"""What the inspector asks: tables and indexes by name. Reflection of what they hold is not built yet, and refused."""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy.engine import Connection, reflection
from sqlalchemy.engine.default import DefaultDialect

from sqlalchemy_dynamorm.dialect.refusal import wrapped
from sqlalchemy_dynamorm.errors import Unsupported


def _unreflected(what: str) -> Any:
    """A method that refuses to reflect something, by name."""

    def refuse(self: DefaultDialect, connection: Connection, table_name: str, *_: Any, **__: Any) -> NoReturn:
        with wrapped():
            raise Unsupported(
                f"Reflection of {what} (table {table_name!r}) is not built yet: declare the table. "
                "has_table, has_index, get_table_names and get_schema_names work."
            )

    return refuse


class ReflectingDialect(DefaultDialect):
    """The half of the dialect that the inspector calls."""

    get_columns = _unreflected("columns")
    get_pk_constraint = _unreflected("primary keys")
    get_foreign_keys = _unreflected("foreign keys")
    get_indexes = _unreflected("indexes")
    get_unique_constraints = _unreflected("unique constraints")
    get_check_constraints = _unreflected("CHECK constraints")
    get_table_comment = _unreflected("comments")
    get_table_options = _unreflected("table options")

    @reflection.cache
    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        self._ensure_has_table_connection(connection)
        with wrapped():
            return bool(_dbapi(connection).has_table(table_name, schema))

    def has_index(
        self, connection: Connection, table_name: str, index_name: str, schema: str | None = None, **kw: Any
    ) -> bool:
        if not self.has_table(connection, table_name, schema):
            return False
        with wrapped():
            return index_name in _dbapi(connection).index_names(table_name, schema)

    @reflection.cache
    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        with wrapped():
            return sorted(_dbapi(connection).table_names(schema))

    def get_temp_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return []

    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return []

    def get_temp_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return []

    def get_materialized_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return []

    @reflection.cache
    def get_schema_names(self, connection: Connection, **kw: Any) -> list[str]:
        with wrapped():
            return sorted(_dbapi(connection).schema_names())


def _dbapi(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
