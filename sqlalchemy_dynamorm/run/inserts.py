"""INSERT: PutItem on condition that the key is free, at once or buffered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import CheckViolation, ConditionFailed, Error, NotNullViolation, ProgrammingError
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import InsertPlan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.buffer import Buffer, duplicate
from sqlalchemy_dynamorm.run.checking import Judge, judges, violations
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters, counter_of
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.early import refuse_taken_keys, refuse_taken_values
from sqlalchemy_dynamorm.run.items import build, kept
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_of
from sqlalchemy_dynamorm.run.origins import Origin
from sqlalchemy_dynamorm.run.put_at_once import Candidate
from sqlalchemy_dynamorm.run.puts import partly_done, put_if_free
from sqlalchemy_dynamorm.run.reads import Scope, project
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Rows
from sqlalchemy_dynamorm.run.showing import showing
from sqlalchemy_dynamorm.run.sourcing import Record, Sourcing
from sqlalchemy_dynamorm.run.upserts import Upserter
from sqlalchemy_dynamorm.run.values import Item, decode, whole_number
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True)
class Inserter:
    """An insert plan with the decoder of its RETURNING."""

    plan: InsertPlan
    decoder: RowDecoder = field(init=False)
    judges: tuple[Judge, ...] = field(init=False)
    upserter: Upserter | None = field(init=False)
    sourcing: Sourcing = field(init=False)

    def __post_init__(self) -> None:
        shown = self.plan.returning.fields if self.plan.returning else ()
        decoder, conflict = RowDecoder(shown), self.plan.conflict
        object.__setattr__(self, "decoder", decoder)
        object.__setattr__(self, "sourcing", Sourcing(self.plan))
        object.__setattr__(self, "judges", judges(self.plan.table, self.plan.checks))
        object.__setattr__(self, "upserter", None if conflict is None else Upserter(self.plan, conflict, decoder))

    def run(
        self, batch: Sequence[Bound], counters: Counters, buffer: Buffer | None, scope: Scope | None = None
    ) -> Execution:
        """Insert the rows of each set of values.

        :param scope: what its SELECT runs in.
        :raises DuplicateKey: a key is taken (in a transaction this is found at commit, unless ``early``).
        """
        return showing(self._run(batch, counters, buffer, scope or Scope(buffer)), self.plan.returning, batch)

    def _run(self, batch: Sequence[Bound], counters: Counters, buffer: Buffer | None, scope: Scope) -> Execution:
        records: list[Record] = []
        of: list[Bound] = []  # the values that each is of
        for values in batch:
            found = yield from self.sourcing.records(values, scope)
            records += found
            of += [values] * len(found)
        own = [self._has_own_key(record) for record in records]
        last = yield from fill_ids(self.plan.table, records, counters)
        if self.upserter is not None:
            count = yield from self.upserter.run(self._candidates(records, own, of), buffer)
            return Outcome(count, last)
        items = self._built(records)
        self._check(items, of)
        self._refuse_twins(items)
        if buffer is None:
            yield from self._put(items, own)
        else:
            yield from self._buffered(items, own, buffer)
        yield from self._show(items, of)
        return Outcome(len(items), last)

    def _has_own_key(self, record: Record) -> bool:
        """Whether the key is made here, so that no other row can have it."""
        table = self.plan.table
        keys = [table.by_name[name] for name in table.key_columns]
        return any(column.hidden or (column in table.counted and record.get(column) is None) for column in keys)

    def _candidates(self, records: list[Record], own: list[bool], of: Sequence[Bound]) -> list[Candidate]:
        """The rows that ON CONFLICT decides about; INSERT OR IGNORE leaves out those with a NULL that may
        not be, and those that a CHECK constraint refuses."""
        conflict, table = self.plan.conflict, self.plan.table
        assert conflict is not None
        found: list[Candidate] = []
        for position, record in enumerate(records):
            values = of[position]
            if conflict.action == "replace":
                _fill_nulls(record, values)
            try:
                item = build(table, record)
            except NotNullViolation:
                if conflict.action != "ignore":
                    raise
                continue
            if conflict.excluded:
                values = values.excluding({each.name: _excluded(each, record, item) for each in conflict.excluded})
            found.append(Candidate(key_of(item, table), item, values, position + 1, own[position]))
        items = [each.item for each in found]
        if conflict.action != "ignore":
            self._check(items, of)
            return found
        left_out = self._violations(items, of)
        return [each for at, each in enumerate(found) if at not in left_out]

    def _built(self, records: list[Record]) -> list[Item]:
        """The rows' items; an error says which row it is about."""
        items: list[Item] = []
        for row, record in enumerate(records, 1):
            try:
                items.append(build(self.plan.table, record))
            except Error as error:
                raise Origin(None, row, len(records)).of(error) from None
        return items

    def _check(self, items: list[Item], of: Sequence[Bound]) -> None:
        """Judge the rows by the CHECK constraints, before anything is written.

        :raises CheckViolation: one is false of a row.
        """
        found = self._violations(items, of)
        if found:
            at = min(found)
            raise Origin(None, at + 1, len(items)).of(found[at], key_of(items[at], self.plan.table))

    def _violations(self, items: list[Item], of: Sequence[Bound]) -> dict[int, CheckViolation]:
        """The rows of which a CHECK constraint is false, by their positions."""
        return violations(self.judges, items, of[0].now) if items else {}

    def _refuse_twins(self, items: list[Item]) -> None:
        """Two rows of one statement with one key: the second would be a duplicate, and nothing is written yet."""
        table = self.plan.table
        seen: set[Identity] = set()
        for row, item in enumerate(items, 1):
            at = identity(item, table)
            if at in seen:
                raise Origin(None, row, len(items)).of(duplicate(table), key_of(item, table))
            seen.add(at)

    def _buffered(self, items: list[Item], own: list[bool], buffer: Buffer) -> Asking[None]:
        table, early = self.plan.table, self.plan.early or buffer.early
        keys = [key_of(item, table) for item in items]
        buffer.at(1, len(items))
        if early:
            yield from refuse_taken_keys(buffer, table, keys)
        for row, (item, its) in enumerate(zip(items, own, strict=True), 1):
            buffer.at(row)
            buffer.insert(table, item, own=its)
        if early:
            yield from refuse_taken_values(buffer, table, keys)

    def _put(self, items: list[Item], own: list[bool]) -> Asking[None]:
        if self.plan.table.several:
            yield from self._put_guarded(items)
            return
        table = self.plan.table
        answers = yield from put_if_free(table, items, own)
        failed = [(item, answer) for item, answer in zip(items, answers, strict=True) if isinstance(answer, Error)]
        if failed:
            first = failed[0][1]
            error = duplicate(table) if isinstance(first, ConditionFailed) else first
            keys = [key_of(item, table) for item, _ in failed]
            raise partly_done(error, keys, len(items) - len(failed), len(items))

    def _put_guarded(self, items: list[Item]) -> Asking[None]:
        """Each row with its guards, in a transaction of its own."""
        for done, item in enumerate(items):
            own = Buffer()
            own.insert(self.plan.table, item)
            try:
                yield from commit(own)
            except Error as error:
                keys = [key_of(each, self.plan.table) for each in items[done:]]
                raise partly_done(error, keys, done, len(items)) from None

    def _show(self, items: list[Item], of: Sequence[Bound]) -> Asking[None]:
        returning = self.plan.returning
        if returning is None:
            return
        yield Rows([project(returning, self.decoder.row(item), its) for item, its in zip(items, of, strict=True)])


