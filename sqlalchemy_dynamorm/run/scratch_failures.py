"""SQLite's errors in the local step as ours. They are told apart by their text, since Python 3.10 has no codes."""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy_dynamorm.errors import (
    DatabaseError,
    DataError,
    OperationalError,
    ProgrammingError,
    UndefinedColumn,
    Unsupported,
    UnsupportedValue,
)
from sqlalchemy_dynamorm.run.scratch_functions import INTEGER_OVERFLOW

_SQLITE = f"SQLite {sqlite3.sqlite_version}, which runs this part of the statement here,"
_FULL = (
    "The local step ran out of room for its temporary database: its size cap, or the disk, is full. Read less (a WHERE "
    "that a key or an index serves), or free the disk; SQLITE_TMPDIR names another folder."
)
_NO_FILE = (
    "The local step can't write its temporary database. The environment variable SQLITE_TMPDIR names a folder that "
    "this process may write to."
)
_UNREADABLE = (
    r"(incomplete input|near .*: syntax error|unrecognized token.*|too many .*|Expression tree is too large.*"
    r"|parser stack overflow|.* not currently supported|unsupported .*|.* are not supported.*|at most \d+ .*)"
)

_TEXTS: tuple[tuple[str, type[DatabaseError], str], ...] = (
    (
        r"no such function: (\S+)",
        Unsupported,
        "There is no function {0}(): neither DynamoDB nor SQLite, which computes here, has it. Compute it in Python.",
    ),
    (
        r"wrong number of arguments to function (\S+)\(\)",
        ProgrammingError,
        "{0}() was given a wrong number of arguments; see SQLite's page of its functions.",
    ),
    (
        r"misuse of .*?(\w+)(?:\(\))?",
        ProgrammingError,
        "{0} stands where it can't: in a WHERE, say, or within another aggregate. Put it in HAVING, or in a subquery.",
    ),
    (
        r"(\w+)\(\) may not be used as a window function",
        Unsupported,
        "{0}() can't be a window function here. Exact sums of decimals over a window need Python 3.11 or newer.",
    ),
    (r"no such column: (.+)", UndefinedColumn, "There is no column {0}; check its name, and the table's alias."),
    (
        r"ambiguous column name: (.+)",
        ProgrammingError,
        "More than one table of the FROM has a column {0}; write the table's name or alias before it.",
    ),
    (
        r"duplicate column name: (.+)",
        Unsupported,
        "Two columns are called {0}: SQLite takes names that differ in case only as one. Rename or leave out one.",
    ),
    (r"integer overflow", UnsupportedValue, INTEGER_OVERFLOW),
    (
        r"malformed JSON|JSON path error.*|bad JSON path.*",
        DataError,
        "A JSON function was given a text that is no JSON, or a path that is none ('$.a.b[0]' is one).",
    ),
    (r"database or disk is full", OperationalError, _FULL),
    (r"unable to open database.*|disk I/O error|attempt to write a readonly database", OperationalError, _NO_FILE),
    (r"string or blob too big", DataError, "A value of the local computation is over 1 GB, SQLite's limit."),
    (r"interrupted", OperationalError, "The local step was interrupted."),
    (
        _UNREADABLE,
        Unsupported,
        _SQLITE + " does not take it: {0}. Write the statement another way, or in smaller parts.",
    ),
)


def translated(error: sqlite3.Error) -> DatabaseError:
    """Ours for SQLite's."""
    text = str(error)
    for pattern, kind, message in _TEXTS:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return kind(message.format(*found.groups()))
    return _by_class(error)(f"{_SQLITE} refuses it: {text}.")


def _by_class(error: sqlite3.Error) -> type[DatabaseError]:
    """SQLite says ``OperationalError`` of a statement that is wrong."""
    if isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError):
        return ProgrammingError
    return DataError if isinstance(error, sqlite3.DataError) else DatabaseError
