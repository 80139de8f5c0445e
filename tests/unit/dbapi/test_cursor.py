from __future__ import annotations

import json
from typing import Any

import pytest

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.failures import of_response
from sqlalchemy_dynamorm.client.settings import settings
from sqlalchemy_dynamorm.dbapi import Connection, Statement, connect
from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DuplicateKey,
    Error,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
    ScanRefused,
    SQLSyntaxError,
    UndefinedIndex,
)
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.run.request import Request

USERS = Table("users", "users", (Column("id", Kind.INTEGER, nullable=False), Column("name", Kind.STRING)), "id")
TABLES: dict[tuple[str | None, str], Table] = {(None, "users"): USERS}
ITEMS = [{"id": {"N": str(n)}, "name": {"S": "x"}} for n in range(4)]


class Answering(Client):
    """A client that answers everything itself: all scans find four items."""

    def __init__(self) -> None:
        super().__init__(settings({}))
        self.sent: list[Request] = []
        self.fails: Error | None = None

    def _once(self, request: Request) -> bytes:
        self.sent.append(request)
        if self.fails is not None:
            raise self.fails
        body: dict[str, Any] = {"Items": ITEMS, "Count": 4} if request.operation == "Scan" else {}
        return json.dumps(body).encode()


@pytest.fixture
def client() -> Answering:
    return Answering()


@pytest.fixture
def connection(client: Answering) -> Connection:
    return connect(client)


def statement(text: str) -> Statement:
    return Statement(text, TABLES)


ALL = statement("SELECT id, name AS n FROM users")
INSERT = statement("INSERT INTO users (id, name) VALUES (:id, :name)")


def test_rows_are_fetched_as_pep_249_says(connection: Connection) -> None:
    cursor = connection.cursor()
    assert cursor.execute(ALL) is cursor
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == ["id", "n"]
    assert all(len(column) == 7 for column in cursor.description)
    assert cursor.rowcount == -1
    assert cursor.fetchone() == (0, "x")
    assert cursor.fetchmany() == [(1, "x")]
    assert cursor.fetchmany(5) == [(2, "x"), (3, "x")]
    assert (cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall()) == (None, [], [])
    assert list(cursor.execute(ALL)) == [(n, "x") for n in range(4)]


def test_a_statement_without_rows_has_none_to_fetch(connection: Connection) -> None:
    cursor = connection.cursor()
    with pytest.raises(ProgrammingError, match="no rows"):
        cursor.fetchone()
    cursor.execute(INSERT, {"id": 1, "name": "x"})
    assert (cursor.description, cursor.rowcount) == (None, 1)
    with pytest.raises(ProgrammingError, match="no rows"):
        cursor.fetchall()


def test_a_closed_cursor_and_a_closed_connection_do_nothing(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ALL)
    for use in (cursor.fetchone, lambda: cursor.execute(ALL)):
        with pytest.raises(InterfaceError, match="cursor is closed"):
            use()
    open_still = connection.cursor()
    connection.close()
    for again in (connection.cursor, connection.commit, connection.rollback, lambda: open_still.execute(ALL)):
        with pytest.raises(InterfaceError, match="connection is closed"):
            again()
    connection.close()


@pytest.mark.parametrize("parameters", [(1,), [1], "x", 5])
def test_parameters_have_names(connection: Connection, parameters: Any) -> None:
    with pytest.raises(ProgrammingError, match="named"):
        connection.cursor().execute(ALL, parameters)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELEC 1", ProgrammingError),
        ("SELECT 1; SELECT 2", ProgrammingError),
        ("SELECT id FROM users WHERE", SQLSyntaxError),
        ("SELECT id FROM users u JOIN users v ON u.id = v.id", ProgrammingError),
        ("SELECT foo(id) FROM users", NotSupportedError),
        ("SELECT id FROM users WHERE name = 'x'", ScanRefused),
        ("SELECT id FROM users WHERE id = :id", ProgrammingError),
    ],
)
def test_a_statement_that_is_refused_sends_nothing(
    connection: Connection, client: Answering, text: str, error: type[Error]
) -> None:
    with pytest.raises(error):
        connection.cursor().execute(statement(text))
    assert client.sent == []


