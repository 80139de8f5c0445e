"""What a transaction's reads see in the place of what is stored: its own writes, and what it must see again.

In READ COMMITTED these are the items it wrote. From REPEATABLE READ on they are also the items it has read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.keys import Identity, key_of
from sqlalchemy_dynamorm.run.request import Asking
from sqlalchemy_dynamorm.run.sources import whole_items
from sqlalchemy_dynamorm.run.values import Item

Overlay = Mapping[Identity, "Item | None"]
"""An item's place to what is seen there; ``None`` is no item."""


def overlay(buffer: Buffer, table: Table, names: Collection[str], *, anew: bool) -> Asking[Overlay]:
    """What stands in the place of stored items of a table, with at least these attributes.

    :param anew: only own writes: what was read before is read again.
    """
    yield from complete(buffer, table, names)
    own: dict[Identity, Item | None] = {}
    if buffer.repeatable and not anew:
        own.update({found: image.item for found, image in buffer.images.of(table).items()})
    own.update({found: entry.after for found, entry in buffer.of(table).items()})
    return own


def complete(
    buffer: Buffer, table: Table, names: Collection[str] | None, only: Collection[Identity] | None = None
) -> Asking[None]:
    """Read whole the items of which this transaction does not know these attributes, and has to say them.

    :param names: ``None`` for all attributes.
    :param only: the items that matter; ``None`` for all of the table.
    """
    keys = {
        found: entry.key
        for found, entry in buffer.of(table).items()
        if (only is None or found in only) and not entry.image.holds(names)
    }
    if buffer.repeatable:
        for found, image in buffer.images.of(table).items():
            if (only is None or found in only) and image.item is not None and not image.holds(names):
                keys[found] = key_of(image.item, table)
    if not keys:
        return
    items = yield from whole_items(table, list(keys.values()))
    for found, key in keys.items():
        stored = items.get(found)
        entry, seen = buffer.entry(table, key), buffer.images.find(table, key)
        if entry is not None:
            buffer.put(entry.completed(stored))
        if seen is not None:
            # An item that is gone by now had no more than is known, for all that can be said; commit finds out.
            buffer.images.put(table, key, seen.completed(Image(stored or {})))
