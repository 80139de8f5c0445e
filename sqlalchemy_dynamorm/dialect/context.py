"""One execution: what the cursor is handed in place of SQLAlchemy's text and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine.default import DefaultExecutionContext

from sqlalchemy_dynamorm.dialect.compiler import Compiler
from sqlalchemy_dynamorm.dialect.ddl import DDLCompiler
from sqlalchemy_dynamorm.dialect.overflow import OVERFLOW, refuse_for_statement
from sqlalchemy_dynamorm.plan.options import checked

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.paging import PageOf
    from sqlalchemy_dynamorm.dbapi.statement import Statement

OPTION_PREFIX = "dynamodb_"
PAGE = "dynamodb_page"
"""The execution option of ``paginate()``; it is a value, so it does not change a plan."""


class ExecutionContext(DefaultExecutionContext):
    """Finds the prepared statement and the options of one execution."""

    def create_server_side_cursor(self) -> Any:
        """A cursor that reads page by page, for ``stream_results`` and ``yield_per``."""
        return self._dbapi_connection.cursor(stream=True)

    def has_effect(self) -> bool:
        """Whether there is anything to execute."""
        return not isinstance(self.compiled, DDLCompiler) or self.compiled.has_effect

    def prepared(self, text: str) -> str | Statement:
        """What the cursor executes: the compiled object's own statement, or the text where there is none.

        :param text: what SQLAlchemy would execute. If it is another than was compiled, an event hook (or a default
            that is a statement of its own) wrote it, and it wins.
        """
        compiled = self.compiled
        if not isinstance(compiled, Compiler | DDLCompiler):
            return text
        schemas = self.execution_options.get("schema_translate_map", {}) if compiled.schema_translate_map else {}
        # A default that is a statement runs before this context has a text of its own.
        return compiled.prepared(schemas, None if text == getattr(self, "statement", None) else text)

    def fire_sequence(self, seq: Any, type_: Any) -> Any:
        """The next number of a sequence, for a column whose INSERT does not return it."""
        named = self.identifier_preparer.format_sequence(seq)
        return self._execute_scalar(f"SELECT nextval({named})", type_)

    def statement_options(self) -> dict[str, Any]:
        """The execution options that are ours; see :func:`statement_options`."""
        refuse_for_statement(self.execution_options, self.root_connection.get_execution_options())
        return statement_options(self.execution_options)

    @property
    def page(self) -> PageOf | None:
        """The page that ``paginate()`` asks for; ``None`` for all rows."""
        return self.execution_options.get(PAGE)

    @property
    def anew(self) -> bool:
        """Whether the ORM wants to see the database, not what the transaction has seen: refresh(), populate_existing.

        The ORM hands its statements' options over under this key.
        """
        loading = self.execution_options.get("_sa_orm_load_options")
        asked = ("_populate_existing", "_is_user_refresh")
        return any(getattr(loading, name, False) for name in asked)

    @property
    def consumed_capacity(self) -> float | None:
        """Capacity units of the statement's calls so far; ``None`` if not asked for or not told."""
        return self.cursor.consumed_capacity  # type: ignore[no-any-return]

    @property
    def next_page(self) -> str | None:
        """Where the page after it begins; ``None`` at the end."""
        return self.cursor.next_page  # type: ignore[no-any-return]


def statement_options(execution_options: Mapping[Any, Any]) -> dict[str, Any]:
    """The execution options that are ours, without their prefix, checked.

    :raises InterfaceError: one that does not exist, by name, or a value it does not take.
    """
    found = {
        name[len(OPTION_PREFIX) :]: value
        for name, value in execution_options.items()
        # subqueryload() puts a tuple among them.
        if isinstance(name, str) and name.startswith(OPTION_PREFIX) and name not in (PAGE, OVERFLOW)
    }
    return {name: checked(name, value) for name, value in found.items()}
