"""Operations that copy a table to a new one: of another name, with another key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement


@dataclass(frozen=True)
class Way:
    """How a table is copied.

    :ivar frozen: nobody writes it; otherwise its stream is followed.
    :ivar until: says, when the copy has caught up, whether the writers are stopped; without it, it is left so.
    :ivar share: of the capacity.
    """

    frozen: bool
    until: Callable[[], bool] | None = None
    share: float | None = None

    @property
    def options(self) -> str:
        """As WITH has it."""
        share = "" if self.share is None else f", share='{self.share}'"
        return f"{'writes_frozen' if self.frozen else 'follow'}='true'{share}"


class CopyTable(ExecutableDDLElement):
    """``ALTER TABLE old RENAME TO new [PRIMARY KEY (…)] WITH (writes_frozen='true')``, or ``follow``."""

    inherit_cache = False

    def __init__(
        self, old: str, new: str, schema: str | None, key: Sequence[str], way: Way, local_indexes: str | None = None
    ) -> None:
        self.old, self.new, self.schema, self.key, self.way = old, new, schema, tuple(key), way
        self.local_indexes = local_indexes

    def finishing(self) -> CopyTable:
        """The statement that finishes what this one follows."""
        way = replace(self.way, until=None, frozen=True)
        return CopyTable(self.old, self.new, self.schema, self.key, way, self.local_indexes)

    @property
    def words(self) -> str:
        """As WITH has them."""
        said = "" if self.local_indexes is None else f", local_indexes='{self.local_indexes}'"
        return self.way.options + said


@compiles(CopyTable)
def _copy_table(element: CopyTable, compiler: Any, **_: Any) -> str:
    quoted = compiler.preparer
    old, new = (
        quoted.format_table(sa.Table(name, sa.MetaData(), schema=element.schema)) for name in (element.old, element.new)
    )
    key = f" PRIMARY KEY ({', '.join(map(quoted.quote, element.key))})" if element.key else ""
    return f"ALTER TABLE {old} RENAME TO {new}{key} WITH ({element.words})"


@Operations.register_operation("writes_frozen")
class WritesFrozenOp(MigrateOperation):
    """Declare that nobody writes a table."""

    def __init__(self, table: str, way: Way, schema: str | None = None) -> None:
        self.table, self.way, self.schema = table, way, schema

    @classmethod
    def writes_frozen(
        cls, operations: Operations, table_name: str, *, share: float | None = None, schema: str | None = None
    ) -> None:
        """Declare that all programs that write the table are stopped, until this migration is over.

        ``op.rename_table`` and ``op.rebuild_table`` copy a table, and would lose what is written meanwhile.

        :param share: at most this share of the tables' capacity, 0.5 for a half.
        """
        operations.invoke(cls(table_name, Way(frozen=True, share=share), schema))


@Operations.register_operation("follow_writes")
class FollowWritesOp(WritesFrozenOp):
    """Declare that a table is written while it is copied."""

    @classmethod
    def follow_writes(
        cls,
        operations: Operations,
        table_name: str,
        *,
        until: Callable[[], bool] | None = None,
        share: float | None = None,
        schema: str | None = None,
    ) -> None:
        """Have ``op.rename_table`` and ``op.rebuild_table`` follow the table's stream, for it is written meanwhile.

        :param until: is called when the copy has caught up, and again after it has caught up again, until it returns
            true: all programs that write the table are stopped now. Then the copy is finished. Without it the copy is
            left unfinished: stop the writers, and let a migration finish it that says ``op.writes_frozen`` and the
            same again, within 24 hours.
        :param share: at most this share of the tables' capacity, 0.5 for a half.
        """
        operations.invoke(cls(table_name, Way(frozen=False, until=until, share=share), schema))


@Operations.implementation_for(WritesFrozenOp)
@Operations.implementation_for(FollowWritesOp)
def _declared(operations: Operations, op: WritesFrozenOp) -> None:
    impl: Any = operations.impl
    impl.copied_so(op.table, op.schema, op.way)


@Operations.register_operation("rebuild_table")
class RebuildTableOp(MigrateOperation):
    """Copy a table to a new one with another key."""

    def __init__(
        self, table: str, new: str, key: Sequence[str], local_indexes: str | None = None, schema: str | None = None
    ) -> None:
        self.table, self.new, self.key, self.local_indexes, self.schema = table, new, tuple(key), local_indexes, schema

    @classmethod
    def rebuild_table(
        cls,
        operations: Operations,
        table_name: str,
        new_table_name: str,
        *,
        primary_key: Sequence[str],
        local_indexes: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Copy a table to a new one with another primary key; the old one stays until it is dropped.

        :param new_table_name: its physical name, which the model says by ``__tablename__`` or
            ``dynamodb_table_name``.
        :param primary_key: columns of the table, the partition key first.
        :param local_indexes: what becomes of local indexes whose partition key is another one then: ``"global"`` makes
            them global, ``"drop"`` leaves them out.
        """
        operations.invoke(cls(table_name, new_table_name, primary_key, local_indexes, schema))


@Operations.implementation_for(RebuildTableOp)
def _rebuild_table(operations: Operations, op: RebuildTableOp) -> None:
    impl: Any = operations.impl
    impl.rebuild_table(op.table, op.new, op.key, op.local_indexes, op.schema)
