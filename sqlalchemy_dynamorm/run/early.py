"""Taken keys and unique values, found at the statement: inside a savepoint, or where ``insert_check`` asks for it.

Get-or-create is written so, and programs that catch ``IntegrityError`` at ``flush()``. It costs the reads of what is
to be taken; that it is still free is checked at commit all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run import access
from sqlalchemy_dynamorm.run.buffer import Buffer, duplicate
from sqlalchemy_dynamorm.run.decode import WholeItems, wire_item
from sqlalchemy_dynamorm.run.expiry import alive
from sqlalchemy_dynamorm.run.keys import identity
from sqlalchemy_dynamorm.run.request import Asking
from sqlalchemy_dynamorm.run.sources import Batches
from sqlalchemy_dynamorm.run.taking import Taking
from sqlalchemy_dynamorm.run.values import Item


def refuse_taken_keys(buffer: Buffer, table: Table, keys: Sequence[Item]) -> Asking[None]:
    """Look whether keys are free; of those that this transaction has written it knows by itself.

    A hidden partition key is random, and not looked for.

    :raises DuplicateKey: one is taken.
    """
    if table.by_name[table.partition].hidden:
        return
    unknown = [key for key in keys if buffer.entry(table, key) is None]
    if unknown and (yield from _some_there(table, unknown)):
        raise duplicate(table)


def _some_there(table: Table, keys: Sequence[Item]) -> Asking[bool]:
    """Whether one of the keys has an item: one key by GetItem, more by BatchGetItem."""
    names = [*table.key, *([] if table.expires is None else [table.expires.name])]
    items: list[Item | None]
    if len(keys) == 1:
        items = [wire_item((yield access.get_item(table, keys[0], names, consistent=True)))]
    else:
        items = [*((yield from Batches(table, keys, names, WholeItems(), consistent=True).next_page(None)) or [])]
    return any(alive(table, item) is not None for item in items)


def refuse_taken_values(buffer: Buffer, table: Table, keys: Sequence[Item]) -> Asking[None]:
    """Look whether the unique values are free that the rows of these keys now have.

    :raises UniqueViolation: another row has them.
    """
    if not table.uniques:
        return
    taking = Taking.of(list(buffer.of(table).values()))
    mine = {identity(key, table) for key in keys}
    taken = [guard for guard in taking.guards if guard.new is not None and identity(guard.new, table) in mine]
    yield from taking.look(taken)
