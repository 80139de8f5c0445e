"""A connection: a transaction's buffer over an engine's client. Making one costs no call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.dbapi.cursor import Cursor
from sqlalchemy_dynamorm.dbapi.statement import StatementCache
from sqlalchemy_dynamorm.dbapi.tables import Tables
from sqlalchemy_dynamorm.plan.options import choice

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.run.buffer import Buffer, Entries, Level

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT")
_TEXTS = StatementCache()


class Connection:
    """A PEP 249 connection. Threads may share the module, not a connection.

    :ivar statements: the statements that were given as text, read once.
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
        self._tables = Tables(client)
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

    # --- what it is over ---

    def check_open(self) -> None:
        """:raises InterfaceError: the connection is closed."""
        if self._closed:
            raise errors.InterfaceError("The connection is closed.")

    @property
    def tables(self) -> Tables:
        """The tables and sequences that are there, and their names.

        :raises InterfaceError: the connection is closed.
        """
        self.check_open()
        return self._tables


def connect(client: Client | str | None = None, **options: Any) -> Connection:
    """Open a connection (PEP 249). It costs no call.

    :param client: an engine's client to share; without one, the connection has its own, made from the options. A text
        is the option of that name.
    :param options: see :class:`~sqlalchemy_dynamorm.client.settings.Settings` and ``docs/urls.md``.
    :raises InterfaceError: an unknown option, or a value that it does not take; both by name.
    """
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.client.settings import settings

    if isinstance(client, str):
        options["client"] = client
    elif client is not None:
        if options:
            raise errors.InterfaceError("Options are a client's; a connection that shares one takes none.")
        return Connection(client)
    return Connection(Client(settings(options)), owns_client=True)
