"""``dynamodb+aio://``, and every other form of the URL, under ``create_async_engine``.

The cursor is the same as without asyncio. SQLAlchemy runs it in a greenlet, and there the client awaits what it would
wait for.
"""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util.concurrency import await_only, greenlet_spawn, in_greenlet

from sqlalchemy_dynamorm.dbapi.cursor import Cursor
from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.dialect.context import ExecutionContext
from sqlalchemy_dynamorm.dialect.url import local_options

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.client.settings import Settings

T = TypeVar("T")
_LATE = ("client.boto", "client.failures", "dbapi.definition", "dbapi.execution", "plan.planner", "sql.reader")
"""What statements import when they first need it, and all that these import."""


def _load() -> None:
    for name in _LATE:
        import_module(f"sqlalchemy_dynamorm.{name}")


class _Greenlets:
    """SQLAlchemy's, as the client knows them."""

    def inside(self) -> bool:
        return in_greenlet()

    def wait(self, awaitable: Awaitable[T]) -> T:
        return await_only(awaitable)

    def spawn(self, function: Callable[..., T], *args: Any) -> Coroutine[Any, Any, T]:
        return greenlet_spawn(function, *args)


class _Cursor(Cursor):
    async def _async_soft_close(self) -> None:
        """SQLAlchemy calls it once a result is buffered; there is nothing of the cursor's to give back."""


class _ExecutionContext(ExecutionContext):
    def create_default_cursor(self) -> Any:
        return _Cursor(self._connection)

    def create_server_side_cursor(self) -> Any:
        return _Cursor(self._connection, stream=True)

    @property
    def _connection(self) -> Any:
        return self._dbapi_connection.dbapi_connection


def _others_turn() -> None:
    """SQLAlchemy takes a statement that awaits nothing for a mistake; one that waits for commit sends nothing."""
    if in_greenlet():
        await_only(asyncio.sleep(0))


class AioDialect(DynamoDBDialect):
    """DynamoDB under asyncio, through boto3."""

    driver = "aio"
    supports_statement_cache = True
    is_async = True
    execution_ctx_cls = _ExecutionContext
    has_terminate = True
    _loaded = False

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return AsyncAdaptedQueuePool  # SQLAlchemy 2.1 would choose it by itself, 2.0 does not

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        if in_greenlet() and not self._loaded:
            await_only(asyncio.to_thread(_load))  # it takes half a second, in which other tasks go on
            self._loaded = True
        return super().connect(*cargs, **cparams)

    def new_client(self, wanted: Settings) -> Client:
        from sqlalchemy_dynamorm.client.client import Client
        from sqlalchemy_dynamorm.client.tasks import Tasks

        return Client(wanted, Tasks(_Greenlets(), wanted.max_pool_connections, wanted.max_parallel))

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        _others_turn()
        super().do_execute(cursor, statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        _others_turn()
        super().do_executemany(cursor, statement, parameters, context)

    def do_terminate(self, dbapi_connection: Any) -> None:
        dbapi_connection.close()  # it forgets what is buffered, and sends nothing


class AioLocalDialect(AioDialect):
    """An embedded server under asyncio."""

    driver = "local"
    supports_statement_cache = True

    def url_options(self, url: URL, given: dict[str, Any]) -> dict[str, Any]:
        """The options that a URL stands for."""
        return local_options(url)
