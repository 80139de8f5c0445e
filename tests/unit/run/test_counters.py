from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, DataError, UndefinedTable, Unsupported
from sqlalchemy_dynamorm.plan.numbering import Series
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.counters import Counter, Counters, counter_of
from sqlalchemy_dynamorm.run.inserts import fill_ids
from sqlalchemy_dynamorm.run.request import Asking, Request
from tests.scripted import done, failed

TICKETS = Table("tickets", "s.tickets", (Column("id", Kind.INTEGER, nullable=False, autoincrement=True),), "id")
IDS = counter_of(TICKETS, TICKETS.columns[0])
LAST = {"Attributes": {"last": {"N": "12"}}}


def make(name: str) -> Asking[None]:
    yield Request("CreateTable", {"TableName": name})


def test_a_block_of_ids_is_one_update() -> None:
    played = done(Counters("system").take(IDS, 3), LAST)
    assert played.result == [10, 11, 12]
    assert played.only["Key"] == {"id": {"S": "counter#s.tickets"}}
    assert played.only["ExpressionAttributeValues"] == {":0": {"N": "3"}}


def test_an_id_given_by_hand_raises_the_counter_once() -> None:
    counters = Counters("system")
    assert len(done(counters.seen(IDS, [7])).requests) == 1
    assert done(counters.seen(IDS, [7])).requests == []
    assert len(done(counters.seen(IDS, [20]), ConditionFailed("past it")).requests) == 1
    assert done(counters.seen(IDS, [15])).requests == []
    counters.forget("counter#s.tickets")
    assert len(done(counters.seen(IDS, [7])).requests) == 1


def test_without_a_system_table_ids_are_given_by_hand() -> None:
    assert done(Counters(None).seen(IDS, [7])).requests == []
    assert isinstance(failed(Counters(None).take(IDS, 1)), Unsupported)


def test_a_missing_system_table_is_made_only_on_the_embedded_server() -> None:
    missing = UndefinedTable("no")
    error = failed(Counters("system").take(IDS, 1), missing)
    with pytest.raises(UndefinedTable, match="create_all"):
        raise error
    played = done(Counters("system", make).take(IDS, 1), missing, {}, LAST)
    assert played.operations == ["UpdateItem", "CreateTable", "UpdateItem"]


def test_ids_given_by_hand_need_no_system_table() -> None:
    counters = Counters("dynamorm_system")
    assert len(done(counters.seen(IDS, [7]), UndefinedTable("no system table")).requests) == 1
    assert done(counters.seen(IDS, [8])).requests == []


def test_a_counter_that_was_deleted_goes_on_beyond_what_was_seen() -> None:
    counters = Counters("system")
    done(counters.take(IDS, 3), LAST)
    played = done(counters.take(IDS, 1), ConditionFailed("gone"), {}, {}, {"Attributes": {"last": {"N": "13"}}})
    assert played.result == [13]
    assert [request.params.get("ConditionExpression") for request in played.requests] == [
        "#0 >= :1",
        None,
        "attribute_not_exists(#0) OR #0 < :0",
        "#0 >= :1",
    ]
    assert played.requests[2].params["ExpressionAttributeValues"] == {":0": {"N": "12"}}


def numbered(**options: Any) -> Counter:
    return Counter("counter#t#n", "the column 'n' of 't'", Series(**options))


def last(number: int) -> dict[str, Any]:
    return {"Attributes": {"last": {"N": str(number)}}}


def stored(number: int) -> dict[str, Any]:
    return {"Item": {"last": {"N": str(number)}}}


def test_a_series_begins_at_its_start_and_keeps_its_step() -> None:
    played = done(Counters("system").take(numbered(start=42, increment=10), 3), last(62))
    assert played.result == [42, 52, 62]
    assert played.only["UpdateExpression"] == "SET #0 = if_not_exists(#0, :1) + :0"
    assert played.only["ExpressionAttributeValues"] == {":0": {"N": "30"}, ":1": {"N": "32"}}


def test_a_block_is_kept_and_given_out_without_a_call() -> None:
    counters, counter = Counters("system"), numbered(cache=5)
    assert done(counters.take(counter, 2), last(5)).result == [1, 2]
    assert done(counters.take(counter, 2)).result == [3, 4]
    assert done(counters.take(counter, 2), last(10)).result == [5, 6]


def test_a_series_ends_at_its_bound() -> None:
    counters, counter = Counters("system"), numbered(maximum=10)
    played = done(counters.take(counter, 2), last(2))
    assert played.only["ConditionExpression"] == "(attribute_not_exists(#0) OR #0 <= :1)"
    assert played.only["ExpressionAttributeValues"] == {":0": {"N": "2"}, ":1": {"N": "8"}}
    error = failed(counters.take(counter, 9), ConditionFailed("beyond"), stored(2))
    assert isinstance(error, DataError)
    assert str(error) == "The numbers of the column 'n' of 't' are used up: they end at 10. Give it more room."


def test_a_block_near_the_end_is_what_is_left() -> None:
    counter = numbered(maximum=10, cache=5)
    played = done(Counters("system").take(counter, 1), ConditionFailed("beyond"), stored(8), last(10))
    assert played.result == [9]
    assert played.requests[-1].params["ExpressionAttributeValues"][":0"] == {"N": "2"}


def test_a_cycle_begins_again_at_its_other_bound() -> None:
    counter = numbered(start=3, minimum=1, maximum=4, cycle=True)
    played = done(Counters("system").take(counter, 3), ConditionFailed("end"), stored(3), last(4), *_again(4), last(2))
    assert played.result == [4, 1, 2]
    again = played.requests[5].params
    assert (again["UpdateExpression"], again["ConditionExpression"]) == ("SET #0 = :0", "#0 = :1")
    assert again["ExpressionAttributeValues"] == {":0": {"N": "0"}, ":1": {"N": "4"}}


def _again(number: int) -> tuple[Any, ...]:
    return ConditionFailed("end"), stored(number), {}


def test_numbers_that_go_down_are_seen_downwards() -> None:
    counters, counter = Counters("system"), numbered(start=0, increment=-5, minimum=-1000)
    assert done(counters.seen(counter, [42])).requests == []
    raised = done(counters.seen(counter, [-7, 3])).only
    assert raised["ConditionExpression"] == "attribute_not_exists(#0) OR #0 > :0"
    assert raised["ExpressionAttributeValues"] == {":0": {"N": "-10"}}


def test_a_column_beside_the_key_has_a_counter_of_its_own() -> None:
    number = Column("n", Kind.INTEGER, autoincrement=True)
    table = Table("t", "s.t", (*TICKETS.columns, number), "id")
    assert [counter_of(table, column).id for column in table.counted] == ["counter#s.t", "counter#s.t#n"]


@pytest.mark.parametrize("given", [30, "30", "+30"])
def test_an_id_given_as_text_raises_the_counter_as_the_number_does(given: Any) -> None:
    records = [{TICKETS.columns[0]: given}]
    played = done(fill_ids(TICKETS, records, Counters("system")), {})
    assert played.only["ExpressionAttributeValues"] == {":0": {"N": "30"}}
    assert played.result == 30
