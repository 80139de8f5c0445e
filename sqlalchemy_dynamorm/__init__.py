"""SQLAlchemy and Alembic for Amazon DynamoDB.

The engine URL is all most programs need: ``create_engine("dynamodb://eu-west-1")``.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

__all__ = ["__version__"]

__version__ = "0.1.0"


def _owns_the_name() -> bool:
    """Whether SQLAlchemy would find our dialect, and only ours, under ``dynamodb``."""
    owners = {entry.module for entry in entry_points(group="sqlalchemy.dialects", name="dynamodb")}
    return owners == {f"{__name__}.dialect.boto3"}


# Without a rival, entry points suffice, and the DBAPI can be used alone without loading SQLAlchemy.
if "sqlalchemy" in sys.modules or not _owns_the_name():
    import sqlalchemy_dynamorm.dialect  # noqa: F401 - it registers the name
