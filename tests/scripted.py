"""Executions driven by hand: each request gets the next answer of a script; nothing is sent."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import Error
from sqlalchemy_dynamorm.run.request import Asking, Join, Pause, Request, Rows, Start, Work

Reply = Mapping[str, Any] | Error
"""An answer's body before it is JSON, or the error that the request fails with."""


@dataclass
class Played:
    """What an execution did.

    :ivar asked: the requests, those of one parallel round in one list.
    :ivar error: what it raised, if it did.
    """

    asked: list[list[Request]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    result: Any = None
    error: Error | None = None

    @property
    def requests(self) -> list[Request]:
        """All requests, in order."""
        return [request for together in self.asked for request in together]

    @property
    def operations(self) -> list[str]:
        """The operations of all requests, in order."""
        return [request.operation for request in self.requests]

    @property
    def only(self) -> dict[str, Any]:
        """The parameters of the one request there was."""
        (request,) = self.requests
        return request.params


def play(execution: Asking[Any], *script: Reply) -> Played:
    """Run to the end and return what it did; its error too. After the script's end each answer is empty."""
    played, replies = Played(), deque(script)
    ask: Any = None
    answer: Any = None
    while True:
        try:
            failing = isinstance(answer, Error) and not isinstance(ask, Start)
            ask = execution.throw(answer) if failing else execution.send(answer)
        except StopIteration as stop:
            played.result = stop.value
            break
        except Error as error:
            played.error = error
            break
        if isinstance(ask, Rows):
            played.rows.extend(ask.rows)
            answer = None
        elif isinstance(ask, Pause):
            played.pauses.append(ask.seconds)
            answer = True
        elif isinstance(ask, Work):
            answer = _worked(ask)
        elif isinstance(ask, Start):
            played.asked.append([ask.request])
            answer = _body(replies)
        elif isinstance(ask, Join):
            answer = ask.handle
        elif isinstance(ask, Request):
            played.asked.append([ask])
            answer = _body(replies)
        else:
            played.asked.append(list(ask))
            answer = [_body(replies) for _ in ask]
    assert not replies, f"{len(replies)} answers were not asked for"
    return played


def done(execution: Asking[Any], *script: Reply) -> Played:
    """As :func:`play`, of what must not fail."""
    played = play(execution, *script)
    if played.error is not None:
        raise played.error
    return played


def failed(execution: Asking[Any], *script: Reply) -> Error:
    """The error of what must fail."""
    played = play(execution, *script)
    assert played.error is not None
    return played.error


def _worked(work: Work) -> Any:
    try:
        return work.function()
    except Error as error:
        return error


def _body(replies: deque[Reply]) -> bytes | Error:
    reply = replies.popleft() if replies else {}
    return reply if isinstance(reply, Error) else json.dumps(reply).encode()
