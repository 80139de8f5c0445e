"""How requests of one kind go: learned from one that botocore has made, and proved by signing that one again."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sqlalchemy_dynamorm.client.signature import Credentials, Signed, Signer

_FIXED = ("x-amz-target", "content-type", "user-agent", "amz-sdk-request")
"""Header fields that are the same with each request of a kind."""
_OWN = frozenset(
    "authorization x-amz-date x-amz-security-token amz-sdk-invocation-id content-length x-amzn-trace-id".split()
)
"""Header fields that are another with each, and that are written here."""


@dataclass(frozen=True, slots=True)
class Route:
    """Makes requests of one operation and one account.

    :ivar start: the request line and the fields that are always the same.
    :ivar filled: the parameters that botocore would fill in where they are missing.
    """

    url: str
    start: str
    signer: Signer
    filled: tuple[str, ...]

    def fits(self, params: Mapping[str, Any], credentials: Credentials) -> bool:
        """Whether a request is as the one that was learned from, the body and the session's token excepted."""
        token = credentials.token or ""
        # botocore folds blanks, and refuses what would end the line.
        return (
            token.isascii() and token.isprintable() and " " not in token and all(map(params.__contains__, self.filled))
        )

    def message(self, credentials: Credentials, body: bytes, more: Mapping[str, str]) -> bytes:
        """A signed request.

        :param more: header fields that are not signed.
        """
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        token = f"x-amz-security-token: {credentials.token}\r\n" if credentials.token else ""
        authorization = self.signer.authorization(credentials, now, body)
        head = (
            f"{self.start}x-amz-date: {now}\r\n{token}authorization: {authorization}\r\n"
            f"amz-sdk-invocation-id: {uuid.uuid4()}\r\ncontent-length: {len(body)}\r\n{_lines(more)}\r\n"
        )
        return head.encode("latin-1") + body


def learned(request: Any, body: bytes, credentials: Credentials, filled: tuple[str, ...]) -> Route | None:
    """The route of a request that botocore has prepared.

    :param request: botocore's ``AWSPreparedRequest``, signed.
    :param body: what would have been sent here in place of its body.
    :return: ``None``: there is something about it that is not understood here, or that comes out otherwise.
    """
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    if headers.keys() - _OWN - {*_FIXED} or not {*_FIXED, "authorization", "x-amz-date"} <= headers.keys():
        return None
    fixed = {name: headers[name] for name in _FIXED}
    authorization, parts = headers["authorization"], urlsplit(request.url)
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    if len(scope) != 5 or json.loads(request.body) != json.loads(body):
        return None
    signer = Signer(Signed(parts.path, _host(parts), fixed["content-type"], fixed["x-amz-target"], scope[2], scope[3]))
    # Method, path, query, host, the fields that are signed and their order: all are right, or this comes out otherwise.
    if signer.authorization(credentials, headers["x-amz-date"], request.body) != authorization:
        return None
    start = f"POST {parts.path} HTTP/1.1\r\n{_lines({'host': _host(parts), 'accept-encoding': 'identity', **fixed})}"
    return Route(request.url, start, signer, filled)


def _lines(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _host(parts: SplitResult) -> str:
    """Without the port that goes without saying."""
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, default) else f"{host}:{parts.port}"
