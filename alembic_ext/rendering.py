"""What autogenerate writes into a migration: our types with their import, and CREATE TABLE with its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import render
from alembic.operations import ops

import sqlalchemy_dynamorm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.migration import MigrationContext

_PACKAGE = "sqlalchemy_dynamorm"
_OURS = frozenset(sqlalchemy_dynamorm.__all__)


class CreateWholeTableOp(ops.CreateTableOp):
    """``op.create_table`` with the indexes among its arguments: one call makes a table with all of them.

    Alembic writes one ``op.create_index`` for each, which takes minutes apiece on a live service, and cannot make a
    local index at all.
    """

    indexes: Sequence[sa.Index] = ()

    def to_table(self, migration_context: MigrationContext | None = None) -> sa.Table:
        """The table with its indexes."""
        table = super().to_table(migration_context)
        for index in self.indexes:
            names = [str(column.name) for column in index.columns]
            # An index belongs to one table, and this one is made anew at each call.
            table.append_constraint(sa.Index(index.name, *names, unique=bool(index.unique), **index.dialect_kwargs))
        return table

    def reverse(self) -> ops.DropTableOp:
        """Dropping it, such that its own reverse makes the indexes again."""
        found = super().reverse()
        return DropWholeTableOp.of(found, self)


class DropWholeTableOp(ops.DropTableOp):
    """``op.drop_table`` of a table whose indexes go with it, and come again with it."""

    whole: CreateWholeTableOp

    @classmethod
    def of(cls, drop: ops.DropTableOp, whole: CreateWholeTableOp) -> DropWholeTableOp:
        """The same drop, whose reverse is ``whole``."""
        made = cls(drop.table_name, schema=drop.schema, if_exists=drop.if_exists, _reverse=whole)
        made.table_kw, made.comment, made.info, made.prefixes = drop.table_kw, drop.comment, drop.info, drop.prefixes
        made.whole = whole
        return made

    def reverse(self) -> ops.CreateTableOp:
        """Making it with its indexes."""
        return self.whole


@render.renderers.dispatch_for(CreateWholeTableOp)
def _create_table(context: AutogenContext, op: CreateWholeTableOp) -> str:
    table = op.to_table()
    parts = [repr(str(op.table_name))]
    parts += [text for column in table.columns if (text := render._render_column(column, context))]
    constraints = (render._render_constraint(each, context, op._namespace_metadata) for each in table.constraints)
    parts += sorted(text for text in constraints if text)
    parts += [_index(each, context) for each in sorted(table.indexes, key=lambda each: str(each.name))]
    keywords: dict[str, Any] = {"schema": op.schema, "comment": table.comment, "info": table.info or None}
    keywords |= dict(sorted(op.kw.items()))
    parts += [f"{name}={value!r}" for name, value in keywords.items() if value is not None]
    return f"{render._alembic_autogenerate_prefix(context)}create_table(" + ",\n".join(parts) + ",\n)"


def _index(index: sa.Index, context: AutogenContext) -> str:
    words = [repr(render._render_gen_name(context, index.name))]
    words += [repr(str(column.name)) for column in index.columns]
    words += ["unique=True"] if index.unique else []
    words += [f"{name}={value!r}" for name, value in index.dialect_kwargs.items()]
    return f"{render._sqlalchemy_autogenerate_prefix(context)}Index({', '.join(words)})"


def render_type(type_: Any, context: AutogenContext) -> str | Literal[False]:
    """One of our own types, its import added; ``False`` for any other."""
    if type(type_).__name__ not in _OURS or not type(type_).__module__.startswith(f"{_PACKAGE}."):
        return False
    context.imports.add(f"import {_PACKAGE}")
    return f"{_PACKAGE}.{type_!r}"
