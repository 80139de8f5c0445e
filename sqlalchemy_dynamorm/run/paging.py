"""One page of a SELECT, and where the next one begins: no row is read twice, and none before it is read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, GetItem, GuardedGet, Nothing, Query, ReadPlan, Scan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.cut import Cut
from sqlalchemy_dynamorm.run.keys import keys_listed
from sqlalchemy_dynamorm.run.request import Asking, Position, Request, Rows
from sqlalchemy_dynamorm.run.sources import Batches, Row, projected
from sqlalchemy_dynamorm.run.values import Item, Role, encode_key

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.run.reads import Reader, Scope


@dataclass(frozen=True, slots=True)
class PageAsked:
    """At most ``size`` rows from a position on.

    :ivar alone: only of the request that it starts in: of one segment of a Scan.
    """

    size: int
    start: Position
    alone: bool = False


def check_pageable(plan: ReadPlan) -> None:
    """Refuse a statement whose rows cannot be read on from a key.

    :raises Unsupported: it is sorted here, or counts.
    :raises ProgrammingError: it has a LIMIT or an OFFSET of its own.
    """
    if plan.limit is not None or plan.offset is not None:
        raise ProgrammingError("A page has a size; leave LIMIT and OFFSET out of the statement.")
    if plan.sort:
        raise Unsupported(
            "A page cannot be read of a statement that is sorted here, since each page would need all rows: "
            "order by the sort key of the table or index that it reads (EXPLAIN says which), or leave ORDER BY out."
        )
    if plan.lock:
        raise Unsupported("A page is read of what is committed, outside any transaction; leave FOR UPDATE out.")
    if plan.count or plan.table is None:
        raise Unsupported("A page is of rows of a table; COUNT(*) and constants are one row.")


def page(reader: Reader, values: Bound, scope: Scope, asked: PageAsked) -> Asking[Position | None]:
    """The rows of a page; returns where the next one begins, ``None`` at the end.

    :raises ProgrammingError: the transaction has written to the table, or is of a level that repeats its reads.
    """
    plan = reader.plan
    check_pageable(plan)
    assert plan.table is not None
    if scope.buffer is not None and scope.buffer.touches(plan.table):
        raise ProgrammingError(
            f"The transaction has written to {plan.table.name!r}, or repeats what it reads, and a page is read of what "
            "is committed: commit first, or read the page in a READ COMMITTED session of its own."
        )
    match plan.access:
        case BatchGetItem(sources, check):
            keys = keys_listed(plan.table, sources, values, check)
            return (yield from _of_keys(reader, values, asked, keys))
        case Query() | Scan() as access:
            return (yield from _of_requests(reader, access, values, scope, asked))
        case GetItem() | GuardedGet() | Nothing():
            yield from reader.streamed(values, scope, Cut())
            return None


def _of_keys(reader: Reader, values: Bound, asked: PageAsked, keys: Sequence[Item]) -> Asking[Position | None]:
    """Of a list of keys the next ones, as many as rows are wanted, until there are enough."""
    plan, test = reader.plan, reader.test(values)
    assert plan.table is not None
    attributes = projected(plan.projection.fields, plan.table)
    at, wanted = asked.start.request, asked.size
    while wanted and at < len(keys):
        listed = keys[at : at + wanted]
        batch = Batches(plan.table, listed, attributes, reader.decoder, consistent=plan.consistent)
        rows = [row for row in (yield from batch.next_page(None)) or [] if test is None or test(row)]
        yield Rows(reader.projected(rows, values))
        at += len(listed)
        wanted -= len(rows)
    return Position(at) if at < len(keys) else None


def _of_requests(
    reader: Reader, access: Query | Scan, values: Bound, scope: Scope, asked: PageAsked
) -> Asking[Position | None]:
    """The requests one after the other, each from where it was left."""
    table = reader.plan.table
    assert table is not None
    index = access.index.key if isinstance(access, Query) and access.index is not None else ()
    names = list(dict.fromkeys((*index, *table.key)))
    reader = reader.decoding([table.by_name[name] for name in names])
    pages = reader.pages(values)
    first = asked.start.request
    requests = islice(enumerate(pages.requests), first, first + 1 if asked.alone else None)
    start, wanted = asked.start.key, asked.size
    for at, request in requests:
        source, test, sized = reader.reading(replace(pages, requests=[starting(request, start)]), values, scope)
        start = None
        while (found := (yield from source.next_page(_evaluated(access, wanted, sized=sized)))) is not None:
            rows = found if test is None else [row for row in found if test(row)]
            yield Rows(reader.projected(rows[:wanted], values))
            if len(rows) > wanted:
                return Position(at, _key(reader, names, rows[wanted - 1]))
            wanted -= len(rows)
            if wanted == 0:
                return _following(source.following, at, next(requests, None))
    return None


def _evaluated(access: Query | Scan, wanted: int, *, sized: bool) -> int | None:
    """How many items a request is to read, ``None`` for as many as it can.

    What is completed by BatchGetItem comes in no order, so no more is read than goes into the page. Where every item
    is a row, one more than that tells whether there is a next page.
    """
    if isinstance(access, Query) and access.complete:
        return wanted
    return wanted + 1 if sized else None


def _following(key: Item | None, at: int, more: object) -> Position | None:
    if key is not None:
        return Position(at, key)
    return None if more is None else Position(at + 1)


def starting(request: Request, key: Item | None) -> Request:
    """The request from behind a key."""
    return request if key is None else replace(request, params={**request.params, "ExclusiveStartKey": key})


def _key(reader: Reader, names: Sequence[str], row: Row) -> Item:
    fields, table = reader.plan.projection.fields, reader.plan.table
    assert table is not None
    columns = [table.by_name[name] for name in names]
    return {column.name: encode_key(row[fields.index(column)], column, _role(table, column.name)) for column in columns}


def _role(table: Table, name: str) -> Role:
    return "partition" if name == table.partition else "sort"
