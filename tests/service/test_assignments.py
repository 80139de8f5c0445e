"""What SET computes: update expressions where they are exact, else read, compute, and write if unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Engine

from sqlalchemy_dynamorm import count_calls
from tests.servers import Server

METADATA = sa.MetaData()
THINGS = sa.Table(
    "things",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer),
    sa.Column("other", sa.Integer),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("name", sa.String),
    sa.Column("doc", sa.JSON),
)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "count": 5, "other": 2, "price": Decimal("1.10"), "name": "a", "doc": {"a": {"b": 1}, "l": [1, 2]}},
    {"id": 2, "count": None, "other": 3, "price": None, "name": None, "doc": None},
    {"id": 3, "count": -7, "other": None, "price": Decimal("9.99"), "name": "c", "doc": {"a": 1}},
]
T = THINGS.c
SETS: dict[str, dict[Any, Any]] = {
    "plus": {"count": T.count + 3},
    "minus": {"count": T.count - 3},
    "value first": {"count": 3 + T.count},
    "value less": {"count": 3 - T.count},
    "times": {"count": T.count * 2 + T.other},
    "coalesce": {"count": sa.func.coalesce(T.count, 0)},
    "counter": {"count": sa.func.coalesce(T.count, 0) + 1},
    "decimal": {"price": T.price + Decimal("0.20")},
    "finer": {"price": T.price + Decimal("0.005")},
    "factor": {"price": T.price * Decimal(3)},
    "copy": {"count": T.other},
    "swap": {"count": T.other, "other": T.count},
    "text": {"name": T.name + "!"},
    "negative": {"count": -T.count},
    "set and plain": {"count": T.count + 1, "name": "x"},
}


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[Engine]:
    engine = sa.create_engine(ministack.url(schema), isolation_level="AUTOCOMMIT")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        connection.execute(THINGS.insert(), ROWS)
    yield engine
    METADATA.drop_all(engine)
    engine.dispose()


def left(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(THINGS).order_by(T.id))]


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "READ COMMITTED"])
def test_set_means_what_it_means_in_sqlite(engine: Engine, level: Any) -> None:
    for name, values in SETS.items():
        sqlite = sa.create_engine("sqlite://")
        METADATA.create_all(sqlite)
        with sqlite.begin() as connection:
            connection.execute(THINGS.insert(), ROWS)
            expected = connection.execute(THINGS.update().values(values)).rowcount
        with engine.connect() as connection:
            connection.execute(THINGS.delete())
            connection.execute(THINGS.insert(), ROWS)
        with engine.connect().execution_options(isolation_level=level) as connection:
            assert connection.execute(THINGS.update().values(values)).rowcount == expected == 3, name
            if level != "AUTOCOMMIT":
                connection.commit()
        assert left(engine) == (left(sqlite) if name != "finer" else [*_finer()]), name
        sqlite.dispose()


def _finer() -> Iterator[tuple[Any, ...]]:
    """SQLite adds in floats; NUMERIC(10, 2) rounds halves away from zero."""
    for row in ROWS:
        price = None if row["price"] is None else row["price"] + Decimal("0.01")
        yield tuple({**row, "price": price}.values())


def test_what_a_sum_costs(engine: Engine) -> None:
    one = THINGS.update().where(T.id == 1)
    with count_calls(engine) as calls, engine.connect() as connection:
        assert connection.execute(one.values(count=T.count + 1)).rowcount == 1
        assert connection.execute(one.values(count=T.count + 1).returning(T.count)).all() == [(7,)]
        assert connection.execute(one.values(count=T.count * 2).returning(T.count)).all() == [(14,)]
        assert connection.execute(one.values(count=T.count + 1).where(T.count == 5)).rowcount == 0
    assert calls.operations == [
        "TransactWriteItems",
        "UpdateItem",
        *["GetItem", "UpdateItem"],
        *["TransactWriteItems", "GetItem"],
    ]


def test_parts_of_documents_are_set_and_removed(engine: Engine) -> None:
    one, doc = THINGS.update().where(T.id == 1), T.doc
    with count_calls(engine) as calls, engine.connect() as connection:
        connection.execute(one.values({doc["a"]["b"]: {"c": [1]}, doc["new"]: None}))
        connection.execute(one.values({doc["l"][1]: "x"}))
        connection.execute(one.values(doc=sa.func.json_remove(doc, "$.a.b.c", type_=sa.JSON)))
    assert calls.operations == ["UpdateItem", "TransactWriteItems", "UpdateItem"]
    assert left(engine)[0][5] == {"a": {"b": {}}, "l": [1, "x"], "new": None}
    with engine.connect() as connection:
        for number in (2, 3):
            statement = THINGS.update().where(T.id == number).values({doc["a"]["b"]: 1})
            assert connection.execute(statement).rowcount == 1
    assert [row[5] for row in left(engine)[1:]] == [None, {"a": 1}]


def test_lists_are_appended_to(engine: Engine) -> None:
    with engine.connect() as connection:
        append = sa.func.list_append(T.doc, sa.literal([3], sa.JSON), type_=sa.JSON)
        connection.execute(THINGS.update().where(T.id == 1).values(doc=[1, 2]))
        assert connection.execute(THINGS.update().where(T.id == 1).values(doc=append)).rowcount == 1
        connection.execute(THINGS.update().where(T.id == 2).values(doc=sa.null()))
        default = sa.func.coalesce(T.doc, sa.literal([], sa.JSON), type_=sa.JSON)
        append = sa.func.list_append(default, sa.literal([3], sa.JSON), type_=sa.JSON)
        assert connection.execute(THINGS.update().where(T.id == 2).values(doc=append)).rowcount == 1
        with pytest.raises(exc.DataError, match="holds no list"):
            connection.execute(THINGS.update().where(T.id == 3).values(doc=append))
    assert [row[5] for row in left(engine)] == [[1, 2, 3], [3], {"a": 1}]


def test_sums_of_two_transactions_are_both_done(engine: Engine) -> None:
    add = THINGS.update().where(T.id == 1).values(count=T.count + 1)
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(add)
        connection.execute(add)
        with engine.connect() as other:
            other.execute(add)
        connection.commit()
    assert left(engine)[0][1] == 8


def test_what_was_shown_is_not_changed_by_another(engine: Engine) -> None:
    add = THINGS.update().where(T.id == 1).values(count=T.count + 1)
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(add)
        assert connection.execute(sa.select(T.count).where(T.id == 1)).scalar() == 6
        with engine.connect() as other:
            other.execute(add)
        with pytest.raises(exc.OperationalError, match="this transaction read was changed by another"):
            connection.commit()
    assert left(engine)[0][1] == 6


def test_more_digits_than_there_are_is_refused(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(exc.DataError, match="38 significant digits"):
        connection.execute(THINGS.update().where(T.id == 1).values(count=T.count * (10**38 - 1)))
    assert left(engine)[0][1] == 5
