"""INSERT: PutItem on condition that the key is free, at once or buffered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, Error, ProgrammingError
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import InsertPlan
from sqlalchemy_dynamorm.run import writing
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer, duplicate
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters, counter_of
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.early import refuse_taken_keys, refuse_taken_values
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.items import build
from sqlalchemy_dynamorm.run.keys import identity, key_of
from sqlalchemy_dynamorm.run.reads import project
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request, Rows
from sqlalchemy_dynamorm.run.values import Item

Record = dict[Column, Any]


@dataclass(frozen=True)
class Inserter:
    """An insert plan with the decoder of its RETURNING."""

    plan: InsertPlan
    decoder: RowDecoder = field(init=False)

    def __post_init__(self) -> None:
        shown = self.plan.returning.fields if self.plan.returning else ()
        object.__setattr__(self, "decoder", RowDecoder(shown))

    def run(self, batch: Sequence[Bound], counters: Counters, buffer: Buffer | None) -> Execution:
        """Insert the rows of each set of values.

        :raises DuplicateKey: a key is taken (in a transaction this is found at commit, unless ``early``).
        """
        records = [self._record(row, values) for values in batch for row in self.plan.rows]
        own = [self._has_own_key(record) for record in records]
        last = yield from fill_ids(self.plan.table, records, counters)
        items = [build(self.plan.table, record) for record in records]
        self._refuse_twins(items)
        if buffer is None:
            yield from self._put(items, own)
        else:
            yield from self._buffered(items, own, buffer)
        yield from self._show(items, batch)
        return Outcome(len(items), last)

    def _record(self, row: tuple[Any, ...], values: Bound) -> Record:
        return {column: values(value) for column, value in zip(self.plan.columns, row, strict=True)}

    def _has_own_key(self, record: Record) -> bool:
        """Whether the key is made here, so that no other row can have it."""
        table = self.plan.table
        keys = [table.by_name[name] for name in table.key_columns]
        return any(column.hidden or (column in table.counted and record.get(column) is None) for column in keys)

    def _refuse_twins(self, items: list[Item]) -> None:
        """Two rows of one statement with one key: the second would be a duplicate, and nothing is written yet."""
        table = self.plan.table
        if len({identity(item, table) for item in items}) < len(items):
            raise duplicate(table)

    def _buffered(self, items: list[Item], own: list[bool], buffer: Buffer) -> Asking[None]:
        table, early = self.plan.table, self.plan.early or buffer.early
        keys = [key_of(item, table) for item in items]
        if early:
            yield from refuse_taken_keys(buffer, table, keys)
        for item, its in zip(items, own, strict=True):
            buffer.insert(table, item, own=its)
        if early:
            yield from refuse_taken_values(buffer, table, keys)

    def _put(self, items: list[Item], own: list[bool]) -> Asking[None]:
        if self.plan.table.uniques:
            yield from self._put_guarded(items)
            return
        requests = [self._request(item, own=its) for item, its in zip(items, own, strict=True)]
        if len(requests) == 1:
            try:
                yield requests[0]
            except ConditionFailed:
                raise duplicate(self.plan.table) from None
            return
        answers: list[bytes | Error] = yield requests
        failed = [answer for answer in answers if isinstance(answer, Error)]
        if failed:
            error = duplicate(self.plan.table) if isinstance(failed[0], ConditionFailed) else failed[0]
            raise _partly_done(error, len(items) - len(failed), len(items))

    def _put_guarded(self, items: list[Item]) -> Asking[None]:
        """Each row with its guards, in a transaction of its own."""
        for done, item in enumerate(items):
            own = Buffer()
            own.insert(self.plan.table, item)
            try:
                yield from commit(own)
            except Error as error:
                if len(items) > 1:
                    raise _partly_done(error, done, len(items)) from None
                raise

    def _request(self, item: Item, *, own: bool) -> Request:
        placeholders = Placeholders()
        condition = writing.absent(self.plan.table, placeholders)
        params = writing.put(self.plan.table, item, condition, placeholders)
        again = {**params, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return Request("PutItem", params, repeatable=False, again=again, own=item if own else None)

    def _show(self, items: list[Item], batch: Sequence[Bound]) -> Asking[None]:
        returning = self.plan.returning
        if returning is None:
            return
        width = len(self.plan.rows)
        rows = [
            project(returning, self.decoder.row(item), batch[position // width]) for position, item in enumerate(items)
        ]
        yield Rows(rows)


def fill_ids(table: Table, records: list[Record], counters: Counters) -> Asking[int | None]:
    """Give numbers to the rows that have none, and tell the counters of those that do; returns the last id.

    :raises ProgrammingError: a value for a column that is GENERATED ALWAYS.
    """
    for column in table.counted:
        missing = [record for record in records if record.get(column) is None]
        given = [record[column] for record in records if isinstance(record.get(column), int)]
        if column.always and len(missing) < len(records):
            raise ProgrammingError(f"The column {column.name!r} is GENERATED ALWAYS: leave it out of INSERT.")
        if given:
            yield from counters.seen(counter_of(table, column), given)
        if missing:
            numbers = yield from counters.take(counter_of(table, column), len(missing))
            for record, number in zip(missing, numbers, strict=True):
                record[column] = number
    last = records[-1].get(table.autoincrement) if records and table.autoincrement is not None else None
    return last if isinstance(last, int) else None


def _partly_done(error: Error, done: int, asked: int) -> Error:
    error.args = (f"{error.args[0]} In AUTOCOMMIT {done} of the {asked} rows were inserted.",)
    return error
