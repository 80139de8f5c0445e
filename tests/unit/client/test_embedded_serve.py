from __future__ import annotations

import asyncio
import logging

import pytest

from sqlalchemy_dynamorm.client.embedded_serve import Errors, Gate, Lifespan, Message, Receive, Send, heard


class FakeMinistack:
    """An ASGI application that keeps what it was asked, and completes the steps of its lifespan or not."""

    def __init__(self, *, outcome: str = "complete", ends: bool = False) -> None:
        self.asked: list[str] = []
        self.outcome = outcome
        self.ends = ends

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.asked.append("http")
            return
        while not self.ends:
            step = (await receive())["type"]
            self.asked.append(step)
            await send({"type": f"{step}.{self.outcome}"})


def test_lifespan_starts_and_stops() -> None:
    app = FakeMinistack()

    async def run() -> None:
        lifespan = Lifespan(app)
        await lifespan.start()
        await lifespan.stop()

    asyncio.run(run())
    assert app.asked == ["lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize("app", [FakeMinistack(outcome="failed"), FakeMinistack(ends=True)])
def test_a_start_that_does_not_complete_is_an_error(app: FakeMinistack) -> None:
    async def run() -> None:
        await Lifespan(app).start()

    with pytest.raises(RuntimeError, match="did not complete"):
        asyncio.run(run())


def ask(app: FakeMinistack, *, stopping: bool) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def run() -> None:
        stop = asyncio.Event()
        if stopping:
            stop.set()
        await Gate(app, stop)({"type": "http"}, receive, send)

    asyncio.run(run())
    return sent


def test_a_request_passes() -> None:
    app = FakeMinistack()
    assert ask(app, stopping=False) == []
    assert app.asked == ["http"]


def test_a_request_after_the_stop_is_unavailable_and_not_done() -> None:
    app = FakeMinistack()
    assert ask(app, stopping=True)[0]["status"] == 503
    assert app.asked == []


def test_errors_are_heard_and_warnings_are_not() -> None:
    errors, logger = Errors(), logging.getLogger("dynamorm.test")
    with heard(logger.name, errors):
        logger.warning("a warning")
        logger.error("failed to save %s", "dynamodb")
    logger.error("later")
    assert errors.seen == ["failed to save dynamodb"]
