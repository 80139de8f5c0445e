"""ORDER BY here: what rows are compared by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.steps import Sort
from sqlalchemy_dynamorm.run.sources import Row


def sort_key(sort: Sort) -> Callable[[Row], tuple[int, Any]]:
    """NULLs first or last as asked, whatever the direction: the key is reversed with the values."""
    nulls = 0 if sort.nulls_first is not sort.descending else 1

    def key(row: Row) -> tuple[int, Any]:
        value = row[sort.field]
        if value is None:
            return nulls, 0
        if isinstance(value, dict | list | set):
            raise DataError("ORDER BY a column that holds documents or sets is not defined.")
        return 1 - nulls, value

    return key
