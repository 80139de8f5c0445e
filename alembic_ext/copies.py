"""Operations that copy a table to a new one: of another name, with another key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement


class CopyTable(ExecutableDDLElement):
    """``ALTER TABLE old RENAME TO new [PRIMARY KEY (…)] WITH (writes_frozen='true')``."""

    inherit_cache = False

    def __init__(self, old: str, new: str, schema: str | None, key: Sequence[str]) -> None:
        self.old, self.new, self.schema, self.key = old, new, schema, tuple(key)


@compiles(CopyTable)
def _copy_table(element: CopyTable, compiler: Any, **_: Any) -> str:
    quoted = compiler.preparer
    old, new = (
        quoted.format_table(sa.Table(name, sa.MetaData(), schema=element.schema)) for name in (element.old, element.new)
    )
    key = f" PRIMARY KEY ({', '.join(map(quoted.quote, element.key))})" if element.key else ""
    return f"ALTER TABLE {old} RENAME TO {new}{key} WITH (writes_frozen='true')"


@Operations.register_operation("writes_frozen")
class WritesFrozenOp(MigrateOperation):
    """Declare that nobody writes a table."""

    def __init__(self, table: str, schema: str | None = None) -> None:
        self.table, self.schema = table, schema

    @classmethod
    def writes_frozen(cls, operations: Operations, table_name: str, *, schema: str | None = None) -> None:
        """Declare that all programs that write the table are stopped, until this migration is over.

        ``op.rename_table`` and ``op.rebuild_table`` copy a table, and would lose what is written meanwhile.
        """
        operations.invoke(cls(table_name, schema))


@Operations.implementation_for(WritesFrozenOp)
def _writes_frozen(operations: Operations, op: WritesFrozenOp) -> None:
    impl: Any = operations.impl
    impl.writes_frozen(op.table, op.schema)


@Operations.register_operation("rebuild_table")
class RebuildTableOp(MigrateOperation):
    """Copy a table to a new one with another key."""

    def __init__(self, table: str, new: str, key: Sequence[str], schema: str | None = None) -> None:
        self.table, self.new, self.key, self.schema = table, new, tuple(key), schema

    @classmethod
    def rebuild_table(
        cls,
        operations: Operations,
        table_name: str,
        new_table_name: str,
        *,
        primary_key: Sequence[str],
        schema: str | None = None,
    ) -> None:
        """Copy a table to a new one with another primary key; the old one stays until it is dropped.

        :param new_table_name: its physical name, which the model says by ``__tablename__`` or
            ``dynamodb_table_name``.
        :param primary_key: columns of the table, the partition key first.
        """
        operations.invoke(cls(table_name, new_table_name, primary_key, schema))


@Operations.implementation_for(RebuildTableOp)
def _rebuild_table(operations: Operations, op: RebuildTableOp) -> None:
    impl: Any = operations.impl
    impl.rebuild_table(op.table, op.new, op.key, op.schema)
