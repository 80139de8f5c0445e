"""A script of statements, as ``alembic upgrade --sql`` prints it: taken apart and run, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.locking import HeldLock, take
from sqlalchemy_dynamorm.errors import Error, OperationalError

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.lock import Lock

_PARTS = re.compile(
    r"(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<comment>--[^\n]*)|(?P<end>;)|(?P<other>[^'\";-]+|.)", re.DOTALL
)
_WRITES = ("INSERT", "UPDATE", "DELETE")


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


def run_script(
    url: str, script: str, *, first: int = 1, version_table: str = "alembic_version", say: Callable[[str], None]
) -> None:
    """Run the statements of a script from the ``first`` on, under the migration lock.

    A definition commits the rows before it; what is left is committed at the end, and after each row of Alembic's
    version table, so a migration's rows and its version are one transaction, which checks the lock.

    :raises ScriptFailed: one of them failed; what its transaction held is not written.
    :raises LockHeld: a migration is at work.
    """
    engine = sa.create_engine(url, scan="allow", overflow="split")  # as a migration runs

    def waiting(holder: Lock) -> None:
        say(f"Waiting for the migration lock, which {holder.owner} holds.")

    try:
        with engine.connect() as connection:
            ours = cast("Connection", connection.connection.dbapi_connection)
            lock = take(ours, ours.tables.physical_by_rule(version_table, None), waiting=waiting)
            try:
                _run(connection, lock, script, first, version_table, say)
            finally:
                if lock is not None:
                    lock.release()
    finally:
        engine.dispose()


def _run(
    bound: sa.Connection,
    lock: HeldLock | None,
    script: str,
    first: int,
    version_table: str,
    say: Callable[[str], None],
) -> None:
    connection = cast("Connection", bound.connection.dbapi_connection)
    committed = first - 1
    for number, text in enumerate(statements(script), 1):
        if number < first:
            continue
        moves = version_table in text and text.split()[0].upper() in _WRITES
        try:
            if lock is not None:
                lock.check_with(bound) if moves else lock.check()
            connection.cursor().execute(text)
            if moves or not connection.in_transaction:
                connection.commit()
                committed = number
        except Error as error:
            raise ScriptFailed(_message(number, committed, error)) from error
        say(" ".join(text.split())[:100])
    try:
        connection.commit()
    except Error as error:
        raise ScriptFailed(_message(committed + 1, committed, error)) from error


def _message(number: int, committed: int, error: Error) -> str:
    return (
        f"Statement {number} failed: {error} Statements 1 to {committed} are done and stay; when the cause is mended, "
        f"go on with --from {committed + 1}."
    )
