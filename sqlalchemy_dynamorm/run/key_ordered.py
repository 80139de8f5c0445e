"""Rows that nothing orders, in the order of their primary key: SQLite then reads a table as it would its own."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

from sqlalchemy_dynamorm.run.sources import Row

SORTED = 10_000
"""Up to how many rows of a table are held to be sorted; more go on as they come, since memory is not to hold them."""


class KeyOrdered:
    """Sorts what it is given, page by page, and hands it on at the end.

    :param order: where the key's columns stand in a row, see :mod:`~sqlalchemy_dynamorm.plan.key_order`; without any,
        or with more than :data:`SORTED` rows, each page is handed on at once.
    """

    def __init__(self, order: tuple[int, ...], give: Callable[[list[Row]], None]) -> None:
        self._order = order
        self._give = give
        self._held: list[Row] = []

    def take(self, rows: list[Row]) -> None:
        """Take the rows of a page."""
        if not self._order:
            self._give(rows)
            return
        self._held += rows
        if len(self._held) > SORTED:
            self._order = ()
            self._give(self._held)
            self._held = []

    def end(self) -> None:
        """There are no more rows."""
        if self._held:
            self._held.sort(key=itemgetter(*self._order))
            self._give(self._held)
