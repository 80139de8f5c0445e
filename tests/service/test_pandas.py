"""``pandas.read_sql`` and ``to_sql`` take the same road as any SQL text. pandas is no dependency of the tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import Calls
from tests.servers import Server

pandas: Any = pytest.importorskip("pandas", reason="pandas and numpy are 80 MB: install them to run this")

METADATA = sa.MetaData()
SALES = sa.Table(
    "sales",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("city", sa.String, index=True),
    sa.Column("amount", sa.Float),
    sa.Column("day", sa.DateTime),
)


@pytest.fixture
def engine(server: Server, schema: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(server.url(schema))
    METADATA.create_all(made)
    rows = [
        {"id": at, "city": "ab"[at % 2], "amount": at / 2, "day": dt.datetime(2026, 1, at + 1)}  # noqa: DTZ001
        for at in range(6)
    ]
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(SALES.insert(), rows)
    yield made
    METADATA.drop_all(made)
    made.dispose()


def test_a_query_is_a_frame(engine: sa.Engine, calls: Calls) -> None:
    calls.clear()
    found = pandas.read_sql(sa.select(SALES).where(SALES.c.city == "a").order_by(SALES.c.id), engine)
    assert found["id"].tolist() == [0, 2, 4]
    assert [str(found[name].dtype) for name in ("id", "amount")] == ["int64", "float64"]
    assert found["day"].tolist()[0] == pandas.Timestamp("2026-01-01")
    assert calls.operations == ["Query"]


def test_a_text_is_a_frame(engine: sa.Engine) -> None:
    text = sa.text("SELECT city, sum(amount) AS total FROM sales GROUP BY city ORDER BY city")
    assert pandas.read_sql(text, engine).to_dict("list") == {"city": ["a", "b"], "total": [3.0, 4.5]}
    one = pandas.read_sql(sa.text("SELECT amount FROM sales WHERE id = :id"), engine, params={"id": 3})
    assert one["amount"].tolist() == [1.5]


def test_a_table_is_read_whole_and_in_pieces(engine: sa.Engine) -> None:
    assert pandas.read_sql_table("sales", engine).shape == (6, 4)
    pieces = pandas.read_sql("SELECT id FROM sales", engine, chunksize=4)
    assert [len(piece) for piece in pieces] == [4, 2]


def test_a_frame_is_stored(engine: sa.Engine, server: Server) -> None:
    frame = pandas.DataFrame({"id": [100, 101], "city": ["z", "z"], "amount": [1.5, 2.5]})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        frame.to_sql("sales", connection, if_exists="append", index=False)
    assert pandas.read_sql("SELECT count(*) AS n FROM sales", engine)["n"].tolist() == [8]
