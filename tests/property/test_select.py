"""A SELECT of any shape gives the rows that SQLite gives, of the same types.

The examples are the same each time, some 300 statements. ``DYNAMORM_EXAMPLES=4000`` runs 20,000 others.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.property import databases
from tests.property.databases import Rows, Stored
from tests.property.selects import Asked, selects
from tests.servers import Server

EXAMPLES = int(os.environ.get("DYNAMORM_EXAMPLES", "0"))
REMOTE = settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],  # to explain a failure takes as long again as to shrink it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(repr=False)
class Both:
    """Our database and SQLite's, with the same rows.

    :ivar asked: statements that both have answered.
    """

    ours: sa.Engine
    stored: Stored
    sqlite: sa.Engine
    asked: int = 0

    def store(self, rows: Rows) -> None:
        self.stored.store(rows)
        databases.store_in_sqlite(self.sqlite, rows)


@pytest.fixture(scope="module")
def both(ministack: Server) -> Iterator[Both]:
    ours = sa.create_engine(ministack.url(f"t{uuid.uuid4().hex[:12]}", scan="allow"), isolation_level="AUTOCOMMIT")
    databases.metadata.create_all(ours)
    sqlite = databases.sqlite()
    found = Both(ours, Stored(ours), sqlite)
    yield found
    sys.stdout.write(f"{found.asked} statements answered alike\n")
    databases.metadata.drop_all(ours)
    ours.dispose()
    sqlite.dispose()


@REMOTE
@given(rows=databases.rows(), statements=st.lists(selects(), min_size=1, max_size=12))
def test_a_select_gives_the_rows_that_sqlite_gives(both: Both, rows: Rows, statements: list[Asked]) -> None:
    both.store(rows)
    for asked in statements:
        _check(both, asked)


def _check(both: Both, asked: Asked) -> None:
    note(str(asked.statement.compile(both.ours, compile_kwargs={"literal_binds": False})))
    expected = _rows(both.sqlite, asked.statement)
    found = _rows(both.ours, asked.statement)
    if asked.ordered:
        assert found == expected
    assert Counter(found) == Counter(expected)
    assert _flags(found) >= _flags(expected)
    both.asked += 1


def _rows(engine: sa.Engine, statement: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Decimal objects natively")  # SQLite's: these decimals are exact floats
        warnings.filterwarnings("ignore", ".*cartesian product")
        return [tuple(map(comparable, row)) for row in connection.execute(statement)]


def comparable(value: Any) -> Any:
    """A value, and its type unless it is a number; quotients are rounded in both, to other digits: here to 15.

    A number of more digits is the same in both, unless it has ten decimals: so SQLAlchemy writes SQLite's floats.
    """
    if isinstance(value, dict | list):
        return "document", json.dumps(value, sort_keys=True)
    if isinstance(value, Decimal) and len(value.as_tuple().digits) > 15 and value.as_tuple().exponent != -10:
        return "number", value
    if isinstance(value, float | Decimal):
        return "number", round(Decimal(f"{value:.15g}"), 8)
    return "number" if isinstance(value, int) else type(value).__name__, value


def _flags(rows: list[tuple[Any, ...]]) -> set[int]:
    """Columns with Python's own True and False. SQLAlchemy knows no type of a BETWEEN; then only we have them."""
    return {at for row in rows for at, (_, value) in enumerate(row) if isinstance(value, bool)}
