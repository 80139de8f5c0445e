"""``idempotent_writes=always``: a single write is a transaction of one, whose token makes a repetition harmless."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.errors import Error, TransactionCanceled
from sqlalchemy_dynamorm.run.request import Request

_KINDS = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
_REASONS: dict[str, type[Error]] = {
    "TransactionConflict": errors.SerializationError,
    "ThrottlingError": errors.Throttled,
    "ProvisionedThroughputExceeded": errors.Throttled,
    "RequestLimitExceeded": errors.Throttled,
    "InternalServerError": errors.ServiceUnavailable,
    "ItemCollectionSizeLimitExceeded": errors.DataError,
    "ValidationError": errors.DataError,
}
"""Cancellation reasons (DynamoDB API reference, TransactWriteItems) as the errors of a single write."""


def needs_token(request: Request) -> bool:
    """Whether a request is a single write that has no token."""
    return request.operation in _KINDS and not request.repeatable


def with_token(request: Request) -> Request:
    """A single write as a transaction of one.

    :raises Unsupported: it is to show the item, which a transaction does not.
    """
    if "ReturnValues" in request.params:
        raise errors.Unsupported(
            "With idempotent_writes='always' this statement can have no RETURNING: a transaction shows no item.",
            table=request.table,
        )
    told = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if "ConditionExpression" in request.params else {}
    action = {_KINDS[request.operation]: {**request.params, **told}}
    return Request("TransactWriteItems", {"TransactItems": [action], "ClientRequestToken": str(uuid.uuid4())})


def as_single(failure: TransactionCanceled, request: Request) -> Error:
    """The error of the single write whose transaction of one was cancelled."""
    (reason, *_) = [*failure.reasons, {}]
    code = str(reason.get("Code", "None"))
    where: Mapping[str, Any] = {
        "code": code,
        "operation": failure.operation,
        "table": request.table,
        "request_id": failure.request_id,
    }
    if code == "ConditionalCheckFailed":
        return errors.ConditionFailed(str(failure), item=reason.get("Item"), **where)
    message = f"{request.operation} on {request.table!r}: {reason.get('Message') or code}"
    return _REASONS.get(code, errors.DatabaseError)(message, **where)
