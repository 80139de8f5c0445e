"""Joins as text says them, ``SELECT *`` included: the columns and rows that SQLite gives."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from sqlalchemy_dynamorm import count_calls
from tests.servers import Server

metadata = sa.MetaData()
a = sa.Table("aaa", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.String))
a.append_column(sa.Column("y", sa.String))
b = sa.Table("bbb", metadata, sa.Column("z", sa.String), sa.Column("id", sa.Integer, primary_key=True))
b.append_column(sa.Column("y", sa.String))
c = sa.Table("ccc", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("w", sa.String))
ROWS: dict[sa.Table, list[dict[str, Any]]] = {
    a: [{"id": 1, "x": "x1", "y": "p"}, {"id": 2, "x": "x2", "y": "q"}, {"id": 4, "x": "x4", "y": None}],
    b: [{"id": 1, "z": "z1", "y": "p"}, {"id": 3, "z": "z3", "y": "q"}, {"id": 4, "z": "z4", "y": None}],
    c: [{"id": 1, "w": "w1"}, {"id": 3, "w": "w3"}, {"id": 5, "w": "w5"}],
}

KINDS = ("JOIN", "LEFT JOIN", *(("RIGHT JOIN", "FULL JOIN") if sqlite3.sqlite_version_info >= (3, 39) else ()))
TEXTS = (
    "SELECT * FROM aaa JOIN bbb ON aaa.y = bbb.y",
    "SELECT bbb.*, aaa.x FROM aaa JOIN bbb ON aaa.y = bbb.y",
    "SELECT * FROM (SELECT y, x FROM aaa) AS q JOIN bbb ON q.y = bbb.y",
    "SELECT * FROM aaa CROSS JOIN ccc WHERE w > 'w1'",
    *(f"SELECT * FROM aaa {kind} bbb USING ({using})" for kind in KINDS for using in ("id", "y", "y, id")),
    *(f"SELECT id, aaa.id AS one, bbb.id AS other, z FROM aaa {kind} bbb USING (id)" for kind in KINDS),
    *(f"SELECT * FROM aaa {kind} bbb USING (id) WHERE id = 4" for kind in KINDS),
    *(f"SELECT * FROM aaa NATURAL {kind} bbb" for kind in KINDS),
    *(f"SELECT * FROM aaa {one} bbb USING (id) {two} ccc USING (id)" for one, two in itertools.product(KINDS, KINDS)),
    *(f"SELECT id, count(*) AS n FROM aaa {kind} bbb USING (id) NATURAL {kind} ccc GROUP BY id" for kind in KINDS),
    *(f"SELECT x, z, w FROM aaa {kind} (bbb {kind} ccc USING (id)) ON x = 'x' || w" for kind in KINDS),
)


@pytest.fixture(scope="module")
def both(server: Server) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    ours = sa.create_engine(server.url("text_joins", scan="allow"), isolation_level="AUTOCOMMIT")
    sqlite = sa.create_engine("sqlite://", poolclass=StaticPool)
    for engine in (ours, sqlite):
        metadata.create_all(engine)
        with engine.begin() as connection:
            for table, rows in ROWS.items():
                connection.execute(table.insert(), rows)
    yield ours, sqlite
    metadata.drop_all(ours)
    ours.dispose()
    sqlite.dispose()


@pytest.mark.parametrize("text", TEXTS)
def test_a_join_of_text_is_sqlites(both: tuple[sa.Engine, sa.Engine], text: str) -> None:
    ours, sqlite = (_answer(engine, text) for engine in both)
    assert ours == sqlite


def _answer(engine: sa.Engine, text: str) -> tuple[list[str], Counter[Any]]:
    with engine.connect() as connection:
        found = connection.exec_driver_sql(text)
        return list(found.keys()), Counter(map(tuple, found))


def test_a_join_by_a_shared_key_is_one_read_of_each(both: tuple[sa.Engine, sa.Engine]) -> None:
    with count_calls(both[0]) as calls:
        assert _answer(both[0], "SELECT x, z FROM aaa JOIN bbb USING (id) WHERE id = 1")[1] == {("x1", "z1"): 1}
    assert calls.operations == ["GetItem", "GetItem"]


def test_names_that_differ_in_case_alone_are_others(both: tuple[sa.Engine, sa.Engine]) -> None:
    with both[0].begin() as connection:
        text = 'SELECT q."X", q.x FROM (SELECT id AS x, id + 1 AS "X" FROM aaa WHERE id = 1) AS q'
        assert connection.exec_driver_sql(text).all() == [(2, 1)]
        text = 'SELECT a.id, "A".id FROM aaa AS a JOIN bbb AS "A" ON a.y = "A".y WHERE a.id = 2'
        assert connection.exec_driver_sql(text).all() == [(2, 3)]
