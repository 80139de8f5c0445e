"""``backfill(engine, table, fn)``: every row of a table read, and what ``fn`` makes of it written.

A few rows at a time are read again and written in one transaction, together with how far the backfill has come. So a
run that was killed goes on where it stood, each row is changed once whatever ``fn`` does, and a row that others change
meanwhile is read anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm.dbapi.paging import PageOf
from sqlalchemy_dynamorm.dialect.context import PAGE
from sqlalchemy_dynamorm.dialect.pace import Pace, pace_of
from sqlalchemy_dynamorm.dialect.progress import Mark, Progress
from sqlalchemy_dynamorm.errors import OperationalError, ProgrammingError, Unsupported

Row = Mapping[str, Any]
Change = Callable[[Row], Mapping[str, Any] | None]
_CHUNK = 25
_MOST = 99  # rows of a transaction: it takes 100 actions, and one is the progress
_TRIES = 10  # how often a chunk is read again because others changed it


class BackfillFailed(OperationalError):
    """A backfill stopped; what is committed stays, and the next run goes on from there.

    :ivar row: the row that the function failed at, if it did.
    """

    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Backfilled:
    """How far a backfill has come, or with ``dry_run`` what it would do.

    :ivar read: rows that were given to the function.
    :ivar changed: rows that it changed.
    """

    read: int = 0
    changed: int = 0


def backfill(  # noqa: PLR0913 - each stands for a choice of the caller
    bind: sa.Engine | sa.Connection,
    table: Any,
    fn: Change,
    *,
    name: str | None = None,
    segments: int = 1,
    chunk: int = _CHUNK,
    share: float | None = None,
    dry_run: bool = False,
    progress: Callable[[Backfilled], None] | None = None,
    keep: bool = False,
) -> Backfilled:
    """Change every row of a table.

    Each chunk costs its rows' read twice and their write in a transaction. Rows inserted meanwhile may not be seen:
    let the program write the new form before it begins.

    :param bind: an engine, or a connection of one, a migration's ``op.get_bind()`` for example. The rows are committed
        chunk by chunk on connections of their own.
    :param table: a ``Table`` with a primary key, or a mapped class.
    :param fn: is given a row as a mapping and returns the columns to set, as a mapping, or ``None`` to leave it. It is
        called again for a row that others changed meanwhile, and in threads where there are several segments.
    :param name: what the progress is kept under; without it, the function's name.
    :param segments: how many parts of the table are worked on side by side.
    :param chunk: rows of a transaction; unique constraints take more of its 100 actions.
    :param share: at most this share of the table's capacity, 0.5 for a half: of what is provisioned, or else of the
        warm throughput. Without it, as fast as it goes.
    :param dry_run: call ``fn`` for each row and count, and write nothing.
    :param progress: told of the counts after each chunk.
    :param keep: remember that it is done, so that it is not done again; ``forget`` removes that.
    :return: the counts, those of earlier runs that were killed included.
    :raises BackfillFailed: ``fn`` raised, or others change the same rows all the time.
    """
    engine = bind if isinstance(bind, sa.Engine) else bind.engine
    table = sa.inspect(table).local_table if isinstance(table, type) else table
    if not isinstance(table, sa.Table) or not table.primary_key.columns:
        raise Unsupported("A backfill is of a Table with a primary key, or of a mapped class.")
    if not 1 <= chunk <= _MOST:
        raise ProgrammingError(f"A chunk has 1 to {_MOST} rows, not {chunk}: a transaction takes 100 actions.")
    known = name or str(getattr(fn, "__qualname__", type(fn).__qualname__))
    kept = Progress(engine, table, known, segments)
    pace = pace_of(engine, table, share)
    found = _Backfill(engine, table, fn, segments, chunk, dry_run, progress, pace, kept).run()
    if not dry_run and not keep:
        kept.forget()
    return found


@dataclass
class _Backfill:
    """One run, of what :func:`backfill` was given."""

    engine: sa.Engine
    table: sa.Table
    fn: Change
    segments: int
    chunk: int
    dry_run: bool
    progress: Callable[[Backfilled], None] | None
    pace: Pace
    kept: Progress
    _marks: dict[int, Mark] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> Backfilled:
        marks = [Mark() for _ in range(self.segments)] if self.dry_run else self.kept.read()
        self._marks = dict(enumerate(marks))
        if self.segments == 1:
            self._segment(0)
        else:
            with ThreadPoolExecutor(self.segments, "dynamorm-backfill") as threads:
                for done in [threads.submit(self._segment, at) for at in range(self.segments)]:
                    done.result()
        return self._counts()

    def _counts(self) -> Backfilled:
        marks = self._marks.values()
        return Backfilled(sum(mark.read for mark in marks), sum(mark.changed for mark in marks))

    def _segment(self, segment: int) -> None:
        try:
            while not (self._marks[segment].done or self._stop.is_set()):
                mark = self._step(segment, self._marks[segment])
                with self._lock:
                    self._marks[segment] = mark
                    if self.progress is not None:
                        self.progress(self._counts())
        except BaseException:
            self._stop.set()
            raise

    def _step(self, segment: int, mark: Mark) -> Mark:
        """The next chunk of a segment."""
        keys, cursor = self._page(segment, mark)
        for _ in range(_TRIES):
            try:
                return self._written(segment, mark, keys, cursor)
            except exc.DBAPIError as error:
                if not getattr(error.orig, "retryable", False) and not _is_stale(error):
                    raise
        raise self._failed(f"others change the same rows all the time ({_TRIES} times)")

    def _page(self, segment: int, mark: Mark) -> tuple[list[tuple[Any, ...]], str | None]:
        """The keys of the next rows, and where those after them begin."""
        page = PageOf(self.chunk, mark.cursor, segment=segment)
        options = {PAGE: page, "dynamodb_segments": self.segments, "dynamodb_scan": "allow"}
        with self.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
            result: Any = connection.execute(sa.select(*self.table.primary_key.columns), execution_options=options)
            return [tuple(row) for row in result], result.context.next_page

    def _written(self, segment: int, mark: Mark, keys: list[tuple[Any, ...]], cursor: str | None) -> Mark:
        """Read the rows of a chunk, change them, and commit that with how far it has come."""
        with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            rows = self._rows(connection, keys)
            changes = [(row, change) for row in rows if (change := self._change(row))]
            after = replace(
                mark,
                cursor=cursor,
                read=mark.read + len(rows),
                changed=mark.changed + len(changes),
                done=cursor is None,
                version=mark.version + 1,
            )
            if not self.dry_run:
                for row, change in changes:
                    connection.execute(self.table.update().where(self._is(row)).values(change))
                self.kept.write(connection, segment, after)
                connection.commit()
        self.pace.wait(len(changes))
        return after

    def _rows(self, connection: sa.Connection, keys: list[tuple[Any, ...]]) -> list[Row]:
        if not keys:
            return []
        columns = list(self.table.primary_key.columns)
        among = columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else sa.tuple_(*columns).in_(keys)
        found = connection.execute(sa.select(self.table).where(among)).mappings()
        return [dict(row) for row in found]

    def _change(self, row: Row) -> Mapping[str, Any]:
        """What the function sets that is not so already."""
        try:
            given = self.fn(row)
        except Exception as error:
            raise self._failed(f"the function raised {type(error).__name__}", row) from error
        unknown = sorted(set(given or ()) - {column.name for column in self.table.columns})
        if unknown:
            raise self._failed(f"the function sets the column {unknown[0]!r}, which {self.table.name!r} has not", row)
        changed = {name: value for name, value in (given or {}).items() if row[name] != value}
        if any(self.table.columns[name].primary_key for name in changed):
            raise self._failed("the function sets a column of the primary key, and a backfill keeps the keys", row)
        return changed

    def _is(self, row: Row) -> sa.ColumnElement[bool]:
        return sa.and_(*(column == row[column.name] for column in self.table.primary_key.columns))

    def _failed(self, why: str, row: Row | None = None) -> BackfillFailed:
        counts = self._counts()
        on = "nothing was written" if self.dry_run else "these stay, and running it again goes on from there"
        error = BackfillFailed(
            f"The backfill {self.kept.name!r} of {self.table.name!r} stopped, because {why}. "
            f"{counts.read} rows were done before, of which {counts.changed} were changed; {on}."
        )
        error.row = row
        return error


def _is_stale(error: BaseException) -> bool:
    from sqlalchemy_dynamorm.errors import StaleRow

    return isinstance(error, StaleRow) or isinstance(getattr(error, "orig", None), StaleRow)


def forget(bind: sa.Engine | sa.Connection, table: sa.Table, name: str, segments: int = 1) -> Iterable[sa.Delete]:
    """The statements that remove what is kept of a backfill, for a transaction of the caller."""
    engine = bind if isinstance(bind, sa.Engine) else bind.engine
    return Progress(engine, table, name, segments).deletes()
