"""Keys in wire form: of an item, of a plan's conditions, and as something to compare and hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Comparison, Membership, Predicate, columns_of
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import KeyProduct, KeyRows
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.operands import compared
from sqlalchemy_dynamorm.run.packing import pack
from sqlalchemy_dynamorm.run.values import Item, WireValue, decode, encode_key

Identity = tuple[tuple[str, Any], ...]
"""A key that can be hashed: the wire type and value of each key attribute, in the order of the table's key."""


def key_of(item: Item, table: Table) -> Item:
    """The key attributes of an item."""
    return {name: item[name] for name in table.key}


def identity(key: Item, table: Table) -> Identity:
    """A key as something to compare and hash."""
    (partition,) = key[table.partition].items()
    if table.sort is None:
        return (partition,)
    (sort,) = key[table.sort].items()
    return partition, sort


def key_from_values(table: Table, values: Sequence[Any]) -> Item | None:
    """The key of these values, in the order of the table's key columns; ``None`` where no item can have it.

    NULL and empty values are no keys, so a condition on them finds nothing.

    :raises DataError: a value of a type the key column does not have, or one that is too long.
    """
    columns = _wires(table, table.key_columns, values)
    return None if columns is None else key_from_columns(table, columns)


def _wires(table: Table, names: Sequence[str], values: Sequence[Any]) -> Item | None:
    """The wire values of key columns or attributes, the partition key first."""
    if any(_no_key(value) for value in values):
        return None
    found: Item = {}
    for position, (name, value) in enumerate(zip(names, values, strict=True)):
        found[name] = encode_key(value, compared(table.by_name[name], value), "sort" if position else "partition")
    return found


def key_from_columns(table: Table, item: Item) -> Item:
    """The key that an item's columns make, which are its key attributes or are packed in one.

    :raises DataError: what is packed has over 1024 bytes.
    """
    if not table.packed or table.sort is None:
        return key_of(item, table)
    return {table.partition: item[table.partition], table.sort: pack([(name, item[name]) for name in table.packed])}


def key_from_attributes(table: Table, values: Sequence[Any]) -> Item | None:
    """The key of these values of the key attributes themselves, as an index's entry holds them."""
    return _wires(table, table.key, values)


def _no_key(value: Any) -> bool:
    return value is None or (isinstance(value, str | bytes) and not value)


def key_value(value: Any, column: Column, role: str) -> WireValue | None:
    """One key attribute's value in a condition; ``None`` where no item can have it."""
    if _no_key(value):
        return None
    return encode_key(value, compared(column, value), "sort" if role == "sort" else "partition")


def admission(table: Table, names: Sequence[str], check: Predicate, values: Bound) -> Callable[[Item], bool]:
    """A function that says whether these attributes' values satisfy a predicate about them alone."""
    if check == ALWAYS:
        return lambda key: True
    columns = [*dict.fromkeys([*(table.by_name[name] for name in names), *columns_of(check)])]
    test = checker(check, columns, values)
    return lambda key: test(tuple(decode(key[column.name], column) for column in columns))


def key_given(table: Table, key: Sequence[Comparison], values: Bound, check: Predicate = ALWAYS) -> Item | None:
    """The key that a WHERE gives whole; see :func:`key_from_values`. ``None`` also where ``check`` says no."""
    by_name = {part.column.name: part for part in key}
    found = _wires(table, table.key_columns, [values(by_name[name].operand) for name in table.key_columns])
    if found is None or not admission(table, table.key_columns, check, values)(found):
        return None
    return key_from_columns(table, found)


def keys_listed(
    table: Table, sources: Iterable[KeyProduct | KeyRows], values: Bound, check: Predicate = ALWAYS
) -> list[Item]:
    """The keys that a WHERE lists and ``check`` admits, each once, in the order they are first named."""
    found: dict[Identity, Item] = {}
    admits = admission(table, table.key_columns, check, values)
    for source in sources:
        for row in _rows(source, values):
            columns = _wires(table, table.key_columns, row)
            if columns is not None and admits(columns):
                key = key_from_columns(table, columns)
                found.setdefault(identity(key, table), key)
    return list(found.values())


def _rows(source: KeyProduct | KeyRows, values: Bound) -> Iterator[tuple[Any, ...]]:
    if isinstance(source, KeyRows):
        for row in values.rows(source.rows):
            yield tuple(row[position] for position in source.positions)
    else:
        yield from product(*(values_of(part, values) for part in source.parts))


def values_of(part: Comparison | Membership, values: Bound) -> list[Any]:
    """The values a column may have by an equality or an IN."""
    if isinstance(part, Comparison):
        return [values(part.operand)]
    return [row[0] for row in values.rows(part)]
