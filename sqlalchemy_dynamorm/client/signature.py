"""Signature version 4 of a request of DynamoDB, byte for byte botocore's own, with what does not change kept.

Source: AWS IAM User Guide, "Create a signed AWS API request". Of a request only the time, the token and the body
change, and the key that signs is the same all day.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol


class Credentials(Protocol):
    """botocore's ``ReadOnlyCredentials``."""

    @property
    def access_key(self) -> str: ...  # noqa: D102
    @property
    def secret_key(self) -> str: ...  # noqa: D102
    @property
    def token(self) -> str | None: ...  # noqa: D102


class _Key(NamedTuple):
    secret: str
    day: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """What of one kind of request is signed, and for whom.

    :ivar host: as the request's ``Host`` says it.
    :ivar region: and ``service``: of the credential's scope.
    """

    path: str
    host: str
    content_type: str
    target: str
    region: str
    service: str


class Signer:
    """Signs requests of one kind. Threads may share it."""

    def __init__(self, signed: Signed) -> None:
        self._before = f"POST\n{signed.path}\n\ncontent-type:{signed.content_type}\nhost:{signed.host}\nx-amz-date:"
        self._target = f"x-amz-target:{signed.target}\n\n"
        self._names = "content-type;host;x-amz-date;x-amz-target"
        self._names_with_token = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        self._region, self._service = signed.region, signed.service
        self._key = _Key("", "", b"")

    def authorization(self, credentials: Credentials, time: str, body: bytes) -> str:
        """The ``Authorization`` header.

        :param time: as ``X-Amz-Date`` says it, ``20261127T120000Z``.
        """
        token, names = "", self._names
        if credentials.token:
            token, names = f"x-amz-security-token:{credentials.token}\n", self._names_with_token
        request = f"{self._before}{time}\n{token}{self._target}{names}\n{sha256(body).hexdigest()}"
        scope = f"{time[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(credentials.secret_key, time[:8]), text.encode(), "sha256").hex()
        return (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        )

    def _signing_key(self, secret: str, day: str) -> bytes:
        kept = self._key
        if kept.day != day or kept.secret != secret:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = kept = _Key(secret, day, key)
        return kept.key
