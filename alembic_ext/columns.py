"""What a changed column makes of the rows that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from alembic_ext.refusal import refuse

if TYPE_CHECKING:
    from sqlalchemy.sql import Executable


def named(table: str, column: str, schema: str | None, comment: str | None = None) -> sa.Column[Any]:
    """A column of a table of which no more is known."""
    found: sa.Column[Any] = sa.Column(column, comment=comment)
    sa.Table(table, sa.MetaData(), found, schema=schema)
    return found


def default_of(table: str, column: sa.Column[Any], schema: str | None) -> Executable:
    """The statement that gives the rows without a value the column's default."""
    default = column.server_default
    if not isinstance(default, sa.DefaultClause):
        refuse(
            f"op.add_column({table!r}, {column.name!r}) with a backfill and no server_default",
            "there is nothing to give the rows. Give it one, or use op.backfill with a function.",
        )
    value = sa.literal(default.arg, column.type) if isinstance(default.arg, str) else default.arg
    if isinstance(default.arg, str):
        # A text that stands for a number or the like is converted as the column's own default would be.
        value = sa.text(f"'{default.arg.replace(chr(39), chr(39) * 2)}'")
    target = sa.table(table, sa.column(str(column.name)), schema=schema)
    return sa.update(target).where(target.c[str(column.name)].is_(None)).values({str(column.name): value})


def removal_of(table: str, column: sa.Column[Any], schema: str | None) -> Executable:
    """The statement that removes a column's values."""
    target = sa.table(table, sa.column(str(column.name)), schema=schema)
    found = target.c[str(column.name)]
    return sa.update(target).where(found.is_not(None)).values({str(column.name): sa.null()})
