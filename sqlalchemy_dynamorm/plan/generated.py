"""Computed columns: which there are, of which columns, and that they do not contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.schema import Column


def check_generated(columns: Sequence[Column], key: Iterable[str], table: str) -> None:
    """Refuse computed columns that cannot be kept right.

    :raises UndefinedColumn: one of a column that there is not.
    :raises ProgrammingError: one of another computed column, or with a default or a counter of its own.
    :raises Unsupported: one in the key: an UPDATE of a part would move the item.
    """
    by_name = {column.name: column for column in columns}
    for column in columns:
        if column.generated is None:
            continue
        what = f"The computed column {column.name!r} of {table!r}"
        if column.name in {*key}:
            raise Unsupported(f"{what} is in the key: a key is given; compute it before the INSERT.")
        if column.default is not None or column.on_update is not None or column.autoincrement:
            raise ProgrammingError(f"{what} has a default, too; it takes none.")
        for name in sorted(column.parts):
            if name not in by_name:
                raise UndefinedColumn(f"{what} is of {name!r}, which is no column of the table.")
            if by_name[name].generated is not None:
                raise ProgrammingError(f"{what} is of {name!r}, which is computed itself; write out what that is.")