def test_options_are_of_one_execution(connection: Connection, client: Answering) -> None:
    text = statement("SELECT id FROM users WHERE name = 'x'")
    connection.cursor().execute(text, options={"scan": "allow"})
    with pytest.raises(ScanRefused):
        connection.cursor().execute(text)
    with pytest.raises(InterfaceError, match="'scam'"):
        connection.cursor().execute(text, options={"scam": "allow"})
    assert len(client.sent) == 1


def test_a_constant_costs_no_call(connection: Connection, client: Answering) -> None:
    assert connection.cursor().execute("SELECT 1").fetchall() == [(1,)]
    assert client.sent == []


def test_explain_sends_nothing(connection: Connection, client: Answering) -> None:
    cursor = connection.cursor().execute(statement("EXPLAIN SELECT id FROM users WHERE id = :id"))
    (row,) = cursor.fetchall()
    assert row[:3] == (1, "GetItem", "users")
    assert client.sent == []
    with pytest.raises(ProgrammingError, match="DDL has no plan"):
        cursor.plan("DROP TABLE users")


@pytest.mark.parametrize("given", [None, 5, b"SELECT 1"])
def test_a_statement_is_text(connection: Connection, given: Any) -> None:
    with pytest.raises(ProgrammingError, match=f"A statement is text; this one is {type(given).__name__}"):
        connection.cursor().execute(given)


def test_many_are_writes_alone(connection: Connection) -> None:
    with pytest.raises(ProgrammingError, match="executemany"):
        connection.cursor().executemany(ALL, [{}])
    assert connection.cursor().executemany(INSERT, []).rowcount == 0


