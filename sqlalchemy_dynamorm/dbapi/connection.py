"""A connection: a transaction's buffer over an engine's client. Making one costs no call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.dbapi.cursor import Cursor
from sqlalchemy_dynamorm.dbapi.statement import StatementCache
from sqlalchemy_dynamorm.plan.names import logical, physical
from sqlalchemy_dynamorm.plan.options import choice

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.plan.schema import Table
    from sqlalchemy_dynamorm.plan.table_options import TableOptions
    from sqlalchemy_dynamorm.run.buffer import Buffer, Entries, Level
    from sqlalchemy_dynamorm.run.declarations import Reflected
    from sqlalchemy_dynamorm.sql import nodes

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT")
_TEXTS = StatementCache()


class Connection:
    """A PEP 249 connection. Threads may share the module, not a connection.

    :ivar statements: the statements that were given as text, read once.
    :ivar aliases: physical names of tables that are named otherwise, by schema and name: what models say, for those who
        have only names. One counts where its table is there.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, client: Client, *, owns_client: bool = False) -> None:
        self.client = client
        self.statements = _TEXTS
        self.aliases: dict[tuple[str | None, str], str] = {}
        self._owns_client = owns_client
        self._level = "READ COMMITTED"
        self._overflow: Literal["error", "split"] = client.settings.overflow
        self._buffer: Buffer | None = None
        self._savepoints: list[tuple[str, Entries]] = []
        self._closed = False

    # --- PEP 249 ---

    def cursor(self, *, stream: bool = False) -> Cursor:
        """A new cursor.

        :param stream: its SELECTs are read page by page as rows are fetched, one page held at a time.
        """
        self.check_open()
        return Cursor(self, stream=stream)

    def commit(self) -> None:
        """Send what is buffered as one transaction.

        The buffer is empty afterwards, whether it succeeds or not.

        :raises DuplicateKey: an inserted key was taken.
        :raises StaleRow: a row that was to be changed was changed or deleted by another.
        :raises SerializationError: another transaction was at work on the same items.
        :raises TransactionTooLarge: over 100 items or 4 MB; nothing is sent. See :attr:`overflow`.
        """
        self.check_open()
        buffer = self._buffer
        self._forget()
        if buffer is None or not (buffer.entries or buffer.watches):
            return
        from sqlalchemy_dynamorm.run.commit import commit

        steps = commit(buffer, split=self._overflow == "split", system=self.client.settings.system_table)
        self.client.value(steps, tokened=buffer.tokened)

    def rollback(self) -> None:
        """Forget what is buffered; nothing was sent."""
        self.check_open()
        self._forget()

    def close(self) -> None:
        """Close; what is buffered is forgotten."""
        self._forget()
        if not self._closed and self._owns_client:
            self.client.close()
        self._closed = True

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()

    # --- transactions ---

    @property
    def isolation_level(self) -> str:
        """``READ COMMITTED``: writes are buffered until commit. ``REPEATABLE READ``: items read by key are seen as they
        were first read, and commit checks that they still are so. ``SERIALIZABLE``: as that, and by key only.
        ``AUTOCOMMIT``: each statement at once.

        :raises NotSupportedError: on setting a level that does not exist.
        :raises ProgrammingError: on setting one while writes are buffered.
        """
        return self._level

    @isolation_level.setter
    def isolation_level(self, level: str) -> None:
        if level not in LEVELS:
            raise errors.NotSupportedError(f"There is no isolation level {level!r}; there are: {', '.join(LEVELS)}.")
        if level == self._level:
            return
        if self.in_transaction:
            raise errors.ProgrammingError("Writes are buffered; commit or roll back before the level is changed.")
        self._forget()
        self._level = level

    @property
    def autocommit(self) -> bool:
        """Whether each statement is sent at once."""
        return self._level == "AUTOCOMMIT"

    @property
    def overflow(self) -> str:
        """What becomes of a commit that is too much for one transaction.

        ``error``: TransactionTooLarge, and nothing is sent. ``split``: it goes as several transactions in order, each
        all or nothing; an error says how many were written. Set ``None`` for what the engine says.

        :raises InterfaceError: on setting another value.
        """
        return self._overflow

    @overflow.setter
    def overflow(self, value: str | None) -> None:
        settings = self.client.settings
        self._overflow = settings.overflow if value is None else choice("overflow", value, ("error", "split"))

    @property
    def in_transaction(self) -> bool:
        """Whether writes are buffered."""
        return self._buffer is not None and bool(self._buffer.entries)

    @property
    def buffer(self) -> Buffer | None:
        """The open transaction's buffer, ``None`` in AUTOCOMMIT."""
        if self.autocommit:
            return None
        if self._buffer is None:
            from sqlalchemy_dynamorm.run.buffer import Buffer

            self._buffer = Buffer(cast("Level", self._level))
        return self._buffer

    def _forget(self) -> None:
        self._buffer = None
        self._savepoints.clear()

    def savepoint(self, name: str) -> None:
        """Mark the present state of the transaction, to go back to; an INSERT after it checks its key at once.

        :raises NotSupportedError: in AUTOCOMMIT, where nothing is buffered that could be undone.
        """
        self.check_open()
        buffer = self.buffer
        if buffer is None:
            raise errors.NotSupportedError("AUTOCOMMIT has no savepoints: each statement is sent at once.")
        self._savepoints.append((name, buffer.mark()))
        buffer.early = True

    def rollback_to(self, name: str) -> None:
        """Undo what was done since a savepoint, which stays; what was read stays known.

        :raises ProgrammingError: there is no such savepoint.
        """
        at = self._savepoint(name)
        assert self._buffer is not None
        self._buffer.restore(self._savepoints[at][1])
        del self._savepoints[at + 1 :]

    def release(self, name: str) -> None:
        """Forget a savepoint and those after it; what was done since stays.

        :raises ProgrammingError: there is no such savepoint.
        """
        del self._savepoints[self._savepoint(name) :]
        assert self._buffer is not None
        self._buffer.early = bool(self._savepoints)

    def _savepoint(self, name: str) -> int:
        """The place of the latest savepoint of that name."""
        self.check_open()
        found = [at for at, (known, _) in enumerate(self._savepoints) if known == name]
        if not found:
            raise errors.ProgrammingError(f"There is no savepoint {name!r} in this transaction.")
        return found[-1]

    def commit_for_ddl(self) -> None:
        """Commit what is buffered, since DDL is not transactional.

        :raises NotSupportedError: inside a savepoint, which could not be rolled back any more.
        """
        if self._savepoints:
            raise errors.NotSupportedError(
                "DDL commits what is buffered, so it cannot stand inside a savepoint; end begin_nested() first."
            )
        self.commit()

    # --- names and tables ---

    def check_open(self) -> None:
        """:raises InterfaceError: the connection is closed."""
        if self._closed:
            raise errors.InterfaceError("The connection is closed.")

    def physical(self, name: str, schema: str | None) -> str:
        """The DynamoDB table's name."""
        alias = self.aliases.get((schema, name))
        return alias if alias is not None and self._is_there(alias) else self.physical_by_rule(name, schema)

    def physical_by_rule(self, name: str, schema: str | None) -> str:
        """The name that a new table gets."""
        settings = self.client.settings
        return physical(name, schema or settings.default_schema, settings.schema_separator)

    def _is_there(self, written: str) -> bool:
        from sqlalchemy_dynamorm.run.request import Request

        try:
            self.client.ask(Request("DescribeTable", {"TableName": written}))
        except errors.UndefinedTable:
            return False
        return True

    def table(self, name: nodes.TableName, declared: Mapping[tuple[str | None, str], Table]) -> Table:
        """What a table name stands for: the declared table, else what the service and the system table say of it.

        :raises UndefinedTable: the service knows none.
        """
        found = declared.get((name.schema, name.name))
        return found if found is not None else self._known(name.name, name.schema)

    def _known(self, name: str, schema: str | None) -> Table:
        """A table as it is described and declared, kept for a minute."""
        from sqlalchemy_dynamorm.plan.definitions import declared_as
        from sqlalchemy_dynamorm.run.declarations import reflected

        written, settings = self.physical(name, schema), self.client.settings
        catalog = self.client.catalog
        known = catalog.get(written)
        if known is None:
            display = f"{schema}.{name}" if schema else name
            found = self.client.value(reflected(settings.system_table, written, display))
            node, table = found.declared, found.table
            known = catalog.put(written, table if node is None else declared_as(table, node, settings.system_table))
        return known

    def _described(self, name: str, schema: str | None) -> Table:
        """A table as DescribeTable tells it now."""
        from sqlalchemy_dynamorm.run.description import described, parse
        from sqlalchemy_dynamorm.run.request import Request

        body = self.client.ask(Request("DescribeTable", {"TableName": self.physical(name, schema)}))
        return parse(described(body), f"{schema}.{name}" if schema else name)

    def reflected(self, name: str, schema: str | None = None, written: str | None = None) -> Reflected | None:
        """A table as it is described and as it is declared, asked of the service; ``None`` where there is none.

        :param written: the physical name, where it is not that of name and schema.
        """
        from sqlalchemy_dynamorm.run.declarations import reflected

        self.check_open()
        found = written or self.physical(name, schema)
        try:
            return self.client.value(reflected(self.client.settings.system_table, found, name))
        except errors.UndefinedTable:
            return None

    def table_options(self, found: Reflected) -> tuple[TableOptions, list[errors.AccessDenied]]:
        """The options of a table that was reflected, and why some are not known."""
        from sqlalchemy_dynamorm.run.table_options import options_seen

        self.check_open()
        return self.client.value(options_seen(dict(found.found)))

    def has_table(self, name: str, schema: str | None = None, written: str | None = None) -> bool:
        """Whether the table is there, asked of the service.

        :param written: the physical name, where it is not that of name and schema.
        """
        self.check_open()
        found = written or self.physical(name, schema)
        self.client.catalog.forget(found)
        return self._is_there(found)

    def table_names(self, schema: str | None = None) -> list[str]:
        """The names of the tables of a schema, sorted; the system table is not among them."""
        self.check_open()
        return sorted(name for found, name in self._listed() if found == (schema or self._default_schema))

    def schema_names(self) -> list[str]:
        """The schemas that tables are in, sorted."""
        self.check_open()
        return sorted({found for found, _ in self._listed() if found is not None})

    @property
    def _default_schema(self) -> str | None:
        return self.client.settings.default_schema

    def _listed(self) -> list[tuple[str | None, str]]:
        from sqlalchemy_dynamorm.run.description import table_names

        settings = self.client.settings
        known = {written: (schema or self._default_schema, name) for (schema, name), written in self.aliases.items()}
        return [
            known.get(written) or logical(written, settings.schema_separator)
            for written in self.client.value(table_names())
            if written != settings.system_table
        ]

    def has_sequence(self, name: str, schema: str | None = None) -> bool:
        """Whether the sequence is there."""
        from sqlalchemy_dynamorm.run.sequences import definition

        self.check_open()
        found = definition(self.client.settings.system_table, self.physical(name, schema))
        return self.client.value(found) is not None

    def sequence_names(self, schema: str | None = None) -> list[str]:
        """The names of the sequences of a schema, sorted."""
        from sqlalchemy_dynamorm.run.sequences import sequence_names

        self.check_open()
        settings = self.client.settings
        written = self.client.value(sequence_names(settings.system_table))
        found = [logical(name, settings.schema_separator) for name in written]
        return sorted(name for there, name in found if there == (schema or settings.default_schema))

    def create_system_table(self) -> str:
        """Make the system table where it is missing, and wait until it is ACTIVE; returns its physical name.

        :raises ProgrammingError: the engine has none (``system_table=none``).
        """
        from sqlalchemy_dynamorm.run.definitions import create_system_table

        self.check_open()
        name = self.client.settings.system_table
        if name is None:
            raise errors.ProgrammingError("This engine has no system table: system_table=none.")
        self.client.value(create_system_table(name))
        return name

    def index_names(self, name: str, schema: str | None = None) -> list[str]:
        """The names of a table's indexes, sorted."""
        self.check_open()
        self.client.catalog.forget(self.physical(name, schema))
        separator = self.client.settings.schema_separator
        return sorted(logical(index.physical, separator)[1] for index in self._described(name, schema).indexes)


def connect(client: Client | None = None, **options: Any) -> Connection:
    """Open a connection (PEP 249). It costs no call.

    :param client: an engine's client to share; without one, the connection has its own, made from the options.
    :param options: see :class:`~sqlalchemy_dynamorm.client.settings.Settings` and ``docs/urls.md``.
    :raises InterfaceError: an unknown option, or a value that it does not take; both by name.
    """
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.client.settings import settings

    if client is not None:
        if options:
            raise errors.InterfaceError("Options are a client's; a connection that shares one takes none.")
        return Connection(client)
    return Connection(Client(settings(options)), owns_client=True)
