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
from sqlalchemy_dynamorm.run.values import Item, WireValue, decode, encode_key

Identity = tuple[tuple[str, Any], ...]
"""A key that can be hashed: the wire type and value of each key attribute, in the order of the table's key."""


def key_of(item: Item, table: Table) -> Item:
    """The key attributes of an item."""
    return {name: item[name] for name in table.key}


def identity(key: Item, table: Table) -> Identity:
    """A key as something to compare and hash."""
    return tuple(next(iter(key[name].items())) for name in table.key)


def key_from_values(table: Table, values: Sequence[Any]) -> Item | None:
    """The key of these values, in the order of the table's key; ``None`` where no item can have it.

    NULL and empty values are no keys, so a condition on them finds nothing.

    :raises DataError: a value of a type the key attribute does not have, or one that is too long.
    """
    if any(_no_key(value) for value in values):
        return None
    key: Item = {}
    for position, (name, value) in enumerate(zip(table.key, values, strict=True)):
        key[name] = encode_key(value, table.by_name[name], "sort" if position else "partition")
    return key


def _no_key(value: Any) -> bool:
    return value is None or (isinstance(value, str | bytes) and not value)


def key_value(value: Any, column: Column, role: str) -> WireValue | None:
    """One key attribute's value in a condition; ``None`` where no item can have it."""
    if _no_key(value):
        return None
    return encode_key(value, column, "sort" if role == "sort" else "partition")


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
    found = key_from_values(table, [values(by_name[name].operand) for name in table.key])
    return found if found is None or admission(table, table.key, check, values)(found) else None


def keys_listed(
    table: Table, sources: Iterable[KeyProduct | KeyRows], values: Bound, check: Predicate = ALWAYS
) -> list[Item]:
    """The keys that a WHERE lists and ``check`` admits, each once, in the order they are first named."""
    found: dict[Identity, Item] = {}
    admits = admission(table, table.key, check, values)
    for source in sources:
        for row in _rows(source, values):
            key = key_from_values(table, row)
            if key is not None and admits(key):
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
