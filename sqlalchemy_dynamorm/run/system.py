"""The system table: one an engine. What its items are is in ``docs/system-table.md``; their ids are made here.

Its partition key is ``id`` (a string). A counter's item is ``{"id": "counter#<physical table>", "last": <number>}``,
where ``last`` is the highest id given out or seen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy_dynamorm.errors import ConditionFailed, UndefinedTable, Unsupported
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.values import Item

KEY = "id"


Purpose = Literal["counter", "guard", "table", "lock"]


def item_key(purpose: Purpose, name: str) -> Item:
    """The key of an item: of a table's counter (by its physical name), of its declared columns, of a lock, a guard."""
    return {KEY: {"S": f"{purpose}#{name}"}}


def system_table(name: str) -> Table:
    """The system table of this physical name, as a table to read."""
    return Table(name, name, (Column(KEY, Kind.STRING, nullable=False),), KEY)


def counter_key(table: str) -> Item:
    """The key of the counter of a physical table."""
    return item_key("counter", table)


def guard_key(table: str, digest: str) -> Item:
    """The key of a guard of a physical table; ``digest`` stands for a constraint's columns and their values."""
    return item_key("guard", f"{table}#{digest}")


def guards_of(table: str) -> str:
    """What the ids of all guards of a physical table begin with."""
    return f"guard#{table}#"


@dataclass
class Counters:
    """Ids for autoincrement keys, in blocks, one UpdateItem each.

    Ids are unique, not ordered in time across processes, and have gaps. One object serves an engine.

    :ivar table: the system table's physical name, ``None`` where there is none.
    :ivar create: makes the system table where it is missing; only the embedded server has one.
    """

    table: str | None
    create: Callable[[str], Asking[None]] | None = None
    _known: dict[str, int] = field(default_factory=dict)
    _missing: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, table: Table, count: int) -> Asking[range]:
        """``count`` new ids.

        :raises Unsupported: the engine has no system table.
        :raises UndefinedTable: the system table is missing; the message says how to make it.
        """
        with self._lock:
            known = self._known.get(table.physical)
        params: dict[str, Any] = {
            "Key": counter_key(table.physical),
            "UpdateExpression": "ADD #0 :0",
            "ExpressionAttributeNames": {"#0": "last"},
            "ExpressionAttributeValues": {":0": {"N": str(count)}},
            "ReturnValues": "UPDATED_NEW",
        }
        if known is not None:
            # Somebody may have deleted the counter, or set it back: no id that was seen here is given out again.
            params["ConditionExpression"] = "#0 >= :1"
            params["ExpressionAttributeValues"][":1"] = {"N": str(known)}
        # Applied twice, a lost answer costs a gap, and gaps are allowed: safe to repeat.
        try:
            body = yield from self._send(table, params)
        except ConditionFailed:
            self.forget(table.physical)
            yield from self.seen(table, known or 0)
            return (yield from self.take(table, count))
        answer = wire_item(body, "Attributes")
        last = int((answer or {})["last"]["N"])
        self._learn(table.physical, last)
        return range(last - count + 1, last + 1)

    def seen(self, table: Table, highest: int) -> Asking[None]:
        """Raise the counter to an id that was given by hand, where it is not known to be there already."""
        with self._lock:
            known = self._known.get(table.physical)
        if self.table is None or self._missing or (known is not None and highest <= known):
            return
        params: dict[str, Any] = {
            "Key": counter_key(table.physical),
            "UpdateExpression": "SET #0 = :0",
            "ConditionExpression": "attribute_not_exists(#0) OR #0 < :0",
            "ExpressionAttributeNames": {"#0": "last"},
            "ExpressionAttributeValues": {":0": {"N": str(highest)}},
        }
        try:
            yield Request("UpdateItem", {"TableName": self.table, **params})
        except UndefinedTable:
            # A table made elsewhere, whose ids are all given by hand: there is no counter to raise. Should one be made
            # later and run into these ids, that is a DuplicateKey, not a lost row.
            self._missing = True
        except ConditionFailed:
            # The counter is past this id already, which is all that was asked.
            self._learn(table.physical, highest)
        else:
            self._learn(table.physical, highest)

    def _learn(self, table: str, last: int) -> None:
        with self._lock:
            self._missing = False
            self._known[table] = max(last, self._known.get(table, last))

    def forget(self, table: str) -> None:
        """A table was dropped, and its counter with it."""
        with self._lock:
            self._known.pop(table, None)

    def _send(self, table: Table, params: dict[str, Any]) -> Asking[bytes]:
        if self.table is None:
            raise Unsupported(
                f"The key of {table.name!r} comes from a counter in the system table, and this engine has none "
                "(system_table=none). Give the key yourself, or use a UUID."
            )
        request = Request("UpdateItem", {"TableName": self.table, **params})
        try:
            body: bytes = yield request
            return body
        except UndefinedTable:
            if self.create is None:
                raise UndefinedTable(
                    f"The system table {self.table!r} is missing; it holds the counter of {table.name!r}. "
                    "metadata.create_all(engine) makes it, and so does: python -m sqlalchemy_dynamorm init URL",
                    table=self.table,
                ) from None
        yield from self.create(self.table)
        body = yield request
        return body
