"""A DynamoDB that answers with prepared bodies, in a process of its own, so that what is measured is the client.

The table's name says how many items there are: ``b1``, ``b100``, ``b1000``. An item has 8 attributes. ``stream`` gives
pages of 1000 items, as many as ``PAGES`` says.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PAGES = 1000
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"x-amz-target: *DynamoDB_20120810\.(\w+)", re.IGNORECASE)
_TABLE = re.compile(rb'"TableName": ?"(\w+)"')
_START = re.compile(rb'"ExclusiveStartKey": ?\{"pk": ?\{"S": ?"page#(\d+)"')


def item(number: int) -> dict[str, Any]:
    """An item in wire form."""
    return {
        "pk": {"S": f"customer#{number % 100:08}"},
        "sk": {"S": f"order#2026-01-{number % 28 + 1:02}#{number:08}"},
        "title": {"S": f"A fairly ordinary order title number {number}, with some text"},
        "qty": {"N": str(number % 1000)},
        "price": {"N": f"{number % 500 + 1}.{number % 100:02}"},
        "active": {"BOOL": number % 2 == 0},
        "tags": {"L": [{"S": "alpha"}, {"S": f"beta-{number % 10}"}, {"S": "gamma"}]},
        "meta": {"M": {"city": {"S": "Springfield"}, "zip": {"N": str(10000 + number % 90000)}}},
    }


def _answer(body: dict[str, Any]) -> bytes:
    text = json.dumps(body, separators=(",", ":")).encode()
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nConnection: keep-alive\r\n"
        f"Content-Length: {len(text)}\r\nx-amz-crc32: {zlib.crc32(text)}\r\n\r\n"
    )
    return head.encode() + text


class _Answers:
    def __init__(self) -> None:
        self._pages = {
            f"b{count}".encode(): _answer({"Items": [item(each) for each in range(count)], "Count": count})
            for count in (1, 100, 1000)
        }
        self._thousand = [item(each) for each in range(1000)]
        self._one = _answer({"Item": item(7)})
        self._nothing = _answer({})

    def to(self, operation: bytes, body: bytes) -> bytes:
        if operation == b"GetItem":
            return self._one
        if operation not in (b"Query", b"Scan"):
            return self._nothing
        found = _TABLE.search(body)
        table = found[1] if found else b"b1"
        return self._streamed(body) if table == b"stream" else self._pages[table]

    def _streamed(self, body: bytes) -> bytes:
        start = _START.search(body)
        number = int(start[1]) + 1 if start else 1
        page: dict[str, Any] = {"Items": self._thousand, "Count": 1000}
        if number < PAGES:
            page["LastEvaluatedKey"] = {"pk": {"S": f"page#{number}"}, "sk": {"S": "x"}}
        return _answer(page)


def _serve(listener: socket.socket) -> None:
    answers = _Answers()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_talk, args=(connection, answers), daemon=True).start()


def _talk(connection: socket.socket, answers: _Answers) -> None:
    received = b""
    while True:
        head, separator, rest = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not separator or len(rest) < (size := int(length[1]) if length else 0):
            more = connection.recv(65536)
            if not more:
                return
            received += more
            continue
        received = rest[size:]
        target = _TARGET.search(head)
        connection.sendall(answers.to(target[1] if target else b"", rest[:size]))


@contextmanager
def canned() -> Iterator[str]:
    """The URL of a running server, ``127.0.0.1:port``; it ends with the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener,), daemon=True)
    process.start()
    port = listener.getsockname()[1]
    listener.close()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()
