"""Bulk work in AUTOCOMMIT on a table that is throttled: nothing is lost, and what was not written is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm import insert
from sqlalchemy_dynamorm.errors import Throttled
from tests.faults import Fault, Faults
from tests.servers import Server

ROWS = 60
metadata = sa.MetaData()
things = sa.Table("things", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("n", sa.Integer))
VALUES = [{"id": f"{number}", "n": number} for number in range(ROWS)]


@pytest.fixture
def engine(server: Server, schema: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", lambda seconds: None)
    engine = sa.create_engine(server.url(schema, scan="allow", max_attempts="6"), isolation_level="AUTOCOMMIT")
    metadata.create_all(engine)
    yield engine
    metadata.drop_all(engine)
    engine.dispose()


STATEMENTS: dict[str, Any] = {
    "insert": sa.insert(things),
    "replace": insert(things).on_conflict_replace(),
    "update": sa.update(things).where(things.c.id == sa.bindparam("key")).values(n=sa.bindparam("new")),
    "delete": sa.delete(things).where(things.c.id == sa.bindparam("key")),
}


def _given(name: str) -> list[dict[str, Any]]:
    if name in ("insert", "replace"):
        return VALUES
    more = {"new": 7} if name == "update" else {}
    return [{"key": f"{number}", **more} for number in range(ROWS + 5)]  # five of them are not there


def _count(engine: sa.Engine) -> Any:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(things))


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_throttled_or_left_unprocessed_is_written_in_the_end_and_counted(engine: sa.Engine, name: str) -> None:
    faults = Faults(seed=3, rate=0.25, kinds=(Fault.THROTTLED, Fault.UNPROCESSED))
    with engine.connect() as connection:
        if name != "insert":
            connection.execute(sa.insert(things), VALUES)
        with faults.injected():
            assert connection.execute(STATEMENTS[name], _given(name)).rowcount == ROWS
    assert faults.met
    assert _count(engine) == (0 if name == "delete" else ROWS)


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_was_not_written_is_named(engine: sa.Engine, name: str) -> None:
    """From some request on all are throttled: until the attempts end, and then the keys tell what is left to do."""
    with engine.connect() as connection:
        if name in ("update", "delete"):
            connection.execute(sa.insert(things), VALUES)
        done = 1 if name == "replace" else 20
        faults = Faults(script=[None] * done, rate=1.0, kinds=(Fault.THROTTLED,))
        with faults.injected(), pytest.raises(exc.OperationalError) as caught:
            connection.execute(STATEMENTS[name], _given(name))
    error = caught.value.orig
    assert isinstance(error, Throttled)
    left = {key["id"]["S"] for key in error.unprocessed}
    with engine.connect() as connection:
        stored = {row.id: row.n for row in connection.execute(sa.select(things))}
    written = {
        "insert": stored.keys(),
        "replace": stored.keys(),
        "update": {key for key, n in stored.items() if n == 7 and key != "7"},
        "delete": {each["id"] for each in VALUES} - stored.keys(),
    }[name]
    assert written
    assert left
    assert not left & written
    assert left | written | {"7"} >= {each["id"] for each in VALUES}


@pytest.mark.parametrize("name", ["insert", "replace"])
def test_the_deadline_ends_the_attempts(engine: sa.Engine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = engine.url.update_query_dict({"deadline": "2", "max_attempts": "1000"})
    hasty = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", sleep)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.monotonic", lambda: now[0])
    monkeypatch.setattr("sqlalchemy_dynamorm.client.retry.time.monotonic", lambda: now[0])
    faults = Faults(rate=1.0, kinds=(Fault.THROTTLED,))
    with hasty.connect() as connection, faults.injected(), pytest.raises(exc.OperationalError) as caught:
        connection.execute(STATEMENTS[name], VALUES[:3])
    hasty.dispose()
    error = caught.value.orig
    assert isinstance(error, Throttled)
    assert len(error.unprocessed) == 3
