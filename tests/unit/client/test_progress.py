from __future__ import annotations

import io
import logging

import pytest

from sqlalchemy_dynamorm.client.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    terminal = Terminal()
    with Progress(terminal) as shown:
        shown.tell("users: CREATING")
        assert terminal.getvalue() == ""  # most waits are over before anybody looks
        now[0] = 3.2
        shown.tell("users: CREATING")
        assert terminal.getvalue().endswith("users: CREATING (3 s)")
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_elsewhere_what_is_new_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    with caplog.at_level(logging.INFO, "sqlalchemy_dynamorm.ddl"), Progress(stream) as shown:
        for line in ("users: CREATING", "users: CREATING", "users: index a CREATING"):
            shown.tell(line)
    assert caplog.messages == ["waiting: users: CREATING", "waiting: users: index a CREATING"]
    assert stream.getvalue() == ""
