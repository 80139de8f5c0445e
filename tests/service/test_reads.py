"""What a SELECT reads, on each server, and with how many API calls."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sqlalchemy_dynamorm.errors import DataError, ReadBudgetExceeded, ScanRefused, Throttled, UndefinedTable
from sqlalchemy_dynamorm.run.request import Request
from tests.conftest import Calls
from tests.servers import Server
from tests.service.shop import Shop
from tests.service.shop import shop as opened


@pytest.fixture
def shop(server: Server, schema: str) -> Iterator[Shop]:
    with opened(server, schema) as found:
        found.fill("ada", range(5), status="open", total=Decimal("1.50"))
        found.fill("bob", range(3), region="us", note="x")
        yield found


def test_a_whole_key_is_one_get_item(shop: Shop, calls: Calls) -> None:
    found = shop.rows("SELECT total, note FROM shop WHERE number = :n AND customer = :c", {"c": "ada", "n": 2})
    assert found == [(Decimal("1.50"), None)]
    assert calls.operations == ["GetItem"]


def test_a_missing_key_is_no_row(shop: Shop, calls: Calls) -> None:
    assert shop.rows("SELECT total FROM shop WHERE customer = 'eve' AND number = 1") == []
    assert calls.operations == ["GetItem"]


def test_a_null_key_costs_nothing(shop: Shop, calls: Calls) -> None:
    assert shop.rows("SELECT total FROM shop WHERE customer = :c AND number = 1", {"c": None}) == []
    assert calls.operations == []


def test_a_list_of_keys_is_one_batch_of_a_hundred(shop: Shop, calls: Calls) -> None:
    keys = [("ada", 1), ("bob", 2), ("ada", 1), ("eve", None), *(("none", n) for n in range(120))]
    found = shop.rows("SELECT customer, number FROM shop WHERE (customer, number) IN (:keys)", {"keys": keys})
    assert sorted(found) == [("ada", 1), ("bob", 2)]
    assert calls.operations == ["BatchGetItem"] * 2


def test_unprocessed_keys_are_asked_for_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    client = shop.connection.client
    send, sent = client._once, []

    def half(request: Request) -> bytes:
        """The first round answers for the first key alone."""
        (wanted,) = request.params["RequestItems"].values()
        sent.append(len(wanted["Keys"]))
        if len(sent) > 1:
            return send(request)
        held = wanted["Keys"][1:]
        served = Request(
            "BatchGetItem", {"RequestItems": {shop.table.physical: {**wanted, "Keys": wanted["Keys"][:1]}}}
        )
        answer = msgspec.json.decode(send(served))
        return msgspec.json.encode({**answer, "UnprocessedKeys": {shop.table.physical: {**wanted, "Keys": held}}})

    monkeypatch.setattr(client, "_once", half)
    found = shop.rows("SELECT number FROM shop WHERE customer = 'ada' AND number IN (1, 2, 3)")
    assert sorted(found) == [(1,), (2,), (3,)]
    assert sent == [3, 2]


def test_keys_that_stay_unprocessed_are_an_error(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(request: Request) -> bytes:
        return msgspec.json.encode({"Responses": {}, "UnprocessedKeys": request.params["RequestItems"]})

    monkeypatch.setattr(shop.connection.client, "_once", nothing)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", lambda seconds: None)
    with pytest.raises(Throttled, match="1 keys of 'shop' were left unprocessed"):
        shop.rows("SELECT number FROM shop WHERE customer = 'ada' AND number IN (1)")


def test_a_partition_is_one_query_in_the_order_of_its_sort_key(shop: Shop, calls: Calls) -> None:
    text = "SELECT number FROM shop WHERE customer = :c AND number BETWEEN 1 AND 3 ORDER BY number DESC"
    assert shop.rows(text, {"c": "ada"}) == [(3,), (2,), (1,)]
    assert calls.operations == ["Query"]


def test_some_partitions_are_a_query_each(shop: Shop, calls: Calls) -> None:
    found = shop.rows("SELECT count(*) FROM shop WHERE customer IN (:cs)", {"cs": ["ada", "bob", "eve"]})
    assert found == [(8,)]
    assert calls.operations == ["Query"] * 3


def test_an_index_is_queried_by_its_hash_key(shop: Shop, calls: Calls) -> None:
    text = "SELECT customer, number, note FROM shop WHERE status = 'open' AND number >= 3 ORDER BY number"
    assert shop.rows(text) == [("ada", 3, None), ("ada", 4, None)]
    assert calls.operations == ["Query"]


def test_an_index_that_does_not_hold_all_is_completed(shop: Shop, calls: Calls) -> None:
    assert shop.rows("SELECT note FROM shop WHERE region = 'us' AND note = 'x' AND number > 0") == [("x",), ("x",)]
    assert calls.operations == ["Query", "BatchGetItem"]


def test_a_scan_needs_leave(shop: Shop, calls: Calls) -> None:
    with pytest.raises(ScanRefused, match="An index would serve it"):
        shop.rows("SELECT number FROM shop WHERE note = 'x'")
    assert calls.operations == []
    assert sorted(shop.rows("SELECT number FROM shop WHERE note = 'x'", scan="allow")) == [(0,), (1,), (2,)]
    assert calls.operations == ["Scan"]


def test_missing_attributes_are_null(shop: Shop) -> None:
    assert len(shop.rows("SELECT number FROM shop WHERE note <> 'y'", scan="allow")) == 3
    assert len(shop.rows("SELECT number FROM shop WHERE NOT (note = 'x')", scan="allow")) == 0
    assert len(shop.rows("SELECT number FROM shop WHERE note IS NULL", scan="allow")) == 5


def test_a_count_transfers_no_items(shop: Shop, calls: Calls) -> None:
    assert shop.rows("SELECT count(*) FROM shop") == [(8,)]
    assert calls.operations == ["Scan"]


def test_a_table_that_is_not_there(shop: Shop) -> None:
    with pytest.raises(UndefinedTable, match="create_all"):
        shop.connection.cursor().execute("SELECT a FROM nothing_here WHERE a = 1")


def test_text_alone_is_planned_by_what_the_service_says(shop: Shop, calls: Calls) -> None:
    cursor = shop.connection.cursor()
    shop.connection.client.catalog.forget(shop.table.physical)
    for _ in range(2):
        cursor.execute("SELECT total FROM shop WHERE customer = :c AND number = :n", {"c": "ada", "n": 1})
        assert cursor.fetchall() == [(Decimal("1.50"),)]
    cursor.execute("SELECT note FROM shop WHERE region = 'us' AND note = 'x'")
    assert cursor.fetchall() == [("x",)] * 3
    assert sorted(calls.operations[:2]) == ["DescribeTable", "GetItem"]  # what is there, and what is declared of it
    assert calls.operations[2:] == ["GetItem", "GetItem", "Query", "BatchGetItem"]


@pytest.fixture
def large(server: Server, schema: str) -> Iterator[Shop]:
    """A partition of 1.5 MB, so of two pages."""
    with opened(server, schema) as found:
        found.fill("ada", range(15), note="x" * 100_000)
        yield found


def test_a_result_of_over_one_megabyte_is_read_to_its_end(large: Shop, calls: Calls) -> None:
    assert len(large.rows("SELECT number, note FROM shop WHERE customer = 'ada'")) == 15
    assert calls.operations == ["Query"] * 2


def test_a_filter_that_finds_nothing_on_a_page_goes_on(large: Shop, calls: Calls) -> None:
    text = "SELECT number FROM shop WHERE customer = 'ada' AND note LIKE '%x' ORDER BY number DESC"
    assert [number for (number,) in large.rows(text)] == list(range(14, -1, -1))
    assert calls.operations == ["Query"] * 2


def test_a_limit_stops_reading(large: Shop, calls: Calls) -> None:
    assert large.rows("SELECT number FROM shop WHERE customer = 'ada' LIMIT :n", {"n": 3}) == [(0,), (1,), (2,)]
    assert calls.operations == ["Query"]
    assert large.rows("SELECT number FROM shop WHERE customer = 'ada' LIMIT 0") == []
    assert calls.operations == ["Query"]


def test_a_limit_counts_rows_that_pass(server: Server, schema: str, calls: Calls) -> None:
    with opened(server, schema, page_size=2) as found:
        found.fill("ada", range(6), note="no")
        found.fill("ada", range(6, 12), note="yes")
        calls.clear()
        text = "SELECT number FROM shop WHERE customer = 'ada' AND note = 'yes' LIMIT 1"
        assert found.rows(text) == [(6,)]
        assert calls.operations == ["Query"] * 4


def test_a_read_budget_stops_a_runaway(server: Server, schema: str) -> None:
    with opened(server, schema, page_size=2, read_budget=2) as found:
        found.fill("ada", range(6))
        assert len(found.rows("SELECT number FROM shop LIMIT 4")) == 4
        with pytest.raises(ReadBudgetExceeded, match="read_budget of 2 pages"):
            found.rows("SELECT number FROM shop")


@pytest.mark.parametrize("values", [{"c": 5, "n": 1}, {"c": "ada", "n": "x"}])
def test_a_key_of_the_wrong_type_is_refused(shop: Shop, calls: Calls, values: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="convert it"):
        shop.rows("SELECT note FROM shop WHERE customer = :c AND number = :n", values)
    assert calls.operations == []


def test_a_stream_holds_a_page_and_reads_no_further_than_one_ahead(server: Server, schema: str, calls: Calls) -> None:
    with opened(server, schema, page_size=4) as shop:
        shop.fill("eve", range(42))
        calls.clear()
        cursor = shop.connection.cursor(stream=True)
        cursor.execute(shop.statement("SELECT number FROM shop WHERE customer = 'eve'"))
        assert cursor.fetchmany(3) == [(0,), (1,), (2,)]
        assert len(calls.operations) <= 2
        assert cursor.fetchall() == [(number,) for number in range(3, 42)]
        assert calls.operations == ["Query"] * 11


def test_a_stream_of_a_missing_table_fails_when_it_is_executed(shop: Shop) -> None:
    with pytest.raises(UndefinedTable):
        shop.connection.cursor(stream=True).execute("SELECT a FROM nowhere WHERE a = 1")
