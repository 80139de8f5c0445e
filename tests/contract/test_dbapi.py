"""PEP 249, over the module alone: no SQLAlchemy between it and the embedded server."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.testing import fixtures

from sqlalchemy_dynamorm import dbapi

OPTIONS: dict[str, Any] = {"embedded": True, "name": "suite", "default_schema": "pep249", "scan": "allow"}
EXCEPTIONS = {
    "Warning": Exception,
    "Error": Exception,
    "InterfaceError": dbapi.Error,
    "DatabaseError": dbapi.Error,
    "DataError": dbapi.DatabaseError,
    "OperationalError": dbapi.DatabaseError,
    "IntegrityError": dbapi.DatabaseError,
    "InternalError": dbapi.DatabaseError,
    "ProgrammingError": dbapi.DatabaseError,
    "NotSupportedError": dbapi.DatabaseError,
}
INSERT = "INSERT INTO drinks (name, price) VALUES (:name, :price)"
DRINKS = [{"name": name, "price": price} for name, price in (("ale", 1), ("gin", 2), ("rum", 3), ("tea", 4))]


@pytest.fixture
def opened() -> Iterator[dbapi.Connection]:
    """A connection, and a table that another makes and drops, which holds the server while a test closes this one."""
    keeper = dbapi.connect(**OPTIONS)
    keeper.cursor().execute("CREATE TABLE drinks (name VARCHAR(20) NOT NULL, price NUMERIC, PRIMARY KEY (name))")
    made = dbapi.connect(**OPTIONS)
    yield made
    made.close()
    keeper.cursor().execute("DROP TABLE drinks")
    keeper.close()


@pytest.fixture
def cursor(opened: dbapi.Connection) -> dbapi.Cursor:
    return opened.cursor()


@pytest.fixture
def filled(opened: dbapi.Connection) -> dbapi.Cursor:
    """A cursor with four rows to fetch, in order."""
    cursor = opened.cursor()
    cursor.executemany(INSERT, DRINKS)
    opened.commit()
    return cursor.execute("SELECT name, price FROM drinks ORDER BY name")


class ModuleTest(fixtures.TestBase):
    def test_globals(self) -> None:
        assert dbapi.apilevel == "2.0"
        assert dbapi.threadsafety in (0, 1, 2, 3)
        assert dbapi.paramstyle == "named"

    @pytest.mark.parametrize("name", EXCEPTIONS)
    def test_exceptions(self, name: str) -> None:
        found = getattr(dbapi, name)
        assert found.__bases__ == (EXCEPTIONS[name],)
        assert getattr(dbapi.Connection, name) is found

    @pytest.mark.parametrize(
        ("made", "expected"),
        [
            (dbapi.Date(2024, 2, 29), dt.date(2024, 2, 29)),
            (dbapi.Time(23, 59, 58), dt.time(23, 59, 58)),
            (dbapi.Timestamp(2024, 2, 29, 23, 59, 58), dt.datetime(2024, 2, 29, 23, 59, 58)),  # noqa: DTZ001
            (dbapi.Binary(b"\x00\xff"), b"\x00\xff"),
        ],
    )
    def test_constructors(self, made: object, expected: object) -> None:
        assert made == expected

    def test_constructors_from_ticks_are_local_time(self) -> None:
        ticks = time.mktime((2024, 2, 29, 23, 59, 58, 0, 0, -1))
        assert dbapi.DateFromTicks(ticks) == dt.date(2024, 2, 29)
        assert dbapi.TimeFromTicks(ticks) == dt.time(23, 59, 58)
        assert dbapi.TimestampFromTicks(ticks) == dt.datetime(2024, 2, 29, 23, 59, 58)  # noqa: DTZ001

    def test_type_objects_differ(self) -> None:
        assert len({dbapi.STRING, dbapi.BINARY, dbapi.NUMBER, dbapi.DATETIME, dbapi.ROWID}) == 5

    def test_connect_refuses_an_unknown_option(self) -> None:
        with pytest.raises(dbapi.InterfaceError, match="colour"):
            dbapi.connect(colour="red")


class ConnectionTest(fixtures.TestBase):
    def test_commit_shows_what_rollback_hides(self, opened: dbapi.Connection, cursor: dbapi.Cursor) -> None:
        cursor.execute(INSERT, DRINKS[0])
        opened.rollback()
        cursor.execute(INSERT, DRINKS[1])
        opened.commit()
        other = dbapi.connect(**OPTIONS)
        assert other.cursor().execute("SELECT name FROM drinks").fetchall() == [("gin",)]
        other.close()

    def test_close_rolls_back(self, opened: dbapi.Connection) -> None:
        other = dbapi.connect(**OPTIONS)
        other.cursor().execute(INSERT, DRINKS[0])
        other.close()
        assert opened.cursor().execute("SELECT name FROM drinks").fetchall() == []

    @pytest.mark.parametrize("use", [dbapi.Connection.cursor, dbapi.Connection.commit, dbapi.Connection.rollback])
    def test_a_closed_connection_refuses(
        self, opened: dbapi.Connection, use: Callable[[dbapi.Connection], object]
    ) -> None:
        opened.close()
        with pytest.raises(dbapi.InterfaceError, match="closed"):
            use(opened)

    def test_a_cursor_of_a_closed_connection_refuses(self, opened: dbapi.Connection, cursor: dbapi.Cursor) -> None:
        opened.close()
        with pytest.raises(dbapi.InterfaceError, match="closed"):
            cursor.execute("SELECT name FROM drinks")

    def test_closing_twice_is_allowed(self, opened: dbapi.Connection) -> None:
        opened.close()
        opened.close()


class CursorTest(fixtures.TestBase):
    def test_description_has_seven_items_a_column(self, filled: dbapi.Cursor) -> None:
        assert filled.description is not None
        assert [len(column) for column in filled.description] == [7, 7]
        assert [column[0] for column in filled.description] == ["name", "price"]

    def test_description_is_none_without_a_result(self, cursor: dbapi.Cursor) -> None:
        assert cursor.description is None
        cursor.execute(INSERT, DRINKS[0])
        assert cursor.description is None

    def test_rowcount(self, cursor: dbapi.Cursor) -> None:
        assert cursor.rowcount == -1
        assert cursor.executemany(INSERT, DRINKS).rowcount == 4
        statements = (
            "UPDATE drinks SET price = 9 WHERE name = 'ale'",
            "UPDATE drinks SET price = 9 WHERE name = 'none'",
            "DELETE FROM drinks WHERE name = 'ale'",
            "DELETE FROM drinks WHERE name = 'ale'",
        )
        assert [cursor.execute(statement).rowcount for statement in statements] == [1, 0, 1, 0]

    def test_fetchone(self, filled: dbapi.Cursor) -> None:
        rows = [filled.fetchone() for _ in range(5)]
        assert rows == [("ale", 1), ("gin", 2), ("rum", 3), ("tea", 4), None]

    def test_fetchmany(self, filled: dbapi.Cursor) -> None:
        assert filled.arraysize == 1
        assert [len(filled.fetchmany()), len(filled.fetchmany(2)), len(filled.fetchmany(9))] == [1, 2, 1]
        assert filled.fetchmany() == []

    def test_arraysize_is_what_fetchmany_gives(self, filled: dbapi.Cursor) -> None:
        filled.arraysize = 3
        assert [len(filled.fetchmany()), len(filled.fetchmany())] == [3, 1]

    def test_fetchall_gives_what_is_left(self, filled: dbapi.Cursor) -> None:
        filled.fetchone()
        assert filled.fetchall() == [("gin", 2), ("rum", 3), ("tea", 4)]
        assert filled.fetchall() == []

    def test_iteration(self, filled: dbapi.Cursor) -> None:
        assert [name for name, _ in filled] == ["ale", "gin", "rum", "tea"]

    def test_values_come_back_as_they_went_in(self, cursor: dbapi.Cursor) -> None:
        cursor.execute(INSERT, {"name": "é\N{HOT BEVERAGE}'\"", "price": Decimal("12.3400000000000000000000000001")})
        found = cursor.execute("SELECT name, price FROM drinks").fetchone()
        assert found == ("é\N{HOT BEVERAGE}'\"", Decimal("12.3400000000000000000000000001"))

    def test_null_is_none(self, cursor: dbapi.Cursor) -> None:
        cursor.execute(INSERT, {"name": "ale", "price": None})
        assert cursor.execute("SELECT price FROM drinks").fetchall() == [(None,)]

    @pytest.mark.parametrize("nothing", [None, {}, (), []])
    def test_no_parameters(self, filled: dbapi.Cursor, nothing: Any) -> None:
        assert filled.execute("SELECT price FROM drinks WHERE name = 'rum'", nothing).fetchall() == [(3,)]

    def test_executing_again_forgets_the_rows(self, filled: dbapi.Cursor) -> None:
        filled.execute("SELECT name FROM drinks WHERE name = :name", {"name": "rum"})
        assert filled.fetchall() == [("rum",)]

    @pytest.mark.parametrize("fetch", [dbapi.Cursor.fetchone, dbapi.Cursor.fetchmany, dbapi.Cursor.fetchall])
    def test_fetching_without_a_result_is_an_error(
        self, cursor: dbapi.Cursor, fetch: Callable[[dbapi.Cursor], object]
    ) -> None:
        with pytest.raises(dbapi.ProgrammingError, match="no rows"):
            fetch(cursor)
        cursor.execute(INSERT, DRINKS[0])
        with pytest.raises(dbapi.ProgrammingError, match="no rows"):
            fetch(cursor)

    @pytest.mark.parametrize(
        "use",
        [
            lambda cursor: cursor.execute("SELECT name FROM drinks"),
            lambda cursor: cursor.executemany(INSERT, DRINKS),
            dbapi.Cursor.fetchone,
            dbapi.Cursor.fetchmany,
            dbapi.Cursor.fetchall,
            iter,
        ],
    )
    def test_a_closed_cursor_refuses(self, filled: dbapi.Cursor, use: Callable[[dbapi.Cursor], object]) -> None:
        filled.close()
        with pytest.raises(dbapi.InterfaceError, match="closed"):
            use(filled)

    def test_sizes_are_taken(self, cursor: dbapi.Cursor) -> None:
        cursor.setinputsizes([None])
        cursor.setoutputsize(100)
        cursor.setoutputsize(100, 0)

    @pytest.mark.parametrize(
        ("statement", "values", "expected"),
        [
            ("SELEC name FROM drinks", {}, dbapi.ProgrammingError),
            ("SELECT name FROM drinks WHERE name = :name", {}, dbapi.ProgrammingError),
            ("SELECT name FROM drinks WHERE name = :name", ("ale",), dbapi.ProgrammingError),
            ("SELECT name FROM nowhere", {}, dbapi.ProgrammingError),
            ("SELECT name FROM drinks JOIN nowhere", {}, dbapi.ProgrammingError),
            ("SELECT frobnicate(name) FROM drinks", {}, dbapi.NotSupportedError),
            (INSERT, {"name": "ale", "price": Decimal("NaN")}, dbapi.DataError),
        ],
    )
    def test_errors_have_their_class(
        self, cursor: dbapi.Cursor, statement: str, values: Any, expected: type[Exception]
    ) -> None:
        with pytest.raises(expected):
            cursor.execute(statement, values)

    def test_a_taken_key_is_an_integrity_error(self, opened: dbapi.Connection, cursor: dbapi.Cursor) -> None:
        cursor.execute(INSERT, DRINKS[0])
        opened.commit()
        cursor.execute(INSERT, DRINKS[0])
        with pytest.raises(dbapi.IntegrityError):
            opened.commit()

    def test_executemany_takes_no_select(self, cursor: dbapi.Cursor) -> None:
        with pytest.raises(dbapi.ProgrammingError, match="executemany"):
            cursor.executemany("SELECT name FROM drinks", [{}])
