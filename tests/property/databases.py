"""Three tables, rows for them that hypothesis makes up, and the two databases that have them: ours and SQLite.

Decimals are multiples of 0.25 and sums of them are small, so SQLite's floats are exact too.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.pool import StaticPool

from sqlalchemy_dynamorm.dialect.declared import declare
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.values import Json, encode


class Wide(sa.types.TypeDecorator[Decimal]):
    """A number of up to 38 digits. SQLite, the oracle, has none such: there it is text, equal where the number is."""

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return sa.String() if dialect.name == "sqlite" else sa.Numeric()

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        return format(value, "f") if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else Decimal(value)


Row = dict[str, Any]
Rows = dict[str, list[Row]]

metadata = sa.MetaData()
people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("boss", sa.Integer, index=True),
    sa.Column("name", sa.String),
    sa.Column("age", sa.Integer),
    sa.Column("paid", sa.Numeric()),
    sa.Column("active", sa.Boolean),
    sa.Column("born", sa.Date),
    sa.Column("seen", sa.DateTime),
    sa.Column("note", sa.JSON(none_as_null=True)),
    sa.Column("worth", Wide),
)
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("shop", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("person", sa.Integer, index=True),
    sa.Column("label", sa.String),
    sa.Column("amount", sa.Numeric()),
    sa.Column("open", sa.Boolean),
    sa.Column("due", sa.Date),
    sa.Column("serial", Wide),
)
tags = sa.Table(
    "tags",
    metadata,
    sa.Column("person", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tag", sa.String, primary_key=True),
    sa.Column("weight", sa.Integer),
    sa.Column("seen", sa.DateTime),
)
TABLES = (people, orders, tags)

INTEGERS = (0, 1, 2, 3, -1, 10, 2**40)
TEXTS: tuple[str, ...] = ("a", "b", "", "A", "ab", "abc", "a c", "%", "_", "é", "Éa", "日本", "\U0001f600", "1", "12")
TEXTS += ("a'b", '"', "/", "a\\b", "e\u0301", "\n", " a ", "ß", "01", "x" * 300)
DECIMALS = tuple(map(Decimal, ("0", "0.5", "1", "-1.25", "2.75", "10", "100000.25")))
DAYS = tuple(map(dt.date.fromisoformat, ("2024-02-29", "2024-03-01", "1999-12-31")))
MOMENTS = tuple(
    map(dt.datetime.fromisoformat, ("2024-02-29T12:00:00", "2024-02-29T12:00:00.000001", "1999-12-31T23:59:59.999999"))
)
NOTES: tuple[Any, ...] = (
    {},
    {"n": 1, "s": "a", "f": True, "l": [1, "x"]},
    {"n": 2, "s": "ab", "f": False, "l": [], "d": {"n": 1}},
    {"n": None, "s": None},
    {"s": "é", "l": [3], "d": {"n": 2}},
    {"s": "1", "n": "5", "f": 1, "l": [[1], {"n": 1}], "x": 1.5},
    {"s": 1, "n": 2.75, "f": "true", "d": {"e": ["a"]}, "x": -0.25},
    {"s": {"s": "a"}, "n": True, "é": "é", "x": "1.5", "f": None},
    {"s": "", "n": 0, "l": ["a", "ab"], "d": [1]},
)
WIDE = tuple(
    map(
        Decimal,
        (
            "1",
            "0.5",
            "9223372036854775807",
            "9223372036854775808",
            "12345678901234567890123456789012345678",
            "12345678901234567890123456789012345677",
            "-0.00000000000000000000000000000000000012345678901234567890123456789",
            "100000000000000000000000000000000000000",
            "0.1234567890123456",
            "0.12345678901234567",
        ),
    )
)
VALUES: dict[type[Any], tuple[Any, ...]] = {
    sa.Integer: INTEGERS,
    sa.String: TEXTS,
    sa.Numeric: DECIMALS,
    sa.Boolean: (True, False),
    sa.Date: DAYS,
    sa.DateTime: MOMENTS,
    sa.JSON: NOTES,
    Wide: WIDE,
}
KEYS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "people": tuple((number,) for number in range(1, 9)),
    "orders": tuple((shop, number) for shop in ("a", "b", "é") for number in (1, 2, 10)),
    "tags": tuple((person, tag) for person in (1, 2, 3, 9) for tag in ("a", "ab", "é")),
}


def _column_values(column: sa.Column[Any]) -> tuple[Any, ...]:
    values = VALUES[type(column.type)]
    return (*values[:5], None) if column.name in ("person", "boss") else (None, *values)


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Up to six rows a table."""
    found: Rows = {}
    for table in TABLES:
        keys = draw(st.lists(st.sampled_from(KEYS[table.name]), unique=True, max_size=6))
        names = [column.name for column in table.primary_key]
        rest = [column for column in table.c if not column.primary_key]
        found[table.name] = [
            {
                **dict(zip(names, key, strict=True)),
                **{column.name: draw(st.sampled_from(_column_values(column))) for column in rest},
            }
            for key in keys
        ]
    return found


# ---- SQLite


def sqlite() -> sa.Engine:
    """The oracle, with a case-sensitive LIKE. It finds a key of a document only as it is written, so no escapes."""
    engine = sa.create_engine(
        "sqlite://", poolclass=StaticPool, json_serializer=partial(json.dumps, ensure_ascii=False)
    )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute("PRAGMA case_sensitive_like=1")

    metadata.create_all(engine)
    return engine


def store_in_sqlite(engine: sa.Engine, stored: Rows) -> None:
    """Put these rows in the place of those that are there."""
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(table.delete())
            if stored[table.name]:
                connection.execute(table.insert(), stored[table.name])


# ---- ours


class Stored:
    """Our database: what is in it, so that the next rows can take its place in one or two calls."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._keys: set[tuple[str, tuple[Any, ...]]] = set()
        self._tables = {table.name: declare(table, engine.dialect, None) for table in TABLES}  # type: ignore[arg-type]

    def store(self, stored: Rows) -> None:
        """Put these rows in the place of those that are there."""
        puts = {
            (table.name, tuple(row[column.name] for column in table.primary_key)): row
            for table in TABLES
            for row in stored[table.name]
        }
        requests = [(name, {"PutRequest": {"Item": self._item(name, row)}}) for (name, _), row in puts.items()]
        requests += [(name, {"DeleteRequest": {"Key": self._key(name, key)}}) for name, key in self._keys - puts.keys()]
        for at in range(0, len(requests), 25):
            self._write(requests[at : at + 25])
        self._keys = set(puts)

    def _write(self, requests: Sequence[tuple[str, Any]]) -> None:
        tables: dict[str, list[Any]] = {}
        for name, request in requests:
            tables.setdefault(self._tables[name].physical, []).append(request)
        raw = self.engine.raw_connection()
        try:
            client: Any = raw.dbapi_connection
            client.client.ask(Request("BatchWriteItem", {"RequestItems": tables}))
        finally:
            raw.close()

    def _item(self, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
        columns = self._tables[name].by_name
        wires = {each: encode(_given(value), columns[each]) for each, value in row.items()}
        return {each: wire for each, wire in wires.items() if wire is not None}

    def _key(self, name: str, key: Iterable[Any]) -> dict[str, Any]:
        names = [column.name for column in metadata.tables[name].primary_key]
        return self._item(name, dict(zip(names, key, strict=True)))


def _given(value: Any) -> Any:
    return Json(value) if isinstance(value, dict) else value
