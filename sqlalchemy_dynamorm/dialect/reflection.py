"""What the inspector asks: tables by name, and what each is made of.

A table that was made through this library is as it was declared; one made elsewhere has the attributes of its key and
of its indexes, which is all that DescribeTable knows, and those of a sample of items where one is asked for
(``dynamodb_sample``).
"""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import exc, util
from sqlalchemy.engine import Connection, reflection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import (
    ReflectedCheckConstraint,
    ReflectedColumn,
    ReflectedForeignKeyConstraint,
    ReflectedIndex,
    ReflectedPrimaryKeyConstraint,
    ReflectedTableComment,
    ReflectedUniqueConstraint,
)

from sqlalchemy_dynamorm.dialect import reflected
from sqlalchemy_dynamorm.dialect.refusal import wrapped
from sqlalchemy_dynamorm.dialect.visiting import NamingConnection

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.connection import Connection as DBAPIConnection
    from sqlalchemy_dynamorm.dbapi.tables import Tables
    from sqlalchemy_dynamorm.run.declarations import Reflected
    from sqlalchemy_dynamorm.run.sampling import Sample

LOGGER = logging.getLogger("sqlalchemy_dynamorm")


class ReflectingDialect(DefaultDialect):
    """The half of the dialect that the inspector calls."""

    # What a table that a foreign key refers to is reflected with, too. Not dynamodb_table_name: that is another's name.
    reflection_options = ("dynamodb_sample",)

    @reflection.cache
    def _reflected(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Reflected:
        """The table, asked once for all that an inspector wants to know of it.

        :raises NoSuchTableError: there is none.
        """
        written = kw.get("dynamodb_table_name")
        with wrapped():
            found = _tables(connection).reflected(table_name, schema, written() if callable(written) else written)
        if found is None:
            raise exc.NoSuchTableError(f"{schema}.{table_name}" if schema else table_name)
        return found

    @reflection.cache
    def _sampled(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Sample | None:
        """The items that ``dynamodb_sample`` asks for, read once; none of a table whose declaration is known.

        :raises ArgumentError: it is not a number of items.
        """
        limit = kw.get("dynamodb_sample")
        if limit is None:
            return None
        if type(limit) is not int or limit < 1:
            raise exc.ArgumentError(f"dynamodb_sample={limit!r}: it is the number of items to read, 1 or more.")
        found = self._reflected(connection, table_name, schema, **kw)
        if found.declared is not None:
            return None
        with wrapped():
            sample = _tables(connection).sampled(found.table.physical, limit)
        LOGGER.info(
            "Reflection of %s: one Scan read %d items (dynamodb_sample=%d) with the attributes %s.",
            *(found.table.physical, sample.items, limit, ", ".join(sorted(sample.types))),
        )
        return sample

    def is_declared(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Whether the table was made through this library, so that its declaration is known.

        :raises NoSuchTableError: there is none.
        """
        return self._reflected(connection, table_name, schema, **kw).declared is not None

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedColumn]:
        found = self._reflected(connection, table_name, schema, **kw)
        return reflected.columns(found, self._sampled(connection, table_name, schema, **kw))

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> ReflectedPrimaryKeyConstraint:
        return reflected.primary_key(self._reflected(connection, table_name, schema, **kw))

    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedForeignKeyConstraint]:
        return reflected.foreign_keys(self._reflected(connection, table_name, schema, **kw))

    def get_indexes(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedIndex]:
        found = self._reflected(connection, table_name, schema, **kw)
        return reflected.indexes(found, _tables(connection).client.settings.schema_separator)

    def get_unique_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedUniqueConstraint]:
        return reflected.unique_constraints(self._reflected(connection, table_name, schema, **kw))

    def get_check_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedCheckConstraint]:
        return reflected.check_constraints(self._reflected(connection, table_name, schema, **kw))

    def get_table_comment(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> ReflectedTableComment:
        return reflected.table_comment(self._reflected(connection, table_name, schema, **kw))

    @reflection.cache
    def get_table_options(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> dict[str, Any]:
        """The options that are not what a new table's are, as ``Table(…)`` takes them."""
        found = self._reflected(connection, table_name, schema, **kw)
        with wrapped():
            options, refused = _tables(connection).table_options(found)
        for error in refused:
            util.warn(f"Options of {table_name!r} are not reflected: {error}")
        given = reflected.table_options(options)
        if found.declared is not None and "hide_expired" in dict(found.declared.options):
            given["dynamodb_hide_expired"] = True
        if kw.get("dynamodb_table_name") is None and found.found["TableName"] != _tables(connection).physical(
            table_name, schema
        ):
            given["dynamodb_table_name"] = found.found["TableName"]
        return given

    @reflection.cache
    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        self._ensure_has_table_connection(connection)
        with wrapped():
            return _tables(connection).has_table(table_name, schema, _named(connection, schema, table_name))

    @reflection.cache
    def has_index(
        self, connection: Connection, table_name: str, index_name: str, schema: str | None = None, **kw: Any
    ) -> bool:
        if not self.has_table(connection, table_name, schema):
            return False
        with wrapped():
            return index_name in _tables(connection).index_names(table_name, schema)

    @reflection.cache
    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        with wrapped():
            return _tables(connection).table_names(schema)

    @reflection.cache
    def has_sequence(self, connection: Connection, sequence_name: str, schema: str | None = None, **kw: Any) -> bool:
        with wrapped():
            return _tables(connection).has_sequence(sequence_name, schema)

    @reflection.cache
    def get_sequence_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        with wrapped():
            return _tables(connection).sequence_names(schema)

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
            return _tables(connection).schema_names()


def _named(connection: Connection, schema: str | None, table_name: str) -> str | None:
    """What a table is called in DynamoDB, where DDL is looking for one that is named otherwise."""
    known = connection.physical_names if isinstance(connection, NamingConnection) else {}
    return known.get((schema, table_name))


def _tables(connection: Connection) -> Tables:
    return cast("DBAPIConnection", connection.connection.dbapi_connection).tables
