"""The lean way of a request: botocore's own result without most of what botocore does for it.

A request is made from what an earlier one of botocore has taught (``route.py``), signed here (``signature.py``), and
exchanged over a connection that botocore has opened (``exchange.py``). All else goes botocore's way: the first request
of a kind, one for which no connection is open, whatever anybody listens to (``listeners.py``), and each answer that is
not a good one, which botocore is handed as if it had come to it.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from botocore.awsrequest import AWSResponse
from botocore.handlers import add_recursion_detection_header

from sqlalchemy_dynamorm.client.boto import Send, call, keep_body
from sqlalchemy_dynamorm.client.exchange import Answer, Connections
from sqlalchemy_dynamorm.client.listeners import Listeners
from sqlalchemy_dynamorm.client.route import Route, learned
from sqlalchemy_dynamorm.run.wire import to_json

LOGGER = logging.getLogger("sqlalchemy_dynamorm.client")

OPERATIONS = frozenset(
    "GetItem BatchGetItem Query Scan PutItem UpdateItem DeleteItem BatchWriteItem TransactGetItems "
    "TransactWriteItems".split()
)
"""What is called often, and whose parameters every release of botocore sends as they are."""
_TRIES = 3
"""How often it is tried to learn a route: credentials may have changed between botocore's reading and ours."""
_Kind = tuple[str, "str | None"]  # operation, account


def sender(client: Any) -> Send:
    """The lean way of a boto3 client; botocore's own if it is another inside than is known here."""
    try:
        return LeanSender(client).send
    except AttributeError as other:
        LOGGER.warning("Requests go through botocore, at its price: this botocore is not known here (%s).", other)
        return partial(call, client)


class _Call(threading.local):
    """The call that botocore is making in this thread.

    :ivar answer: what it is to take for the answer, without sending anything.
    :ivar request: what it has sent.
    """

    answer: AWSResponse | None = None
    request: Any = None


class LeanSender:
    """Sends the requests of one boto3 client. Threads may share it.

    :raises AttributeError: botocore is another inside than this is made for.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._call = _Call()
        self._routes: dict[_Kind, Route | int] = {}
        self._signer = client._request_signer
        self._connections = Connections(client._endpoint.http_session, client.meta.config.read_timeout)
        client.meta.events.register("before-send.dynamodb", self._before_send)
        self._listeners = Listeners(client, (self._before_send, keep_body))

    def send(self, operation: str, params: Mapping[str, Any]) -> bytes:
        """Send one request; returns the answer's body."""
        body = self._body(operation, params)
        if body is None:
            return call(self._client, operation, params)
        credentials = self._signer._credentials.get_frozen_credentials()
        kind = (operation, getattr(credentials, "account_id", None))
        route = self._routes.get(kind, 0)
        if not isinstance(route, Route):
            return self._learning(kind, route, params, body, credentials)
        if not route.fits(params, credentials):
            return call(self._client, operation, params)
        trace: dict[str, str] = {}
        add_recursion_detection_header(params={"headers": trace})
        answer = self._connections.exchanged(route.message(credentials, body, trace), route.url)
        if answer is None:
            return call(self._client, operation, params)
        if _is_good(answer):
            return answer.body
        # botocore knows what this says, and raises it as ever.
        with self._telling(AWSResponse(route.url, answer.status, cast("Any", answer.headers), _Raw(answer.body))):
            return call(self._client, operation, params)

    def _body(self, operation: str, params: Mapping[str, Any]) -> bytes | None:
        """The body of a request that may go the lean way."""
        if operation not in OPERATIONS or self._signer._credentials is None or self._listeners.there_are(operation):
            return None
        try:
            body = to_json(params)
        except (TypeError, ValueError):  # a text that is no Unicode, for example; botocore says what it thinks of it
            return None
        # A table that is named by its ARN may have another endpoint, that of the account in it.
        return None if b'"arn:' in body else body

    def _learning(self, kind: _Kind, tries: int, params: Mapping[str, Any], body: bytes, credentials: Any) -> bytes:
        """Send a request botocore's way and see how it does it."""
        self._call.request = None
        answer = call(self._client, kind[0], params)
        request, self._call.request = self._call.request, None
        if request is not None and isinstance(request.body, bytes) and tries < _TRIES:
            filled = self._client.meta.service_model.operation_model(kind[0]).idempotent_members
            route = learned(request, body, credentials, tuple(filled))
            direct = route is not None and self._connections.are_direct(route.url)
            self._routes[kind] = route if route is not None and direct else tries + 1
        return answer

    @contextmanager
    def _telling(self, answer: AWSResponse) -> Iterator[None]:
        self._call.answer = answer
        try:
            yield
        finally:
            self._call.answer = None

    def _before_send(self, request: Any, **_: Any) -> AWSResponse | None:
        self._call.request = request
        return self._call.answer


class _Raw:
    """A body as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


def _is_good(answer: Answer) -> bool:
    checksum = answer.checksum
    return answer.status == 200 and (checksum is None or zlib.crc32(answer.body) == checksum)
