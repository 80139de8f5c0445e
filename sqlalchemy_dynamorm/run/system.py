"""The system table: one an engine. What its items are is in ``docs/system-table.md``; their ids are made here.

Its partition key is ``id`` (a string).
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.values import Item

KEY = "id"
DEFINITION = "definition"
"""The attribute that holds a table's or a sequence's definition, as text."""

Purpose = Literal["counter", "guard", "table", "sequence", "lock", "copy"]


def item_key(purpose: Purpose, name: str) -> Item:
    """The key of an item: of a table's counter (by its physical name), of its declared columns, of a lock, a guard."""
    return {KEY: {"S": f"{purpose}#{name}"}}


def system_table(name: str) -> Table:
    """The system table of this physical name, as a table to read."""
    return Table(name, name, (Column(KEY, Kind.STRING, nullable=False),), KEY)


def counter_id(name: str) -> str:
    """The id of a counter: that of a table's key has the table's physical name, another ``table#column``."""
    return f"counter#{name}"


def sequence_id(name: str) -> str:
    """The id of a sequence, by its physical name."""
    return f"{SEQUENCES}{name}"


SEQUENCES = "sequence#"
"""What the ids of all sequences begin with."""


LOCKS = "lock#"
"""What the ids of all locks begin with."""


def guard_key(table: str, digest: str) -> Item:
    """The key of a guard of a physical table; ``digest`` stands for a constraint's columns and their values."""
    return item_key("guard", f"{table}#{digest}")


def guards_of(table: str) -> str:
    """What the ids of all guards of a physical table begin with."""
    return f"guard#{table}#"
