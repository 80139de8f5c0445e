"""UPDATE, DELETE and INSERT of any shape leave the tables that SQLite leaves, and count the rows that it counts.

The examples are the same each time, some 75 for each isolation level. ``DYNAMORM_EXAMPLES=2000`` runs 10,000 others.
"""

from __future__ import annotations

import os
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.property import databases
from tests.property.changes import NEW, changes
from tests.property.databases import Rows, Stored
from tests.property.test_select import Both, comparable
from tests.servers import Server

EXAMPLES = int(os.environ.get("DYNAMORM_EXAMPLES", "0"))
MADE = sa.delete(databases.people).where(databases.people.c.id >= NEW)
REMOTE = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module", params=["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ"])
def both(ministack: Server, request: pytest.FixtureRequest) -> Iterator[Both]:
    url = ministack.url(f"t{uuid.uuid4().hex[:12]}", scan="allow")
    ours = sa.create_engine(url, isolation_level=request.param)
    databases.metadata.create_all(ours)
    sqlite = databases.sqlite()
    yield Both(ours, Stored(ours), sqlite)
    databases.metadata.drop_all(ours)
    ours.dispose()
    sqlite.dispose()


@REMOTE
@given(rows=databases.rows(), statements=st.lists(changes(), min_size=1, max_size=5))
def test_a_change_leaves_what_sqlite_leaves(both: Both, rows: Rows, statements: list[Any]) -> None:
    both.store(rows)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Decimal objects natively")
        warnings.filterwarnings("ignore", ".*cartesian product")
        with both.sqlite.begin() as expected, both.ours.begin() as found:
            for statement in statements:
                note(str(statement.compile(both.ours)) + " " + str(statement.compile(both.ours).params))
                if statement.is_insert:
                    assert found.execute(MADE).rowcount == expected.execute(MADE).rowcount
                wanted = expected.execute(statement).rowcount
                assert found.execute(statement).rowcount == wanted
                assert _stored(found) == _stored(expected)
        with both.sqlite.begin() as expected, both.ours.begin() as found:
            assert _stored(found) == _stored(expected)
            found.execute(MADE)


def _stored(connection: sa.Connection) -> dict[str, Counter[tuple[Any, ...]]]:
    return {
        table.name: Counter(tuple(map(comparable, map(_hashable, row))) for row in connection.execute(sa.select(table)))
        for table in databases.TABLES
    }


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, dict) else value
