"""What attributes the items of a table have, by a sample: DynamoDB knows those of the keys alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy_dynamorm.run.decode import wire_items
from sqlalchemy_dynamorm.run.request import Asking, Request


@dataclass(frozen=True, slots=True)
class Sample:
    """The items that were read.

    :ivar items: how many.
    :ivar types: the wire types of each attribute (``S``, ``NULL``, …), by its name.
    """

    items: int
    types: Mapping[str, frozenset[str]]


def sampled(physical: str, limit: int) -> Asking[Sample]:
    """The attributes of the first items of a table: one Scan, of one page (1 MB) and at most ``limit`` items.

    :raises UndefinedTable: there is no such table.
    """
    items = wire_items((yield Request("Scan", {"TableName": physical, "Limit": limit})))
    types: defaultdict[str, set[str]] = defaultdict(set)
    for item in items:
        for name, value in item.items():
            types[name].add(next(iter(value)))
    return Sample(len(items), {name: frozenset(found) for name, found in types.items()})
