"""The row that has unique values: its guard is read, then the row that the guard names, by key."""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import UndefinedTable
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import GuardedGet
from sqlalchemy_dynamorm.run import access
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.decode import RowDecoder, wire_item
from sqlalchemy_dynamorm.run.evaluate import Test
from sqlalchemy_dynamorm.run.guards import guard_of, owner_of
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import Row, Seen
from sqlalchemy_dynamorm.run.values import Item, encode

ROUNDS = 4
"""How often a guard is followed that leads to a row without the values, while its owner changes."""


def guard_given(table: Table, lookup: GuardedGet, values: Bound) -> Item | None:
    """The key of the guard of the values that a WHERE gives; ``None`` where one is NULL, which no row equals."""
    image = {part.column.name: encode(values(part.operand), part.column) for part in lookup.values}
    return guard_of(table, lookup.unique, {name: wire for name, wire in image.items() if wire is not None})


class GuardedRow:
    """At most one row.

    :param matches: the check against the whole WHERE. A guard that leads to a row which does not satisfy it may have
        been passed on meanwhile: it is followed again as long as its owner changes.
    """

    def __init__(
        self,
        table: Table,
        guard: Item,
        attributes: list[str],
        decoder: RowDecoder,
        matches: Test,
        *,
        consistent: bool,
        seen: Seen | None = None,
    ) -> None:
        self._table = table
        self._guard: Item | None = guard
        self._attributes = attributes
        self._decoder = decoder
        self._matches = matches
        self._consistent = consistent
        self._seen = seen

    def next_page(self, wanted: int | None) -> Asking[list[Row] | None]:
        """The row, if it is there."""
        guard, self._guard = self._guard, None
        if guard is None:
            return None
        followed: Item | None = None
        for _ in range(ROUNDS):
            row_key = yield from owner(self._table, guard, consistent=self._consistent)
            if row_key is None or row_key == followed:
                break
            followed = row_key
            request = access.get_item(self._table, row_key, self._attributes, consistent=self._consistent)
            body: bytes = yield request
            row = self._decoder.item(body)
            if row is not None and self._matches(row):
                if self._seen is not None:
                    self._seen(body)
                return [row]
        return []


def owner(table: Table, guard: Item, *, consistent: bool) -> Asking[Item | None]:
    """The key of the row that a guard names; ``None`` where there is no such guard.

    :raises UndefinedTable: the system table is missing.
    """
    try:
        body = yield Request("GetItem", {"TableName": table.system, "Key": guard, "ConsistentRead": consistent})
    except UndefinedTable:
        raise UndefinedTable(
            f"The system table {table.system!r} is missing; it holds the guards of the unique constraints of "
            f"{table.name!r}. metadata.create_all(engine) makes it, and so does: "
            "python -m sqlalchemy_dynamorm init URL",
            table=table.system,
        ) from None
    found = wire_item(body)
    return None if found is None else owner_of(found, table)
