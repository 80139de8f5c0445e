"""One request and its answer over a connection that urllib3 has opened and keeps.

Opening one (names, TLS and its certificates, proxies, timeouts) stays urllib3's and botocore's. An answer that is not
of the plain form, HTTP/1.1 with a length, is read by ``http.client``.
"""

from __future__ import annotations

import io
import re
import weakref
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import ClosedPoolError

_MOST = 1 << 26
"""Bytes of a body that are made room for at once; an answer of DynamoDB has at most 16 MB."""
_MOST_HEAD = 1 << 18
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)")
_CHECKSUM = re.compile(rb"\r\nx-amz-crc32:[ \t]*(\d+)", re.IGNORECASE)
_UNUSUAL = re.compile(rb"\r\n(?:transfer-encoding|content-encoding):|\r\nconnection:[^\r]*close|\r\n[ \t]")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.

    :ivar head: its status line and header fields, each with its line's end.
    :ivar kept: whether the connection may have another request.
    """

    status: int
    head: bytes
    body: bytes
    kept: bool = True

    @property
    def checksum(self) -> int | None:
        """What ``x-amz-crc32`` says."""
        found = _CHECKSUM.search(self.head)
        return None if found is None else int(found[1])

    @property
    def headers(self) -> dict[str, str]:
        """The header fields; of a repeated one the last."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


class Connections:
    """The open connections of botocore's HTTP session. Threads may share it.

    :param timeout: seconds of silence.
    :raises AttributeError: botocore is another inside than this is made for.
    """

    def __init__(self, session: Any, timeout: float) -> None:
        self._pool_of = session._manager.connection_from_url
        self._proxy_of = session._proxy_config.proxy_url_for
        self._timeout = timeout
        # urllib3 closes a pool that nobody has any more, when the session is closed for example.
        self._pools: dict[str, weakref.ref[Any]] = {}

    def are_direct(self, url: str) -> bool:
        """Whether there is no proxy in between."""
        return not self._proxy_of(url)

    def exchanged(self, message: bytes, url: str) -> Answer | None:
        """Send a request over a connection that is open and wait for the answer.

        :param message: the whole request, header and body.
        :return: ``None``: there is no connection that is open and idle, so nothing was sent.
        :raises ReadTimeoutError: botocore's, as the next: nothing came for so long.
        :raises ConnectionClosedError: the connection broke; what became of the request is not known.
        """
        known = self._pools.get(url)
        pool = None if known is None else known()
        if pool is None:
            pool = self._pool_of(url)
            self._pools[url] = weakref.ref(pool)
        try:
            connection = pool._get_conn()
        except ClosedPoolError:  # so does urllib3 1
            self._pools.pop(url, None)
            return None
        answer: Answer | None = None
        try:
            if connection.sock is not None:
                answer = _over(connection.sock, message, self._timeout)
            return answer
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, HTTPException) as error:
            raise ConnectionClosedError(endpoint_url=url, error=error) from error
        finally:
            # Whatever ends an exchange early, a KeyboardInterrupt too, leaves half of it in the connection.
            if answer is None or not answer.kept:
                connection.close()
            pool._put_conn(connection)


def _over(sock: Any, message: bytes, timeout: float) -> Answer:
    sock.settimeout(timeout)
    with suppress(BrokenPipeError, ConnectionResetError):  # a server may answer before it has read all, and close
        sock.sendall(message)
    received = sock.recv(65536)
    while (end := received.find(b"\r\n\r\n")) < 0:
        more = sock.recv(65536) if received and len(received) < _MOST_HEAD else b""
        if not more:
            raise ConnectionError(f"The connection ended after {len(received)} bytes that are no answer.")
        received += more
    head = received[: end + 2]
    lowered = head.lower()
    lengths = _LENGTH.findall(lowered)
    # 1xx announces another answer, 204 and 304 have no body whatever their length says.
    if not head.startswith(b"HTTP/1.1 ") or len(lengths) != 1 or _UNUSUAL.search(lowered):
        return _unusual(sock, received)
    status, length = head[9:12], int(lengths[0])
    if not status.isdigit() or status < b"200" or status in (b"204", b"304") or length > _MOST:
        return _unusual(sock, received)
    rest = received[end + 4 :]
    body = rest if len(rest) == length else _whole(sock, rest, length)
    return Answer(int(status), head, body, kept=len(rest) <= length)


def _whole(sock: Any, received: bytes, length: int) -> bytes:
    """A body of which some has come already; what is beyond it is nobody's."""
    body = bytearray(length)
    have = min(len(received), length)
    body[:have] = received[:have]
    with memoryview(body) as view:
        while have < length:
            came = sock.recv_into(view[have:])
            if not came:
                raise ConnectionError(f"The connection ended after {have} of {length} bytes.")
            have += came
    return bytes(body)


class _Continued(io.RawIOBase):
    """What has been received, and then what the socket gives."""

    def __init__(self, received: bytes, sock: Any) -> None:
        super().__init__()
        self._received, self._sock = received, sock

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._received:
            return cast("int", self._sock.recv_into(buffer))
        count = min(len(buffer), len(self._received))
        buffer[:count] = self._received[:count]
        self._received = self._received[count:]
        return count


def _unusual(sock: Any, received: bytes) -> Answer:
    """An answer in chunks, of HTTP/1.0, after a 100, or until the connection ends."""
    response = HTTPResponse(cast("Any", _Continued(received, sock)), method="POST")
    response.begin()
    fields = "".join(f"{name}: {value}\r\n" for name, value in response.getheaders())
    body = response.read()
    head = f"HTTP/1.1 {response.status}\r\n{fields}".encode("latin-1")
    return Answer(response.status, head, body, kept=not response.will_close)
