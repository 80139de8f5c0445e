"""Counters: the numbers of autoincrement keys, of Identity columns and of sequences, from the system table.

A counter's item has ``last``, the number that was given out last. One UpdateItem takes any number of them, outside of
any transaction, so no number is given twice, and there are gaps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DataError,
    SerializationError,
    UndefinedSequence,
    UndefinedTable,
    Unsupported,
)
from sqlalchemy_dynamorm.plan.numbering import Series
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.system import DEFINITION, KEY, counter_id
from sqlalchemy_dynamorm.run.values import Item

LAST = "last"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter.

    :ivar of: whose numbers they are, for messages.
    :ivar definition: the text that a sequence's item must still hold; ``None`` for a column's.
    """

    id: str
    of: str
    series: Series
    definition: str | None = None

    @property
    def key(self) -> Item:
        """Its item's."""
        return {KEY: {"S": self.id}}


def counter_of(table: Table, column: Column) -> Counter:
    """The counter of a column; the key's is the table's own."""
    name = table.physical if column == table.autoincrement else f"{table.physical}#{column.name}"
    return Counter(counter_id(name), f"the column {column.name!r} of {table.name!r}", column.series)


class SequenceChanged(Exception):
    """A sequence was dropped, or made anew with another definition, since that was read."""


