"""Alembic's operations on DynamoDB."""
# ruff: noqa: D102 - the methods are Alembic's, documented there

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TextIO

import sqlalchemy as sa
from alembic.ddl._autogen import ComparisonResult
from alembic.ddl.impl import DefaultImpl
from sqlalchemy.schema import DDLElement, DropColumnComment, SetColumnComment
from sqlalchemy.sql.dml import UpdateBase

from alembic_ext import columns, comparing, dropping, ending, lock, physical, rendering
from alembic_ext.copies import CopyTable, Way
from alembic_ext.index_options import SetIndexOptions
from alembic_ext.journal import Journal
from alembic_ext.operations import SetOptions
from alembic_ext.refusal import refuse
from sqlalchemy_dynamorm.errors import UndefinedColumn, UndefinedTable

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.batch import ApplyBatchImpl
    from sqlalchemy.engine import Connection, CursorResult, Dialect
    from sqlalchemy.sql import Executable

    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
    from sqlalchemy_dynamorm.dialect.locking import HeldLock

log = logging.getLogger("alembic.dynamodb")
_NO_TABLE = "no_table"  # what Alembic calls the table of a drop_index() that names none


class DynamoDBImpl(DefaultImpl):
    """The operations of a migration.

    A table or an index is made at once and cannot be rolled back, and making one first commits what is buffered. So
    Alembic must not hold one transaction over all migrations: with ``transactional_ddl = False`` it commits after
    each, and the rows that a migration wrote after its last DDL go with its version row in one TransactWriteItems.

    A migration that fails leaves the version where it was, and can be run again if its rows come after its tables and
    indexes: making what is there, identical, succeeds.
    """

    __dialect__ = "dynamodb"
    dialect: DynamoDBDialect
    transactional_ddl = False

    def __init__(
        self,
        dialect: Dialect,
        connection: Connection | None,
        as_sql: bool,
        transactional_ddl: bool | None,
        output_buffer: TextIO | None,
        context_opts: dict[str, Any],
    ) -> None:
        """The arguments are Alembic's.

        :raises UnsupportedOperation: ``transactional_ddl=True``.
        """
        if transactional_ddl:
            refuse(
                "context.configure(transactional_ddl=True)",
                "creating a table or an index cannot be rolled back. Leave the argument out; each migration is then "
                "committed with its version.",
            )
        super().__init__(dialect, connection, as_sql, transactional_ddl, output_buffer, context_opts)
        self.context_opts = context_opts
        self._warn_of_commit = not as_sql and connection is not None and _is_in_transaction(connection)
        self._lock: HeldLock | None = None
        self._journal = Journal()
        self.with_version: list[Executable] = []
        self._ways: dict[tuple[str | None, str], Way] = {}
        if not as_sql and connection is not None:
            physical.know(connection, physical.tables_of(context_opts.get("target_metadata")))

    def version_table_impl(
        self,
        *,
        version_table: str,
        version_table_schema: str | None,
        version_table_pk: bool,
        **kw: Any,
    ) -> sa.Table:
        """Alembic's own, whose key is the version.

        :raises UnsupportedOperation: ``version_table_pk=False``.
        """
        if not version_table_pk:
            refuse(
                "context.configure(version_table_pk=False)",
                "every table has a key, and the version is moved by it. Leave the argument out.",
            )
        self._versions = super().version_table_impl(
            version_table=version_table,
            version_table_schema=version_table_schema,
            version_table_pk=version_table_pk,
            **kw,
        )
        return self._versions

    def start_migrations(self) -> None:
        """Take the lock before the version is read, unless nothing is to be migrated."""
        if self.as_sql or self.connection is None or {"dont_mutate", "revision_context"} & set(self.context_opts):
            return
        self._lock = lock.acquire(self.connection, self._versions, self.context_opts)
        # The rows of a migration may be more than a transaction takes; its version goes with the last of them.
        self.connection.execution_options(dynamodb_overflow="split")
        self._journal.listen(self.connection)
        if self._lock is not None:
            ending.at_the_end(self, self._lock.release)

    def _exec(
        self,
        construct: Executable | str,
        execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> CursorResult[Any] | None:
        if self._warn_of_commit and isinstance(construct, DDLElement):
            self._warn_of_commit = False
            warnings.warn(
                "The migrations run inside a transaction of the caller, and creating or dropping a table or an index "
                "commits what it has buffered. Hand Alembic a connection that has not begun one, as a stock env.py "
                "does; each migration is then committed with its version.",
                stacklevel=4,
            )
        if self.as_sql:
            if isinstance(construct, DDLElement):
                self._write_definition(construct)
                return None
            return super()._exec(construct, execution_options, multiparams, params or {})
        if self._lock is not None:
            with lock.failing():
                self._lock.check()
        if isinstance(construct, UpdateBase) and construct.table is self._versions:
            return self._move_version(construct)
        if isinstance(construct, dropping.DROPS) and self._lock is not None and not construct.if_exists:
            dropping.drop(construct, self.dialect, self._lock, self._run)
            return None
        return self._run(construct, execution_options, multiparams, params)

    def _run(
        self,
        construct: Executable | str,
        execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> CursorResult[Any] | None:
        self._journal.start(str(construct))
        found = super()._exec(construct, execution_options, multiparams, params or {})
        self._journal.finish(stays=isinstance(construct, DDLElement) or self._commits_at_once())
        return found

    def _move_version(self, construct: UpdateBase) -> CursorResult[Any] | None:
        """Write the version row, on condition that the lock is still held, with what the migration has buffered."""
        if self._lock is not None and self.connection is not None:
            with lock.failing():
                self._lock.check_with(self.connection)
        for statement in self.with_version:
            super()._exec(statement)
        self.with_version.clear()
        found = super()._exec(construct, None, None, {})
        self._journal.step()
        self._ways.clear()  # it was said of this migration
        return found

    def _commits_at_once(self) -> bool:
        return self.connection is not None and self.connection.get_isolation_level() == "AUTOCOMMIT"

    def _write_definition(self, definition: DDLElement) -> None:
        """Write DDL for ``--sql``. An index that is not created compiles to a comment, which ends no statement."""
        compiled = definition.compile(dialect=self.dialect)
        terminator = self.command_terminator if getattr(compiled, "has_effect", True) else ""
        self.static_output(str(compiled).replace("\t", "    ").strip() + terminator)

    # ---- what is there beside Alembic's own create_table, drop_table, create_index, bulk_insert, execute

    def drop_index(self, index: sa.Index, **kw: Any) -> None:
        if index.table is None or index.table.name == _NO_TABLE:
            refuse(
                f"op.drop_index({index.name!r}) without a table",
                "an index belongs to its table. Name it: op.drop_index(…, table_name=…).",
            )
        super().drop_index(index, **kw)

    # ---- autogenerate

    def compare_type(self, inspector_column: sa.Column[Any], metadata_column: sa.Column[Any]) -> bool:
        return not comparing.same_type(inspector_column, metadata_column, self.dialect)

    def compare_server_default(
        self,
        inspector_column: Any,
        metadata_column: Any,
        rendered_metadata_default: Any,
        rendered_inspector_default: Any,
    ) -> bool:
        return not comparing.same_default(inspector_column, metadata_column, self.dialect)

    def compare_indexes(self, metadata_index: sa.Index, reflected_index: sa.Index) -> ComparisonResult:
        found = comparing.index_differences(metadata_index, reflected_index, self.dialect)
        return ComparisonResult.Different(found) if found else ComparisonResult.Equal()

    def correct_for_autogen_constraints(
        self,
        conn_uniques: set[sa.UniqueConstraint],
        conn_indexes: set[sa.Index],
        metadata_unique_constraints: set[sa.UniqueConstraint],
        metadata_indexes: set[sa.Index],
    ) -> None:
        """An index that is not created, for the type of its column, is not missed."""
        uncreated = [index for index in metadata_indexes if not comparing.is_created(index, self.dialect)]
        metadata_indexes.difference_update(uncreated)

    def render_type(self, type_obj: Any, autogen_context: AutogenContext) -> str | Literal[False]:
        return rendering.render_type(type_obj, autogen_context)

    # ---- columns

    def add_column(self, table_name: str, column: sa.Column[Any], **kw: Any) -> None:
        """The rows that are there get the default of a NOT NULL column, of others with ``info={"backfill": True}``."""
        is_filled = isinstance(column.server_default, sa.DefaultClause) and not column.nullable
        if not (is_filled or column.info.get("backfill")):
            super().add_column(table_name, column, **kw)
            return
        rewriting = columns.default_of(table_name, column, kw.get("schema"))
        nullable, column.nullable = column.nullable, True
        super().add_column(table_name, column, **{**kw, "if_not_exists": True})
        self._rewrite(rewriting)
        if not nullable:
            super().alter_column(table_name, str(column.name), nullable=False, schema=kw.get("schema"))

    def drop_column(self, table_name: str, column: sa.Column[Any], **kw: Any) -> None:
        """``dynamodb_remove=True`` removes the values from the rows too."""
        if kw.pop("dynamodb_remove", False):
            self._remove_values(table_name, column, kw.get("schema"))
        super().drop_column(table_name, column, **kw)

    def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        """In DynamoDB a comment is a statement of its own, and ``autoincrement`` is the declaration's."""
        given = {name: kw.pop(name, None) for name in ("autoincrement", "existing_autoincrement")}
        if given["autoincrement"] is not None and given["autoincrement"] != given["existing_autoincrement"]:
            refuse(
                f"op.alter_column({table_name!r}, {column_name!r}, autoincrement=…)",
                "a table's counter is made with it. Make a new table and copy the rows.",
            )
        comment = kw.pop("comment", False)
        super().alter_column(table_name, column_name, **kw)
        if comment is not False:
            column = columns.named(table_name, kw.get("name") or column_name, kw.get("schema"), comment)
            self._exec(SetColumnComment(column) if comment is not None else DropColumnComment(column))

    def _remove_values(self, table_name: str, column: sa.Column[Any], schema: str | None) -> None:
        try:
            super().alter_column(table_name, str(column.name), nullable=True, schema=schema)
            self._rewrite(columns.removal_of(table_name, column, schema))
        except sa.exc.ProgrammingError as error:
            if not isinstance(error.orig, UndefinedColumn | UndefinedTable):
                raise
            # DROP COLUMN comes next, and knows whether that is an earlier run's doing.
            log.info("There is no column %s.%s to remove the values of", table_name, column.name)

    def _rewrite(self, statement: Executable) -> None:
        """Change the rows that are there, each at once: it can be run again, and is not part of the transaction."""
        if self.as_sql or self.connection is None:
            self._exec(statement)
            return
        with self.connection.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", dynamodb_scan="allow").execute(statement)

    # ---- constraints

    def add_constraint(self, const: Any, **kw: Any) -> None:
        if isinstance(const, sa.PrimaryKeyConstraint):
            refuse(f"Adding the primary key {const.name or ''!r} of {const.table.name!r}", _REBUILD)
        super().add_constraint(const, **kw)

    def drop_constraint(self, const: sa.Constraint, **kw: Any) -> None:
        if const.name is None:
            refuse(
                f"Dropping a constraint of {const.table.name!r} that has no name",
                "name your constraints, by MetaData(naming_convention=…) for example.",
            )
        if isinstance(const, sa.PrimaryKeyConstraint):
            refuse(f"Dropping the primary key {const.name!r}", _REBUILD)
        super().drop_constraint(const, **kw)

    # ---- options

    def set_table_options(self, table_name: str, options: Mapping[str, Any], schema: str | None = None) -> None:
        """Change the options that are named."""
        self._exec(SetOptions(table_name, schema, options))

    def set_index_options(self, index: str, table: str, options: Mapping[str, Any], schema: str | None = None) -> None:
        """Change what an index can serve."""
        self._exec(SetIndexOptions(index, table, schema, options))

    # ---- copies of tables

    def copied_so(self, table_name: str, schema: str | None, way: Way) -> None:
        """Whether the table is written until this migration is over, as its author says."""
        self._ways[schema, table_name] = way

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        self._copy(f"op.rename_table({old_table_name!r}, …)", old_table_name, new_table_name, schema)

    def rebuild_table(
        self, table_name: str, new: str, key: Sequence[str], local_indexes: str | None, schema: str | None
    ) -> None:
        """Copy a table to a new one with another key."""
        self._copy(f"op.rebuild_table({table_name!r}, …)", table_name, new, schema, key, local_indexes)

    def _copy(
        self,
        what: str,
        old: str,
        new: str,
        schema: str | None,
        key: Sequence[str] = (),
        local_indexes: str | None = None,
    ) -> None:
        way = self._ways.get((schema, old))
        if way is None:
            refuse(
                f"{what} of a table that may be written meanwhile",
                "it copies the items, and would lose what is written to the old one. Stop all programs that write it, "
                f"and say so before: op.writes_frozen({old!r}). Or follow what they write: op.follow_writes({old!r}).",
            )
        if way.until is not None and self.as_sql:
            refuse("op.follow_writes(…, until=…) with --sql", "a function cannot be written as a statement.")
        copy = CopyTable(old, new, schema, key, way, local_indexes)
        self._exec(copy)
        if way.until is None:
            return
        while not way.until():
            self._exec(copy)  # catches up
        self._exec(copy.finishing())

    # ---- what is not built

    def prep_table_for_batch(self, batch_impl: ApplyBatchImpl, table: sa.Table) -> NoReturn:
        refuse(f"op.batch_alter_table({table.name!r}, recreate=…)", _REBUILD)


_REBUILD = "a table keeps its key. Copy it to a new one that has another: op.rebuild_table(…, primary_key=[…])."


def _is_in_transaction(connection: Connection) -> bool:
    return connection.in_transaction() and connection.get_isolation_level() != "AUTOCOMMIT"
