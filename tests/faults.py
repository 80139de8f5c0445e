"""Faults between botocore and a server: throttles, failures of the service, conflicts, lost answers, batches in part.

They are put in where botocore hands a signed request to its HTTP session: below every retry, above the socket. The
local servers never send any of these, and the real one does so when nobody wants it. With one thread a seed gives the
same faults each time.
"""

from __future__ import annotations

import enum
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.compat import HTTPHeaders


class Fault(enum.Enum):
    """What happens to one request."""

    THROTTLED = "refused, with the reason; not carried out"
    INTERNAL = "500; not carried out"
    INTERNAL_LATE = "500; carried out"
    CONFLICT = "a transaction is at work on an item; not carried out"
    IN_PROGRESS = "the same token is at work; not carried out"
    LOST_BEFORE = "the connection is closed; not carried out"
    LOST_AFTER = "the connection is closed; carried out"
    TIMED_OUT = "no answer in time; carried out"
    UNPROCESSED = "a batch is carried out in part"
    DELAYED = "the answer comes late"


WRITES = frozenset(("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"))
BATCHES = {"BatchGetItem": "UnprocessedKeys", "BatchWriteItem": "UnprocessedItems"}
_ONLY = {
    Fault.CONFLICT: WRITES,
    Fault.IN_PROGRESS: frozenset(("TransactWriteItems",)),
    Fault.UNPROCESSED: frozenset(BATCHES),
}
"""Faults that only these operations meet."""
_DATA = WRITES | frozenset(("GetItem", "BatchGetItem", "BatchWriteItem", "Query", "Scan", "TransactGetItems"))


Send = Callable[[], AWSResponse]
_CARRIED_OUT = (Fault.INTERNAL_LATE, Fault.LOST_AFTER, Fault.TIMED_OUT)
_RAISED: dict[Fault | None, type[HTTPClientError]] = {
    Fault.LOST_BEFORE: ConnectionClosedError,
    Fault.LOST_AFTER: ConnectionClosedError,
    Fault.TIMED_OUT: ReadTimeoutError,
}


@dataclass
class Faults:
    """Which requests meet which fault.

    :ivar seed: of the random choices.
    :ivar rate: the share of requests that meet one.
    :ivar kinds: the faults there are to choose from.
    :ivar script: what the first requests meet, ``None`` for nothing; then the random choices begin.
    :ivar operations: the operations that meet any.
    :ivar met: how many there were of each.
    """

    seed: int = 0
    rate: float = 0.0
    kinds: tuple[Fault, ...] = tuple(Fault)
    script: list[Fault | None] = field(default_factory=list)
    operations: frozenset[str] = _DATA
    met: Counter[Fault] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    @contextmanager
    def injected(self) -> Iterator[Faults]:
        """All that this process sends through botocore meets them, while the block runs."""
        send = URLLib3Session.send

        def faulty(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
            return self._send(lambda: send(session, request), request)

        with mock.patch.object(URLLib3Session, "send", faulty):
            yield self

    def _next(self, operation: str) -> Fault | None:
        if operation not in self.operations:
            return None
        with self._lock:
            if self.script:
                fault = self.script.pop(0)
            else:
                kinds = [kind for kind in self.kinds if operation in _ONLY.get(kind, _DATA)]
                fault = self._random.choice(kinds) if kinds and self._random.random() < self.rate else None
            if fault is not None:
                self.met[fault] += 1
        return fault

    def _send(self, send: Send, request: AWSPreparedRequest) -> AWSResponse:
        operation = operation_of(request)
        fault = self._next(operation)
        if fault in _CARRIED_OUT:
            send()
        if fault in _RAISED:
            raise _RAISED[fault](endpoint_url=request.url)
        if fault is Fault.UNPROCESSED:
            return _in_part(send, request, operation)
        if fault is Fault.DELAYED:
            time.sleep(self._random.uniform(0, 0.05))
        return send() if fault in (None, Fault.DELAYED) else _REFUSED[fault](request, operation)


def operation_of(request: AWSPreparedRequest) -> str:
    """``"PutItem"`` and so on."""
    target = request.headers.get("X-Amz-Target", b"")
    return (target.decode() if isinstance(target, bytes) else target).partition(".")[2]


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterable[bytes]:
        return [self._body]


def _answer(body: Mapping[str, Any], status: int) -> AWSResponse:
    headers = cast("HTTPHeaders", HeadersDict({"x-amzn-RequestId": "FAULT"}))
    return AWSResponse("http://127.0.0.1", status, headers, _Raw(json.dumps(body).encode()))


def refusal(code: str, status: int = 400, **more: Any) -> AWSResponse:
    """An error of DynamoDB."""
    return _answer({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more}, status)


def _throttled(request: AWSPreparedRequest, operation: str) -> AWSResponse:
    side = "Write" if operation in WRITES or operation == "BatchWriteItem" else "Read"
    reasons = [
        {
            "reason": f"Table{side}KeyRangeThroughputExceeded",
            "resource": "arn:aws:dynamodb:us-east-1:000000000000:table/things",
        }
    ]
    if operation == "TransactWriteItems":
        return refusal("ThrottlingException", throttlingReasons=reasons)
    return refusal("ProvisionedThroughputExceededException", ThrottlingReasons=reasons)


def _conflict(request: AWSPreparedRequest, operation: str) -> AWSResponse:
    if operation != "TransactWriteItems":
        return refusal("TransactionConflictException")
    codes = [{"Code": "None"} for _ in _body(request)["TransactItems"]]
    codes[-1] = {"Code": "TransactionConflict"}
    return refusal("TransactionCanceledException", CancellationReasons=codes)


def _internal(request: AWSPreparedRequest, operation: str) -> AWSResponse:
    return refusal("InternalServerError", 500)


def _in_progress(request: AWSPreparedRequest, operation: str) -> AWSResponse:
    return refusal("TransactionInProgressException")


_REFUSED: dict[Fault | None, Callable[[AWSPreparedRequest, str], AWSResponse]] = {
    Fault.THROTTLED: _throttled,
    Fault.INTERNAL: _internal,
    Fault.INTERNAL_LATE: _internal,
    Fault.CONFLICT: _conflict,
    Fault.IN_PROGRESS: _in_progress,
}


def _body(request: AWSPreparedRequest) -> dict[str, Any]:
    assert isinstance(request.body, str | bytes)
    found: dict[str, Any] = json.loads(request.body)
    return found


def _in_part(send: Send, request: AWSPreparedRequest, operation: str) -> AWSResponse:
    """The first half of a batch is carried out, or nothing of a batch of one."""
    asked = _body(request)["RequestItems"]
    done: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for table, each in asked.items():
        entries = each["Keys"] if operation == "BatchGetItem" else each
        half = len(entries) // 2
        for part, some in ((done, entries[:half]), (left, entries[half:])):
            if some:
                part[table] = {**each, "Keys": some} if operation == "BatchGetItem" else some
    answer: dict[str, Any] = {"Responses": {}}
    if done:
        sent = json.dumps({"RequestItems": done}).encode()
        request.body = sent
        request.headers["Content-Length"] = str(len(sent))
        answer = json.loads(send().content)
    return _answer({**answer, BATCHES[operation]: left}, 200)
