"""Operations of our own: the options of a table, and what a migration does to its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.autogenerate import render
from alembic.operations import BatchOperations, MigrateOperation, Operations
from alembic.operations.batch import BatchOperationsImpl
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement

from alembic_ext.refusal import refuse
from sqlalchemy_dynamorm.plan.table_options import NAMES, option_text

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

Options = Mapping[str, Any]


class SetOptions(ExecutableDDLElement):
    """``ALTER TABLE t SET (ttl='until', …)``."""

    inherit_cache = False

    def __init__(self, table: str, schema: str | None, options: Options) -> None:
        self.table, self.schema, self.given = table, schema, options


@compiles(SetOptions)
def _set_options(element: SetOptions, compiler: Any, **_: Any) -> str:
    table = compiler.preparer.format_table(sa.Table(element.table, sa.MetaData(), schema=element.schema))
    texts = (f"{name}='{_doubled(option_text(value))}'" for name, value in element.given.items())
    return f"ALTER TABLE {table} SET ({', '.join(texts)})"


def _doubled(text: str) -> str:
    return text.replace("'", "''")


@Operations.register_operation("set_table_options")
@BatchOperations.register_operation("set_table_options", "batch_set_table_options")
class SetTableOptionsOp(MigrateOperation):
    """Change options of a table.

    :ivar old: what they are before, for the way back; an option that is not there was not known.
    """

    def __init__(self, table: str, options: Options, *, schema: str | None = None, old: Options | None = None) -> None:
        """Check the names.

        :raises UnsupportedOperation: there is no such option.
        """
        for name in options:
            if name not in NAMES:
                refuse(f"op.set_table_options({table!r}, {name}=…)", f"a table's options are {', '.join(NAMES)}.")
        self.table_name, self.options, self.schema, self.old = table, dict(options), schema, dict(old or {})

    @classmethod
    def set_table_options(
        cls,
        operations: Operations,
        table_name: str,
        *,
        schema: str | None = None,
        existing: Options | None = None,
        **options: Any,
    ) -> None:
        """Set the options that are named, and leave the others.

        :param existing: what they are before; kept in the migration for its way back.
        :param options: ``ttl``, ``billing_mode``, ``read_capacity``, ``write_capacity``, ``stream``, ``pitr``,
            ``deletion_protection``, ``table_class``, ``sse``, ``tags``, ``warm_throughput``; ``False`` turns off.
        """
        operations.invoke(cls(table_name, options, schema=schema, old=existing))

    @classmethod
    def batch_set_table_options(cls, operations: BatchOperations, **options: Any) -> None:
        """The same for the table of a batch."""
        impl: Any = operations.impl
        operations.invoke(cls(impl.table_name, options, schema=impl.schema))

    def reverse(self) -> SetTableOptionsOp:
        """Setting what was there before."""
        return SetTableOptionsOp(self.table_name, self.old, schema=self.schema, old=self.options)

    def to_diff_tuple(self) -> tuple[str, str | None, str, Options, Options]:
        """What ``alembic check`` prints."""
        return "modify_options", self.schema, self.table_name, self.old, self.options


@Operations.implementation_for(SetTableOptionsOp)
def _implement(operations: Operations, op: SetTableOptionsOp) -> None:
    impl: Any = operations.impl
    if isinstance(impl, BatchOperationsImpl):
        impl.batch.append(("set_table_options", (op.table_name, op.options, op.schema), {}))  # in its turn
    elif op.options:
        impl.set_table_options(op.table_name, op.options, op.schema)


@render.renderers.dispatch_for(SetTableOptionsOp)
def _render(context: AutogenContext, op: SetTableOptionsOp) -> str:
    words = [] if context._has_batch else [repr(op.table_name)]
    words += [f"{name}={value!r}" for name, value in op.options.items()]
    if not context._has_batch:
        words += [f"schema={op.schema!r}"] if op.schema is not None else []
        words += [f"existing={op.old!r}"] if op.old else []
    return f"{render._alembic_autogenerate_prefix(context)}set_table_options({', '.join(words)})"


@Operations.register_operation("backfill")
class BackfillOp(MigrateOperation):
    """Rewrite the rows of a table; see :func:`sqlalchemy_dynamorm.backfill`."""

    def __init__(self, table: sa.Table, fn: Callable[[Any], Any], name: str, options: Options) -> None:
        self.table, self.fn, self.name, self.options = table, fn, name, options

    @classmethod
    def backfill(
        cls, operations: Operations, table: sa.Table, fn: Callable[[Any], Any], name: str, **options: Any
    ) -> Any:
        """Call ``fn`` for each row and write what it returns, once, whatever interrupts the migration.

        :param table: with its primary key and the columns that ``fn`` reads and sets.
        :param name: what the progress is kept under until the migration's version is written.
        :param options: ``segments``, ``chunk``, ``share``, ``dry_run``, ``progress``.
        """
        return operations.invoke(cls(table, fn, name, options))


@Operations.implementation_for(BackfillOp)
def _backfill(operations: Operations, op: BackfillOp) -> Any:
    from sqlalchemy_dynamorm.dialect.backfill import backfill, forget

    impl: Any = operations.impl
    if impl.as_sql or impl.connection is None:
        refuse("op.backfill with --sql", "a function cannot be written as statements. Run the migration online.")
    found = backfill(impl.connection, op.table, op.fn, name=op.name, keep=True, **op.options)
    # With the version row, and not before: a definition that comes after commits, and the rows are not done again.
    impl.with_version += forget(impl.connection, op.table, op.name, op.options.get("segments", 1))
    return found
