"""``dynamodb_overflow``: what becomes of a commit that is too large, as an execution option of engines and connections.

It says how a connection commits, so it is none of a statement. SQLAlchemy sets it on the DBAPI connection, as it does
the isolation level, and resets it when the connection goes back to the pool.
"""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine.characteristics import ConnectionCharacteristic

from sqlalchemy_dynamorm.dialect.refusal import wrapped
from sqlalchemy_dynamorm.errors import InterfaceError

OVERFLOW = "dynamodb_overflow"


class OverflowCharacteristic(ConnectionCharacteristic):
    """The connection's ``overflow``."""

    transactional = False

    def reset_characteristic(self, dialect: Any, dbapi_conn: Any) -> None:
        dbapi_conn.overflow = None

    def set_characteristic(self, dialect: Any, dbapi_conn: Any, value: Any) -> None:
        with wrapped():
            dbapi_conn.overflow = value

    def get_characteristic(self, dialect: Any, dbapi_conn: Any) -> Any:
        return dbapi_conn.overflow


def refuse_for_statement(execution_options: Mapping[Any, Any], of_connection: Mapping[Any, Any]) -> None:
    """:raises InterfaceError: a statement has the option."""
    if execution_options.get(OVERFLOW) != of_connection.get(OVERFLOW):
        raise InterfaceError(
            f"{OVERFLOW} says how a connection commits, so a statement cannot have it; give it to "
            "create_engine(overflow=...), engine.execution_options() or connection.execution_options()."
        )
