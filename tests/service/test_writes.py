"""What INSERT, UPDATE, DELETE and commit send, and what they leave behind. dynalite has no transactions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.dbapi import Connection, Statement, connect
from sqlalchemy_dynamorm.errors import (
    DataError,
    DuplicateKey,
    Error,
    ItemTooLarge,
    NotNullViolation,
    ProgrammingError,
    ScanRefused,
    SerializationError,
    StaleRow,
    Throttled,
    TransactionTooLarge,
    UnsupportedValue,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.request import Request
from tests.conftest import Calls
from tests.servers import KEY, REGION, SECRET, Server
from tests.service.shop import Shop, connected
from tests.service.shop import shop as opened

INSERT = "INSERT INTO shop (customer, number, region, note) VALUES (:c, :n, 'eu', :note)"
UPDATE = "UPDATE shop SET note = :note WHERE customer = :c AND number = :n"
NOTES = "SELECT number, note FROM shop WHERE customer = 'ada' ORDER BY number"


@pytest.fixture
def shop(server: Server, schema: str) -> Iterator[Shop]:
    """In AUTOCOMMIT."""
    with opened(server, schema) as found:
        found.fill("ada", range(2), status="open")
        yield found


@pytest.fixture
def transacting(ministack: Server, schema: str) -> Iterator[Shop]:
    """With transactions."""
    with opened(ministack, schema) as found:
        found.fill("ada", range(2), status="open")
        found.transaction()
        yield found


@pytest.fixture
def other(ministack: Server, transacting: Shop) -> Iterator[Shop]:
    """Somebody else at the same table, in AUTOCOMMIT."""
    schema = transacting.table.physical.partition(".")[0]
    connection = connected(ministack, schema)
    yield Shop(connection, transacting.table.physical)
    connection.close()


# --- AUTOCOMMIT ---


def test_an_insert_is_a_conditional_put(shop: Shop, calls: Calls) -> None:
    assert shop.run(INSERT, {"c": "ada", "n": 2, "note": "x"}).rowcount == 1
    with pytest.raises(DuplicateKey, match=r"customer, number"):
        shop.run(INSERT, {"c": "ada", "n": 2, "note": "y"})
    assert calls.operations == ["PutItem"] * 2
    assert shop.rows(NOTES) == [(0, None), (1, None), (2, "x")]


def test_many_inserts_count_what_they_inserted(shop: Shop) -> None:
    batch = [{"c": "ada", "n": n, "note": "x"} for n in range(1, 5)]
    with pytest.raises(DuplicateKey, match="3 of the 4 rows were written"):
        shop.many(INSERT, batch)
    assert [number for number, _ in shop.rows(NOTES)] == [0, 1, 2, 3, 4]
    assert shop.many(INSERT, []).rowcount == 0


@pytest.mark.parametrize(
    ("error", "column", "value"),
    [
        (ItemTooLarge, "note", "x" * 410_000),
        (UnsupportedValue, "total", Decimal("NaN")),
        (DataError, "status", ""),
        (NotNullViolation, "region", None),
    ],
    ids=["large", "nan", "empty", "null"],
)
def test_a_row_that_does_not_fit_writes_nothing(
    shop: Shop, calls: Calls, error: type[Error], column: str, value: Any
) -> None:
    names = dict.fromkeys(["customer", "number", "region", column])
    text = f"INSERT INTO shop ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    values = {"customer": "ada", "number": 9, "region": "eu", column: value}
    with pytest.raises(error, match=column if column != "note" else "DynamoDB takes 409600"):
        shop.run(text, values)
    assert calls.operations == []


def test_an_update_counts_the_row_it_changed(shop: Shop, calls: Calls) -> None:
    assert shop.run(UPDATE, {"c": "ada", "n": 1, "note": "x"}).rowcount == 1
    assert shop.run(UPDATE, {"c": "ada", "n": 7, "note": "x"}).rowcount == 0
    assert shop.run(UPDATE + " AND note = 'y'", {"c": "ada", "n": 1, "note": "z"}).rowcount == 0
    assert shop.run(UPDATE + " AND (note = 'y' OR status = 'open')", {"c": "ada", "n": 1, "note": "z"}).rowcount == 1
    assert calls.operations == ["UpdateItem"] * 4
    assert shop.rows(NOTES) == [(0, None), (1, "z")]


def test_setting_null_removes_the_attribute(shop: Shop) -> None:
    shop.run("UPDATE shop SET status = NULL WHERE customer = 'ada' AND number = 1")
    assert shop.rows("SELECT number FROM shop WHERE status = 'open'") == [(0,)]


def test_many_updates_sum_their_rows_and_keep_their_order(shop: Shop) -> None:
    batch = [{"c": "ada", "n": n, "note": note} for n, note in [(0, "a"), (1, "b"), (7, "c"), (0, "d"), (0, "e")]]
    assert shop.many(UPDATE, batch).rowcount == 4
    assert shop.rows(NOTES) == [(0, "e"), (1, "b")]


def test_an_update_by_an_index_finds_its_keys(shop: Shop, calls: Calls) -> None:
    text = "UPDATE shop SET note = 'x' WHERE status = 'open' AND number >= 0 RETURNING number, note"
    cursor = shop.run(text)
    assert (sorted(cursor.fetchall()), cursor.rowcount) == ([(0, "x"), (1, "x")], 2)
    assert calls.operations == ["Query", "UpdateItem", "UpdateItem"]
    with pytest.raises(ScanRefused):
        shop.run("UPDATE shop SET note = 'y' WHERE note = 'x'")


def test_a_delete_counts_the_rows_that_were_there(shop: Shop, calls: Calls) -> None:
    text = "DELETE FROM shop WHERE customer = 'ada' AND number = :n"
    assert shop.run(text, {"n": 0}).rowcount == 1
    assert shop.many(text, [{"n": 0}, {"n": 1}, {"n": 2}]).rowcount == 1
    assert calls.operations == ["DeleteItem"] * 4
    assert shop.rows(NOTES) == []


def test_a_delete_gives_back_what_it_deleted(shop: Shop) -> None:
    cursor = shop.run("DELETE FROM shop WHERE customer = 'ada' AND number = 0 AND status = 'open' RETURNING status")
    assert (cursor.fetchall(), cursor.rowcount) == ([("open",)], 1)


def test_a_table_is_emptied_without_leave(shop: Shop) -> None:
    assert shop.run("DELETE FROM shop").rowcount == 2
    assert shop.rows("SELECT count(*) FROM shop") == [(0,)]


def test_a_failing_write_says_what_was_done(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    send = shop.connection.client._once

    def throttling(request: Request) -> bytes:
        if request.params["Key"]["number"] == {"N": "1"}:
            raise Throttled("slow down", table="shop")
        return send(request)

    monkeypatch.setattr(shop.connection.client, "_once", throttling)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", lambda seconds: None)
    with pytest.raises(Throttled, match="slow down In AUTOCOMMIT 1 of the 2 rows were changed"):
        shop.many(UPDATE, [{"c": "ada", "n": n, "note": "x"} for n in (0, 1)])
    monkeypatch.undo()
    assert shop.rows(NOTES) == [(0, "x"), (1, None)]


# --- transactions ---


def test_a_commit_is_one_transaction(transacting: Shop, calls: Calls) -> None:
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "new"})
    assert transacting.run(UPDATE, {"c": "ada", "n": 1, "note": "x"}).rowcount == 1
    assert transacting.run("DELETE FROM shop WHERE customer = 'ada' AND number = 0").rowcount == 1
    assert calls.operations == ["GetItem"] * 2
    transacting.connection.commit()
    assert calls.operations[2:] == ["TransactWriteItems"]
    assert transacting.rows(NOTES) == [(1, "x"), (2, "new")]


def test_a_single_write_goes_as_itself(transacting: Shop, calls: Calls) -> None:
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "new"})
    transacting.connection.commit()
    transacting.connection.commit()
    assert calls.operations == ["PutItem"]


def test_a_rollback_leaves_nothing(transacting: Shop, calls: Calls) -> None:
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "new"})
    transacting.connection.rollback()
    transacting.connection.commit()
    assert calls.operations == []
    assert transacting.rows(NOTES) == [(0, None), (1, None)]


def test_own_writes_are_visible(transacting: Shop) -> None:
    transacting.many(INSERT, [{"c": "ada", "n": n, "note": "new"} for n in (-1, 5)])
    transacting.run("UPDATE shop SET note = 'x', status = NULL WHERE customer = 'ada' AND number = 1")
    transacting.run("DELETE FROM shop WHERE customer = 'ada' AND number = 0")
    assert transacting.rows(NOTES) == [(-1, "new"), (1, "x"), (5, "new")]
    assert transacting.rows(NOTES + " DESC LIMIT 2") == [(5, "new"), (1, "x")]
    assert transacting.rows("SELECT note FROM shop WHERE customer = 'ada' AND number = 1") == [("x",)]
    assert transacting.rows("SELECT number FROM shop WHERE status = 'open'") == []
    assert transacting.rows("SELECT count(*) FROM shop") == [(3,)]
    assert transacting.rows("SELECT note FROM shop WHERE customer = 'ada' AND number IN (0, 5)") == [("new",)]


def test_own_writes_stand_in_the_order_of_an_index(transacting: Shop) -> None:
    transacting.run("INSERT INTO shop (customer, number, region, status) VALUES ('bob', 1, 'eu', 'open')")
    transacting.run("INSERT INTO shop (customer, number, region, status) VALUES ('bob', -1, 'eu', 'open')")
    text = "SELECT customer FROM shop WHERE status = 'open' AND number < 1 ORDER BY number"
    assert transacting.rows(text) == [("bob",), ("ada",)]


def test_a_key_move_is_one_transaction(transacting: Shop, calls: Calls) -> None:
    text = "UPDATE shop SET number = 9, note = 'moved' WHERE customer = 'ada' AND number = 1"
    assert transacting.run(text).rowcount == 1
    transacting.connection.commit()
    assert calls.operations == ["GetItem", "TransactWriteItems"]
    assert transacting.rows(NOTES) == [(0, None), (9, "moved")]


def test_a_key_move_onto_a_taken_key(transacting: Shop) -> None:
    transacting.run("UPDATE shop SET number = 0 WHERE customer = 'ada' AND number = 1")
    with pytest.raises(DuplicateKey):
        transacting.connection.commit()
    assert transacting.rows(NOTES) == [(0, None), (1, None)]


def test_a_key_move_does_not_lose_what_another_wrote(transacting: Shop, other: Shop) -> None:
    transacting.run("UPDATE shop SET number = 9 WHERE customer = 'ada' AND number = 1")
    other.run(UPDATE, {"c": "ada", "n": 1, "note": "theirs"})
    with pytest.raises(SerializationError):
        transacting.connection.commit()
    assert transacting.rows(NOTES) == [(0, None), (1, "theirs")]


def test_a_key_moves_in_autocommit_too(other: Shop, calls: Calls) -> None:
    assert other.run("UPDATE shop SET number = 9 WHERE customer = 'ada' AND number = 1").rowcount == 1
    assert other.run("UPDATE shop SET number = 9 WHERE customer = 'ada' AND number = 7").rowcount == 0
    with pytest.raises(DuplicateKey):
        other.run("UPDATE shop SET number = 0 WHERE customer = 'ada' AND number = 9")
    assert calls.operations == ["GetItem", "TransactWriteItems", "GetItem", "GetItem", "TransactWriteItems"]
    assert other.rows(NOTES) == [(0, None), (9, None)]


def test_a_duplicate_is_found_at_commit_and_nothing_is_written(transacting: Shop) -> None:
    transacting.run(INSERT, {"c": "ada", "n": 1, "note": "taken"})
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "free"})
    with pytest.raises(DuplicateKey):
        transacting.connection.commit()
    assert not transacting.connection.in_transaction
    assert transacting.rows(NOTES) == [(0, None), (1, None)]


def test_a_duplicate_within_the_transaction_is_found_at_once(transacting: Shop) -> None:
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "first"})
    with pytest.raises(DuplicateKey):
        transacting.many(INSERT, [{"c": "ada", "n": n, "note": "second"} for n in (3, 2)])
    # The failed statement has left nothing; the one before it is there.
    assert transacting.rows(NOTES) == [(0, None), (1, None), (2, "first")]


def test_a_row_that_another_changed_is_stale(transacting: Shop, other: Shop) -> None:
    text = "UPDATE shop SET note = 'mine' WHERE customer = 'ada' AND number = 1 AND status = 'open'"
    assert transacting.run(text).rowcount == 1
    other.run("UPDATE shop SET status = 'done' WHERE customer = 'ada' AND number = 1")
    with pytest.raises(StaleRow, match="changed or deleted by another"):
        transacting.connection.commit()
    assert transacting.rows(NOTES) == [(0, None), (1, None)]


def test_delete_and_insert_make_one_put(transacting: Shop, calls: Calls) -> None:
    transacting.run("DELETE FROM shop WHERE customer = 'ada' AND number = 1")
    transacting.run(INSERT, {"c": "ada", "n": 1, "note": "again"})
    transacting.connection.commit()
    assert calls.operations == ["GetItem", "PutItem"]
    assert transacting.rows("SELECT status, note FROM shop WHERE customer = 'ada' AND number = 1") == [(None, "again")]


def test_insert_and_delete_check_that_the_key_is_free(transacting: Shop, calls: Calls) -> None:
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "new"})
    assert transacting.run("DELETE FROM shop WHERE customer = 'ada' AND number = 2").rowcount == 1
    transacting.connection.commit()
    assert calls.operations == ["TransactWriteItems"]


def test_more_than_a_hundred_items_are_refused_before_anything_is_sent(transacting: Shop, calls: Calls) -> None:
    transacting.many(INSERT, [{"c": "eve", "n": n, "note": "x"} for n in range(101)])
    with pytest.raises(TransactionTooLarge, match="writes 101 items"):
        transacting.connection.commit()
    assert calls.operations == []
    transacting.many(INSERT, [{"c": "eve", "n": n, "note": "x"} for n in range(100)])
    transacting.connection.commit()
    assert transacting.rows("SELECT count(*) FROM shop WHERE customer = 'eve'") == [(100,)]


def test_more_than_four_megabytes_are_refused_before_anything_is_sent(transacting: Shop, calls: Calls) -> None:
    transacting.many(INSERT, [{"c": "eve", "n": n, "note": "x" * 390_000} for n in range(11)])
    with pytest.raises(TransactionTooLarge, match="bytes"):
        transacting.connection.commit()
    assert calls.operations == []


def test_a_conflict_that_lasts_is_a_serialization_error(transacting: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflicting(request: Request) -> bytes:
        raise SerializationError("another transaction", operation=request.operation)

    transacting.many(INSERT, [{"c": "eve", "n": n, "note": "x"} for n in range(2)])
    monkeypatch.setattr(transacting.connection.client, "_once", conflicting)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", lambda seconds: None)
    with pytest.raises(SerializationError):
        transacting.connection.commit()
    monkeypatch.undo()
    assert transacting.rows("SELECT count(*) FROM shop WHERE customer = 'eve'") == [(0,)]


def test_the_level_does_not_change_under_buffered_writes(transacting: Shop) -> None:
    connection: Connection = transacting.connection
    transacting.run(INSERT, {"c": "ada", "n": 2, "note": "new"})
    with pytest.raises(ProgrammingError, match="commit or roll back"):
        connection.isolation_level = "AUTOCOMMIT"
    connection.isolation_level = "READ COMMITTED"


# --- autoincrement ---


def test_autoincrement_keys_come_from_the_counter(ministack: Server, schema: str, calls: Calls) -> None:
    options: dict[str, Any] = {"system_table": f"{schema}.system", "default_schema": schema, "region": REGION}
    with connect(
        endpoint_url=ministack.endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, **options
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE tickets (id INTEGER NOT NULL AUTOINCREMENT, title VARCHAR, PRIMARY KEY (id))")
        assert connection.tables.table_names() == ["tickets"]
        columns = (Column("id", Kind.INTEGER, nullable=False, autoincrement=True), Column("title", Kind.STRING))
        tables: dict[tuple[str | None, str], Table] = {
            (None, "tickets"): Table("tickets", f"{schema}.tickets", columns, "id")
        }
        insert = Statement("INSERT INTO tickets (title) VALUES (:t) RETURNING id", tables)
        calls.clear()
        cursor.executemany(insert, [{"t": "a"}, {"t": "b"}])
        assert (cursor.fetchall(), cursor.lastrowid, cursor.rowcount) == ([(1,), (2,)], 2, 2)
        cursor.execute(Statement("INSERT INTO tickets (id, title) VALUES (10, 'c')", tables))
        cursor.execute(insert, {"t": "d"})
        assert cursor.fetchall() == [(11,)]
        assert calls.operations == ["UpdateItem"] * 3
        connection.commit()
        cursor.execute("DROP TABLE tickets")
