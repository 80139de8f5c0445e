"""DynamoDB's own functions in the local step's database: of a value as it is stored, with SQL's NULL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy_dynamorm.run.functions import TESTS, size_of, type_of
from sqlalchemy_dynamorm.run.scratch_values import as_stored, given


def install_native(connection: sqlite3.Connection) -> None:
    """Have ``size``, ``attribute_type``, ``attribute_exists``, ``begins_with`` and their like."""
    for (name, count), function in _FUNCTIONS.items():
        connection.create_function(name, count, function, deterministic=True)


def _size(value: Any) -> int | None:
    return None if value is None else size_of(as_stored(value))


def _type(value: Any) -> str | None:
    return None if value is None else type_of(as_stored(value))


def _test(name: str) -> Callable[[Any, Any], bool | None]:
    holds = TESTS[name]

    def test(value: Any, operand: Any) -> bool | None:
        return None if value is None or operand is None else holds(as_stored(value), given(operand))

    return test


_FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {
    ("size", 1): _size,
    ("attribute_type", 1): _type,
    ("attribute_exists", 1): lambda value: value is not None,
    ("attribute_not_exists", 1): lambda value: value is None,
    **{(name, 2): _test(name) for name in TESTS},
}
