from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, Error, ServiceUnavailable, Throttled
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.puts import BATCH, IDLE_ROUNDS, put_if_free, put_over
from sqlalchemy_dynamorm.run.request import Pause
from sqlalchemy_dynamorm.run.targets import TOGETHER
from sqlalchemy_dynamorm.run.values import Item
from tests.scripted import done, failed, play

USERS = Table("users", "users", (Column("id", Kind.INTEGER, nullable=False), Column("n", Kind.BINARY)), "id")


def items(count: int) -> list[Item]:
    return [{"id": {"N": str(number)}, "n": {"B": b"x"}} for number in range(count)]


def left(*numbers: int) -> dict[str, Any]:
    """An answer that leaves these items; bytes are base64 there."""
    puts = [{"PutRequest": {"Item": {"id": {"N": str(number)}, "n": {"B": "eA=="}}}} for number in numbers]
    return {"UnprocessedItems": {"users": puts}}


def test_puts_if_free_go_in_rounds_and_answer_in_order() -> None:
    played = done(
        put_if_free(USERS, items(TOGETHER + 1), [False] * (TOGETHER + 1)), *[{}] * TOGETHER, ConditionFailed("no")
    )
    assert [len(together) for together in played.asked] == [TOGETHER, 1]
    assert isinstance(played.result[-1], ConditionFailed)
    assert played.requests[0].params["ConditionExpression"] == "attribute_not_exists(#0)"
    assert not played.requests[0].repeatable


def test_one_item_is_a_put_and_more_are_batches_of_25() -> None:
    assert done(put_over(USERS, items(1))).only == {"TableName": "users", "Item": items(1)[0]}
    played = done(put_over(USERS, items(2 * BATCH + 1)))
    assert [len(request.params["RequestItems"]["users"]) for request in played.requests] == [25, 25, 1]
    assert all(request.again == request.params for request in played.requests)


def test_what_is_left_is_sent_again_after_a_pause() -> None:
    played = done(put_over(USERS, items(3)), left(1, 2), left(2))
    again = [[put["PutRequest"]["Item"] for put in each.params["RequestItems"]["users"]] for each in played.requests]
    assert again == [items(3), items(3)[1:], items(3)[2:]]
    assert len(played.pauses) == 2


def test_it_is_given_up_when_nothing_is_taken_any_more() -> None:
    played = play(put_over(USERS, items(3)), left(1, 2), *[left(1, 2)] * IDLE_ROUNDS)
    assert isinstance(played.error, Throttled)
    assert played.error.unprocessed == ({"id": {"N": "1"}}, {"id": {"N": "2"}})
    assert "1 of the 3 rows were written" in str(played.error)
    assert max(played.pauses) <= 0.05 * 2**IDLE_ROUNDS


def test_it_is_given_up_at_the_deadline() -> None:
    running = put_over(USERS, items(3))
    next(running)
    pause = running.send([b'{"UnprocessedItems": {"users": [{"PutRequest": {"Item": {"id": {"N": "2"}}}}]}}'])
    assert isinstance(pause, Pause)
    assert pause.bounded
    with pytest.raises(Throttled, match="2 of the 3 rows"):
        running.send(False)


def test_a_call_that_fails_does_not_stop_the_others() -> None:
    error = failed(put_over(USERS, items(60)), {}, ServiceUnavailable("gone"), left(59), {})
    assert isinstance(error, ServiceUnavailable)
    assert [key["id"]["N"] for key in error.unprocessed] == [str(number) for number in range(25, 50)]
    assert str(error) == "gone In AUTOCOMMIT 35 of the 60 rows were written."
    assert isinstance(error, Error)
