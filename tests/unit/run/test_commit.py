from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.errors import ConditionFailed, Error, TransactionCanceled, TransactionTooLarge
from sqlalchemy_dynamorm.plan.predicates import ALWAYS
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.assignments import Done
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.edits import Assign
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.writing import Check
from tests.scripted import done, failed, play

USERS = Table("users", "users", (Column("id", Kind.INTEGER, nullable=False), Column("n", Kind.STRING)), "id")


def inserted(*ids: int, size: int = 1) -> Buffer:
    buffer = Buffer()
    for number in ids:
        buffer.insert(USERS, {"id": {"N": str(number)}, "n": {"S": "x" * size}})
    return buffer


def test_nothing_is_sent_for_nothing() -> None:
    assert done(commit(Buffer())).requests == []


def test_a_single_write_goes_as_itself_and_is_not_repeatable() -> None:
    (request,) = done(commit(inserted(1))).requests
    assert (request.operation, request.repeatable) == ("PutItem", False)
    assert isinstance(failed(commit(inserted(1)), ConditionFailed("no")), errors.DuplicateKey)


def test_a_row_that_is_gone_is_stale() -> None:
    buffer = Buffer()
    buffer.update(USERS, Image({"id": {"N": "1"}}), Done({"n": Assign({"S": "y"})}), Check(ALWAYS, bound({})))
    assert isinstance(failed(commit(buffer), ConditionFailed("no")), errors.StaleRow)


def test_several_writes_are_one_transaction_with_a_token_of_its_own() -> None:
    (first,) = done(commit(inserted(1, 2))).requests
    (second,) = done(commit(inserted(1, 2))).requests
    assert (first.operation, first.repeatable, len(first.params["TransactItems"])) == ("TransactWriteItems", True, 2)
    assert len(first.params["ClientRequestToken"]) == 36
    assert first.params["ClientRequestToken"] != second.params["ClientRequestToken"]


@pytest.mark.parametrize("buffer", [inserted(*range(101)), inserted(*range(11), size=399_000)], ids=["items", "bytes"])
def test_too_much_is_refused_before_anything_is_sent(buffer: Buffer) -> None:
    played = play(commit(buffer))
    assert isinstance(played.error, TransactionTooLarge)
    assert "AUTOCOMMIT" in str(played.error)
    assert played.requests == []


def test_a_hundred_items_fit() -> None:
    assert done(commit(inserted(*range(100)))).operations == ["TransactWriteItems"]


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["None", "ConditionalCheckFailed"], errors.DuplicateKey),
        (["TransactionConflict", "ConditionalCheckFailed"], errors.DuplicateKey),
        (["TransactionConflict", "None"], errors.SerializationError),
        (["ProvisionedThroughputExceeded", "None"], errors.Throttled),
        (["ValidationError", "None"], errors.DataError),
        (["Novel", "None"], errors.DatabaseError),
    ],
)
def test_the_reason_of_a_cancelled_transaction_is_its_error(codes: list[str], kind: type[Error]) -> None:
    reasons: tuple[dict[str, Any], ...] = tuple({"Code": code} for code in codes)
    error = failed(commit(inserted(1, 2)), TransactionCanceled("cancelled", reasons=reasons, request_id="R1"))
    assert type(error) is kind
    assert (error.operation, error.table, error.request_id) == ("TransactWriteItems", "users", "R1")


def test_a_move_is_a_guarded_delete_and_a_put() -> None:
    before, after = {"id": {"N": "1"}, "n": {"S": "x"}}, {"id": {"N": "2"}, "n": {"S": "x"}}
    moving = Buffer()
    moving.leave(USERS, Image(before), Check(ALWAYS, bound({})))
    moving.insert(USERS, after)
    played = done(commit(moving))
    deletion, put = played.only["TransactItems"]
    assert deletion["Delete"]["ConditionExpression"] == "attribute_exists(#0) AND #1 = :0"
    assert put["Put"]["ConditionExpression"] == "attribute_not_exists(#0)"
    taken = TransactionCanceled("c", reasons=({"Code": "None"}, {"Code": "ConditionalCheckFailed"}))
    changed = TransactionCanceled("c", reasons=({"Code": "ConditionalCheckFailed"}, {"Code": "None"}))
    assert isinstance(failed(commit(moving), taken), errors.DuplicateKey)
    assert isinstance(failed(commit(moving), changed), errors.StaleRow)


def test_a_cancelled_transaction_without_reasons_does_not_leave_as_it_came() -> None:
    error = failed(commit(inserted(1, 2)), TransactionCanceled("cancelled", request_id="R1"))
    assert type(error) is errors.OperationalError
    assert error.request_id == "R1"
