"""DynamoDB's own functions answer the same where one access answers a statement and where SQLite runs it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm import StringSet, count_calls
from tests.servers import Server

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("x", sa.String),
    sa.Column("n", sa.Numeric),
    sa.Column("doc", sa.JSON),
    sa.Column("tags", StringSet),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("numbers", sa.ARRAY(sa.Integer)),
)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "x": "héllo", "n": Decimal("1.5"), "doc": {"a": [1, 2]}, "tags": {"a", "b"}, "numbers": [1, 2, 3]},
    {"id": 2, "x": "", "doc": None, "raw": b"", "numbers": []},
    {"id": 3, "n": Decimal(7), "doc": "hello", "tags": {"hello"}},
    {"id": 4, "x": "abc", "doc": sa.null(), "tags": {"x"}, "raw": b"b", "numbers": [5]},
    {"id": 5, "x": "b", "doc": ["a", 1.5, True, None], "raw": b"ab"},
]
CONDITIONS = (
    "size({}x) > 2",
    "NOT size({}x) = 5",
    "size({}x) BETWEEN 1 AND 4",
    "size({}x) > NULL",
    "size({}doc) = 1",
    "size({}doc) >= 1",
    "size({}tags) = 2",
    "size({}raw) < 2",
    "size({}numbers) = 3",
    "begins_with({}x, 'h')",
    "NOT begins_with({}x, 'h')",
    "begins_with({}x, '')",
    "begins_with({}raw, X'61')",
    "contains({}x, 'l')",
    "contains({}x, NULL)",
    "contains({}tags, 'a')",
    "NOT contains({}tags, 'a')",
    "contains({}numbers, 5)",
    "contains({}doc, 'a')",
    "contains({}doc, 1.5)",
    "attribute_exists({}doc)",
    "attribute_not_exists({}doc)",
    "NOT attribute_exists({}x)",
    "attribute_type({}doc) = 'NULL'",
    "attribute_type({}doc, 'M')",
    "NOT attribute_type({}doc) = 'S'",
    "attribute_type({}tags) <> 'SS'",
    "attribute_type({}n) = 'N'",
    "size({}x) = 3 OR attribute_type({}doc) = 'L'",
)
OF_EMPTY = ("NOT size({}x) = 5", "size({}raw) < 2")
LOCAL = {
    "a condition of SQLite's beside it": ("SELECT id FROM things WHERE abs(id) > 0 AND ({})", ""),
    "in an expression that nothing is asked of": ("SELECT id FROM things WHERE CASE WHEN {} THEN 1 END = 1", ""),
    "of a table that is joined": ("SELECT t.id FROM things AS u JOIN things AS t ON t.id = u.id WHERE {}", "t."),
    "in a query": ("SELECT id FROM things WHERE id IN (SELECT id FROM things WHERE {} UNION SELECT 99)", ""),
    "of a table around a query": ("SELECT t.id FROM things t WHERE EXISTS (SELECT 1 FROM things u WHERE {})", "t."),
}


@pytest.fixture(scope="module")
def engine(server: Server) -> Iterator[sa.Engine]:
    engine = sa.create_engine(server.url("native_functions", scan="allow"), isolation_level="AUTOCOMMIT")
    things.metadata.create_all(engine)
    with engine.begin() as connection:
        for row in ROWS:
            connection.execute(things.insert().values(row))
    yield engine
    things.metadata.drop_all(engine)
    engine.dispose()


def _answer(engine: sa.Engine, text: str) -> list[Any]:
    with engine.connect() as connection:
        return sorted(connection.exec_driver_sql(text).scalars())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_function_means_the_same_in_the_local_step(server: Server, engine: sa.Engine, condition: str) -> None:
    if server.name == "dynalite" and condition in OF_EMPTY:
        pytest.skip("to dynalite an empty value has no size; it has 0")
    native = _answer(engine, f"SELECT id FROM things WHERE {condition.format('', '')}")
    for where, (text, qualifier) in LOCAL.items():
        assert _answer(engine, text.format(condition.format(qualifier, qualifier))) == native, where


def test_a_function_is_shown_and_grouped_by(engine: sa.Engine) -> None:
    shown = sa.select(things.c.id, sa.func.size(things.c.x), sa.func.attribute_type(things.c.doc))
    kind = sa.func.attribute_type(things.c.doc)
    with engine.connect() as connection, count_calls(engine) as calls:
        found = connection.execute(shown.order_by(things.c.id)).all()
        assert found == [(1, 5, "M"), (2, 0, "NULL"), (3, None, "S"), (4, 3, None), (5, 1, "L")]
        starred = connection.exec_driver_sql("SELECT *, size(x) AS s FROM things WHERE id = 4").mappings().one()
        assert starred["s"] == 3
        assert list(starred) == [*things.c.keys(), "s"]
        grouped = connection.execute(sa.select(kind, sa.func.count()).group_by(kind)).all()
        assert sorted(grouped, key=str) == [("L", 1), ("M", 1), ("NULL", 1), ("S", 1), (None, 1)]
    assert calls.operations == ["Scan", "GetItem", "Scan"]


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("size(n) > 1", "the column 'n' holds decimal values"),
        ("attribute_type(x, 'Q')", "is compared with one of B, BOOL"),
        ("begins_with(x, 1)", "column 'x' is declared string"),
    ],
)
def test_what_is_refused_natively_is_refused_there(engine: sa.Engine, condition: str, says: str) -> None:
    for text in ("SELECT id FROM things WHERE {}", LOCAL["a condition of SQLite's beside it"][0]):
        with pytest.raises(sa.exc.DBAPIError, match=says):
            _answer(engine, text.format(condition))


def test_a_type_that_is_not_the_declared_one_is_found(engine: sa.Engine) -> None:
    other = sa.Table("things", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer))
    kind = sa.func.attribute_type(other.c.x)
    with engine.connect() as connection:
        texts = sa.select(kind, sa.func.count()).where(kind == "S", other.c.id > 2).group_by(kind)
        assert connection.execute(texts).all() == [("S", 2)]


def test_an_update_computes_with_a_size(engine: sa.Engine) -> None:
    longer = things.update().where(things.c.id == 4).values(n=sa.func.size(things.c.x) * 2).returning(things.c.n)
    with engine.connect() as connection:
        assert connection.execute(longer).scalar() == 6
        assert connection.execute(longer.values(n=None)).scalar() is None
