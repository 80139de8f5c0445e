from __future__ import annotations

import copy
import datetime
import functools
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool
from botocore.client import BaseClient
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session
from botocore.stub import Stubber

from sqlalchemy_dynamorm.client import boto
from sqlalchemy_dynamorm.client.exchange import Connections
from sqlalchemy_dynamorm.client.failures import ChecksumMismatch
from sqlalchemy_dynamorm.client.lean import OPERATIONS, LeanSender, sender
from sqlalchemy_dynamorm.client.settings import settings
from tests.unit.client.listening import CLOSED, Script, Sent, error, http, listening

GET = {"TableName": "users", "Key": {"id": {"S": "1"}}}
PUT = {"TableName": "users", "Item": {"id": {"S": "ü"}, "data": {"B": b"\x00\xff"}}}
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "secret", "region": "eu-west-1"}


class Told:
    """A client of a scripted server, and how many of its requests went the lean way."""

    def __init__(self, script: Script, connected: boto.Connected) -> None:
        self.script = script
        self.client = connected.client
        self.connected = connected
        self.exchanges = 0

    def send(self, operation: str = "GetItem", params: dict[str, Any] | None = None) -> Any:
        return json.loads(self.connected.send(operation, GET if params is None else params))

    def is_lean(self, operation: str = "GetItem", params: dict[str, Any] | None = None) -> bool:
        """Whether one more request goes the lean way."""
        before = self.exchanges
        self.send(operation, params)
        return self.exchanges > before


Connect = Callable[..., Told]


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with listening(http()) as running:
        yield running


@pytest.fixture(scope="module")
def client(script: Script) -> Iterator[Any]:
    """One for all tests, each of which learns the way anew: it takes a second to make one."""
    made = boto.make_client(settings({**KEYS, "endpoint_url": script.url}), script.url)
    yield made
    made.close()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, script: Script, client: Any) -> Iterator[Connect]:
    """A client of a server that answers so."""
    made: list[Told] = []
    exchanged = Connections.exchanged

    def counted(self: Connections, message: bytes, url: str) -> Any:
        answer = exchanged(self, message, url)
        for each in made:
            each.exchanges += answer is not None
        return answer

    def connecting(*answers: bytes | tuple[bytes, ...], **options: Any) -> Told:
        script.answers, script.sent = list(answers or (http(),)), []
        script.ended.clear()
        if options:
            connected = boto.connect(settings({**KEYS, "endpoint_url": script.url, **options}), script.url)
        else:
            connected = boto.Connected(client, sender(client))
        made.append(Told(script, connected))
        return made[-1]

    monkeypatch.setattr(Connections, "exchanged", counted)
    credentials, emitter = client._request_signer._credentials, client.meta.events._emitter
    handlers = copy.copy(emitter._handlers)
    yield connecting
    client._request_signer._credentials = credentials
    vars(client).pop("_make_api_call", None)
    emitter._handlers, emitter._lookup_cache = handlers, {}
    for told in made:
        told.client.close()


def fields(sent: Sent) -> dict[str, str]:
    """The header fields that are not another with each request."""
    varying = ("x-amz-date", "authorization", "amz-sdk-invocation-id", "content-length")
    return {name: value for name, value in sent.headers.items() if name not in varying}


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzEBY//session+token=="])
def test_a_lean_request_is_botocores(connect: Connect, token: str | None) -> None:
    told = connect(aws_session_token=token)
    for operation, params in (("GetItem", GET), ("PutItem", PUT)):
        assert not told.is_lean(operation, params)
        assert told.is_lean(operation, params)
        theirs, ours = told.script.sent[-2:]
        assert ours.line == theirs.line
        assert fields(ours) == fields(theirs)
        assert json.loads(ours.body) == json.loads(theirs.body)
        assert ours.headers.keys() == theirs.headers.keys()
        assert ours.connection == theirs.connection


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_may_go_the_lean_way(connect: Connect, operation: str) -> None:
    told = connect()
    params: dict[str, Any] = {"TableName": "users"}
    if operation.startswith(("Batch", "Transact")):
        params = {"RequestItems": {}} if operation.startswith("Batch") else {"TransactItems": []}
    if operation == "TransactWriteItems":
        params["ClientRequestToken"] = "t"
    assert [told.is_lean(operation, params) for _ in range(2)] == [False, True]


