"""The rows of an index that does not hold all that is wanted: its entries name the items, the table has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.keys import key_from_attributes
from sqlalchemy_dynamorm.run.request import Asking
from sqlalchemy_dynamorm.run.sources import Batches, Paged, Row, Seen, projected
from sqlalchemy_dynamorm.run.values import Item

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.run.reads import Reader


class Completed:
    """The items that an index's entries stand for, a page of entries at a time.

    An entry may stand for no row, since an index lags behind its table, but never for two.
    """

    def __init__(self, table: Table, keys: Paged, reader: Reader, seen: Seen | None) -> None:
        self._table = table
        self._keys = keys
        self._reader = reader
        self._seen = seen

    @property
    def following(self) -> Item | None:
        """As the entries' own."""
        return self._keys.following

    def next_page(self, wanted: int | None) -> Asking[list[Row] | None]:
        """The items of the next page of entries, in no order."""
        page = yield from self._keys.next_page(wanted)
        if page is None:
            return None
        keys = [key for row in page if (key := key_from_attributes(self._table, row)) is not None]
        plan = self._reader.plan
        attributes = projected(plan.projection.fields, self._table)
        decoder = self._reader.decoder
        batches = Batches(self._table, keys, attributes, decoder, consistent=plan.consistent, seen=self._seen)
        return (yield from batches.next_page(None)) or []