def fill_ids(table: Table, records: list[Record], counters: Counters) -> Asking[int | None]:
    """Give numbers to the rows that have none, and tell the counters of those that do; returns the last id.

    :raises ProgrammingError: a value for a column that is GENERATED ALWAYS.
    """
    for column in table.counted:
        missing = [record for record in records if record.get(column) is None]
        given = [number for record in records if isinstance(number := whole_number(record.get(column)), int)]
        if column.always and len(missing) < len(records):
            raise ProgrammingError(f"The column {column.name!r} is GENERATED ALWAYS: leave it out of INSERT.")
        if given:
            yield from counters.seen(counter_of(table, column), given)
        if missing:
            numbers = yield from counters.take(counter_of(table, column), len(missing))
            for record, number in zip(missing, numbers, strict=True):
                record[column] = number
    last = whole_number(records[-1].get(table.autoincrement)) if records and table.autoincrement is not None else None
    return last if isinstance(last, int) else None


def _excluded(column: Column, record: Record, item: Item) -> Any:
    """The value of a column in the row that is left out."""
    if column.generated is not None:
        return decode(item.get(column.name), column)
    return kept(record.get(column), column)


def _fill_nulls(record: Record, values: Bound) -> None:
    """INSERT OR REPLACE gives a column that may not be NULL its default instead."""
    for column, value in record.items():
        default = column.default
        if value is None and not column.nullable and default and not isinstance(default, nodes.NextValue):
            record[column] = values(default)
