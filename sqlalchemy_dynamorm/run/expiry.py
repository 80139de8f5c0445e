"""Items that have expired, of a table that hides them: they are there, and count as absent."""

from __future__ import annotations

import time
from decimal import Decimal

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.values import Item, WireValue


def alive(table: Table, item: Item | None) -> Item | None:
    """The item; ``None`` where it has expired and the table hides such."""
    if item is None or table.expires is None:
        return item
    wire = item.get(table.expires.name, {})
    return None if "N" in wire and Decimal(wire["N"]) <= Decimal(present()["N"]) else item


def present() -> WireValue:
    """The present second, as a TTL attribute stores it."""
    return {"N": str(int(time.time()))}
