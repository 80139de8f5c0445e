"""Taken keys and unique values, found at the statement: inside a savepoint, or where ``insert_check`` asks for it.

Get-or-create is written so, and programs that catch ``IntegrityError`` at ``flush()``. It costs the reads of what is
to be taken; that it is still free is checked at commit all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run import access
from sqlalchemy_dynamorm.run.buffer import Buffer, duplicate
from sqlalchemy_dynamorm.run.decode import WholeItems, wire_item
from sqlalchemy_dynamorm.run.expiry import alive
from sqlalchemy_dynamorm.run.keys import Identity, identity, key_of
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
    unknown = {row: key for row, key in enumerate(keys, 1) if buffer.entry(table, key) is None}
    if not unknown:
        return
    taken = yield from _there(table, list(unknown.values()))
    for row, key in unknown.items():
        if identity(key, table) in taken:
            raise replace(buffer.origin, row=row if len(keys) > 1 else buffer.origin.row).of(duplicate(table), key)


def _there(table: Table, keys: Sequence[Item]) -> Asking[set[Identity]]:
    """Those of the keys that have an item: one key is read by GetItem, more by BatchGetItem."""
    names = [*table.key, *([] if table.expires is None else [table.expires.name])]
    items: list[Item | None]
    if len(keys) == 1:
        items = [wire_item((yield access.get_item(table, keys[0], names, consistent=True)))]
    else:
        items = [*((yield from Batches(table, keys, names, WholeItems(), consistent=True).next_page(None)) or [])]
    there = [item for each in items if (item := alive(table, each)) is not None]
    return {identity(key_of(item, table), table) for item in there}


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
