"""The local step: each table's rows are read and put into SQLite, page by page, and SQLite runs the statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy_dynamorm.errors import Error
from sqlalchemy_dynamorm.plan.key_order import key_order
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, BoundList, Feed, GetItem, Link, LocalPlan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.cut import number_of_rows
from sqlalchemy_dynamorm.run.functions import operand_given
from sqlalchemy_dynamorm.run.key_ordered import KeyOrdered
from sqlalchemy_dynamorm.run.reads import Reader, Scope
from sqlalchemy_dynamorm.run.request import Answer, Asking, Execution, Outcome, Rows, Work
from sqlalchemy_dynamorm.run.scratch import Scratch
from sqlalchemy_dynamorm.run.sources import Row

FEW_KEYS, FEW_QUERIES = 100, 25
"""Up to how many keys reading by key is taken for cheaper than a Scan that is allowed: one BatchGetItem, or as many
Queries as are soon made in parallel."""


@dataclass(frozen=True)
class LocalReader:
    """A local plan with the readers of its tables, made once and run with any values."""

    plan: LocalPlan
    readers: tuple[_FeedReader, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "readers", tuple(_FeedReader(feed) for feed in self.plan.feeds))

    def run(self, values: Bound, scope: Scope) -> Execution:
        """The rows of the statement.

        :raises UnsupportedValue: a number that SQLite could only compute with inexactly.
        """
        plan = self.plan
        for bound in plan.bounds:
            number_of_rows("LIMIT or OFFSET", values, bound)
        with Scratch(now=values.now) as scratch:
            _begin(scratch, plan, values)
            for reader in self.readers:
                yield from reader.feed(scratch, values, scope)
            chunks = _results(scratch, plan, values)
            while rows := (yield Work(partial(next, chunks, None), scratch.interrupt)):
                yield Rows(rows)
        return Outcome()


def computed_of(plan: LocalPlan, rows: Sequence[Row], values: Bound) -> Iterator[list[Row]]:
    """The results of a plan of one table whose rows are there, decoded."""
    (feed,) = plan.feeds
    with Scratch(now=values.now) as scratch:
        _begin(scratch, plan, values)
        _create(scratch, feed)
        _load(scratch, feed, rows)
        yield from _results(scratch, plan, values)


def _results(scratch: Scratch, plan: LocalPlan, values: Bound) -> Iterator[list[Row]]:
    given = {name: values.parameter(name) for name in plan.params}
    given["dynamorm_now"] = values.now
    return scratch.run(plan.text, given, plan.kinds, shown=plan.shown)


def _begin(scratch: Scratch, plan: LocalPlan, values: Bound) -> None:
    """Load the lists, and have the functions that the statement calls.

    :raises DataError: one of DynamoDB's own looks for what it does not take.
    """
    for test in plan.tests:
        operand_given(test, values)
    for each in plan.lists:
        _load_list(scratch, each, values)
    if any(feed.beside is not None for feed in plan.feeds):
        scratch.have_native_functions()


def _create(scratch: Scratch, feed: Feed) -> None:
    names = dict(feed.names)
    columns = [replace(column, name=names.get(column.name, column.name)) for column in feed.decoded]
    scratch.create(feed.name, columns[: len(feed.columns)], shown={names.get(name, name) for name in feed.shown})
    if feed.beside is not None:
        beside = columns[len(feed.columns) :]
        scratch.create(feed.beside.name, beside, shown={column.name for column in beside})


def _load(scratch: Scratch, feed: Feed, rows: Sequence[Row]) -> None:
    """Load the rows of a feed: both its tables get them in one order, so a row has the same rowid in both."""
    if feed.beside is None:
        scratch.load(feed.name, rows)
        return
    width = len(feed.columns)
    scratch.load(feed.name, [row[:width] for row in rows])
    scratch.load(feed.beside.name, [row[width:] for row in rows])


def _load_list(scratch: Scratch, given: BoundList, values: Bound) -> None:
    scratch.create_list(given.table, given.width)
    rows = [value if isinstance(value, tuple) else (value,) for value in values.parameter(given.name)]
    scratch.load_list(given.table, rows, called=given.name, shown=given.shown)


class _FeedReader:
    """Reads the rows of one feed, by itself or by the keys that others give."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._alone = None if feed.read is None else Reader(feed.read)
        self._linked = None if feed.link is None else Reader(feed.link.read)

    def feed(self, scratch: Scratch, values: Bound, scope: Scope) -> Asking[None]:
        """Fill the feed's SQLite table."""
        feed = self._feed
        _create(scratch, feed)
        reader, values = self._reader(scratch, values)
        ordered = KeyOrdered(key_order(reader.plan), lambda rows: _load(scratch, feed, rows))
        yield from taken(reader.run(values, scope), ordered.take)
        ordered.end()

    def _reader(self, scratch: Scratch, values: Bound) -> tuple[Reader, Bound]:
        if self._linked is None:
            assert self._alone is not None
            return self._alone, values
        link = self._feed.link
        assert link is not None
        chunks = scratch.run(link.query, {}, [key.kind for key in link.keys])
        keys = [key for rows in chunks for key in rows if None not in key]
        if self._alone is not None and len(keys) > _few(link):
            return self._alone, values
        listed = [key[0] if len(link.keys) == 1 else key for key in keys]
        return self._linked, replace(values, values={**values.values, link.param: listed})


def _few(link: Link) -> int:
    return FEW_KEYS if isinstance(link.read.access, BatchGetItem | GetItem) else FEW_QUERIES


def taken(execution: Execution, take: Callable[[list[Row]], None]) -> Asking[Outcome]:
    """Run an execution whose rows go to a function instead of to the client."""
    answer: Answer = None
    failure: Error | None = None
    while True:
        try:
            ask = execution.send(answer) if failure is None else execution.throw(failure)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        answer = failure = None
        if isinstance(ask, Rows):
            take(ask.rows)
            continue
        try:
            answer = yield ask
        except Error as error:
            failure = error
