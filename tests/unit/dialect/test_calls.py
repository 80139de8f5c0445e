from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.dialect.calls import count_calls
from sqlalchemy_dynamorm.errors import InterfaceError

USERS = sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
ONE = sa.select(USERS).where(USERS.c.id == 1)
MANY = sa.select(USERS).where(USERS.c.id.in_(range(1, 151)))
EMPTY: dict[str, bytes] = {"GetItem": b"{}", "BatchGetItem": b'{"Responses": {"users": []}, "UnprocessedKeys": {}}'}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """An engine of a service that answers every read with nothing."""

    monkeypatch.setattr(Client, "_sent", lambda self, request: EMPTY[request.operation])
    made = sa.create_engine("dynamodb://localhost:9")
    yield made
    made.dispose()


def test_operations_come_in_the_order_they_were_sent(engine: sa.Engine) -> None:
    with count_calls(engine) as calls, engine.connect() as connection:
        connection.execute(ONE)
        connection.execute(MANY)
        assert calls.operations == ["GetItem", "BatchGetItem", "BatchGetItem"]
    assert calls.count == 3
    assert calls.by_operation == Counter(GetItem=1, BatchGetItem=2)


def test_only_what_happens_inside_counts(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(ONE)
        with count_calls(engine) as calls:
            connection.execute(sa.text("SELECT 1"))
        connection.execute(ONE)
    assert calls.operations == []


def test_counts_nest(engine: sa.Engine) -> None:
    with count_calls(engine) as outer, engine.connect() as connection:
        connection.execute(ONE)
        with count_calls(engine) as inner:
            connection.execute(ONE)
    assert (outer.count, inner.count) == (2, 1)


def test_a_connection_of_the_pool_that_is_in_use_is_not_waited_for() -> None:
    engine = sa.create_engine("dynamodb://localhost:9", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with engine.connect(), count_calls(engine) as calls:
        assert calls.count == 0
    engine.dispose()


def test_another_databases_engine_is_refused() -> None:
    engine = sa.create_engine("sqlite://")
    with pytest.raises(InterfaceError, match="does not take one of sqlite"), count_calls(engine):
        raise AssertionError
