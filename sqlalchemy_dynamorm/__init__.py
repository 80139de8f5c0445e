"""SQLAlchemy and Alembic for Amazon DynamoDB.

The engine URL is all most programs need: ``create_engine("dynamodb://eu-west-1")``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dialect.backfill import backfill
    from sqlalchemy_dynamorm.dialect.calls import count_calls
    from sqlalchemy_dynamorm.dialect.dml import insert
    from sqlalchemy_dynamorm.dialect.ensuring import Ensured, ensure_tables
    from sqlalchemy_dynamorm.dialect.explain import explain
    from sqlalchemy_dynamorm.dialect.sets import BinarySet, NumberSet, StringSet
    from sqlalchemy_dynamorm.dialect.times import TTL

__all__ = [
    "TTL",
    "BinarySet",
    "Ensured",
    "NumberSet",
    "StringSet",
    "__version__",
    "backfill",
    "count_calls",
    "ensure_tables",
    "explain",
    "insert",
]

__version__ = "0.1.0"


_LATE = {
    "backfill": "dialect.backfill",
    "count_calls": "dialect.calls",
    "explain": "dialect.explain",
    **dict.fromkeys(("Ensured", "ensure_tables"), "dialect.ensuring"),
    **dict.fromkeys(("BinarySet", "NumberSet", "StringSet"), "dialect.sets"),
    "TTL": "dialect.times",
    "insert": "dialect.dml",
}
"""What is imported when it is first asked for, so that the DBAPI alone does not load SQLAlchemy."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)


def _owns_the_name() -> bool:
    """Whether SQLAlchemy would find our dialect, and only ours, under ``dynamodb``."""
    owners = {entry.module for entry in entry_points(group="sqlalchemy.dialects", name="dynamodb")}
    return owners == {f"{__name__}.dialect.boto3"}


# Without a rival, entry points suffice, and the DBAPI can be used alone without loading SQLAlchemy.
if "sqlalchemy" in sys.modules or not _owns_the_name():
    import sqlalchemy_dynamorm.dialect  # noqa: F401 - it registers the name
