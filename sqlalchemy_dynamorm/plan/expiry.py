"""Rows that have expired and are still there, as DynamoDB leaves them for days: a table may ask to hide them.

Then they are no rows: each WHERE says so too, and an INSERT finds their keys and unique values free.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.predicates import Comparison, Predicate, Presence, every, some
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.sql import nodes


def visible(table: Table, where: Predicate) -> Predicate:
    """A WHERE that holds for no expired row, where the table hides them."""
    column = table.expires
    if column is None:
        return where
    return every((where, some((Presence(column, False), Comparison(column, ">", nodes.CurrentTimestamp())))))


def expiring(columns: Mapping[str, Column], named: str | None, table: str) -> Column:
    """The column that says when a row of a table expires, for hiding.

    :param named: the column of the type TTL, or what the option ``ttl`` names.
    :raises ProgrammingError: there is none, or it holds no moments.
    """
    column = None if named is None else columns.get(named)
    if column is None or column.kind is not Kind.EPOCH:
        raise ProgrammingError(
            f"{table!r} hides expired rows, and has no column that says when a row expires: give one the type TTL."
        )
    return column
