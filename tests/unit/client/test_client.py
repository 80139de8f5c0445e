from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.exchange import Connections
from sqlalchemy_dynamorm.client.listeners import Listeners
from sqlalchemy_dynamorm.client.settings import settings
from sqlalchemy_dynamorm.errors import (
    AccessDenied,
    ConditionFailed,
    DatabaseError,
    Error,
    OutcomeUnknown,
    SerializationError,
    ServiceUnavailable,
    Throttled,
    TransactionCanceled,
    UndefinedTable,
)
from sqlalchemy_dynamorm.run.request import Asking, Pause, Request, Rows, Start
from sqlalchemy_dynamorm.run.wire import Item
from tests.unit.client.answering import Network, answer, client, refusal

READ = Request("GetItem", {"TableName": "users", "Key": {"id": {"S": "1"}}})
WRITE = Request("PutItem", {"TableName": "users", "Item": {"id": {"S": "1"}}}, repeatable=False)
TRANSACTION = Request("TransactWriteItems", {"TransactItems": [], "ClientRequestToken": "t"})
FOUND = {"Item": {"id": {"S": "1"}}}
URL = "https://dynamodb.test"

Connected = Callable[..., Network]


@pytest.fixture(params=["lean", "plain"])
def connected(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, aws: Client) -> Connected:
    """Puts a scripted network under botocore, and under the lean way that goes past it."""

    def connect(*script: AWSResponse | Exception) -> Network:
        network = Network(*script)

        def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
            return network.send(session, request)

        monkeypatch.setattr(URLLib3Session, "send", send)
        monkeypatch.setattr(Connections, "exchanged", lambda _, message, __: network.exchange(message))
        return network

    if request.param == "lean":
        monkeypatch.setattr(Listeners, "_is_replaced", lambda _: False)
        connect(answer())
        for each in (READ, WRITE, TRANSACTION):
            aws.ask(each)  # the way is learned from the first
    return connect


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, none of which is waited."""
    waited: list[float] = []
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", waited.append)
    return waited


@pytest.fixture(scope="module")
def aws() -> Iterator[Client]:
    made = client()
    yield made
    made.close()


def test_an_answer_is_the_body_as_it_came(connected: Connected, aws: Client) -> None:
    network = connected(answer(FOUND))
    assert json.loads(aws.ask(READ)) == FOUND
    assert network.sent == [("GetItem", READ.params)]


@pytest.mark.parametrize(
    "failure",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        refusal("RequestLimitExceeded"),
        refusal("TransactionConflictException"),
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
    ],
    ids=["throughput", "throttling", "limit", "conflict", "refused", "connect"],
)
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_what_was_not_carried_out_is_sent_again(
    connected: Connected, aws: Client, waits: list[float], request_: Request, failure: Any
) -> None:
    network = connected(failure, failure, answer(FOUND))
    assert json.loads(aws.ask(request_)) == FOUND
    assert network.count == 3
    assert len(waits) == 2
    assert all(0 <= wait <= 0.2 for wait in waits)


LOST = [
    ReadTimeoutError(endpoint_url=URL),
    ConnectionClosedError(endpoint_url=URL),
    refusal("InternalServerError", 500),
    refusal("Strange", 503),
    answer(FOUND, headers={"x-amz-crc32": "1"}),
    answer(FOUND, headers={"content-length": "99"}),
]
LOST_IDS = ["timeout", "closed", "internal", "unavailable", "checksum", "cut short"]


@pytest.mark.parametrize("failure", LOST, ids=LOST_IDS)
@pytest.mark.parametrize("request_", [READ, TRANSACTION], ids=["read", "transaction"])
def test_after_a_lost_answer_what_is_repeatable_is_sent_again(
    connected: Connected, aws: Client, request_: Request, failure: Any
) -> None:
    network = connected(failure, answer(FOUND))
    assert json.loads(aws.ask(request_)) == FOUND
    assert network.count == 2
    assert network.sent[0] == network.sent[1]


@pytest.mark.parametrize("failure", LOST, ids=LOST_IDS)
def test_after_a_lost_answer_nobody_knows_what_became_of_a_write(
    connected: Connected, aws: Client, failure: Any
) -> None:
    network = connected(failure)
    with pytest.raises(OutcomeUnknown, match="The answer to PutItem was lost") as caught:
        aws.ask(WRITE)
    assert network.count == 1
    assert (caught.value.table, caught.value.operation) == ("users", "PutItem")


SHOWN = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
ITEM: Item = {"id": {"S": "1"}, "tags": {"SS": ["a", "b"]}}
PUT = Request("PutItem", {"TableName": "users"}, repeatable=False, again={"TableName": "users", **SHOWN})
OWN = replace(PUT, own=ITEM)
TOOK_PLACE = refusal("ConditionalCheckFailedException", Item={"id": {"S": "1"}, "tags": {"SS": ["b", "a"]}})
OTHER = refusal("ConditionalCheckFailedException", Item={"id": {"S": "1"}})
UNTOLD = refusal("ConditionalCheckFailedException")
PROMPT = [one for one in LOST if not isinstance(one, ReadTimeoutError)]
PROMPT_IDS = LOST_IDS[1:]


@pytest.mark.parametrize("failure", PROMPT, ids=PROMPT_IDS)
def test_a_write_on_a_condition_that_excludes_it_is_sent_again(connected: Connected, aws: Client, failure: Any) -> None:
    network = connected(failure, refusal("ThrottlingException"), answer(FOUND))
    assert json.loads(aws.ask(PUT)) == FOUND
    assert ["ALL_OLD" in params.values() for _, params in network.sent] == [False, True, True]


def test_a_timed_out_write_may_be_under_way_and_is_not_sent_again(connected: Connected, aws: Client) -> None:
    network = connected(ReadTimeoutError(endpoint_url=URL))
    with pytest.raises(OutcomeUnknown):
        aws.ask(OWN)
    assert network.count == 1


@pytest.mark.parametrize("last", [TOOK_PLACE, UNTOLD], ids=["equal", "untold"])
def test_an_item_under_a_key_made_for_it_was_put_by_the_lost_request(
    connected: Connected, aws: Client, last: Any
) -> None:
    connected(LOST[1], last)
    assert aws.ask(OWN) == b"{}"


@pytest.mark.parametrize(
    ("request_", "last"),
    [(PUT, TOOK_PLACE), (PUT, UNTOLD), (OWN, OTHER), (OWN, refusal("AccessDeniedException")), (OWN, LOST[1])],
    ids=["equal", "untold", "another", "denied", "lost"],
)
def test_what_else_comes_after_a_lost_answer_says_nothing(connected: Connected, request_: Request, last: Any) -> None:
    connected(LOST[1], last)
    with pytest.raises(OutcomeUnknown):
        client(max_attempts=3).ask(request_)


def test_a_condition_that_fails_at_first_is_that_and_no_more(connected: Connected, aws: Client) -> None:
    connected(TOOK_PLACE)
    with pytest.raises(ConditionFailed):
        aws.ask(OWN)


def test_what_never_left_was_not_lost(connected: Connected, aws: Client) -> None:
    connected(EndpointConnectionError(endpoint_url=URL), UNTOLD)
    with pytest.raises(ConditionFailed):
        aws.ask(OWN)


CONFLICT = refusal("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
REFUSED = refusal("TransactionCanceledException", CancellationReasons=[{"Code": "ConditionalCheckFailed"}])


@pytest.mark.parametrize("failure", LOST, ids=LOST_IDS)
@pytest.mark.parametrize(
    "last",
    [None, refusal("ThrottlingException"), CONFLICT, refusal("AccessDeniedException")],
    ids=["lost", "throttled", "conflict", "denied"],
)
def test_nobody_knows_what_became_of_a_transaction_of_which_no_answer_came(
    connected: Connected, failure: Any, last: Any
) -> None:
    network = connected(failure, failure, last or failure)
    with pytest.raises(OutcomeUnknown, match="The answer to TransactWriteItems was lost"):
        client(max_attempts=3).ask(TRANSACTION)
    assert network.count == 3


def test_after_a_lost_answer_a_condition_that_fails_says_that_nothing_was_applied(
    connected: Connected, aws: Client
) -> None:
    connected(LOST[0], REFUSED)
    with pytest.raises(TransactionCanceled):
        aws.ask(TRANSACTION)


def test_a_transaction_that_never_left_was_not_applied(connected: Connected) -> None:
    connected(EndpointConnectionError(endpoint_url=URL))
    with pytest.raises(ServiceUnavailable):
        client(max_attempts=2).ask(TRANSACTION)


def test_a_checksum_that_is_right_is_no_failure(connected: Connected, aws: Client) -> None:
    checksum = zlib.crc32(json.dumps(FOUND).encode())
    network = connected(answer(FOUND, headers={"x-amz-crc32": str(checksum)}))
    assert json.loads(aws.ask(READ)) == FOUND
    assert network.count == 1


def test_the_attempts_end(connected: Connected, waits: list[float]) -> None:
    network = connected(refusal("ThrottlingException"))
    with pytest.raises(Throttled, match="GetItem on 'users' is throttled") as caught:
        client(max_attempts=3).ask(READ)
    assert (network.count, len(waits)) == (3, 2)
    assert (caught.value.code, caught.value.request_id) == ("ThrottlingException", "R1")


def test_the_deadline_ends_the_attempts(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds + 1

    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", sleep)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.monotonic", lambda: now[0])
    network = connected(refusal("ThrottlingException"))
    with pytest.raises(Throttled):
        client(deadline=2.5, max_attempts=100).ask(READ)
    assert network.count in (3, 4)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (refusal("ConditionalCheckFailedException"), ConditionFailed),
        (refusal("ValidationException"), DatabaseError),
        (refusal("ResourceNotFoundException"), UndefinedTable),
        (refusal("AccessDeniedException"), AccessDenied),
        (NoCredentialsError(), AccessDenied),
    ],
    ids=["condition", "validation", "table", "access", "credentials"],
)
def test_what_will_not_succeed_is_not_sent_again(
    connected: Connected, aws: Client, failure: Any, error: type[Error]
) -> None:
    network = connected(failure)
    with pytest.raises(error):
        aws.ask(READ)
    assert network.count == 1


def _cancelled(*codes: str) -> AWSResponse:
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


def test_a_transaction_that_met_another_is_sent_again_with_its_token(connected: Connected, aws: Client) -> None:
    network = connected(_cancelled("None", "TransactionConflict"), answer())
    aws.ask(TRANSACTION)
    assert [params["ClientRequestToken"] for _, params in network.sent] == ["t", "t"]


@pytest.mark.parametrize("codes", [("TransactionConflict", "ConditionalCheckFailed"), ("ValidationError",), ("None",)])
def test_a_transaction_with_a_lasting_reason_is_not_sent_again(
    connected: Connected, aws: Client, codes: tuple[str, ...]
) -> None:
    network = connected(_cancelled(*codes))
    with pytest.raises(TransactionCanceled) as caught:
        aws.ask(TRANSACTION)
    assert network.count == 1
    assert [reason["Code"] for reason in caught.value.reasons] == list(codes)


# --- executions ---


def _execution(*requests: Request) -> Asking[str]:
    yield Rows([(1,), (2,)])
    yield Pause(0.5)
    answers = yield list(requests)
    yield Rows([(type(one).__name__ if isinstance(one, Error) else json.loads(one)["n"],) for one in answers])
    return "done"


def test_parallel_requests_are_answered_in_their_order(
    monkeypatch: pytest.MonkeyPatch, aws: Client, waits: list[float]
) -> None:
    third_was_sent = threading.Event()

    def once(request: Request) -> bytes:
        number = request.params["n"]
        if number == 0:
            assert third_was_sent.wait(10)
        if number == 2:
            third_was_sent.set()
        if number == 1:
            raise ConditionFailed("no")
        return json.dumps({"n": number}).encode()

    monkeypatch.setattr(aws, "_once", once)
    pages = aws.run(_execution(*(Request("GetItem", {"n": n}) for n in range(4))))
    assert list(pages) == [[(1,), (2,)], [(0,), ("ConditionFailed",), (2,), (3,)]]
    assert waits == [0.5]


def test_what_an_execution_returns_is_its_value(monkeypatch: pytest.MonkeyPatch, aws: Client) -> None:
    monkeypatch.setattr(aws, "_once", lambda request: b'{"n": 1}')
    assert aws.value(_execution(READ)) == "done"


def test_an_error_is_thrown_into_the_execution(monkeypatch: pytest.MonkeyPatch, aws: Client) -> None:
    def failing(request: Request) -> bytes:
        raise SerializationError("again") if request is READ else ConditionFailed("no")

    def catching() -> Asking[str]:
        try:
            yield WRITE
        except ConditionFailed:
            return "caught"
        return "not reached"

    def letting_go() -> Asking[None]:
        yield READ

    monkeypatch.setattr(aws, "_once", failing)
    assert aws.value(catching()) == "caught"
    with pytest.raises(SerializationError):
        aws.value(letting_go())


def test_a_page_that_nobody_waits_for_any_more_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, go = threading.Event(), threading.Event()
    sent: list[Request] = []

    def once(request: Request) -> bytes:
        sent.append(request)
        under_way.set()
        assert go.wait(10)
        return b"{}"

    def beginning() -> Asking[None]:
        yield Start(READ)
        yield Start(WRITE)
        yield Rows([(1,)])

    one = client(max_parallel=1)
    monkeypatch.setattr(one, "_once", once)
    pages = one.run(beginning())
    next(pages)
    assert under_way.wait(10)
    pages.close()
    go.set()
    one.value(_several())
    one.close()
    assert sent == [READ, READ, READ]


def test_observers_see_every_request_sent_and_only_while_they_look(connected: Connected, aws: Client) -> None:
    connected(refusal("ThrottlingException"), answer(FOUND))
    seen: list[Request] = []
    with aws.observed(seen.append):
        aws.ask(READ)
    aws.ask(READ)
    assert seen == [READ, READ]


def test_a_service_that_throttles_all_is_not_sent_all_again(connected: Connected) -> None:
    one = client(max_attempts=101)
    network = connected(*[refusal("ThrottlingException")] * 103, answer(FOUND))
    for _ in range(3):
        with pytest.raises(Throttled):
            one.ask(READ)
    assert len(network.sent) == 103
    assert json.loads(one.ask(READ)) == FOUND
    one.close()


# --- its life ---


def is_connected(one: Client) -> bool:
    return one._boto is not None


def test_nothing_is_connected_before_the_first_request(connected: Connected) -> None:
    connected(answer(FOUND))
    lazy = client()
    assert not is_connected(lazy)
    lazy.ask(READ)
    assert is_connected(lazy)
    lazy.close()
    assert not is_connected(lazy)
    assert json.loads(lazy.ask(READ)) == FOUND
    lazy.close()


def test_a_forked_process_connects_anew(connected: Connected, aws: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(answer(FOUND))
    aws.ask(READ)
    aws.value(_several())
    before, threads = aws._boto, threads_of(aws)
    assert threads is not None
    monkeypatch.setattr(os, "getpid", lambda: -1)
    aws.ask(READ)
    assert aws._boto is not before
    assert threads_of(aws) is None
    threads.shutdown()


def test_a_forked_process_goes_on_with_its_parents_server(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[int] = []

    class Held:
        endpoint_url = "http://127.0.0.1:9"

        def stop(self) -> None:
            stopped.append(os.getpid())

    monkeypatch.setattr("sqlalchemy_dynamorm.client.embedded.acquire", lambda *_: Held())
    held = Client(settings({"embedded": True}))
    first = held._connected()
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        held.close()
        again = held._connected()
        held.close()
        assert again is not first
        assert stopped == []
    held._connected()
    held.close()
    assert stopped == [os.getpid()]


@pytest.mark.parametrize("connected", ["plain"], indirect=True)
def test_requests_are_handed_over_before_a_close_or_after_it(connected: Connected) -> None:
    connected(answer(FOUND))
    busy = client()
    done = threading.Event()

    def close() -> None:
        while not done.is_set():
            busy.close()

    closing = threading.Thread(target=close)
    closing.start()
    try:
        for _ in range(20):
            busy.value(_several())
    finally:
        done.set()
        closing.join()
        busy.close()


def threads_of(one: Client) -> ThreadPoolExecutor | None:
    threads: Any = one._concurrency
    found: ThreadPoolExecutor | None = threads._threads
    return found


def _several() -> Asking[None]:
    yield [READ, READ]


def test_a_server_that_is_not_there_is_named(connected: Connected) -> None:
    connected(EndpointConnectionError(endpoint_url="http://127.0.0.1:9"))
    away = client(endpoint_url="http://127.0.0.1:9", max_attempts=1)
    with pytest.raises(ServiceUnavailable, match=r"The endpoint http://127\.0\.0\.1:9 cannot be reached"):
        away.ask(READ)


def test_a_bounded_pause_does_not_go_past_the_deadline() -> None:
    def pausing() -> Asking[list[bool]]:
        long, short = (yield Pause(3600, bounded=True)), (yield Pause(0, bounded=True))
        return [long, short]

    assert Client(settings({"region": "us-east-1", "deadline": 60})).value(pausing()) == [False, True]