@dataclass
class Counters:
    """All counters of an engine; one object serves its threads.

    :ivar table: the system table's physical name, ``None`` where there is none.
    :ivar create: makes the system table where it is missing; only the embedded server has one.
    """

    table: str | None
    create: Callable[[str], Asking[None]] | None = None
    _known: dict[str, int] = field(default_factory=dict)
    _kept: dict[Counter, list[int]] = field(default_factory=dict)
    _missing: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, counter: Counter, count: int) -> Asking[list[int]]:
        """``count`` new numbers.

        :raises Unsupported: the engine has no system table.
        :raises UndefinedTable: the system table is missing; the message says how to make it.
        :raises DataError: the series has ended.
        :raises SequenceChanged: see there.
        """
        numbers = self._from_kept(counter, count)
        while len(numbers) < count:
            more = yield from self._block(counter, count - len(numbers))
            missing = count - len(numbers)
            numbers += more[:missing]
            if more[missing:]:
                self._keep(counter, more[missing:])
        return numbers

    def _from_kept(self, counter: Counter, count: int) -> list[int]:
        with self._lock:
            kept = self._kept.pop(counter, [])
            if kept[count:]:
                self._kept[counter] = kept[count:]
            return kept[:count]

    def _keep(self, counter: Counter, numbers: list[int]) -> None:
        with self._lock:
            self._kept[counter] = self._kept.get(counter, []) + numbers

    def _block(self, counter: Counter, needed: int) -> Asking[list[int]]:
        """Numbers by one UpdateItem: the series' cache of them, what is needed, or as many as there are left."""
        count = max(needed, counter.series.cache)
        for _ in range(_TRIES):
            try:
                body = yield from self._send(counter, self._taking(counter, count))
            except ConditionFailed:
                count = min(count, (yield from self._again(counter, needed)))
                continue
            last = int((wire_item(body, "Attributes") or {})[LAST]["N"])
            self._learn(counter, last)
            return counter.series.up_to(last, count)
        raise SerializationError(f"Others kept changing the counter of {counter.of}; run the statement again.")

    def _taking(self, counter: Counter, count: int) -> dict[str, Any]:
        """The update; applied twice, after a lost answer, it costs a gap, and gaps are allowed: safe to repeat."""
        series, placeholders = counter.series, Placeholders()
        name, step = placeholders.name(LAST), placeholders.value(_number(count * series.increment))
        update = f"ADD {name} {step}"
        if series.base:
            update = f"SET {name} = if_not_exists({name}, {placeholders.value(_number(series.base))}) + {step}"
        params = {"Key": counter.key, "UpdateExpression": update, "ReturnValues": "UPDATED_NEW"}
        if conditions := self._conditions(counter, count, placeholders):
            params["ConditionExpression"] = " AND ".join(conditions)
        return placeholders.into(params)

    def _conditions(self, counter: Counter, count: int, placeholders: Placeholders) -> list[str]:
        series, found, name = counter.series, [], placeholders.name(LAST)
        behind, before = (">=", "<=") if series.increment > 0 else ("<=", ">=")
        known = self._known_of(counter)
        if known is not None:
            # Somebody may have deleted the counter, or set it back: no number that was seen here is given out again.
            found.append(f"{name} {behind} {placeholders.value(_number(known))}")
        if series.end is not None:
            beyond = f"{name} {before} {placeholders.value(_number(series.end - count * series.increment))}"
            found.append(beyond if known is not None else f"(attribute_not_exists({name}) OR {beyond})")
        if counter.definition is not None:
            found.append(f"{placeholders.name(DEFINITION)} = {placeholders.value({'S': counter.definition})}")
        return found

    def _known_of(self, counter: Counter) -> int | None:
        """The last number that was seen here; of a cycle none, since it goes back."""
        with self._lock:
            return None if counter.series.cycle else self._known.get(counter.id)

    def _again(self, counter: Counter, needed: int) -> Asking[int]:
        """Look why nothing could be taken, and mend it; returns how many numbers may be asked for at once."""
        series = counter.series
        body = yield Request("GetItem", {"TableName": self.table, "Key": counter.key, "ConsistentRead": True})
        found = wire_item(body)
        if counter.definition is not None and (found or {}).get(DEFINITION) != {"S": counter.definition}:
            self.forget(counter.id)
            raise SequenceChanged
        known = self._known_of(counter)
        last = series.base if found is None or LAST not in found else int(found[LAST]["N"])
        if known is not None and series.is_behind(known, last):
            self.forget(counter.id)
            yield from self._raise(counter, known)
            last = known
        left = series.left(last)
        if left is None or left >= needed or (left and series.cycle):
            return needed if left is None else left
        if not series.cycle:
            raise DataError(f"The numbers of {counter.of} are used up: they end at {series.end}. Give it more room.")
        yield from self._begin_again(counter, last)
        return max(needed, series.cache)

    def _begin_again(self, counter: Counter, last: int) -> Asking[None]:
        placeholders = Placeholders()
        name, first = placeholders.name(LAST), placeholders.value(_number(counter.series.before_again))
        condition = f"{name} = {placeholders.value(_number(last))}"
        params = {"Key": counter.key, "UpdateExpression": f"SET {name} = {first}", "ConditionExpression": condition}
        try:
            yield Request("UpdateItem", {"TableName": self.table, **placeholders.into(params)})
        except ConditionFailed:
            return  # somebody else has begun it again

    def seen(self, counter: Counter, given: Iterable[int]) -> Asking[None]:
        """Bring the counter past numbers that were given by hand, where it is not known to be there already."""
        number = counter.series.reached(given)
        if number is None or self.table is None or self._missing:
            return
        known = self._known_of(counter)
        if known is None or counter.series.is_behind(number, known):
            yield from self._raise(counter, number)

    def _raise(self, counter: Counter, number: int) -> Asking[None]:
        behind = "<" if counter.series.increment > 0 else ">"
        params = {
            "TableName": self.table,
            "Key": counter.key,
            "UpdateExpression": "SET #0 = :0",
            "ConditionExpression": f"attribute_not_exists(#0) OR #0 {behind} :0",
            "ExpressionAttributeNames": {"#0": LAST},
            "ExpressionAttributeValues": {":0": {"N": str(number)}},
        }
        try:
            yield Request("UpdateItem", params)
        except UndefinedTable:
            # A table made elsewhere, whose ids are all given by hand: there is no counter to raise. Should one be made
            # later and run into these ids, that is a DuplicateKey, not a lost row.
            self._missing = True
        except ConditionFailed:
            self._learn(counter, number)  # the counter is past it already, which is all that was asked
        else:
            self._learn(counter, number)

    def _learn(self, counter: Counter, last: int) -> None:
        with self._lock:
            self._missing = False
            known = self._known.get(counter.id)
            if known is None or counter.series.is_behind(last, known):
                self._known[counter.id] = last

    def forget(self, id_: str) -> None:
        """A counter was dropped."""
        with self._lock:
            self._known.pop(id_, None)
            for kept in [kept for kept in self._kept if kept.id == id_]:
                del self._kept[kept]

    def _send(self, counter: Counter, params: dict[str, Any]) -> Asking[bytes]:
        if self.table is None:
            raise Unsupported(
                f"The values of {counter.of} come from a counter in the system table, and this engine has none "
                "(system_table=none). Give the values yourself, or use a UUID."
            )
        request = Request("UpdateItem", {"TableName": self.table, **params})
        try:
            body: bytes = yield request
            return body
        except UndefinedTable:
            if counter.definition is not None:
                raise UndefinedSequence(f"There is no {counter.of}.") from None
            if self.create is None:
                raise UndefinedTable(
                    f"The system table {self.table!r} is missing; it holds the counter of {counter.of}. "
                    "metadata.create_all(engine) makes it, and so does: python -m sqlalchemy_dynamorm init URL",
                    table=self.table,
                ) from None
        yield from self.create(self.table)
        body = yield request
        return body


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
