"""``insert()`` with ON CONFLICT, and with OR REPLACE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from typing_extensions import Self


class Insert(sqlite.Insert):
    """An INSERT that says what becomes of a row whose primary key or unique values are taken.

    ``on_conflict_do_nothing()``, ``on_conflict_do_update()`` and ``excluded`` are SQLite's. ``index_elements`` are the
    columns of the primary key or of a unique constraint; ``index_where`` is refused.
    """

    stringify_dialect = "dynamodb"
    inherit_cache = True

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
