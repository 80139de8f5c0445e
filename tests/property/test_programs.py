"""A program of statements, savepoints, commits and rollbacks does here what it does on SQLite.

Each step gives the same rows, the same rowcount, or an error of the same class, and the end is the same. The examples
are the same each time; ``DYNAMORM_EXAMPLES=1000`` runs as many others of each kind.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, note, settings
from sqlalchemy.pool import StaticPool

from sqlalchemy_dynamorm.run.decode import stored_items
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.system import guards_of
from tests.property.programs import TABLES, Run, Step, metadata, programs, state, tickets
from tests.servers import Server

EXAMPLES = int(os.environ.get("DYNAMORM_EXAMPLES", "0"))
REMOTE = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(repr=False)
class Both:
    """Our database and SQLite's, both empty when a program begins."""

    ours: sa.Engine
    sqlite: sa.Engine

    def check(self, level: Any, program: list[Step]) -> None:
        """Run it on both, and compare."""
        note("\n".join(map(repr, program)))
        self._empty()
        theirs = self._ran(self.sqlite, program)
        if level == "AUTOCOMMIT":
            program = program[: _done_in_part(program, theirs)]
            self._empty()
            theirs = self._ran(self.sqlite, program)
        mine = self._ran(self.ours.execution_options(isolation_level=level), program)
        assert [*zip(program, mine, strict=True)] == [*zip(program, theirs, strict=True)]
        end = state(self.sqlite)
        assert state(self.ours) == end
        assert self._guards() == sum(_guarded(row) for row in end["tickets"])

    def _empty(self) -> None:
        for engine in (self.ours.execution_options(isolation_level="AUTOCOMMIT"), self.sqlite):
            with engine.begin() as connection:
                for table in TABLES:
                    connection.execute(sa.delete(table))

    def _ran(self, engine: sa.Engine, program: list[Step]) -> list[Any]:
        with engine.connect() as connection:
            run = Run(connection)
            for step in program:
                run.step(step)
            run.step(Step("commit"))
        assert run.seen.pop() == "commit"
        return run.seen

    def _guards(self) -> Any:
        raw = self.ours.raw_connection()
        try:
            client: Any = raw.dbapi_connection
            prefix = guards_of(client.tables.physical(tickets.name, None))
            body = client.client.ask(Request("Scan", {"TableName": client.client.settings.system_table}))
            return sum(item["id"]["S"].startswith(prefix) for item in stored_items(body))
        finally:
            raw.close()


def _done_in_part(program: list[Step], seen: list[Any]) -> int:
    """The first UPDATE that fails: in AUTOCOMMIT some of its rows may be changed all the same."""
    steps = zip(program, seen, strict=True)
    return next(
        (at for at, (step, what) in enumerate(steps) if step.kind == "update" and isinstance(what, str)), len(program)
    )


def _guarded(row: tuple[Any, ...]) -> int:
    _, code, x, y = row
    return (code is not None) + (x is not None and y is not None)


@pytest.fixture(scope="module")
def both(ministack: Server) -> Iterator[Both]:
    url = ministack.url(f"t{uuid.uuid4().hex[:12]}", scan="allow", insert_check="statement")
    ours, sqlite = sa.create_engine(url), _sqlite()
    metadata.create_all(ours)
    metadata.create_all(sqlite)
    yield Both(ours, sqlite)
    metadata.drop_all(ours)
    ours.dispose()
    sqlite.dispose()


def _sqlite() -> sa.Engine:
    """SQLite with transactions that begin where SQLAlchemy says, as its documentation tells to set it up."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA case_sensitive_like=1")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


@REMOTE
@given(program=programs())
def test_a_program_in_transactions(both: Both, program: list[Step]) -> None:
    both.check("READ COMMITTED", program)


@REMOTE
@given(program=programs())
def test_a_program_in_repeatable_transactions(both: Both, program: list[Step]) -> None:
    both.check("REPEATABLE READ", program)


@REMOTE
@given(program=programs(autocommit=True))
def test_a_program_in_autocommit(both: Both, program: list[Step]) -> None:
    both.check("AUTOCOMMIT", program)
