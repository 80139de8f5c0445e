"""A real boto3 client whose requests never leave: a handler answers them, or fails as the network would."""

from __future__ import annotations

import email
import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.exchange import Answer
from sqlalchemy_dynamorm.client.failures import never_sent
from sqlalchemy_dynamorm.client.settings import settings

if TYPE_CHECKING:
    from botocore.compat import HTTPHeaders


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


def answer(
    body: Mapping[str, Any] | None = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> AWSResponse:
    """An HTTP answer of DynamoDB."""
    return AWSResponse(
        "https://dynamodb.test",
        status,
        cast("HTTPHeaders", HeadersDict(headers or {})),
        _Raw(json.dumps(body or {}).encode()),
    )


def refusal(code: str, status: int = 400, **body: Any) -> AWSResponse:
    """An error of DynamoDB."""
    error = {"__type": f"com.amazonaws.dynamodb#{code}", "message": "m", **body}
    return answer(error, status, {"x-amzn-RequestId": "R1"})


def _text(body: Any) -> str | bytes:
    assert isinstance(body, str | bytes)
    return body


class Network:
    """Answers requests from a script, one after the other; the last goes on for ever."""

    def __init__(self, *script: AWSResponse | Exception) -> None:
        self._script = list(script)
        self._lock = threading.Lock()
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send(self, _: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        """What :meth:`URLLib3Session.send` does."""
        target = request.headers["X-Amz-Target"]
        text = target.decode() if isinstance(target, bytes) else target
        return self._reply(text, _text(request.body))

    def exchange(self, message: bytes) -> Answer | None:
        """What :meth:`Connections.exchanged` does, over a connection that is open where one can be opened."""
        with self._lock:
            if isinstance(self._script[0], Exception) and never_sent(self._script[0]):
                return None
        head, _, body = message.partition(b"\r\n\r\n")
        fields = email.message_from_bytes(head.partition(b"\r\n")[2])
        reply = self._reply(str(fields["X-Amz-Target"]), body)
        if int(reply.headers.get("content-length", 0)) > len(reply.content):
            raise ConnectionClosedError(endpoint_url=reply.url)
        lines = "".join(f"\r\n{name}: {value}" for name, value in reply.headers.items())
        return Answer(reply.status_code, f"HTTP/1.1 {reply.status_code}{lines}\r\n".encode(), reply.content)

    def _reply(self, target: str, body: str | bytes) -> AWSResponse:
        with self._lock:
            self.sent.append((target.partition(".")[2], json.loads(body)))
            reply = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return len(self.sent)


def client(**options: Any) -> Client:
    """A client with credentials that are none."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region": "eu-west-1"}
    return Client(settings({**keys, **options}))
