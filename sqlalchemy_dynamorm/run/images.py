"""What a transaction has read of each item, for the statements that change it and for the checks at commit.

A read hands over its answers as they came, in bytes, which costs it nothing; they are decoded when a change or a check
first asks for an item of that table. An image may hold only the attributes that the read asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.decode import stored_items
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_from_columns
from sqlalchemy_dynamorm.run.values import Item

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of answers that are kept. A transaction changes 100 items; more is worth a read of what is changed."""


@dataclass(frozen=True, slots=True)
class Image:
    """An item as it was read.

    :ivar item: the attributes it had; ``None`` where there was no item.
    :ivar known: the attributes that were asked for; ``None`` for all.
    """

    item: Item | None
    known: frozenset[str] | None = None

    def holds(self, names: Iterable[str] | None) -> bool:
        """Whether it says what each of these attributes was; ``None``: all there were."""
        return self.known is None or (names is not None and self.known.issuperset(names))

    def completed(self, other: Image) -> Image:
        """This image, and of the other one the attributes that this one does not know."""
        if self.known is None or self.item is None or other.item is None:
            return self
        more = {name: wire for name, wire in other.item.items() if name not in self.known}
        known = None if other.known is None else self.known | other.known
        return Image({**more, **self.item}, known)


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of a read.

    :ivar known: the attributes that were asked for; ``None`` for all.
    :ivar key: the key that was asked for, of a GetItem.
    :ivar anew: it takes the place of what was read before, also where the first image is kept.
    :ivar held: it is not forgotten, however much there is.
    """

    body: bytes
    known: frozenset[str] | None
    key: Item | None = None
    anew: bool = False
    held: bool = False


@dataclass
class Images:
    """The images of one transaction.

    :ivar first: the first image of an item is kept and none is dropped, as REPEATABLE READ needs it; else the last one,
        and what is more than :data:`MAX_BYTES` is forgotten.
    """

    first: bool = False
    _readings: dict[str, list[Reading]] = field(default_factory=dict)
    _images: dict[str, dict[Identity, Image]] = field(default_factory=dict)
    _bytes: int = 0

    def record(self, table: Table, reading: Reading) -> None:
        """Keep an answer; one that does not hold whole keys cannot be told apart, and is not kept."""
        alone = reading.key is not None and not table.packed
        if not alone and reading.known is not None and not reading.known.issuperset(table.key_columns):
            return
        self._bytes += len(reading.body)
        if self._bytes > MAX_BYTES and not (self.first or reading.held):
            self._readings.clear()
            self._images.clear()
            self._bytes = len(reading.body)
        self._readings.setdefault(table.physical, []).append(reading)

    def put(self, table: Table, key: Item, image: Image) -> None:
        """Keep an image in the place of whatever was read of the item before."""
        self._of(table)[identity(key, table)] = image

    def find(self, table: Table, key: Item) -> Image | None:
        """What was read of an item; ``None`` where nothing was."""
        return self._of(table).get(identity(key, table))

    def of(self, table: Table) -> Mapping[Identity, Image]:
        """What was read of a table's items."""
        return self._of(table)

    def _of(self, table: Table) -> dict[Identity, Image]:
        images = self._images.setdefault(table.physical, {})
        for reading in self._readings.pop(table.physical, ()):
            for found, image in _images(table, reading):
                old = None if reading.anew else images.get(found)
                images[found] = image if old is None else self._merged(old, image)
        return images

    def _merged(self, old: Image, new: Image) -> Image:
        return old.completed(new) if self.first else new.completed(old)


def _images(table: Table, reading: Reading) -> Iterable[tuple[Identity, Image]]:
    """The images of an answer; of a key that was asked for and not found, that there was none."""
    known = None if reading.known is None else reading.known.union(table.key)
    items = stored_items(reading.body)
    for item in items:
        whole = {**(reading.key or {}), **item}
        whole.update(key_from_columns(table, whole))
        yield identity(whole, table), Image(whole, known)
    if reading.key is not None and not items:
        yield identity(reading.key, table), Image(None)
