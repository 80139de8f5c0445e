"""The DBAPI (PEP 249) for DynamoDB: ``connect()``, and SQL in SQLite's dialect with ``:name`` parameters.

>>> import sqlalchemy_dynamorm.dbapi as dynamodb
>>> connection = dynamodb.connect(region="eu-west-1")
>>> cursor = connection.cursor()
>>> cursor.execute("SELECT name FROM users WHERE id = :id", {"id": 1}).fetchone()  # doctest: +SKIP
('Ada',)
"""

from __future__ import annotations

import datetime
import time

from sqlalchemy_dynamorm.dbapi.connection import Connection, connect
from sqlalchemy_dynamorm.dbapi.cursor import Cursor
from sqlalchemy_dynamorm.dbapi.statement import Statement
from sqlalchemy_dynamorm.errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,  # noqa: A004 - the name is PEP 249's
)

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Statement",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

apilevel = "2.0"
threadsafety = 1
"""Threads may share the module, but not connections."""
paramstyle = "named"

Binary = bytes
Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
# Items carry their own types, so a column of a result has none: the type objects exist for PEP 249's sake.
STRING = "STRING"
BINARY = "BINARY"
NUMBER = "NUMBER"
DATETIME = "DATETIME"
ROWID = "ROWID"


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802 - the name is PEP 249's
    """The local date of seconds since the epoch."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """The local time of day of seconds since the epoch."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """The local date and time of seconds since the epoch."""
    return Timestamp(*time.localtime(ticks)[:6])
