"""What botocore raises, as this project's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore import exceptions as aws

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.client.retry import may_repeat
from sqlalchemy_dynamorm.errors import AWS_CODES, Error
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.wire import same_item


class ChecksumMismatch(Exception):
    """An answer whose body does not have the checksum, or the length, that its headers say."""


_BEFORE_SENDING = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)
_OF_THE_HANDSHAKE = frozenset(
    "CERTIFICATE_VERIFY_FAILED HTTP_REQUEST NO_PROTOCOLS_AVAILABLE SSLV3_ALERT_HANDSHAKE_FAILURE "
    "TLSV1_ALERT_PROTOCOL_VERSION TLSV1_UNRECOGNIZED_NAME UNSUPPORTED_PROTOCOL WRONG_VERSION_NUMBER".split()
)
"""OpenSSL's reasons that there is no connection; another may be that of one which broke while an answer was read."""

LOST = (aws.HTTPClientError, aws.SSLError, ChecksumMismatch)
"""Failures after which nobody knows whether the request was carried out, unless it was :func:`never_sent`."""

AWS_ERRORS: tuple[type[Exception], ...] = (aws.BotoCoreError, aws.ClientError, ChecksumMismatch)
"""All that sending a request may raise."""

_ANOTHER_KEY = ("key element does not match the schema", "missing the key", "type mismatch for key")
"""Of the messages about a key or an item that is not made for the table: DynamoDB's of a read, and of a put."""

_NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
)


def translate(failure: Exception, request: Request, endpoint: str) -> Error:
    """The error of a failed request. Its ``__cause__`` is the caller's to set.

    :param endpoint: where it was sent, for the message.
    """
    where: dict[str, Any] = {"operation": request.operation, "table": request.table}
    if isinstance(failure, aws.ClientError):
        return of_response(failure.response, request)
    if isinstance(failure, _NO_CREDENTIALS):
        return errors.AccessDenied(
            f"No usable AWS credentials: {failure} Give them in the URL, by profile=, or by the usual AWS chain.",
            **where,
        )
    if never_sent(failure):
        return errors.ServiceUnavailable(
            f"The endpoint {endpoint} cannot be reached. Check the host, the port and the network; is it running?",
            **where,
        )
    if isinstance(failure, LOST):
        # After a timeout the write may still be under way, and come after the one that would take its place.
        if request.repeatable or (request.again is not None and not isinstance(failure, aws.ReadTimeoutError)):
            return errors.ServiceUnavailable(f"{endpoint} did not answer: {type(failure).__name__}.", **where)
        return unknown(request)
    return errors.InternalError(f"{request.operation} failed: {type(failure).__name__}: {failure}", **where)


def was_lost(failure: Error, request: Request) -> bool:
    """Whether the answer was lost to a write that is sent again: by its token, or its condition, that is harmless."""
    return (
        (request.operation == "TransactWriteItems" or request.again is not None)
        and isinstance(failure, errors.ServiceUnavailable)
        and not never_sent(failure.__cause__)
    )


def never_sent(failure: BaseException | None) -> bool:
    """Whether a request failed before it left: sending it again is safe, whatever it does."""
    if isinstance(failure, aws.SSLError):
        error = failure.kwargs.get("error")  # urllib3's, of which OpenSSL's is the first argument
        return any(getattr(one, "reason", None) in _OF_THE_HANDSHAKE for one in (error, *getattr(error, "args", ())))
    return isinstance(failure, _BEFORE_SENDING)


def is_a_verdict(failure: Error) -> bool:
    """Whether a transaction's failure says that it was not applied, earlier attempts included.

    The service answers a token that it has carried out with success, so a condition that does not hold is a verdict.
    A conflict may be one with the earlier attempt itself, and a throttle or a refusal says nothing about it.
    """
    return isinstance(failure, errors.TransactionCanceled) and not may_repeat(failure)


def is_own(failure: Error, request: Request) -> bool:
    """Whether a put failed because it had been carried out itself: its key was made for it, and its item is there."""
    if request.own is None or not isinstance(failure, errors.ConditionFailed):
        return False
    # A server that does not show the item says by its refusal that there is one.
    return failure.item is None or same_item(request.own, failure.item)


