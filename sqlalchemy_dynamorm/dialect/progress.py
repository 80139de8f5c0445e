"""How far a backfill has come: an item of the system table for each segment, written with the rows it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.declared import physical_name
from sqlalchemy_dynamorm.errors import SerializationError, Unsupported

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a segment stands.

    :ivar cursor: where the next page begins; ``None`` at the beginning and at the end.
    :ivar version: how often it was written.
    """

    cursor: str | None = None
    read: int = 0
    changed: int = 0
    done: bool = False
    version: int = 0


class Progress:
    """The marks of one backfill.

    :raises Unsupported: the engine has no system table.
    """

    def __init__(self, engine: sa.Engine, table: sa.Table, name: str, segments: int) -> None:
        dialect = cast("DynamoDBDialect", engine.dialect)
        system = dialect.settings.system_table
        if system is None:
            raise Unsupported("A backfill keeps its progress in the system table; this engine has none.")
        self.name = name
        self._engine = engine
        self._ids = [
            f"backfill#{physical_name(table, dialect, table.schema)}#{name}#{at}/{segments}" for at in range(segments)
        ]
        self._items = sa.Table(
            "progress",
            sa.MetaData(),
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("cursor", sa.String),
            sa.Column("read", sa.Integer),
            sa.Column("changed", sa.Integer),
            sa.Column("done", sa.Boolean),
            sa.Column("version", sa.Integer),
            dynamodb_table_name=system,
        )

    def read(self) -> list[Mark]:
        """The mark of each segment; the system table is made where it is missing."""
        with self._engine.connect() as connection:
            cast("Connection", connection.connection.dbapi_connection).tables.create_system_table()
            found = connection.execute(sa.select(self._items).where(self._items.c.id.in_(self._ids))).mappings()
            marks = {str(row["id"]): _mark(row) for row in found}
        return [marks.get(id_, Mark()) for id_ in self._ids]

    def write(self, connection: sa.Connection, segment: int, mark: Mark) -> None:
        """Write a mark in the transaction of its rows.

        :raises SerializationError: another run is at work on the segment.
        """
        values = {"cursor": mark.cursor, "read": mark.read, "changed": mark.changed, "done": mark.done}
        id_, items = self._ids[segment], self._items
        if mark.version == 1:
            connection.execute(items.insert().values(id=id_, version=1, **values))
            return
        was = sa.and_(items.c.id == id_, items.c.version == mark.version - 1)
        if connection.execute(items.update().where(was).values(version=mark.version, **values)).rowcount != 1:
            raise SerializationError(f"Another run of the backfill {self.name!r} is at work.")

    def deletes(self) -> list[sa.Delete]:
        """The statements that forget it."""
        return [self._items.delete().where(self._items.c.id == id_) for id_ in self._ids]

    def forget(self) -> None:
        """Remove the marks."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in self.deletes():
                connection.execute(statement)


def _mark(row: Any) -> Mark:
    return Mark(row["cursor"], row["read"], row["changed"], row["done"], row["version"])
