"""The local step's database: a private, temporary SQLite database that runs what DynamoDB can't.

Rows are loaded as ``RowDecoder`` gives them and come back as the same types; ``scratch_values`` says what each kind is
stored as, ``scratch_functions`` which of SQLite's functions are replaced, ``scratch_failures`` what its errors become.
Nothing is computed with a number that SQLite would round: that is ``UnsupportedValue``.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.decode import Row
from sqlalchemy_dynamorm.run.scratch_failures import translated
from sqlalchemy_dynamorm.run.scratch_functions import Clock, Failures, install_like, install_regexp, install_sums
from sqlalchemy_dynamorm.run.scratch_native import install_native
from sqlalchemy_dynamorm.run.scratch_values import EXACT, Convert, binding, convert, declared_type, reading, storing

SIZE_CAP = 4 * 2**30
"""Bytes that one statement's rows may take on disk, unless it is said otherwise."""
CHUNK = 1000
"""Rows that are stored and read together."""
_PAGE = 4096
_NO_COLUMNS = Column("__dynamorm_row__", Kind.INTEGER)
"""What a table without columns has: COUNT(*) needs its rows all the same."""


class Scratch:
    """One execution's database. It is on disk where it does not fit a few MB of memory, in files that only this user
    may read and that have no name, so nothing is left behind. One thread at a time uses it.

    A column or value is *shown* if the statement does nothing with it but show it, compare it for equality with one of
    its kind, or ask whether it is NULL; with any other it computes, and wide numbers and sets are refused there.

    :param now: the statement's CURRENT_TIMESTAMP, in the stored form: what ``datetime('now')`` is.
    :param size_cap: bytes on disk; more is ``OperationalError``. SQLite's own sorting is not counted.
    """

    def __init__(self, *, now: str, size_cap: int = SIZE_CAP) -> None:
        self._failures: Failures = []
        self._clock = Clock(now)
        self._loads: dict[tuple[str | None, str], tuple[str, tuple[Convert | None, ...]]] = {}
        self._exact = False
        self._started: set[tuple[str | None, str]] = set()
        self._capped: set[str | None] = set()
        self._pages = max(size_cap // _PAGE, 1)
        with self._translating():
            self._sqlite = sqlite3.connect("", isolation_level=None, check_same_thread=False, cached_statements=16)
            self._prepare()

    def _prepare(self) -> None:
        if sys.version_info >= (3, 12):  # a misspelt "name" is no string then
            self._sqlite.setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML, False)
        self._sqlite.execute("PRAGMA temp_store=FILE")
        install_like(self._sqlite)
        install_regexp(self._sqlite, self._failures)
        self._clock.install(self._sqlite)
        self._sqlite.execute("BEGIN")  # never ended: there is nothing to commit to, and statements are cheaper in it

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def interrupt(self) -> None:
        """Called in another thread than the one that runs a statement, makes that fail."""
        self._sqlite.interrupt()

    def close(self) -> None:
        """Drop everything. It may be called twice."""
        self._clock.close()
        self._sqlite.close()

    def create(
        self, name: str, columns: Sequence[Column], *, schema: str | None = None, shown: Collection[str] = ()
    ) -> None:
        """Make a table.

        :param schema: the name before the dot in the statement's text.
        :param shown: the columns that are only shown (see the class); all others are computed with.
        :raises Unsupported: SQLite can't have these names.
        """
        _check(name, columns, schema)
        columns = columns or (_NO_COLUMNS,)
        if not self._exact and any(each.kind in EXACT and each.name not in shown for each in columns):
            install_sums(self._sqlite, self._failures)
            self._exact = True
        types = [f"{_quoted(each.name)} {declared_type(each, shown=each.name in shown)}" for each in columns]
        converts = tuple(storing(each, shown=each.name in shown) for each in columns)
        self._create(schema, name, types, converts)

    def have_native_functions(self) -> None:
        """Give it DynamoDB's own functions, of values as a column of any type stores them."""
        install_native(self._sqlite)

    def create_list(self, name: str, width: int) -> None:
        """Make a table for a bound list: columns ``c0``, ``c1``, … for rows of so many values.

        Its rows are given to :meth:`load_list`. An IN (SELECT …) takes any number of them, where binds have a limit.
        """
        self._create(None, name, [f"c{at}" for at in range(width)], (None,) * width)

    def _create(self, schema: str | None, name: str, types: list[str], converts: tuple[Convert | None, ...]) -> None:
        with self._translating():
            table = _quoted(name) if schema is None else f"{self._attached(schema)}.{_quoted(name)}"
            self._sqlite.execute(f"CREATE TABLE {table} ({', '.join(types)})")
        self._loads[schema, name] = f"INSERT INTO {table} VALUES ({', '.join('?' * len(types))})", converts

    def _attached(self, schema: str) -> str:
        quoted = _quoted(schema)
        if not any(known == schema for known, _ in self._loads):
            self._sqlite.execute("COMMIT")
            self._sqlite.execute(f"ATTACH '' AS {quoted}")
            self._sqlite.execute("BEGIN")
        return quoted

    def load(self, name: str, rows: Iterable[Row], *, schema: str | None = None) -> None:
        """Add rows, decoded, with the table's columns in their order. It may be called for each page.

        :raises UnsupportedValue: a value that SQLite can't hold, in a column that is computed with.
        """
        text, converts = self._loads[schema, name]
        remaining = iter(rows)
        with self._translating():
            while chunk := list(islice(remaining, CHUNK)):
                if len(chunk) == CHUNK or (schema, name) in self._started:
                    self._cap(schema)
                self._started.add((schema, name))
                self._sqlite.executemany(text, convert(chunk, converts) if chunk[0] else [(None,)] * len(chunk))

    def _cap(self, schema: str | None) -> None:
        """Set the size cap, once there is more than a page: it takes a fifth of the time of a small statement."""
        if schema not in self._capped:
            database = "main" if schema is None else _quoted(schema)
            self._sqlite.execute(f"PRAGMA {database}.max_page_count={self._pages}")
            self._capped.add(schema)

    def load_list(
        self, name: str, rows: Iterable[Sequence[Any]], *, called: str | None = None, shown: bool = False
    ) -> None:
        """Add rows of a bound list, each as wide as the table, of values as :meth:`run` takes them.

        :param called: the parameter's name, for messages.
        """
        with self._translating():
            bound = ([binding(value, called or name, shown=shown) for value in row] for row in rows)
            self._sqlite.executemany(self._loads[None, name][0], bound)

    def run(
        self, text: str, values: Mapping[str, Any], outputs: Sequence[Kind | None], *, shown: Collection[str] = ()
    ) -> Iterator[list[Row]]:
        """Run a statement that returns rows; they come in chunks, and memory holds one.

        :param values: the value of each ``:name``: Python's own types, ``Decimal``, ``Json``, dates and times.
        :param outputs: each result column's kind, where it is known, so that it has the declared type. DOCUMENT is
            JSON text, as of a column or of JSON_QUOTE(), and is parsed; ``None`` is as SQLite gives it.
        :param shown: the values that are only shown (see the class).
        :raises UnsupportedValue: the answer would be rounded.
        :raises Unsupported: SQLite does not know a function or a clause.
        :raises ProgrammingError: the statement is wrong.
        """
        bound = {name: binding(value, name, shown=name in shown) for name, value in values.items()}
        converts = tuple(map(reading, outputs))
        with self._translating():
            cursor = self._sqlite.execute(text, bound)
        try:
            while chunk := self._fetched(cursor):
                yield convert(chunk, converts)
        finally:
            cursor.close()

    def _fetched(self, cursor: sqlite3.Cursor) -> list[Row]:
        with self._translating():
            return cursor.fetchmany(CHUNK)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """SQLite's errors as ours; what one of our functions raised is raised itself."""
        try:
            yield
        except sqlite3.Error as error:
            if self._failures:
                raise self._failures.pop() from None
            raise translated(error) from error


def _check(name: str, columns: Sequence[Column], schema: str | None) -> None:
    if schema is not None and schema.lower() in ("main", "temp"):
        raise Unsupported(
            f"The schema {schema!r} has a name that SQLite, which runs this part of the statement here, keeps for "
            "itself; use another name."
        )
    if name.lower().startswith("sqlite_"):
        raise Unsupported(
            f"The table {name!r} has a name that SQLite, which runs this part of the statement here, keeps for itself; "
            "rename the table, or read it without joins, grouping and subqueries."
        )
    for each in columns:
        if "\0" in each.name:
            raise Unsupported(f"The column {each.name!r} has a NUL in its name, which SQLite does not take.")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
