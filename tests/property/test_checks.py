"""CHECK constraints of any shape refuse the statements that SQLite's refuse, and the rows are the same after each.

The examples are the same each time. ``DYNAMORM_EXAMPLES=2000`` runs as many others for each isolation level.
"""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from sqlalchemy_dynamorm import insert
from tests.property import databases
from tests.property.databases import people
from tests.property.expressions import KINDS, Maker, Scope, what_of
from tests.property.test_select import comparable
from tests.servers import Server

EXAMPLES = int(os.environ.get("DYNAMORM_EXAMPLES", "0"))
REMOTE = settings(
    max_examples=EXAMPLES or 15,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
IDS = (1, 2, 3)
COLUMNS = [column.name for column in people.c if column.name != "id" and what_of(column) in KINDS]


@st.composite
def conditions(draw: st.DrawFn) -> list[Any]:
    """Conditions of the columns of a row."""
    make, scope = Maker(draw, subqueries=0), Scope.of(people)
    return [make.condition(scope) for _ in range(make.one_of(1, 2, 3))]


@st.composite
def steps(draw: st.DrawFn, *, several: bool) -> Any:
    """A function from a table, and from the ``insert`` of its database, to a statement that writes it.

    :param several: it may change several rows.
    """
    make, scope = Maker(draw, subqueries=0), Scope.of(people)
    key = make.one_of(*IDS)
    names = sorted({make.one_of(*COLUMNS) for _ in range(make.one_of(1, 2, 3))})
    row = {"id": key, **{name: make.value(_what(name)) for name in names}}
    set_ = {
        name: make.value(_what(name)) if make.chance(2) else make.expression(_what(name), scope, 2) for name in names
    }
    where = make.condition(scope) if several and make.chance(3) else people.c.id == key
    return make.one_of(
        lambda new: new(people).values(row),
        lambda new: new(people).values(row),
        lambda new: sa.update(people).where(where).values(set_),
        lambda new: sa.update(people).where(where).values(set_),
        lambda new: sa.delete(people).where(people.c.id == key),
        lambda new: new(people).values(row).on_conflict_do_nothing(),
        lambda new: new(people).values(row).on_conflict_do_update(index_elements=["id"], set_=set_),
        lambda new: sa.insert(people).prefix_with("OR IGNORE").values(row),
        lambda new: sa.update(people).where(people.c.id == key).values(id=key + 10, **set_),
    )


def _what(name: str) -> Any:
    what = what_of(people.c[name])
    assert what in KINDS
    return what


def unchecked() -> None:
    """Have no constraints."""
    for each in [each for each in people.constraints if isinstance(each, sa.CheckConstraint)]:
        people.constraints.remove(each)


class Pair:
    """Our database and SQLite's, whose one table gets new constraints for each example."""

    def __init__(self, ours: sa.Engine) -> None:
        self.ours, self.sqlite = ours, databases.sqlite()

    def checked(self, found: list[Any]) -> None:
        """Have these constraints, as far as SQLite takes them, and no rows."""
        unchecked()
        for each in found:
            constraint = sa.CheckConstraint(each, _autoattach=False)
            people.append_constraint(constraint)
            if not self._remade():
                people.constraints.remove(constraint)
        assert self._remade()
        self.ours.clear_compiled_cache()
        with self.ours.begin() as connection:
            connection.execute(people.delete())

    def _remade(self) -> bool:
        """Make SQLite's table anew; whether it is made: a query is no CHECK, nor is a parameter that stays one."""
        people.drop(self.sqlite, checkfirst=True)
        try:
            people.create(self.sqlite)
        except (sa.exc.OperationalError, sa.exc.CompileError):
            return False
        return True


@pytest.fixture(scope="module", params=["AUTOCOMMIT", "READ COMMITTED"])
def pair(ministack: Server, request: pytest.FixtureRequest) -> Iterator[Pair]:
    url = ministack.url(f"t{uuid.uuid4().hex[:12]}", scan="allow", insert_check="statement")
    ours = sa.create_engine(url, isolation_level=request.param)
    people.create(ours)
    yield Pair(ours)
    unchecked()
    people.drop(ours)
    ours.dispose()


@REMOTE
@given(found=conditions(), data=st.data())
def test_what_sqlite_refuses_is_refused(pair: Pair, found: list[Any], data: st.DataObject) -> None:
    several = pair.ours.dialect._on_connect_isolation_level != "AUTOCOMMIT"
    program = data.draw(st.lists(steps(several=several), min_size=1, max_size=6))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Decimal objects natively")
        warnings.filterwarnings("ignore", ".*rendering literal NULL")
        pair.checked(found)
        with pair.sqlite.begin() as expected, pair.ours.begin() as ours:
            for step in program:
                note(str(step(insert).compile(pair.ours)))
                wanted = _outcome(expected, step(sqlite.insert))
                assert _outcome(ours, step(insert)) == wanted
                assert _rows(ours) == _rows(expected)
        with pair.ours.connect() as ours, pair.sqlite.connect() as expected:
            assert _rows(ours) == _rows(expected)


def _outcome(connection: sa.Connection, statement: Any) -> int | str:
    try:
        return connection.execute(statement).rowcount
    except sa.exc.IntegrityError:
        return "refused"


def _rows(connection: sa.Connection) -> list[tuple[Any, ...]]:
    found = connection.execute(sa.select(people).order_by(people.c.id))
    return [tuple(comparable(value) for value in row) for row in found]