def unknown(request: Request) -> Error:
    """The error of a write whose answer was lost."""
    return errors.OutcomeUnknown(
        f"The answer to {request.operation} was lost, so it is not known whether it was applied. "
        "Read the item before you write it again.",
        operation=request.operation,
        table=request.table,
    )


def of_response(response: Mapping[str, Any], request: Request) -> Error:
    """The error that a service's error response stands for."""
    found = response.get("Error", {})
    code = str(found.get("Code", "Unknown"))
    message = str(found.get("Message") or found.get("message") or code)
    where: dict[str, Any] = {
        "code": code,
        "operation": request.operation,
        "table": request.table,
        "request_id": response.get("ResponseMetadata", {}).get("RequestId"),
    }
    kind = AWS_CODES.get(code)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if kind is None and status >= 500:
        kind = errors.ServiceUnavailable
    if kind is errors.ServiceUnavailable and not request.repeatable and request.again is None:
        return unknown(request)
    if kind is errors.ConditionFailed:
        return errors.ConditionFailed(message, item=response.get("Item"), **where)
    if kind is errors.TransactionCanceled:
        return errors.TransactionCanceled(message, reasons=tuple(response.get("CancellationReasons", ())), **where)
    if kind is errors.DatabaseError:
        return _validation(message, request, where)
    if kind is errors.Throttled:
        return errors.Throttled(_throttled(response, message, request), **where)
    return (kind or errors.DatabaseError)(_worded(kind, message, request), **where)


def _throttled(response: Mapping[str, Any], message: str, request: Request) -> str:
    """What is throttled and why, as far as the service says.

    A reason is named like ``TableWriteKeyRangeThroughputExceeded`` (DynamoDB API reference, ThrottlingReason), its
    resource is the ARN of the table or index.
    """
    about = f"{request.operation} on {_tables(request)} is throttled: {message}"
    reasons = response.get("ThrottlingReasons") or response.get("throttlingReasons") or ()
    told = [f"{reason.get('resource')}: {reason.get('reason')}" for reason in reasons]
    hot = " A single key is asked for too often: spread the load over more keys."
    hot = hot if any("KeyRange" in str(reason.get("reason")) for reason in reasons) else ""
    return f"{about}{''.join(f' {each}.' for each in told)}{hot}"


def _worded(kind: type[Error] | None, message: str, request: Request) -> str:
    if kind is errors.UndefinedTable:
        return (
            f"There is no table {_tables(request)} in this account and region. "
            "Make it by metadata.create_all(engine) or a migration, or check the region and the schema."
        )
    if kind is errors.NotSupportedError:
        return (
            f"The endpoint has no {request.operation}: it is a server that does part of what DynamoDB does. "
            "Take one that has it (dynamodb+local:// does), or do without what needs it: docs/writes.md says which "
            "statements are sent as transactions."
        )
    return f"{request.operation}: {message}"


def _tables(request: Request) -> str:
    """The tables of a request; of several the service does not say which one is missing."""
    listed = [action["TableName"] for each in request.params.get("TransactItems", ()) for action in each.values()]
    names = [request.table] if request.table else [*request.params.get("RequestItems", ()), *listed]
    return " or ".join(repr(name) for name in dict.fromkeys(names))


def _validation(message: str, request: Request, where: dict[str, Any]) -> Error:
    """A ValidationException, by what its message is known to mean."""
    lowered = message.lower()
    if "index" in lowered and ("does not have the specified index" in lowered or "backfilling" in lowered):
        index = request.params.get("IndexName")
        text = f"The index {index!r} of {request.table!r} is not there, or is still being built: {message}"
        return errors.UndefinedIndex(text, index=index, **where)
    if "item size" in lowered:
        return errors.ItemTooLarge(message, **where)
    if any(words in lowered for words in _ANOTHER_KEY):
        text = (
            f"The table {_tables(request)} has another primary key than the one it is declared with here: {message}. "
            "inspect(engine).get_pk_constraint() says which it has; declare that, or rebuild the table."
        )
        return errors.ProgrammingError(text, **where)
    return errors.DatabaseError(message, **where)
