"""A script of statements, as ``alembic upgrade --sql`` prints it: taken apart and run, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from sqlalchemy_dynamorm.errors import Error, OperationalError

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection

_PARTS = re.compile(
    r"(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<comment>--[^\n]*)|(?P<end>;)|(?P<other>[^'\";-]+|.)", re.DOTALL
)


class ScriptFailed(OperationalError):
    """A statement of a script failed; the message says which, and what ran."""


def statements(script: str) -> Iterator[str]:
    """The statements of a script, without comments. A semicolon in quotes ends none."""
    found: list[str] = []
    for part in _PARTS.finditer(script):
        if part.lastgroup == "end":
            if text := "".join(found).strip():
                yield text
            found = []
        elif part.lastgroup != "comment":
            found.append(part[0])
    if text := "".join(found).strip():
        yield text


def run_script(url: str, script: str, *, first: int = 1, say: Callable[[str], None]) -> None:
    """Run the statements of a script from the ``first`` on.

    A definition commits the rows before it; what is left is committed at the end, and after each row of Alembic's
    version table, so a migration's rows and its version are one transaction.

    :raises ScriptFailed: one of them failed; what its transaction held is not written.
    """
    engine = sa.create_engine(url, scan="allow", overflow="split")  # as a migration runs
    try:
        connection = cast("Connection", engine.raw_connection().dbapi_connection)
        committed = first - 1
        for number, text in enumerate(statements(script), 1):
            if number < first:
                continue
            try:
                connection.cursor().execute(text)
                if not connection.in_transaction or "alembic_version" in text:
                    connection.commit()
                    committed = number
            except Error as error:
                raise ScriptFailed(_message(number, committed, error)) from error
            say(" ".join(text.split())[:100])
        try:
            connection.commit()
        except Error as error:
            raise ScriptFailed(_message(committed + 1, committed, error)) from error
    finally:
        engine.dispose()


def _message(number: int, committed: int, error: Error) -> str:
    return (
        f"Statement {number} failed: {error} Statements 1 to {committed} are done and stay; when the cause is mended, "
        f"go on with --from {committed + 1}."
    )
