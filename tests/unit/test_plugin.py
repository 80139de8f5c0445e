from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.client import client
from sqlalchemy_dynamorm.errors import Error, InterfaceError, Throttled
from sqlalchemy_dynamorm.plugin import Call, metrics_of, on_call
from sqlalchemy_dynamorm.run.request import Request

USERS = sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
ONE = sa.select(USERS).where(USERS.c.id == 1)
MANY = sa.select(USERS).where(USERS.c.id.in_([1, 2]))
ANSWERS: dict[str, Any] = {
    "GetItem": {"ConsumedCapacity": {"TableName": "users", "CapacityUnits": 1.5}},
    "BatchGetItem": {"Responses": {"users": []}, "UnprocessedKeys": {}},
    "TransactWriteItems": {},
    "DeleteItem": {},
}


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[Error]:
    """What the next calls fail with; the others find nothing."""
    next_ones: list[Error] = []

    def sent(_: client.Client, request: Request) -> bytes:
        if next_ones:
            raise next_ones.pop(0)
        return json.dumps(ANSWERS[request.operation]).encode()

    monkeypatch.setattr(client.Client, "_sent", sent)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", lambda seconds: None)
    return next_ones


@pytest.fixture
def engine(failures: list[Error]) -> Iterator[sa.Engine]:
    made = sa.create_engine("dynamodb://localhost:9?plugin=dynamodb_metrics&system_table=none")
    yield made
    made.dispose()


def test_the_plugin_counts_from_the_first_call_on(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(ONE)
        connection.execute(ONE)
        connection.execute(MANY)
        connection.execute(sa.insert(USERS), [{"id": 1}, {"id": 2}])
    series = metrics_of(engine).series()
    assert [(one.operation, one.tables, one.index, one.calls, one.errors) for one in series] == [
        ("BatchGetItem", ("users",), None, 1, {}),
        ("GetItem", ("users",), None, 2, {}),
        ("TransactWriteItems", ("users",), None, 1, {}),
    ]
    assert all(0 < one.slowest <= one.seconds for one in series)


def test_a_repetition_and_what_made_it_necessary_are_counted(engine: sa.Engine, failures: list[Error]) -> None:
    failures += [Throttled("slow down", code="ThrottlingException"), Throttled("slow down", code="ThrottlingException")]
    with engine.connect() as connection:
        connection.execute(ONE)
    (series,) = metrics_of(engine).series()
    assert (series.calls, series.errors) == (3, {"ThrottlingException": 2})
    metrics_of(engine).clear()
    assert metrics_of(engine).series() == []


def test_capacity_is_summed_where_it_was_asked_for(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(ONE)
        connection.execute(ONE.execution_options(dynamodb_capacity=True))
    (series,) = metrics_of(engine).series()
    assert series.units == 1.5


def test_a_listener_hears_of_each_call_until_it_is_ended(engine: sa.Engine) -> None:
    heard: list[Call] = []
    end = on_call(engine, heard.append)
    with engine.connect() as connection:
        connection.execute(ONE)
    end()
    with engine.connect() as connection:
        connection.execute(ONE)
    assert [(call.operation, call.tables, call.error) for call in heard] == [("GetItem", ("users",), None)]
    assert metrics_of(engine).series()[0].calls == 2


def test_a_listener_may_come_after_the_first_connection(engine: sa.Engine) -> None:
    heard: list[Call] = []
    with engine.connect() as connection:
        connection.execute(ONE)
        on_call(engine, heard.append)
        connection.execute(ONE)
    assert len(heard) == 1


def test_a_listener_that_fails_fails_no_statement(engine: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    def fails(call: Call) -> None:
        raise ZeroDivisionError

    on_call(engine, fails)
    with engine.connect() as connection, caplog.at_level(logging.ERROR, "sqlalchemy_dynamorm.plugin"):
        assert connection.execute(ONE).all() == []
    assert "A listener of on_call() failed at a GetItem." in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_engine_that_is_disposed_of_goes_on_being_counted(engine: sa.Engine) -> None:
    for _ in range(2):
        with engine.connect() as connection:
            connection.execute(ONE)
        engine.dispose()
    assert metrics_of(engine).series()[0].calls == 2


def test_another_databases_engine_is_refused() -> None:
    with pytest.raises(InterfaceError, match="does not take one of sqlite"):
        on_call(sa.create_engine("sqlite://"), lambda call: None)
