"""``insert()`` with ON CONFLICT, and with OR REPLACE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from typing_extensions import Self


class Insert(sqlite.Insert):
    """An INSERT that says what becomes of a row whose primary key or unique values are taken.

    ``on_conflict_do_nothing()``, ``on_conflict_do_update()`` and ``excluded`` are SQLite's. ``index_elements`` are the
    columns of the primary key or of a unique constraint; ``index_where`` is refused.
    """

    stringify_dialect = "dynamodb"
    inherit_cache = sqlite.Insert.inherit_cache  # SQLAlchemy 2.0 has no cache key for ON CONFLICT

    def on_conflict_replace(self) -> Self:
        """Put the row in the place of those that have its primary key or unique values.

        The text is ``INSERT OR REPLACE``. In AUTOCOMMIT many rows go as BatchWriteItem, 25 a call, where the table has
        no unique constraints.
        """
        return self.prefix_with("OR REPLACE")


def insert(table: Any) -> Insert:
    """An INSERT with ON CONFLICT.

    :param table: a table or a mapped class.
    """
    return Insert(table)


def constrained(table: sa.Table, name: str) -> tuple[str, ...]:
    """The columns of a table's primary key or unique constraint of that name; none where there is no such constraint.

    One that was declared without a name has PostgreSQL's.
    """
    found = (columns for known, columns in _named(table) if known == name)
    return next(found, ())


def _named(table: sa.Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    constraints: list[Any] = [*table.constraints, *table.indexes]
    for each in constraints:
        key, unique = isinstance(each, sa.PrimaryKeyConstraint), isinstance(each, sa.UniqueConstraint)
        if key or unique or (isinstance(each, sa.Index) and each.unique):
            columns = tuple(str(column.name) for column in each.columns)
            default = f"{table.name}_pkey" if key else f"{'_'.join((table.name, *columns))}_key"
            yield str(each.name) if isinstance(each.name, str) else default, columns