def test_definitions_go_botocores_way(connect: Connect) -> None:
    told = connect()
    assert [told.is_lean("ListTables", {}) for _ in range(3)] == [False] * 3


def test_plain_is_botocores_way_always(connect: Connect) -> None:
    told = connect(client="plain")
    assert [told.is_lean() for _ in range(3)] == [False] * 3


def test_a_token_that_botocore_would_fill_in_is_filled_in(connect: Connect) -> None:
    told = connect()
    tokened = {"TransactItems": [], "ClientRequestToken": "t"}
    assert [told.is_lean("TransactWriteItems", tokened) for _ in range(2)] == [False, True]
    assert not told.is_lean("TransactWriteItems", {"TransactItems": []})
    assert json.loads(told.script.sent[-1].body)["ClientRequestToken"]


def test_a_table_named_by_its_arn_goes_botocores_way(connect: Connect) -> None:
    told = connect()
    arn = {"TableName": "arn:aws:dynamodb:eu-west-1:123456789012:table/users", "Key": {"id": {"S": "1"}}}
    assert [told.is_lean("GetItem", params) for params in (GET, GET, arn)] == [False, True, False]


def test_a_name_that_is_a_kind_of_text(connect: Connect) -> None:
    class Name(str):
        __slots__ = ()

    told = connect()
    named = {**GET, "TableName": Name("users")}
    assert [told.is_lean("GetItem", named) for _ in range(2)] == [False, True]
    assert json.loads(told.script.sent[-1].body) == GET


def test_what_is_no_unicode_is_botocores_to_refuse_or_send(connect: Connect) -> None:
    told = connect()
    odd = {"TableName": "users", "Key": {"id": {"S": "\ud800"}}}
    assert [told.is_lean("GetItem", params) for params in (GET, GET, odd)] == [False, True, False]


# --- answers ---


def test_a_refusal_is_botocores(connect: Connect) -> None:
    reasons = [{"Code": "ConditionalCheckFailed", "Item": {"id": {"S": "1"}}}]
    refused = error("TransactionCanceledException", CancellationReasons=reasons)
    told = connect(http(), refused, refused)
    params = {"TransactItems": [], "ClientRequestToken": "t"}
    told.send("TransactWriteItems", params)
    found = []
    for way in (told.connected.send, functools.partial(boto.call, told.client)):
        with pytest.raises(ClientError) as raised:
            way("TransactWriteItems", params)
        found.append(raised.value)
    lean, plain = found
    assert type(lean) is type(plain) is told.client.exceptions.TransactionCanceledException
    assert str(lean) == str(plain)
    assert lean.response["CancellationReasons"] == reasons
    assert lean.response["ResponseMetadata"]["RequestId"] == "R1"
    assert told.exchanges == 1
    assert len(told.script.sent) == 3


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable", "413 Too Large"])
def test_a_failure_without_a_body_that_is_ours(connect: Connect, status: str) -> None:
    told = connect(http(), http(b"<html>", status, x_amz_crc32=""))
    told.send()
    with pytest.raises(ClientError) as raised:
        told.send()
    assert told.exchanges == 1
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == int(status[:3])


def test_a_wrong_checksum_is_a_lost_answer(connect: Connect) -> None:
    told = connect(http(), http(b'{"Item": {}}', x_amz_crc32="1"))
    told.send()
    with pytest.raises(ChecksumMismatch):
        told.send()
    assert told.exchanges == 1
    assert len(told.script.sent) == 2


def test_an_answer_without_a_checksum(connect: Connect) -> None:
    told = connect(http(b'{"Item": {}}', x_amz_crc32=""))
    assert [told.send() for _ in range(2)] == [{"Item": {}}] * 2
    assert told.exchanges == 1


def test_a_connection_that_breaks_is_a_lost_answer_and_the_next_request_has_another(connect: Connect) -> None:
    told = connect(http(), CLOSED, http())
    told.send()
    with pytest.raises(ConnectionClosedError):
        told.send()
    assert len(told.script.sent) == 2
    assert not told.is_lean()
    assert told.is_lean()
    first, *rest = (sent.connection for sent in told.script.sent)
    assert rest == [first, first + 1, first + 1]


