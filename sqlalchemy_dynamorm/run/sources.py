"""Where rows come from: each source yields its requests and returns decoded rows, page by page, then ``None``."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy_dynamorm.errors import Error, ReadBudgetExceeded, Throttled
from sqlalchemy_dynamorm.plan.schema import REST, Column, Table
from sqlalchemy_dynamorm.run.decode import Page, RowDecoder, WholeItems, last_key, wire_item
from sqlalchemy_dynamorm.run.expiry import alive
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_of
from sqlalchemy_dynamorm.run.request import Asking, Join, Pause, Request, Start
from sqlalchemy_dynamorm.run.values import Item

Row = tuple[Any, ...]
Seen = Callable[[bytes], None]
"""Told of each answer as it comes, in bytes."""
BATCH = 100
"""Keys a BatchGetItem takes (DynamoDB API reference)."""
MAX_ROUNDS = 10


class Source(Protocol):
    """Rows in pages."""

    def next_page(self, wanted: int | None) -> Asking[list[Row] | None]:
        """The next page, ``None`` at the end.

        :param wanted: how many rows are still wanted, where no check can drop any.
        """


@dataclass(slots=True)
class Budget:
    """How many pages a statement may still read."""

    pages: int | None = None
    read: int = 0

    @property
    def left(self) -> int | None:
        """Pages that may still be read; ``None`` for any number."""
        return None if self.pages is None else self.pages - self.read

    def spend(self, pages: int, table: str | None) -> None:
        """Count pages about to be read.

        :raises ReadBudgetExceeded: they are more than are left.
        """
        self.read += pages
        if self.pages is not None and self.read > self.pages:
            raise ReadBudgetExceeded(
                f"The statement needs more than its read_budget of {self.pages} pages; narrow it or raise the budget.",
                table=table,
            )


AT_ONCE = 32
"""Requests of one round: their pages, 1 MB each at the most, are held together."""


class Paged:
    """One or more Query or Scan requests, each read to its end; several are asked in parallel."""

    def __init__(
        self,
        requests: Iterable[Request],
        decoder: RowDecoder,
        budget: Budget,
        page_size: int | None,
        *,
        ahead: bool = False,
        seen: Seen | None = None,
    ) -> None:
        """:param ahead: ask for the next page before this one is decoded; not where a LIMIT may make it superfluous."""
        self._waiting = iter(requests)
        self._open: list[Request] = []
        self._decoder = decoder
        self._budget = budget
        self._page_size = page_size
        self._ahead = ahead
        self._seen = seen
        self._begun: Join | None = None

    def next_page(self, wanted: int | None) -> Asking[list[Row] | None]:
        """The rows of the next page of every request still open."""
        if not self._fill():
            return None
        pages = yield from self._round(wanted)
        return [row for page in pages for row in page.rows]

    def count(self) -> Asking[int]:
        """The number of rows of requests that ask for no more (``Select=COUNT``)."""
        total = 0
        while self._fill():
            total += sum(page.count for page in (yield from self._round(None)))
        return total

    @property
    def following(self) -> Item | None:
        """Where the request that was read last goes on, ``None`` at its end."""
        return self._open[0].params["ExclusiveStartKey"] if self._open else None

    def _fill(self) -> bool:
        """Take up requests, after those that are not at their end, until as many are open as one round may have."""
        self._open += islice(self._waiting, AT_ONCE - len(self._open))
        return bool(self._open)

    def _round(self, wanted: int | None) -> Asking[list[Page]]:
        together = self._open
        share = wanted if wanted is None else -(-wanted // len(together))
        asked = [self._sized(request, share) for request in together]
        self._budget.spend(len(asked), asked[0].table)
        bodies = yield from self._bodies(asked)
        if self._seen is not None:
            for body in bodies:
                self._seen(body)
        if self._ahead and len(asked) == 1:
            yield from self._begin(asked[0], bodies[0])
        pages = [self._decoder.page(body) for body in bodies]
        self._open = [
            _following(request, page.last_key)
            for request, page in zip(together, pages, strict=True)
            if page.last_key is not None
        ]
        return pages

    def _bodies(self, asked: Sequence[Request]) -> Asking[list[bytes]]:
        begun, self._begun = self._begun, None
        return (yield from send_all(asked)) if begun is None else [(yield begun)]

    def _begin(self, request: Request, body: bytes) -> Asking[None]:
        """Have the page after this one under way while this one is decoded."""
        if MORE not in body or self._budget.left == 0:
            return
        key = last_key(body)
        if key is not None:
            self._begun = Join((yield Start(_following(request, key))))

    def _sized(self, request: Request, wanted: int | None) -> Request:
        sizes = [size for size in (wanted, self._page_size) if size is not None]
        return replace(request, params={**request.params, "Limit": min(sizes)}) if sizes else request


MORE = b'"LastEvaluatedKey"'


def _following(request: Request, key: Item) -> Request:
    return replace(request, params={**request.params, "ExclusiveStartKey": key})


def send_all(requests: Sequence[Request]) -> Asking[list[bytes]]:
    """Send requests, several in parallel; the first that failed is raised."""
    if len(requests) == 1:
        return [(yield requests[0])]
    answers: list[bytes | Error] = yield requests
    bodies: list[bytes] = []
    for answer in answers:
        if isinstance(answer, Error):
            raise answer
        bodies.append(answer)
    return bodies


class OneItem:
    """A GetItem."""

    def __init__(self, request: Request, decoder: RowDecoder, seen: Seen | None = None) -> None:
        self._request: Request | None = request
        self._decoder = decoder
        self._seen = seen

    def next_page(self, wanted: int | None) -> Asking[list[Row] | None]:
        """The item, if it is there."""
        if self._request is None:
            return None
        body: bytes = yield self._request
        self._request = None
        if self._seen is not None:
            self._seen(body)
        row = self._decoder.item(body)
        return [] if row is None else [row]


T = TypeVar("T")


class BatchDecoder(Protocol[T]):
    """What makes something of the items of a BatchGetItem; see :meth:`RowDecoder.batch`."""

    def batch(self, body: bytes, physical: str) -> tuple[list[T], dict[str, Any] | None]:
        """What was found, and what to ask for again."""


class Batches(Generic[T]):
    """BatchGetItem over any number of keys, 100 a call; keys left unprocessed are asked for again, with backoff.

    :param attributes: the ones to ask for; ``None`` for all.
    """

    def __init__(
        self,
        table: Table,
        keys: Sequence[Item],
        attributes: Sequence[str] | None,
        decoder: BatchDecoder[T],
        *,
        consistent: bool,
        seen: Seen | None = None,
    ) -> None:
        self._table = table
        self._keys = list(keys)
        self._attributes = attributes
        self._decoder = decoder
        self._consistent = consistent
        self._seen = seen

    def next_page(self, wanted: int | None) -> Asking[list[T] | None]:
        """All there are, in no order."""
        if not self._keys:
            return None
        keys, self._keys = self._keys, []
        found: list[T] = []
        for attempt in range(MAX_ROUNDS):
            requests = [self._request(keys[at : at + BATCH]) for at in range(0, len(keys), BATCH)]
            keys = []
            for body in (yield from send_all(requests)):
                if self._seen is not None:
                    self._seen(body)
                some, unprocessed = self._decoder.batch(body, self._table.physical)
                found.extend(some)
                keys.extend(unprocessed["Keys"] if unprocessed else ())
            if not keys:
                return found
            yield Pause(random.uniform(0, 0.05 * 2**attempt))
        raise Throttled(
            f"{len(keys)} keys of {self._table.name!r} were left unprocessed after {MAX_ROUNDS} rounds; "
            "the table or a hot key is throttled.",
            operation="BatchGetItem",
            table=self._table.physical,
        )

    def _request(self, keys: Sequence[Item]) -> Request:
        placeholders = Placeholders()
        wanted: dict[str, Any] = {"Keys": list(keys), "ConsistentRead": self._consistent}
        wanted.update(placeholders.projection(self._attributes or []))
        placeholders.into(wanted)
        return Request("BatchGetItem", {"RequestItems": {self._table.physical: wanted}})


def whole_items(table: Table, keys: Sequence[Item]) -> Asking[dict[Identity, Item]]:
    """The items of these keys that are there, whole and strongly read: one by GetItem, more by BatchGetItem.

    One that has expired is not there, where the table hides such.
    """
    items: list[Item]
    if len(keys) == 1:
        body: bytes = yield Request("GetItem", {"TableName": table.physical, "Key": keys[0], "ConsistentRead": True})
        item = wire_item(body)
        items = [] if item is None else [item]
    else:
        batches = Batches(table, keys, None, WholeItems(), consistent=True)
        items = (yield from batches.next_page(None)) or []
    return {identity(key_of(item, table), table): item for item in items if alive(table, item) is not None}


def projected(fields: Sequence[Column], table: Table) -> list[str]:
    """The attributes to ask for, none for all: a projection cannot be empty, so the least is one."""
    if REST in fields:
        return []
    return [*dict.fromkeys(column.name for column in fields)] or [table.partition]


class Empty:
    """No rows, no call."""

    def next_page(self, wanted: int | None) -> Asking[list[Row] | None]:
        """The end."""
        yield from ()
        return None
