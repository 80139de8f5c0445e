"""What a migration did so far, so that one that fails can say what was done, what was not, and how to go on."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import event

log = logging.getLogger("alembic.dynamodb")

_SHOWN = 100  # characters of a statement
_VALUES = re.compile(r" (?:\(|VALUES\b|SET\b|WHERE\b)", re.IGNORECASE)


@dataclass
class Journal:
    """The statements since the last version row.

    :ivar done: those that stay whatever comes: definitions, and the rows that the next definition commits.
    :ivar buffered: those that wait for the commit.
    :ivar running: the one that is at work, or failed.
    """

    done: list[str] = field(default_factory=list)
    buffered: list[str] = field(default_factory=list)
    running: str | None = None

    def listen(self, connection: sa.Connection) -> None:
        """Report when a migration's transaction is rolled back."""
        event.listen(connection, "rollback", lambda _: self.report())

    def start(self, statement: str) -> None:
        """A statement is about to run. Its values are not shown."""
        self.running = _VALUES.split(" ".join(statement.split()), maxsplit=1)[0][:_SHOWN]

    def finish(self, *, stays: bool) -> None:
        """It ran. ``stays`` says that it committed itself, and all before it."""
        assert self.running is not None
        self.buffered.append(self.running)
        self.running = None
        if stays:
            self.done += self.buffered
            self.buffered = []

    def step(self) -> None:
        """The migration is complete but for its commit, which it leaves to the version row."""
        self.done, self.buffered, self.running = [], [], None

    def report(self) -> None:
        """Say it, where a migration is under way."""
        lines = [f"done, and it stays: {each}" for each in self.done]
        lines += [f"failed: {self.running}"] if self.running is not None else []
        lines += [f"not written: {each}" for each in self.buffered]
        if not lines:
            return
        self.step()
        log.error(
            "The migration failed, and its version is not set.\n  %s\nWhen the cause is mended, run the same command "
            "again: what is there already, identical, is left as it is.",
            "\n  ".join(lines),
        )
