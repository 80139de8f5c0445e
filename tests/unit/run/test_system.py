from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, UndefinedTable, Unsupported
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.system import Counters
from tests.scripted import done, failed

TICKETS = Table("tickets", "s.tickets", (Column("id", Kind.INTEGER, nullable=False, autoincrement=True),), "id")
LAST = {"Attributes": {"last": {"N": "12"}}}


def make(name: str) -> Asking[None]:
    yield Request("CreateTable", {"TableName": name})


def test_a_block_of_ids_is_one_update() -> None:
    played = done(Counters("system").take(TICKETS, 3), LAST)
    assert played.result == range(10, 13)
    assert played.only["Key"] == {"id": {"S": "counter#s.tickets"}}
    assert played.only["ExpressionAttributeValues"] == {":0": {"N": "3"}}


def test_an_id_given_by_hand_raises_the_counter_once() -> None:
    counters = Counters("system")
    assert len(done(counters.seen(TICKETS, 7)).requests) == 1
    assert done(counters.seen(TICKETS, 7)).requests == []
    assert len(done(counters.seen(TICKETS, 20), ConditionFailed("past it")).requests) == 1
    assert done(counters.seen(TICKETS, 15)).requests == []
    counters.forget("s.tickets")
    assert len(done(counters.seen(TICKETS, 7)).requests) == 1


def test_without_a_system_table_ids_are_given_by_hand() -> None:
    assert done(Counters(None).seen(TICKETS, 7)).requests == []
    assert isinstance(failed(Counters(None).take(TICKETS, 1)), Unsupported)


def test_a_missing_system_table_is_made_only_on_the_embedded_server() -> None:
    missing = UndefinedTable("no")
    error = failed(Counters("system").take(TICKETS, 1), missing)
    with pytest.raises(UndefinedTable, match="create_all"):
        raise error
    played = done(Counters("system", make).take(TICKETS, 1), missing, {}, LAST)
    assert played.operations == ["UpdateItem", "CreateTable", "UpdateItem"]


def test_ids_given_by_hand_need_no_system_table() -> None:
    counters = Counters("dynamorm_system")
    assert len(done(counters.seen(TICKETS, 7), UndefinedTable("no system table")).requests) == 1
    assert done(counters.seen(TICKETS, 8)).requests == []


def test_a_counter_that_was_deleted_goes_on_beyond_what_was_seen() -> None:
    counters = Counters("system")
    done(counters.take(TICKETS, 3), LAST)
    played = done(counters.take(TICKETS, 1), ConditionFailed("gone"), {}, {"Attributes": {"last": {"N": "13"}}})
    assert played.result == range(13, 14)
    assert [request.params.get("ConditionExpression") for request in played.requests] == [
        "#0 >= :1",
        "attribute_not_exists(#0) OR #0 < :0",
        "#0 >= :1",
    ]
    assert played.requests[1].params["ExpressionAttributeValues"] == {":0": {"N": "12"}}
