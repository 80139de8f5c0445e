"""An HTTP server on loopback that answers from a script, byte by byte as it is told, and remembers what it was sent."""

from __future__ import annotations

import json
import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CLOSED = b""
"""In a script: the connection ends without an answer."""


def http(body: Mapping[str, Any] | bytes = b"{}", status: str = "200 OK", **fields: str) -> bytes:
    """An answer with a length and a checksum; ``fields`` are more header fields, with _ for -."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content_length": str(len(text)), "x_amz_crc32": str(zlib.crc32(text)), **fields}
    lines = "".join(f"{name.replace('_', '-').title()}: {value}\r\n" for name, value in given.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + text


def error(code: str, status: str = "400 Bad Request", **more: Any) -> bytes:
    """A refusal of DynamoDB."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "m", **more}
    return http(body, status, x_amzn_RequestId="R1")


@dataclass
class Sent:
    """A request: its header fields in lower case, and over which connection it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Script:
    """What is answered, in order; the last goes on for ever.

    :ivar answers: bytes to send; :data:`CLOSED`; a tuple of bytes to send one after the other, with the connection
        closed after them.
    :ivar ended: set once a connection was closed.
    """

    answers: list[bytes | tuple[bytes, ...]]
    sent: list[Sent] = field(default_factory=list)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, sent: Sent) -> bytes | tuple[bytes, ...]:
        with self._lock:
            self.sent.append(sent)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _talk(connection: socket.socket, script: Script, number: int) -> None:
    with connection, connection.makefile("rb") as received:
        while line := received.readline().decode().rstrip():
            fields = iter(lambda: received.readline().decode("latin-1").rstrip("\r\n"), "")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
            body = received.read(int(headers.get("content-length", 0)))
            answer = script.next(Sent(line, headers, body, number))
            for part in answer if isinstance(answer, tuple) else (answer,):
                connection.sendall(part)
            if isinstance(answer, tuple) or answer == CLOSED:
                connection.shutdown(socket.SHUT_RDWR)
                script.ended.set()
                return


def _serve(listener: socket.socket, script: Script) -> None:
    number = 0
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(connection, script, number), daemon=True).start()
        number += 1


@contextmanager
def listening(*answers: bytes | tuple[bytes, ...]) -> Iterator[Script]:
    """A server with a script; its ``url`` is where it is."""
    listener = socket.create_server(("127.0.0.1", 0))
    script = Script(list(answers), url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    thread = threading.Thread(target=_serve, args=(listener, script), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
