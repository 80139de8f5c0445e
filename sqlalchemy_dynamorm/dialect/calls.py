"""The API calls that an engine makes, counted: for tests, and to see what a statement costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from sqlalchemy.engine import Engine

from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.errors import InterfaceError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.request import Request


@dataclass(slots=True)
class Calls:
    """The calls that were made so far.

    :ivar operations: their API operations, ``"GetItem"`` and so on, in the order in which they were sent.
    """

    operations: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.operations)

    @property
    def by_operation(self) -> Counter[str]:
        """How many there were of each operation."""
        return Counter(self.operations)


@contextmanager
def count_calls(engine: Engine | AsyncEngine) -> Iterator[Calls]:
    """Count the calls of an engine, of all its connections and threads, inside a ``with``.

    A retry counts, since it is sent; so does a call that fails. DDL's polling of DescribeTable counts too.

    :raises InterfaceError: it is an engine of another database.
    """
    calls = Calls()
    plain = engine if isinstance(engine, Engine) else engine.sync_engine

    def seen(request: Request) -> None:
        calls.operations.append(request.operation)

    with _client(plain).observed(seen):
        yield calls


def dialect_of(engine: Engine, what: str) -> DynamoDBDialect:
    """The dialect of an engine.

    :param what: what takes it, for the message.
    :raises InterfaceError: it is an engine of another database.
    """
    dialect = engine.dialect
    if not isinstance(dialect, DynamoDBDialect):
        raise InterfaceError(f"{what} takes an engine of dynamodb://; it does not take one of {dialect.name}://.")
    return dialect


def _client(engine: Engine) -> Client:
    dialect = dialect_of(engine, "count_calls()")
    if dialect.client is not None:
        return dialect.client
    # Past the pool: that of an engine of asyncio's gives connections in an event loop alone.
    connection = cast("Connection", engine.pool._invoke_creator(None))  # type: ignore[arg-type]
    return connection.client
