"""The table of the DBAPI's service tests, and a connection that wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy_dynamorm.dbapi import Connection, Cursor, Statement, connect
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from tests.servers import KEY, REGION, SECRET, Server

CREATE = (
    "CREATE TABLE shop (customer VARCHAR NOT NULL, number INTEGER NOT NULL, status VARCHAR, total NUMERIC, "
    "region VARCHAR NOT NULL, note VARCHAR, PRIMARY KEY (customer, number), INDEX by_status (status, number), "
    "INDEX by_region (region) WITH (projection='KEYS_ONLY'))"
)


def connected(server: Server, schema: str, **options: Any) -> Connection:
    """A connection to a server, in AUTOCOMMIT."""
    connection = connect(
        endpoint_url=server.endpoint,
        region=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        default_schema=schema,
        **options,
    )
    connection.isolation_level = "AUTOCOMMIT"
    return connection


@contextmanager
def shop(server: Server, schema: str, **options: Any) -> Iterator[Shop]:
    """The table on a server, empty, and a connection in AUTOCOMMIT."""
    connection = connected(server, schema, **options)
    connection.cursor().execute(CREATE)
    try:
        yield Shop(connection, f"{schema}.shop")
    finally:
        connection.rollback()
        connection.cursor().execute("DROP TABLE shop")
        connection.close()


class Shop:
    """The table, declared."""

    def __init__(self, connection: Connection, physical: str) -> None:
        self.connection = connection
        columns = (
            Column("customer", Kind.STRING, nullable=False),
            Column("number", Kind.INTEGER, nullable=False),
            Column("status", Kind.STRING),
            Column("total", Kind.DECIMAL),
            Column("region", Kind.STRING, nullable=False),
            Column("note", Kind.STRING),
        )
        indexes = (
            Index("by_status", "by_status", ("status",), ("number",)),
            Index("by_region", "by_region", ("region",), (), "KEYS_ONLY"),
        )
        self.table = Table("shop", physical, columns, "customer", "number", indexes)

    def statement(self, text: str, values: Any = None) -> Statement:
        """The text, where a value that is a list is a bound list."""
        lists = frozenset(name for name, value in (values or {}).items() if isinstance(value, list))
        return Statement(text, {(None, "shop"): self.table}, lists)

    def run(self, text: str, values: Mapping[str, Any] | None = None, **options: str) -> Cursor:
        return self.connection.cursor().execute(self.statement(text, values), values, options=options)

    def rows(self, text: str, values: Mapping[str, Any] | None = None, **options: str) -> list[tuple[Any, ...]]:
        return self.run(text, values, **options).fetchall()

    def many(self, text: str, batch: list[dict[str, Any]]) -> Cursor:
        return self.connection.cursor().executemany(self.statement(text), batch)

    def fill(self, customer: str, numbers: range, **more: Any) -> None:
        """Insert orders with these numbers."""
        values = {"status": None, "total": None, "region": "eu", "note": None, **more}
        self.many(
            "INSERT INTO shop (customer, number, status, total, region, note) "
            "VALUES (:customer, :number, :status, :total, :region, :note)",
            [{"customer": customer, "number": number, **values} for number in numbers],
        )

    def transaction(self) -> Connection:
        """The connection, from here on with transactions."""
        self.connection.isolation_level = "READ COMMITTED"
        return self.connection
