"""Conditions on places in documents keep the rows that SQLite keeps, and the service sends as few as it can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from sqlalchemy_dynamorm import explain
from tests.conftest import Calls
from tests.servers import Server

metadata = sa.MetaData()
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("doc", sa.JSON(none_as_null=True)),
)
VALUES: tuple[Any, ...] = (
    *("x", "xy", "y", "", "5", "5 apples", "1", "[1]", "{", "é", "true"),
    *(0, 1, 5, 5.9, -5.9, 0.1, 2**60, -3),
    *(True, False, None, [], [1], ["x"], {}, {"n": 1}, {"a": "x"}),
)
"""What stands at ``doc["a"]``; there are documents without it, and rows without a document."""
STORED: list[dict[str, Any]] = [
    *({"id": at, "doc": {"a": value, "b": {"c": [value]}}} for at, value in enumerate(VALUES)),
    {"id": 100, "doc": {}},
    {"id": 101, "doc": None},
    {"id": 102, "doc": ["a"]},
    {"id": 103, "doc": "a"},
]
PLACES = (notes.c.doc["a"], notes.c.doc["b"]["c"][0], notes.c.doc["b", "c", 0])
TEXTS: tuple[Any, ...] = ("x", "", "5", "1", "[1]", "{", "é", "tru")
NUMBERS: tuple[Any, ...] = (0, 1, 5, -5, 2**60, 7)


@pytest.fixture
def engine(server: Server, schema: str) -> Iterator[Engine]:
    engine = create_engine(server.url(schema, scan="allow"))
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(notes.insert(), STORED)
    yield engine
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def sqlite() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA case_sensitive_like=1")
        connection.execute(notes.insert(), STORED)
    yield engine
    engine.dispose()


def conditions(place: Any) -> Iterator[Any]:
    text, integer, number, flag = place.as_string(), place.as_integer(), place.as_float(), place.as_boolean()
    for given in TEXTS:
        yield from (text == given, text != given, text < given, text >= given, given > text, ~(text == given))
        yield from (text.startswith(given), text.contains(given), text.like(f"{given}_"), text.endswith(given))
    for given in NUMBERS:
        yield from (integer == given, integer != given, integer < given, integer <= given, integer > given)
        yield from (number == given, number >= given, integer.between(given, given + 1), ~(integer > given))
        yield from (number == given + 0.1, number > given - 0.1, number.between(given, given + 0.5))
    yield from (flag, ~flag, flag == sa.true())
    yield from (text.in_(["x", "5"]), text.is_not(None), text.is_(None), integer.in_([1, 5]), integer.is_not(None))
    yield sa.or_(text == "x", notes.c.id == 3)
    yield sa.or_(text == "x", sa.and_(notes.c.id < 8, sa.func.length(text) == 2))
    yield sa.and_(text != "x", sa.not_(sa.or_(text == "y", text == "xy")))


@pytest.mark.parametrize("place", PLACES, ids=("name", "index", "path"))
def test_a_place_is_compared_as_sqlite_compares_it(engine: Engine, sqlite: Engine, place: Any) -> None:
    with engine.connect() as ours, sqlite.connect() as theirs:
        for condition in conditions(place):
            statement = sa.select(notes.c.id).where(condition).order_by(notes.c.id)
            asked = str(statement.compile(compile_kwargs={"literal_binds": False}))
            assert [*ours.scalars(statement)] == [*theirs.scalars(statement)], asked


def test_documents_are_compared_as_values(engine: Engine, server: Server) -> None:
    place = notes.c.doc["a"]
    if server.name == "dynalite":
        pytest.skip("dynalite takes no two documents for equal")
    with engine.connect() as connection:
        for value in ([], [1], ["x"], {}, {"n": 1}, {"a": "x"}):
            typed = sa.type_coerce(value, sa.JSON)
            found = connection.execute(sa.select(notes.c.id, place).where(place == typed)).all()
            assert [row[1] for row in found] == [value]
        quoted = connection.scalars(sa.select(place).where(place == sa.type_coerce("x", sa.JSON)))
        assert quoted.all() == ["x"]


def test_the_service_is_asked_for_the_rows_that_are_wanted(engine: Engine, calls: Calls) -> None:
    statement = sa.select(notes.c.id).where(notes.c.doc["a"].as_string() == "x")
    scan, local = explain(statement, engine).rows
    assert scan[1:6] == ("Scan", scan[2], None, None, "doc[:doc_1] = :param_1")
    assert local[1] == "SQLite"
    calls.clear()
    with engine.connect() as connection:
        assert connection.scalars(statement).all() == [0]
    assert calls.operations == ["Scan"]


def test_a_place_in_the_outer_table_of_a_join(engine: Engine, sqlite: Engine) -> None:
    other = notes.alias("other")
    for isouter in (False, True):
        joined = notes.join(other, notes.c.id == other.c.id + 1, isouter=isouter)
        for condition in (other.c.doc["a"].as_string() == "x", other.c.doc["a"].as_string().is_(None)):
            statement = sa.select(notes.c.id, other.c.id).select_from(joined).where(condition).order_by(notes.c.id)
            with engine.connect() as ours, sqlite.connect() as theirs:
                assert ours.execute(statement).all() == theirs.execute(statement).all()
