from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from sqlalchemy_dynamorm.client.exchange import Answer, Connections
from tests.unit.client.listening import http

URL = "http://127.0.0.1:1/"
MESSAGE = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"


class Wire:
    """A session's pool with one open connection, and its other end."""

    def __init__(self, timeout: float = 5.0) -> None:
        self.session = URLLib3Session()
        ours, self.there = socket.socketpair()
        pool: Any = self.session._manager.connection_from_url(URL)  # type: ignore[attr-defined]
        self.connection = pool._get_conn()
        self.connection.sock = ours
        pool._put_conn(self.connection)
        self.connections = Connections(self.session, timeout)

    def exchanged(self, *parts: bytes, close: bool = False) -> Answer | None:
        """What comes of a request that is answered with these bytes."""

        def answering() -> None:
            assert self.there.recv(65536) == MESSAGE
            for part in parts:
                self.there.sendall(part)
                time.sleep(0.001)
            if close:
                self.there.close()

        thread = threading.Thread(target=answering)
        thread.start()
        try:
            return self.connections.exchanged(MESSAGE, URL)
        finally:
            thread.join()

    @property
    def is_open(self) -> bool:
        return self.connection.sock is not None

    def close(self) -> None:
        self.there.close()
        self.session.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


def test_an_answer_and_the_next_over_the_same_connection(wire: Wire) -> None:
    for body in (b"{}", b'{"Item": {}}'):
        answer = wire.exchanged(http(body, x_amzn_RequestId="R1"))
        assert answer is not None
        assert (answer.status, answer.body, answer.headers["X-Amzn-Requestid"]) == (200, body, "R1")
        assert wire.is_open


def test_an_answer_may_come_byte_by_byte(wire: Wire) -> None:
    whole = http(b'{"Item": {}}')
    answer = wire.exchanged(*(whole[at : at + 1] for at in range(len(whole))))
    assert answer is not None
    assert answer.body == b'{"Item": {}}'
    assert wire.is_open


def test_a_large_body(wire: Wire) -> None:
    body = b"x" * 3_000_000
    answer = wire.exchanged(http(body))
    assert answer is not None
    assert answer.body == body


@pytest.mark.parametrize(
    ("answered", "body", "is_open"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n{}", b"{}", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        # More than was announced: it is nobody's, and would be the next one's answer.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n", b"{}", False),
    ],
)
def test_answers_of_every_form(wire: Wire, answered: bytes, body: bytes, is_open: bool) -> None:
    answer = wire.exchanged(answered)
    assert answer is not None
    assert answer.body == body
    assert wire.is_open is is_open


def test_an_answer_until_the_connection_ends(wire: Wire) -> None:
    answer = wire.exchanged(b"HTTP/1.1 200 OK\r\n\r\n{}", close=True)
    assert answer is not None
    assert answer.body == b"{}"
    assert not wire.is_open


@pytest.mark.parametrize(
    "answered",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_a_connection_that_breaks(wire: Wire, answered: bytes) -> None:
    with pytest.raises(ConnectionClosedError):
        wire.exchanged(answered, close=True)
    assert not wire.is_open


def test_a_silence(wire: Wire) -> None:
    wire.connections = Connections(wire.session, 0.05)
    with pytest.raises(ReadTimeoutError):
        wire.exchanged(b"HTTP/1.1 200 OK\r\n")
    assert not wire.is_open


def test_a_checksum_is_told() -> None:
    assert Answer(200, b"HTTP/1.1 200 OK\r\nX-Amz-Crc32: 12\r\n", b"").checksum == 12
    assert Answer(200, b"HTTP/1.1 200 OK\r\n", b"").checksum is None


def test_nothing_is_sent_where_no_connection_is_open(wire: Wire) -> None:
    wire.there.close()  # while it is idle
    assert wire.connections.exchanged(MESSAGE, URL) is None
    assert not wire.is_open
    assert wire.connections.exchanged(MESSAGE, URL) is None


def test_nothing_is_sent_once_the_session_is_closed(wire: Wire) -> None:
    assert wire.exchanged(http()) is not None
    wire.session.close()
    assert wire.connections.exchanged(MESSAGE, URL) is None
    assert wire.connections.exchanged(MESSAGE, URL) is None


def test_an_interrupted_exchange_leaves_no_half_answer(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Answer:
        raise KeyboardInterrupt

    monkeypatch.setattr("sqlalchemy_dynamorm.client.exchange._over", interrupted)
    with pytest.raises(KeyboardInterrupt):
        wire.connections.exchanged(MESSAGE, URL)
    assert not wire.is_open


def test_a_proxy_is_told() -> None:
    assert Connections(URLLib3Session(proxies={"https": "http://proxy:3128"}), 1).are_direct("http://x/")
    assert not Connections(URLLib3Session(proxies={"https": "http://proxy:3128"}), 1).are_direct("https://x/")
