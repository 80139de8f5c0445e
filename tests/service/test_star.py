"""``SELECT *`` in a text of a table that only the service tells of, on each server."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sqlalchemy_dynamorm.errors import IntegrityError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.run.request import Request
from tests.conftest import Calls
from tests.servers import Server
from tests.service.shop import Shop
from tests.service.shop import shop as opened

KEYS = ["customer", "number", "status", "region"]  # the key, then what the indexes are of


@pytest.fixture
def shop(server: Server, schema: str) -> Iterator[Shop]:
    """A table that no system table tells of."""
    with opened(server, schema, system_table=None) as found:
        found.fill("ada", range(1), status="open", total=Decimal("1.50"))
        found.fill("ada", range(1, 2), region="us", note="x")
        yield found


def names(description: object) -> list[str]:
    assert isinstance(description, tuple)
    return [column[0] for column in description]


@pytest.mark.parametrize("stream", [False, True])
def test_the_columns_are_what_the_items_have(shop: Shop, calls: Calls, stream: bool) -> None:
    cursor = shop.connection.cursor(stream=stream)
    cursor.execute("SELECT * FROM shop WHERE customer = 'ada' ORDER BY number")
    found = names(cursor.description)
    assert (sorted(found[:4]), found[:2], found[4:]) == (sorted(KEYS), KEYS[:2], ["total", "note"])
    rows = [dict(zip(found, row, strict=True)) for row in cursor]
    assert [row["total"] for row in rows] == [Decimal("1.50"), None]
    assert [row["note"] for row in rows] == [None, "x"]
    assert [row["number"] for row in rows] == [0, 1]
    assert calls.operations == ["DescribeTable", "Query"]


def test_no_row_shows_what_the_service_knows(shop: Shop) -> None:
    cursor = shop.connection.cursor().execute("SELECT * FROM shop WHERE customer = 'eve' AND number = 1")
    assert sorted(names(cursor.description)) == sorted(KEYS)
    assert cursor.fetchall() == []


def test_an_index_that_holds_keys_alone_is_completed(shop: Shop) -> None:
    cursor = shop.connection.cursor().execute("SELECT *, note AS again FROM shop AS s WHERE s.region = 'us'")
    found = names(cursor.description)
    (row,) = cursor.fetchall()
    assert dict(zip(found, row, strict=True)) == {
        **dict.fromkeys(found),
        "customer": "ada",
        "number": 1,
        "region": "us",
        "note": "x",
        "again": "x",
    }


def test_own_writes_are_in_it(shop: Shop) -> None:
    shop.connection.isolation_level = "READ COMMITTED"
    cursor = shop.connection.cursor()
    cursor.execute("INSERT INTO shop (customer, number, region, colour) VALUES ('ada', 7, 'eu', 'red')")
    cursor.execute("SELECT * FROM shop WHERE customer = 'ada'")
    at = names(cursor.description).index("colour")
    assert [row[at] for row in cursor] == [None, None, "red"]


def test_sqlite_needs_the_columns_named(shop: Shop) -> None:
    with pytest.raises(Unsupported, match="name the columns"):
        shop.connection.cursor().execute("SELECT * FROM (SELECT * FROM shop WHERE customer = 'ada') AS x")


@pytest.fixture
def declared(ministack: Server, schema: str) -> Iterator[Shop]:
    """A table whose declaration is in the system table, and which a text alone names.

    Its unique constraint needs transactions, which dynalite does not have.
    """
    with opened(ministack, schema, system_table=f"{schema}.system") as found:
        found.connection.tables.create_system_table()
        cursor = found.connection.cursor()
        cursor.execute(
            "CREATE TABLE people (id INTEGER NOT NULL, age NUMERIC, grown BOOLEAN, mail VARCHAR, "
            "town VARCHAR NOT NULL DEFAULT 'Ulm', PRIMARY KEY (id), UNIQUE (mail))"
        )
        cursor.execute("INSERT INTO people (id, age, grown, mail) VALUES (1, 30, TRUE, 'a@b.c')")
        try:
            yield found
        finally:
            cursor.execute("DROP TABLE people")
            found.connection.client.ask(Request("DeleteTable", {"TableName": f"{schema}.system"}))


def test_a_declaration_says_the_columns_and_their_types(declared: Shop, calls: Calls) -> None:
    declared.connection.client.catalog.forget(declared.connection.tables.physical("people", None))
    cursor = declared.connection.cursor().execute("SELECT * FROM people WHERE id = 1")
    assert names(cursor.description) == ["id", "age", "grown", "mail", "town"]
    (row,) = cursor.fetchall()
    assert row == (1, Decimal(30), True, "a@b.c", "Ulm")
    assert isinstance(row[1], Decimal)
    assert sorted(calls.operations) == ["DescribeTable", "GetItem", "GetItem"]  # the declaration costs one of them
    cursor.execute("SELECT mail FROM people WHERE id = 1")
    assert calls.operations[3:] == ["GetItem"]


def test_a_declaration_keeps_its_constraints(declared: Shop) -> None:
    cursor = declared.connection.cursor()
    with pytest.raises(IntegrityError):
        cursor.execute("INSERT INTO people (id, mail) VALUES (2, 'a@b.c')")
    with pytest.raises(UndefinedColumn, match="no column 'colour'"):
        cursor.execute("SELECT colour FROM people WHERE id = 1")