def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_used(connect: Connect) -> None:
    told = connect((http(),), http())
    told.send()
    assert told.script.ended.wait(5)
    assert told.send() == {}
    assert told.exchanges == 0


def test_a_closed_client_opens_connections_again(connect: Connect) -> None:
    told = connect()
    told.send()
    assert told.is_lean()
    told.client.close()
    assert [told.is_lean() for _ in range(2)] == [False, True]


# --- credentials ---


def identity(number: int, minutes: int) -> dict[str, str]:
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    names = {"access_key": f"KEY{number}", "secret_key": f"secret{number}", "token": f"token{number}"}
    return {**names, "expiry_time": expires.isoformat()}


def test_credentials_that_are_refreshed(connect: Connect) -> None:
    told = connect()
    rest = [identity(2, 600)]
    credentials: Any = RefreshableCredentials.create_from_metadata(identity(1, 600), lambda: rest.pop(0), "test")
    told.client._request_signer._credentials = credentials
    assert [told.is_lean() for _ in range(2)] == [False, True]
    credentials._expiry_time -= datetime.timedelta(hours=11)
    assert told.is_lean()
    tokens = [sent.headers["x-amz-security-token"] for sent in told.script.sent]
    assert tokens == ["token1", "token1", "token2"]
    assert "Credential=KEY2/" in told.script.sent[-1].headers["authorization"]