def test_a_failed_statement_leaves_nothing_of_itself(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(INSERT, {"id": 1, "name": "x"})
    with pytest.raises(DuplicateKey):
        cursor.executemany(INSERT, [{"id": 2, "name": "x"}, {"id": 1, "name": "y"}])
    buffer = connection.buffer
    assert buffer is not None
    assert len(buffer.entries) == 1


# --- transactions ---


def test_commit_sends_and_rollback_forgets(connection: Connection, client: Answering) -> None:
    cursor = connection.cursor()
    cursor.execute(INSERT, {"id": 1, "name": "x"})
    assert connection.in_transaction
    connection.rollback()
    connection.commit()
    assert client.sent == []
    cursor.execute(INSERT, {"id": 1, "name": "x"})
    connection.commit()
    assert [request.operation for request in client.sent] == ["PutItem"]
    assert not connection.in_transaction


def test_a_failed_commit_leaves_an_empty_transaction(connection: Connection, client: Answering) -> None:
    connection.cursor().execute(INSERT, {"id": 1, "name": "x"})
    client.fails = ConditionFailed("no")
    with pytest.raises(DuplicateKey):
        connection.commit()
    assert not connection.in_transaction


def test_a_block_commits_or_forgets(client: Answering) -> None:
    with connect(client) as good:
        good.cursor().execute(INSERT, {"id": 1, "name": "x"})
    assert len(client.sent) == 1
    with pytest.raises(ProgrammingError), connect(client) as bad:
        bad.cursor().execute(INSERT, {"id": 2, "name": "x"}).fetchone()
    assert len(client.sent) == 1


def test_a_level_that_is_not_there_is_refused_with_those_that_are(connection: Connection) -> None:
    with pytest.raises(NotSupportedError, match=r"CHAOS.*READ COMMITTED, REPEATABLE READ, SERIALIZABLE, AUTOCOMMIT"):
        connection.isolation_level = "CHAOS"


def test_savepoints_nest_and_are_gone_back_to(connection: Connection, client: Answering) -> None:
    cursor = connection.cursor()
    for number, name in enumerate(("a", "b", "a")):
        connection.savepoint(name)
        cursor.execute(INSERT, {"id": number, "name": "x"})
    assert connection.buffer is not None
    connection.rollback_to("a")  # the inner one
    assert len(connection.buffer.entries) == 2
    connection.release("a")
    connection.rollback_to("a")
    assert connection.buffer.entries == {}
    with pytest.raises(ProgrammingError, match="no savepoint 'b'"):
        connection.release("b")
    connection.release("a")
    assert not connection.buffer.early


def test_no_savepoint_in_autocommit_and_no_ddl_in_a_savepoint(connection: Connection) -> None:
    connection.savepoint("a")
    with pytest.raises(NotSupportedError, match="savepoint"):
        connection.cursor().execute("DROP TABLE t")
    connection.rollback()
    connection.isolation_level = "AUTOCOMMIT"
    with pytest.raises(NotSupportedError, match="savepoints"):
        connection.savepoint("a")


def test_autocommit_buffers_nothing(connection: Connection, client: Answering) -> None:
    connection.isolation_level = "AUTOCOMMIT"
    assert connection.buffer is None
    connection.cursor().execute(INSERT, {"id": 1, "name": "x"})
    assert [request.operation for request in client.sent] == ["PutItem"]


def test_a_shared_client_takes_no_options(client: Answering) -> None:
    with pytest.raises(InterfaceError, match="takes none"):
        connect(client, region="eu-west-1")


# --- an index that the service cannot use ---

PLACES = Table(
    "places",
    "places",
    (
        Column("id", Kind.INTEGER, nullable=False),
        Column("city", Kind.STRING, nullable=False),
        Column("zip", Kind.STRING, nullable=False),
    ),
    "id",
    indexes=(Index("by_city", "by_city", ("city",)), Index("by_zip", "by_zip", ("zip",))),
)


class Building(Answering):
    """A service that is still building one index."""

    def __init__(self, index: str) -> None:
        super().__init__()
        self._building = index

    def _once(self, request: Request) -> bytes:
        self.sent.append(request)
        if request.params.get("IndexName") == self._building:
            message = f"Cannot read from backfilling global secondary index: {self._building}"
            raise of_response({"Error": {"Code": "ValidationException", "Message": message}}, request)
        return json.dumps({"Items": [], "Count": 0}).encode()

    @property
    def indexes(self) -> list[str | None]:
        return [request.params.get("IndexName") for request in self.sent]


def places(text: str) -> Statement:
    return Statement(text, {(None, "places"): PLACES})


TWO = "SELECT id FROM places WHERE city = :c AND zip = :z"
GIVEN = {"c": "x", "z": "1"}


def test_a_statement_is_planned_once_more_without_an_index_that_is_being_built() -> None:
    client = Building("by_city")
    cursor = connect(client).cursor()
    assert cursor.execute(places(TWO), GIVEN).fetchall() == []
    assert client.indexes == ["by_city", "by_zip"]
    cursor.execute(places(TWO), GIVEN)
    assert client.indexes == ["by_city", "by_zip", "by_zip"]
    (row,) = cursor.execute(places(f"EXPLAIN {TWO}"), GIVEN).fetchall()
    assert "not index by_city: the service says that it is not there or still being built" in row[-1]
    client.catalog.forget("places")
    cursor.execute(places(TWO), GIVEN)
    assert client.indexes[3:] == ["by_city", "by_zip"]


def test_a_statement_that_nothing_else_serves_says_that_the_index_is_not_there() -> None:
    client = Building("by_city")
    cursor = connect(client).cursor()
    for _ in range(2):
        with pytest.raises(UndefinedIndex, match="still being built, the service said"):
            cursor.execute(places("SELECT id FROM places WHERE city = :c"), {"c": "x"})
    assert client.indexes == ["by_city"]
    with pytest.raises(ScanRefused):
        cursor.execute(places("SELECT zip FROM places WHERE id > 1"))
    cursor.execute(places("SELECT id FROM places WHERE city = :c"), {"c": "x"}, options={"scan": "allow"})
    assert client.sent[-1].operation == "Scan"


def test_a_hint_names_an_index_that_is_being_built() -> None:
    cursor = connect(Building("by_city")).cursor()
    with pytest.raises(UndefinedIndex, match="not there or still being built"):
        cursor.execute(places(TWO), GIVEN, options={"index": "by_city"})


def test_changes_that_may_have_begun_are_not_begun_again() -> None:
    client = Building("by_city")
    connection = connect(client)
    connection.isolation_level = "AUTOCOMMIT"
    update = places("UPDATE places SET zip = '2' WHERE city = :c AND zip = :z")
    with pytest.raises(UndefinedIndex, match="'by_city' of 'places' is not there, or is still being built"):
        connection.cursor().executemany(update, [GIVEN, GIVEN])
    assert client.indexes == ["by_city"]
    assert connection.cursor().execute(update, GIVEN).rowcount == 0
    assert client.indexes == ["by_city", "by_zip"]
