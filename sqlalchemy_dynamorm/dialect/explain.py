"""The plan of a statement as an object. ``EXPLAIN …`` as a statement gives the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import ClauseElement

from sqlalchemy_dynamorm.dialect.compiler import Compiler
from sqlalchemy_dynamorm.dialect.context import statement_options
from sqlalchemy_dynamorm.dialect.refusal import wrapped
from sqlalchemy_dynamorm.errors import InterfaceError

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.plan.explain import Row
    from sqlalchemy_dynamorm.plan.steps import Plan


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a statement would be run. ``str()`` of it is its :attr:`text`.

    :ivar plan: the plan itself, for tests of this library; its form is not promised.
    :ivar isolation_level: of the connection it was asked for.
    """

    plan: Plan
    isolation_level: str = "READ COMMITTED"

    @property
    def rows(self) -> list[Row]:
        """A row a step: number, operation, table, index, key condition, filter, projection, detail."""
        from sqlalchemy_dynamorm.plan.explain import rows

        return rows(self.plan, self.isolation_level)

    @property
    def text(self) -> str:
        """A line a step, for a log or a terminal."""
        from sqlalchemy_dynamorm.plan.explain import text

        return text(self.plan, self.isolation_level)

    def __str__(self) -> str:
        return self.text


def explain(
    statement: Executable | str, bind: Engine | Connection, parameters: Mapping[str, Any] | None = None
) -> Explanation:
    """How a SELECT, INSERT, UPDATE or DELETE would be run. Nothing is; of declared tables nothing is asked either.

    :param statement: a construct or SQL text.
    :param bind: an engine, a connection, or what ``session.get_bind()`` gives; its options and
        ``schema_translate_map`` hold.
    :param parameters: as given to ``execute()``; their names say which columns an INSERT or UPDATE sets.
    :raises sqlalchemy.exc.NotSupportedError: the statement would be refused (``ScanRefused`` in ``orig``).
    """
    with _connection(bind) as connection, wrapped():
        prepared, options = _prepared(statement, connection, parameters)
        dbapi_connection: Any = connection.connection.dbapi_connection
        plan = dbapi_connection.cursor().plan(prepared, options=options)
        return Explanation(plan, dbapi_connection.isolation_level)


@contextmanager
def _connection(bind: Engine | Connection) -> Iterator[Connection]:
    if isinstance(bind, Connection):
        yield bind
        return
    with bind.connect() as connection:
        yield connection


def _prepared(
    statement: Executable | str, connection: Connection, parameters: Mapping[str, Any] | None
) -> tuple[Any, dict[str, Any]]:
    execution_options = dict(connection.get_execution_options())
    if isinstance(statement, str):
        return statement, statement_options(execution_options)
    if not isinstance(statement, ClauseElement):
        raise InterfaceError(f"explain() takes a statement or its text; it does not take {type(statement).__name__}.")
    execution_options.update(statement.get_execution_options())
    schemas = execution_options.get("schema_translate_map") or {}
    compiled = statement.compile(
        dialect=connection.dialect, column_keys=sorted(parameters or {}) or None, schema_translate_map=schemas or None
    )
    if not isinstance(compiled, Compiler):
        raise InterfaceError("explain() takes SELECT, INSERT, UPDATE and DELETE on a DynamoDB engine.")
    return compiled.prepared(schemas), statement_options(execution_options)
