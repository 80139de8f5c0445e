from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.client.tokens import as_single, needs_token, with_token
from sqlalchemy_dynamorm.errors import Error, TransactionCanceled
from sqlalchemy_dynamorm.run.request import Request

PUT = Request("PutItem", {"TableName": "users", "ConditionExpression": "c"}, repeatable=False)
BARE = Request("DeleteItem", {"TableName": "users"}, repeatable=False)


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (PUT, True),
        (BARE, True),
        (Request("UpdateItem", {}), False),
        (Request("TransactWriteItems", {}), False),
        (Request("BatchWriteItem", {}, repeatable=False), False),
        (Request("CreateTable", {}, repeatable=False), False),
    ],
)
def test_single_writes_that_must_not_be_repeated_need_a_token(request_: Request, needs: bool) -> None:
    assert needs_token(request_) is needs


def test_a_single_write_is_a_transaction_of_one_that_shows_what_refused_it() -> None:
    first, second = with_token(PUT), with_token(PUT)
    told = {**PUT.params, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    assert (first.operation, first.repeatable) == ("TransactWriteItems", True)
    assert first.params["TransactItems"] == [{"Put": told}]
    assert first.params["ClientRequestToken"] != second.params["ClientRequestToken"]
    assert with_token(BARE).params["TransactItems"] == [{"Delete": BARE.params}]


def test_a_write_that_shows_its_item_is_refused() -> None:
    with pytest.raises(errors.Unsupported, match="no RETURNING"):
        with_token(Request("UpdateItem", {"TableName": "users", "ReturnValues": "ALL_NEW"}, repeatable=False))


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        ([{"Code": "ConditionalCheckFailed", "Item": {"id": {"N": "1"}}}], errors.ConditionFailed),
        ([{"Code": "TransactionConflict"}], errors.SerializationError),
        ([{"Code": "ThrottlingError"}], errors.Throttled),
        ([{"Code": "ValidationError", "Message": "too large"}], errors.DataError),
        ([{"Code": "Novel"}], errors.DatabaseError),
        ([], errors.DatabaseError),
    ],
)
def test_a_reason_is_the_error_of_the_single_write(reasons: list[dict[str, Any]], kind: type[Error]) -> None:
    error = as_single(TransactionCanceled("cancelled", reasons=tuple(reasons), request_id="R1"), PUT)
    assert type(error) is kind
    assert (error.table, error.request_id) == ("users", "R1")
    if isinstance(error, errors.ConditionFailed):
        assert error.item == {"id": {"N": "1"}}