def test_the_way_is_learned_from_the_next_request_where_credentials_change_meanwhile(connect: Connect) -> None:
    told = connect()
    frozen = told.client._request_signer._credentials.get_frozen_credentials()
    read = [frozen._replace(secret_key="old"), frozen]
    credentials = mock.Mock(account_id=None)
    credentials.get_frozen_credentials.side_effect = lambda: read.pop(0) if len(read) > 1 else read[0]
    told.client._request_signer._credentials = credentials
    assert [told.is_lean() for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("token", ["a b", "a\r\nb: c", "ä"])
def test_a_token_that_is_none_goes_botocores_way(connect: Connect, token: str) -> None:
    told = connect()
    assert [told.is_lean() for _ in range(2)] == [False, True]
    signer = told.client._request_signer
    odd = signer._credentials.get_frozen_credentials()._replace(token=token)
    signer._credentials = mock.Mock(**{"get_frozen_credentials.return_value": odd})
    sent = len(told.script.sent)
    try:
        told.send()
    except Exception:  # noqa: BLE001 - whatever botocore thinks of it
        assert len(told.script.sent) == sent
    assert told.exchanges == 1


def test_each_account_has_a_way_of_its_own(connect: Connect) -> None:
    told = connect()
    signer = told.client._request_signer
    frozen = signer._credentials.get_frozen_credentials()
    ways = []
    for account in ("1", "2", "1"):
        of_it = mock.Mock(access_key=frozen.access_key, secret_key=frozen.secret_key, token=None, account_id=account)
        signer._credentials = mock.Mock(**{"get_frozen_credentials.return_value": of_it})
        ways.append(told.is_lean())
    assert ways == [False, False, True]


def test_a_way_that_does_not_come_out_as_botocores_is_not_gone(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqlalchemy_dynamorm.client.signature.Signer.authorization", lambda *_: "other")
    told = connect()
    assert [told.is_lean() for _ in range(5)] == [False] * 5


def test_the_trace_of_a_lambda_function(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    told = connect()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    for number in range(3):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={number};Sampled=1")
        assert told.is_lean() is (number > 0)
    traces = [sent.headers["x-amzn-trace-id"] for sent in told.script.sent]
    assert traces == [f"Root={number};Sampled=1" for number in range(3)]


# --- whoever takes part ---


@pytest.mark.parametrize(
    "event",
    [
        "provide-client-params",
        "before-parameter-build.dynamodb",
        "before-call.dynamodb.GetItem",
        "request-created.*.GetItem",
        "before-sign.dynamodb",
        "before-send.dynamodb.GetItem",
        "before-parse.dynamodb.GetItem",
        "response-received.dynamodb.GetItem",
        "needs-retry.dynamodb.GetItem",
        "after-call.dynamodb.GetItem",
    ],
)
def test_a_hook_is_called_from_then_on_and_until_it_is_gone(connect: Connect, event: str) -> None:
    told = connect()
    assert [told.is_lean() for _ in range(2)] == [False, True]
    seen: list[str] = []

    def hook(event_name: str, **_: Any) -> None:
        seen.append(event_name)

    told.client.meta.events.register(event, hook)
    assert not told.is_lean()
    assert not told.is_lean()
    assert seen == [seen[0]] * 2
    assert seen[0].split(".")[0] == event.split(".", maxsplit=1)[0]
    told.client.meta.events.unregister(event, hook)
    assert told.is_lean()


def test_a_hook_of_another_operation_is_no_hindrance(connect: Connect) -> None:
    told = connect()
    told.client.meta.events.register("before-call.dynamodb.PutItem", lambda **_: None)
    assert [told.is_lean() for _ in range(2)] == [False, True]
    assert [told.is_lean("PutItem", PUT) for _ in range(2)] == [False, False]


def test_a_stub_answers(connect: Connect) -> None:
    told = connect()
    assert [told.is_lean() for _ in range(2)] == [False, True]
    with Stubber(told.client) as stub:
        stub.add_response("get_item", {"Item": {"id": {"S": "stubbed"}}}, GET)
        assert told.send() == {"Item": {"id": {"S": "stubbed"}}}
    assert told.is_lean()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (BaseClient, "_make_api_call"),
        (URLLib3Session, "send"),
        (AWSHTTPConnectionPool, "urlopen"),
        (AWSHTTPConnection, "getresponse"),
    ],
)
def test_a_tracer_sees_each_call_from_then_on(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    told = connect()
    assert [told.is_lean() for _ in range(2)] == [False, True]
    traced = getattr(owner, name)
    seen: list[str] = []

    @functools.wraps(traced)
    def tracer(*args: Any, **keywords: Any) -> Any:
        seen.append(name)
        return traced(*args, **keywords)

    target = next(each for each in owner.__mro__ if name in vars(each))
    with monkeypatch.context() as patch:
        patch.setattr(target, name, tracer)
        assert not told.is_lean()
        # A client that is made now sees that it is no function of botocore's.
        later = LeanSender(told.client)
        assert [later.send("GetItem", GET) for _ in range(2)] == [b"{}", b"{}"]
        assert set(seen) == {name}
        assert len(seen) >= 3  # urllib3 1 calls getresponse() twice
    told.client.meta.events.unregister("before-send.dynamodb", later._before_send)
    assert told.is_lean()


def test_a_tracer_of_one_client(connect: Connect) -> None:
    told = connect()
    told.send()
    traced = mock.Mock(side_effect=told.client._make_api_call)
    told.client._make_api_call = traced
    assert not told.is_lean()
    traced.assert_called_once()


def test_a_recorder_of_http(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    told = connect()
    told.send()

    class Recorder(AWSHTTPConnection):
        pass

    monkeypatch.setattr(AWSHTTPConnectionPool, "ConnectionCls", Recorder)
    assert not told.is_lean()


def test_who_asks_for_botocores_log_has_it(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    told = connect()
    told.send()
    with caplog.at_level(logging.DEBUG, "botocore"):
        assert not told.is_lean()
    assert any("Making request for" in record.message for record in caplog.records)
    assert told.is_lean()


def test_a_botocore_that_is_another_inside(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr("botocore.endpoint.Endpoint._send")
    told = connect()
    assert "this botocore is not known here" in caplog.text
    monkeypatch.undo()
    assert [told.send() for _ in range(3)] == [{}] * 3
    assert told.exchanges == 0


# --- threads ---


def test_threads_have_their_own_answers(connect: Connect) -> None:
    told = connect()

    class Echoing(list[Any]):
        def pop(self, _: Any = 0) -> bytes:
            return http(json.dumps({"Key": json.loads(told.script.sent[-1].body)["Key"]}).encode())

    told.script.answers = Echoing([b"", b""])

    def send(number: int) -> bool:
        key = {"id": {"S": str(number)}}
        return bool(told.send("GetItem", {"TableName": "users", "Key": key}) == {"Key": key})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(send, range(400)))
    assert told.exchanges > 300
