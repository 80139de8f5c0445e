"""A real boto3 client whose requests never leave: a handler answers them, or fails as the network would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.settings import settings

Sent = Callable[[str, dict[str, Any]], "AWSResponse | Exception"]


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


def answer(status: int = 200, headers: Mapping[str, str] | None = None, **body: Any) -> AWSResponse:
    """An HTTP answer of DynamoDB."""
    return AWSResponse("https://dynamodb.test", status, dict(headers or {}), _Raw(json.dumps(body).encode()))


def refusal(code: str, status: int = 400, **body: Any) -> AWSResponse:
    """An error of DynamoDB."""
    return answer(status, {"x-amzn-RequestId": "R1"}, __type=f"com.amazonaws.dynamodb#{code}", message="m", **body)


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
        with self._lock:
            self.sent.append((text.partition(".")[2], json.loads(request.body)))
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
