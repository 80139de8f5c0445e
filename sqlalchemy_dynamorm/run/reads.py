"""A SELECT's plan and values to rows: fetch, check what the service could not, merge own writes, sort, cut, project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from sqlalchemy_dynamorm.errors import DataError, Unsupported
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, columns_of
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import (
    BatchGetItem,
    Field,
    GetItem,
    GuardedGet,
    Nothing,
    Projection,
    Query,
    ReadPlan,
    Scan,
    Sort,
)
from sqlalchemy_dynamorm.run import access
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.completed import Completed
from sqlalchemy_dynamorm.run.cut import Cut, cut_of
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.evaluate import Test, checker
from sqlalchemy_dynamorm.run.guarded import GuardedRow, guard_given
from sqlalchemy_dynamorm.run.images import Reading
from sqlalchemy_dynamorm.run.keys import identity, key_from_values, key_given, keys_listed
from sqlalchemy_dynamorm.run.overlay import Overlay, overlay
from sqlalchemy_dynamorm.run.paging import PageAsked, page
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request, Rows
from sqlalchemy_dynamorm.run.sorting import sort_key
from sqlalchemy_dynamorm.run.sources import Batches, Budget, Empty, OneItem, Paged, Row, Seen, Source, projected
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Scope:
    """What one execution runs in.

    :ivar buffer: the open transaction, ``None`` in AUTOCOMMIT.
    :ivar page: the page that is wanted of a SELECT, ``None`` for all its rows.
    :ivar anew: what the transaction has read before is read again, and what is read now takes its place.
    """

    buffer: Buffer | None = None
    page_size: int | None = None
    read_budget: int | None = None
    page: PageAsked | None = None
    anew: bool = False

    def seen(
        self, table: Table, attributes: Sequence[str], key: Item | None = None, *, held: bool = False
    ) -> Seen | None:
        """What keeps the answers of a read, for the statements that change what it read."""
        if self.buffer is None:
            return None
        images, known, anew = self.buffer.images, frozenset(attributes) if attributes else None, self.anew
        return lambda body: images.record(table, Reading(body, known, key, anew=anew, held=held))


class Resumable(Source, Protocol):
    """A source whose rows come in the order of a key."""

    @property
    def following(self) -> Item | None:
        """Where the request that was read last goes on, ``None`` at its end."""


@dataclass(frozen=True)
class Reader:
    """A read plan with its decoder, made once and run with any values."""

    plan: ReadPlan
    decoder: RowDecoder = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoder", RowDecoder(self.plan.projection.fields))

    def run(self, values: Bound, scope: Scope) -> Execution:
        """The rows of the SELECT."""
        if scope.page is not None:
            return Outcome(following=(yield from page(self, values, scope, scope.page)))
        cut = cut_of(self.plan, values)
        table = self.plan.table
        if cut.keep == 0 or (cut.skip and (table is None or self.plan.count)):
            return Outcome()  # constants and COUNT(*) are one row
        if table is None:
            yield Rows([project(self.plan.projection, (), values)])
            return Outcome()
        self._check_level(scope)
        own = yield from self._overlay(scope)
        watching = self._watches(scope) or (self.plan.lock and scope.buffer is not None)
        reader = self.wide if own or watching else self
        if self.plan.count:
            yield from reader.counted(values, scope, own)
        elif self.plan.sort or own or watching:
            yield from reader.gathered(values, scope, own, cut)
        else:
            yield from self.streamed(values, scope, cut)
        return Outcome()

    def found(self, values: Bound, scope: Scope) -> Asking[list[Row]]:
        """All rows at once, of a plan without ORDER BY and LIMIT, for a statement that goes on with them."""
        self._check_level(scope)
        own = yield from self._overlay(scope)
        reader = self.wide if own or self._watches(scope) else self
        rows = yield from reader._merged(values, scope, own, None)
        reader._watch_keys(values, scope)
        return reader.projected(rows, values)

    # --- in a transaction ---

    @property
    def by_key(self) -> bool:
        """Whole keys are asked for."""
        return isinstance(self.plan.access, GetItem | BatchGetItem)

    def _check_level(self, scope: Scope) -> None:
        """:raises Unsupported: a Query or a Scan in SERIALIZABLE."""
        serializable = scope.buffer is not None and scope.buffer.level == "SERIALIZABLE"
        if serializable and isinstance(self.plan.access, Query | Scan):
            operation, table = type(self.plan.access).__name__, self.plan.table
            raise Unsupported(
                f"In SERIALIZABLE items are read by their whole key only; this statement needs a {operation} on "
                f"{table.name if table else ''!r}, and DynamoDB cannot verify at commit that no other item would be "
                "found. Name the keys, or use REPEATABLE READ.",
                table=table.physical if table else None,
            )

    def _overlay(self, scope: Scope) -> Asking[Overlay]:
        """What the transaction sees in the place of stored items; nothing in AUTOCOMMIT."""
        table, buffer = self.plan.table, scope.buffer
        if table is None or buffer is None or not buffer.touches(table):
            return {}
        names = {column.name for column in self.wide.plan.projection.fields}
        return (yield from overlay(buffer, table, names, anew=scope.anew))

    def _watches(self, scope: Scope) -> bool:
        """What is read must still be so at commit."""
        return scope.buffer is not None and scope.buffer.repeatable and self.by_key

    def _watch_keys(self, values: Bound, scope: Scope) -> None:
        """Have commit check the keys that were asked for, whether an item was found or not."""
        if scope.buffer is None or self.plan.table is None or not self._watches(scope):
            return
        for key in self._keys(values):
            scope.buffer.watch(self.plan.table, key, self._names, anew=scope.anew)

    def _show(self, rows: list[Row], scope: Scope, own: Overlay) -> None:
        """Have commit check what is shown of the items that this transaction updates."""
        table, buffer = self.plan.table, scope.buffer
        if not own or table is None or buffer is None:
            return
        for key in self._keys_of(rows):
            buffer.show(table, key, self._names)

    def _lock(self, rows: list[Row], scope: Scope) -> None:
        """FOR UPDATE: have commit check what was read of these rows."""
        table, buffer = self.plan.table, scope.buffer
        if not self.plan.lock or table is None or buffer is None:
            return
        for key in self._keys_of(rows):
            buffer.lock(table, key, self._names, anew=scope.anew)

    @cached_property
    def _attributes(self) -> list[str]:
        """What is asked for of the items."""
        assert self.plan.table is not None
        return projected(self.plan.projection.fields, self.plan.table)

    @cached_property
    def _item(self) -> Request:
        """A GetItem of a key that is still to be said."""
        assert self.plan.table is not None
        return access.get_item(self.plan.table, {}, self._attributes, consistent=self.plan.consistent)

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.plan.projection.fields]

    def _keys_of(self, rows: list[Row]) -> list[Item]:
        return [key for row in rows if (key := self._key(row)) is not None]

    def _key(self, row: Row) -> Item | None:
        """The key of a row of :attr:`wide`."""
        table, fields = self.plan.table, self.plan.projection.fields
        assert table is not None
        return key_from_values(table, [row[fields.index(table.by_name[name])] for name in table.key_columns])

    def _keys(self, values: Bound) -> list[Item]:
        """The keys that the WHERE names, where it is :attr:`by_key`."""
        table = self.plan.table
        assert table is not None
        match self.plan.access:
            case GetItem(parts, check):
                key = key_given(table, parts, values, check)
                return [] if key is None else [key]
            case BatchGetItem(sources, check):
                return keys_listed(table, sources, values, check)
            case _:
                return []

    @cached_property
    def wide(self) -> Reader:
        """This reader, decoding also what merging own writes needs: the key, the order and all that WHERE reads."""
        table, query = self.plan.table, self.plan.access
        assert table is not None
        ordering = query.index.range if isinstance(query, Query) and query.index is not None else ()
        merging = [table.by_name[name] for name in (*table.key_columns, *ordering)]
        return self.decoding([*merging, *columns_of(self.plan.where)])

    def decoding(self, columns: Iterable[Column]) -> Reader:
        """This reader, decoding also these columns; what it shows stays the same."""
        fields = tuple(dict.fromkeys([*self.plan.projection.fields, *columns]))
        projection = replace(self.plan.projection, fields=fields)
        return Reader(replace(self.plan, projection=projection))

    def streamed(self, values: Bound, scope: Scope, cut: Cut) -> Asking[None]:
        """Rows page by page, until the limit."""
        source, test, sized = self._source(values, scope, {})
        skip, wanted = cut.skip, cut.stop
        while (found := (yield from source.next_page(wanted if sized else None))) is not None:
            rows = found if test is None else [row for row in found if test(row)]
            rows = rows if wanted is None else rows[:wanted]
            yield Rows(self.projected(rows[skip:], values))
            skip = max(0, skip - len(rows))
            if wanted is not None:
                wanted -= len(rows)
                if wanted == 0:
                    return

    def gathered(self, values: Bound, scope: Scope, own: Overlay, cut: Cut) -> Asking[None]:
        """All rows, with own writes in the place of what is stored, sorted and cut."""
        rows = yield from self._merged(values, scope, own, cut.stop)
        for sort in reversed(self._sorting(own)):
            try:
                rows.sort(key=sort_key(sort), reverse=sort.descending)
            except TypeError:
                name = self.plan.projection.fields[sort.field].name
                raise DataError(f"ORDER BY {name!r}: the items hold values of several types there.") from None
        kept = rows[cut.skip : cut.stop]
        self._show(kept, scope, own)
        self._lock(kept, scope)
        self._watch_keys(values, scope)
        yield Rows(self.projected(kept, values))

    def counted(self, values: Bound, scope: Scope, own: Overlay) -> Asking[None]:
        """The number of rows; items are transferred only where they must be checked here."""
        source, test, _ = self._source(values, scope, own, counting=not own)
        if own or test is not None or not isinstance(source, Paged):
            count = len((yield from self._merged(values, scope, own, None)))
            self._watch_keys(values, scope)
        else:
            count = yield from source.count()
        yield Rows([tuple(count for _ in self.plan.projection.outputs)])

    def _merged(self, values: Bound, scope: Scope, own: Overlay, limit: int | None) -> Asking[list[Row]]:
        """The stored rows that this transaction did not write, then those it did."""
        source, test, sized = self._source(values, scope, own)
        enough = limit + len(own) if limit is not None and not self.plan.sort else None
        rows: list[Row] = []
        while (found := (yield from source.next_page(_left(enough, rows) if sized else None))) is not None:
            rows.extend(row for row in found if test is None or test(row))
            if _left(enough, rows) == 0:
                break
        return self._with_own(rows, values, own) if own else rows

    def _with_own(self, rows: list[Row], values: Bound, own: Overlay) -> list[Row]:
        table = self.plan.table
        assert table is not None
        kept = [row for row in rows if (key := self._key(row)) is None or identity(key, table) not in own]
        matches = checker(self.plan.where, self.plan.projection.fields, values)
        images = [self.decoder.row(image) for image in own.values() if image is not None]
        return [*kept, *(row for row in images if matches(row))]

    def _sorting(self, own: Overlay) -> tuple[Sort, ...]:
        """The sorting, where own writes were put among rows that came in the order of a sort key."""
        query = self.plan.access
        if self.plan.sort or not own or not isinstance(query, Query) or self.plan.table is None:
            return self.plan.sort
        fields = self.plan.projection.fields
        ranged = query.index.range if query.index is not None else self.plan.table.key_columns[1:]
        names = [column.name for column in fields]
        return tuple(Sort(names.index(name), not query.forward, query.forward) for name in ranged if name in names)

    def _source(
        self, values: Bound, scope: Scope, own: Overlay, *, counting: bool = False
    ) -> tuple[Source, Test | None, bool]:
        """Where the rows come from, the check they still need, and whether a page may be sized by the LIMIT."""
        plan, table = self.plan, self.plan.table
        assert table is not None
        attributes = self._attributes
        match plan.access:
            case Nothing():
                return Empty(), None, False
            case GetItem() | BatchGetItem():
                keys = [key for key in self._keys(values) if identity(key, table) not in own]
                return self._by_key(table, keys, attributes, scope), self.test(values), False
            case GuardedGet():
                return self._guarded(table, plan.access, attributes, values, scope), None, False
            case Query() | Scan():
                return self.reading(self.pages(values, counting=counting), values, scope)

    def _by_key(self, table: Table, keys: list[Item], attributes: list[str], scope: Scope) -> Source:
        """These items; those that the transaction sees otherwise are not among them."""
        consistent = self.plan.consistent
        if isinstance(self.plan.access, GetItem):
            if not keys:
                return Empty()
            request = Request("GetItem", {**self._item.params, "Key": keys[0]})
            return OneItem(request, self.decoder, self._seen(table, attributes, scope, keys[0]))
        seen = self._seen(table, attributes, scope)
        return Batches(table, keys, attributes, self.decoder, consistent=consistent, seen=seen)

    def pages(self, values: Bound, *, counting: bool = False) -> access.Pages:
        """The requests of a Query or a Scan. Where it is completed from the table they ask for keys alone.

        :param counting: ask for no items, unless they must be checked here.
        """
        plan, table = self.plan, self.plan.table
        assert table is not None
        asked: list[str] | None = None if counting else self._attributes
        if isinstance(plan.access, Query):
            wanted = list(table.key) if plan.access.complete else asked
            pages = access.queries(table, plan, plan.access, wanted, values)
        else:
            pages = access.scan(table, plan, asked, values)
        return self.pages(values) if counting and not pages.exact else pages

    def reading(self, pages: access.Pages, values: Bound, scope: Scope) -> tuple[Resumable, Test | None, bool]:
        """What reads these requests, as :meth:`_source` says."""
        plan, table = self.plan, self.plan.table
        assert table is not None
        budget = Budget(scope.read_budget)
        if isinstance(plan.access, Query) and plan.access.complete:
            # An index lags behind its table, so the items are checked against the whole WHERE.
            test = checker(plan.where, plan.projection.fields, values)
            decoder = RowDecoder(tuple(table.by_name[name] for name in table.key))
            keys = Paged(pages.requests, decoder, budget, scope.page_size)
            seen = self._seen(table, self._attributes, scope)
            return Completed(table, keys, self, seen), test, not pages.filtered
        sized = pages.exact and not pages.filtered
        ahead = plan.limit is None and scope.page is None
        seen = self._seen(table, self._attributes, scope)
        paged = Paged(pages.requests, self.decoder, budget, scope.page_size, ahead=ahead, seen=seen)
        return paged, None if pages.exact else self.test(values), sized

    def _seen(self, table: Table, attributes: list[str], scope: Scope, key: Item | None = None) -> Seen | None:
        """What keeps the answers; of FOR UPDATE they are all needed until the rows are known that are checked."""
        return scope.seen(table, attributes, key, held=self.plan.lock)

    def _guarded(self, table: Table, lookup: GuardedGet, attributes: list[str], values: Bound, scope: Scope) -> Source:
        """The row of unique values, checked against the whole WHERE."""
        guard = guard_given(table, lookup, values)
        if guard is None:
            return Empty()
        matches = checker(self.plan.where, self.plan.projection.fields, values)
        consistent, seen = self.plan.consistent, self._seen(table, attributes, scope)
        return GuardedRow(table, guard, attributes, self.decoder, matches, consistent=consistent, seen=seen)

    def test(self, values: Bound) -> Test | None:
        """The check that rows still need, ``None`` for none."""
        if self.plan.rest == ALWAYS:
            return None
        return checker(self.plan.rest, self.plan.projection.fields, values)

    def projected(self, rows: list[Row], values: Bound) -> list[Row]:
        """Decoded rows as the result shows them."""
        projection = self.plan.projection
        return rows if projection.plain else [project(projection, row, values) for row in rows]


def _left(enough: int | None, rows: list[Row]) -> int | None:
    """How many rows are still wanted, ``None`` for all there are."""
    return None if enough is None else max(0, enough - len(rows))


def project(projection: Projection, row: Row, values: Bound) -> Row:
    """A decoded row as the result shows it."""
    return tuple(
        row[output.position] if isinstance(output, Field) else values(output)  # type: ignore[arg-type]
        for output in projection.outputs
    )
