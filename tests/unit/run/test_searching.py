from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, SerializationError, Throttled, TransactionCanceled
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.searching import ATTEMPTS
from tests.scripted import Played, Reply, done, play
from tests.unit.plan.planning import changed

UPPER = "UPDATE things SET a = upper(a) WHERE p = 'x' AND s IN (1, 2) AND n = 1"
LONG = "DELETE FROM things WHERE p = 'x' AND s IN (1, 2) AND length(a) > 1"


def item(s: int, a: str, n: int = 1) -> dict[str, Any]:
    return {"p": {"S": "x"}, "s": {"N": str(s)}, "a": {"S": a}, "n": {"N": str(n)}}


def batch(*items: dict[str, Any]) -> Reply:
    return {"Responses": {"things": list(items)}}


def run(text: str, *script: Reply, buffer: Buffer | None = None) -> Played:
    return play(Changer(changed(text)).run([bound({})], Scope(buffer), buffer), *script)


def test_rows_are_written_in_parallel_on_what_they_were_judged_by() -> None:
    played = run(UPPER, batch(item(1, "k"), item(2, "l")))
    assert [[request.operation for request in together] for together in played.asked] == [
        ["BatchGetItem"],
        ["UpdateItem", "UpdateItem"],
    ]
    assert played.result.rowcount == 2
    for request in played.requests[1:]:
        assert request.params["ConditionExpression"] == "attribute_exists(#0) AND #1 = :0 AND #2 = :1"
        assert request.params["ExpressionAttributeNames"] == {"#0": "p", "#1": "n", "#2": "a"}


def test_a_row_that_another_changed_meanwhile_is_found_again() -> None:
    script: tuple[Reply, ...] = (
        batch(item(1, "k"), item(2, "l")),
        {},
        ConditionFailed("no"),
        batch(item(1, "K"), item(2, "m")),
        {},
    )
    played = run(UPPER, *script)
    assert played.operations == ["BatchGetItem", "UpdateItem", "UpdateItem", "BatchGetItem", "UpdateItem"]
    assert played.requests[-1].params["ExpressionAttributeValues"] == {
        ":0": {"N": "1"},
        ":1": {"S": "m"},
        ":2": {"S": "M"},
    }
    assert (played.result.rowcount, len(played.pauses)) == (2, 1)


def test_a_row_that_is_none_any_more_is_not_counted() -> None:
    played = run(LONG, batch(item(1, "kk")), ConditionFailed("no"), batch(item(1, "k")))
    assert (played.operations, played.result.rowcount) == (["BatchGetItem", "DeleteItem", "BatchGetItem"], 0)


def test_rows_that_others_change_each_time_are_given_up() -> None:
    played = run(LONG, *[batch(item(1, "kk")), ConditionFailed("no")] * ATTEMPTS)
    assert isinstance(played.error, SerializationError)
    assert "1 rows of 'things'" in str(played.error)


def test_another_error_says_how_many_were_changed() -> None:
    played = run(LONG, batch(item(1, "kk"), item(2, "ll")), {"Attributes": item(1, "kk")}, Throttled("slow down"))
    assert isinstance(played.error, Throttled)
    assert str(played.error) == "slow down In AUTOCOMMIT 1 of the rows were changed."


def test_a_sum_beside_what_is_computed_is_sent_with_a_token() -> None:
    text = "UPDATE things SET a = upper(a), n = n + 1 WHERE p = 'x' AND s = 1"
    refused = TransactionCanceled("no", reasons=({"Code": "ConditionalCheckFailed"},))
    found = {"Item": item(1, "k")}
    played = run(text, found, found, refused, found, found)
    assert played.operations == ["GetItem", "GetItem", "TransactWriteItems"] * 2
    assert played.result.rowcount == 1


def test_returning_shows_what_was_written() -> None:
    played = run(UPPER + " RETURNING s, a", batch(item(1, "k"), item(2, "l")), {}, ConditionFailed("no"), batch())
    assert (played.rows, played.result.rowcount) == ([(1, "K")], 1)


def test_in_a_transaction_what_was_judged_is_checked_at_commit() -> None:
    buffer = Buffer()
    played = run(LONG, batch(item(1, "kk")), buffer=buffer)
    assert (played.operations, played.result.rowcount) == (["BatchGetItem"], 1)
    sent = play(commit(buffer)).only
    assert sent["ConditionExpression"] == "attribute_exists(#0) AND #1 = :0"
    assert sent["ExpressionAttributeValues"] == {":0": {"S": "kk"}}


def test_in_a_transaction_own_writes_are_judged() -> None:
    buffer = Buffer()
    done(
        Changer(changed("UPDATE things SET a = 'long' WHERE p = 'x' AND s = 1")).run(
            [bound({})], Scope(buffer), buffer
        ),
        {"Item": item(1, "k")},
    )
    assert run(LONG, buffer=buffer).result.rowcount == 1
    sent = play(commit(buffer)).only
    assert "ConditionExpression" not in sent or "#1" not in sent["ConditionExpression"]


@pytest.mark.parametrize("stored", ["m", "k"])
def test_rows_are_found_again_where_they_are_read_otherwise(stored: str) -> None:
    """The image has to be read, since the key moves: it may not be what was found."""
    buffer = Buffer()
    again: list[Reply] = [{"Item": item(1, stored)}] if stored == "m" else []
    script: list[Reply] = [{"Item": item(1, "k")}, {"Item": item(1, stored)}, *again]
    played = run("UPDATE things SET p = upper(a) WHERE p = 'x' AND s = 1", *script, buffer=buffer)
    assert (played.result.rowcount, len(played.pauses)) == (1, len(again))
    assert [entry.key["p"]["S"] for entry in buffer.entries.values()] == ["x", stored.upper()]
