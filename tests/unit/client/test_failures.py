from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import SSLError as Wrapped

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.client.failures import ChecksumMismatch, never_sent, of_response, translate
from sqlalchemy_dynamorm.errors import AWS_CODES, Error
from sqlalchemy_dynamorm.run.request import Request

READ = Request("Query", {"TableName": "users"})
WRITE = Request("UpdateItem", {"TableName": "users"}, repeatable=False)
REPLACEABLE = replace(WRITE, again=WRITE.params)
URL = "http://127.0.0.1:8000"


def response(code: str, status: int = 400, message: str = "because", **more: Any) -> dict[str, Any]:
    where = {"RequestId": "R1", "HTTPStatusCode": status}
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": where, **more}


@pytest.mark.parametrize("code", AWS_CODES)
def test_each_code_has_its_class_and_says_where(code: str) -> None:
    error = of_response(response(code), READ)
    assert type(error) is AWS_CODES[code]
    assert (error.code, error.operation, error.table, error.request_id) == (code, "Query", "users", "R1")


@pytest.mark.parametrize("code", [code for code, kind in AWS_CODES.items() if kind is errors.ServiceUnavailable])
def test_a_failure_within_the_service_leaves_a_write_unknown(code: str) -> None:
    assert type(of_response(response(code, 500), WRITE)) is errors.OutcomeUnknown


@pytest.mark.parametrize(
    ("name", "reason", "hot"),
    [
        ("ThrottlingReasons", "TableWriteKeyRangeThroughputExceeded", True),
        ("throttlingReasons", "IndexWriteProvisionedThroughputExceeded", False),
    ],
)
def test_a_throttle_names_what_is_throttled_and_a_hot_key(name: str, reason: str, hot: bool) -> None:
    told: dict[str, Any] = {
        name: [{"reason": reason, "resource": "arn:aws:dynamodb:eu-west-1:1:table/users/index/by_name"}]
    }
    text = str(of_response(response("ThrottlingException", **told), WRITE))
    assert "UpdateItem on 'users' is throttled" in text
    assert f"index/by_name: {reason}." in text
    assert ("spread the load" in text) is hot


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, errors.DatabaseError), (500, errors.ServiceUnavailable), (503, errors.ServiceUnavailable)],
)
def test_an_unknown_code_goes_by_its_status(status: int, kind: type[Error]) -> None:
    assert type(of_response(response("Novel", status), READ)) is kind


def test_an_operation_that_the_endpoint_does_not_have_is_named() -> None:
    error = of_response(response("UnknownOperationException", message=""), Request("TransactWriteItems", {}))
    assert type(error) is errors.NotSupportedError
    assert "has no TransactWriteItems" in str(error)


def test_a_missing_table_says_what_to_do() -> None:
    assert "create_all" in str(of_response(response("ResourceNotFoundException"), READ))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The table does not have the specified index: by_name", errors.UndefinedIndex),
        ("Cannot read from backfilling global secondary index: by_name", errors.UndefinedIndex),
        ("Item size has exceeded the maximum allowed size", errors.ItemTooLarge),
        ("Invalid FilterExpression", errors.DatabaseError),
    ],
)
def test_a_validation_error_goes_by_its_message(message: str, kind: type[Error]) -> None:
    assert type(of_response(response("ValidationException", message=message), READ)) is kind


def test_a_failed_condition_keeps_the_item() -> None:
    error = of_response(response("ConditionalCheckFailedException", Item={"id": {"N": "1"}}), WRITE)
    assert isinstance(error, errors.ConditionFailed)
    assert error.item == {"id": {"N": "1"}}


def test_a_cancelled_transaction_keeps_its_reasons() -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    error = of_response(response("TransactionCanceledException", CancellationReasons=reasons), READ)
    assert isinstance(error, errors.TransactionCanceled)
    assert error.reasons == tuple(reasons)


@pytest.mark.parametrize(
    ("failure", "request_", "kind"),
    [
        (ClientError(cast("Any", response("ThrottlingException")), "Query"), READ, errors.Throttled),
        (NoCredentialsError(), WRITE, errors.AccessDenied),
        (EndpointConnectionError(endpoint_url=URL), WRITE, errors.ServiceUnavailable),
        (ReadTimeoutError(endpoint_url=URL), READ, errors.ServiceUnavailable),
        (ReadTimeoutError(endpoint_url=URL), WRITE, errors.OutcomeUnknown),
        (ConnectionClosedError(endpoint_url=URL), WRITE, errors.OutcomeUnknown),
        (ConnectionClosedError(endpoint_url=URL), REPLACEABLE, errors.ServiceUnavailable),
        (ReadTimeoutError(endpoint_url=URL), REPLACEABLE, errors.OutcomeUnknown),
        (ChecksumMismatch(), READ, errors.ServiceUnavailable),
        (ChecksumMismatch(), WRITE, errors.OutcomeUnknown),
        (ParamValidationError(report="odd"), READ, errors.InternalError),
    ],
)
def test_what_botocore_raises_becomes_an_error_of_ours(
    failure: Exception, request_: Request, kind: type[Error]
) -> None:
    error = translate(failure, request_, URL)
    assert type(error) is kind
    assert (error.operation, error.table) == (request_.operation, "users")


@pytest.mark.parametrize(
    "message",
    [
        "The provided key element does not match the schema",
        "One or more parameter values were invalid: Missing the key id in the item",
        "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
    ],
)
def test_a_key_that_is_not_the_tables_is_the_programs_mistake(message: str) -> None:
    error = of_response(response("ValidationException", message=message), WRITE)
    assert type(error) is errors.ProgrammingError
    assert "'users' has another primary key than the one it is declared with here" in str(error)
    assert message in str(error)
    assert error.table == "users"


def of_tls(reason: str) -> SSLError:
    """As botocore raises it: urllib3's around OpenSSL's."""
    openssl = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1)")
    openssl.reason = reason
    return SSLError(endpoint_url=URL, error=Wrapped(openssl))


@pytest.mark.parametrize("reason", ["CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL"])
def test_a_handshake_that_failed_sent_nothing(reason: str) -> None:
    assert never_sent(of_tls(reason))
    assert isinstance(translate(of_tls(reason), WRITE, URL), errors.ServiceUnavailable)


@pytest.mark.parametrize("reason", ["DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "UNEXPECTED_EOF_WHILE_READING"])
def test_tls_that_broke_later_leaves_a_write_unknown(reason: str) -> None:
    assert not never_sent(of_tls(reason))
    assert isinstance(translate(of_tls(reason), WRITE, URL), errors.OutcomeUnknown)
    assert isinstance(translate(of_tls(reason), READ, URL), errors.ServiceUnavailable)
