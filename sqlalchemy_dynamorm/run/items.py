"""Rows of an INSERT as items, and the SET of an UPDATE as wire values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy_dynamorm.errors import DataError, NotNullViolation
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.run.keys import key_from_columns
from sqlalchemy_dynamorm.run.numbers import rounded
from sqlalchemy_dynamorm.run.values import Item, Role, WireValue, check_item, encode, encode_key


def build(table: Table, values: Mapping[Column, Any]) -> Item:
    """The item of one row; a hidden key is made up.

    :raises DataError: a value that does not fit, an item over 400 KB.
    :raises NotNullViolation: NULL or no value for a key column or another declared NOT NULL.
    """
    item: Item = {}
    for position, name in enumerate(table.key_columns):
        column = table.by_name[name]
        value = str(uuid.uuid4()) if column.hidden else values.get(column)
        if value is None:
            raise NotNullViolation(
                f"An INSERT into {table.name!r} needs a value for its key column {name!r}.", table=table.physical
            )
        item[name] = encode_key(_kept(value, column), column, "sort" if position else "partition")
    item.update(key_from_columns(table, item))
    for column, value in values.items():
        if column.name not in item:
            wire = encoded(table, column, value)
            if wire is not None:
                item[column.name] = wire
    _check_required(table, item)
    check_item(item, table.name)
    return item


def encoded(table: Table, column: Column, value: Any) -> WireValue | None:
    """The wire value of a column that is not a key; ``None`` is no attribute.

    :raises DataError: an empty string or bytes in an index's key, which DynamoDB refuses.
    :raises NotNullViolation: NULL for a column declared NOT NULL.
    """
    wire = encode(_kept(value, column), column)
    if wire is None:
        if not column.nullable:
            raise NotNullViolation(
                f"The column {column.name!r} of {table.name!r} is NOT NULL, and was given NULL.", table=table.physical
            )
        return None
    if wire in ({"S": ""}, {"B": b""}):
        index = next((index.name for index in table.indexes if column.name in index.key), None)
        if index is not None:
            raise DataError(
                f"The column {column.name!r} is a key of the index {index!r}, and cannot be empty there; "
                "use NULL for no value.",
                table=table.physical,
            )
    return wire


def _kept(value: Any, column: Column) -> Any:
    """What is stored of a value, which is not what it is compared with: NUMERIC(10, 2) rounds."""
    return value if column.scale is None else rounded(value, column.scale)


def _check_required(table: Table, item: Item) -> None:
    for column in table.columns:
        if not column.nullable and column.name not in item:
            raise NotNullViolation(
                f"The column {column.name!r} of {table.name!r} is NOT NULL, and was given no value.",
                table=table.physical,
            )


def assigned(table: Table, assignments: Sequence[tuple[Column, Any]]) -> dict[str, WireValue | None]:
    """What an UPDATE sets, by attribute; ``None`` removes it. Key columns are checked as keys."""
    changed: dict[str, WireValue | None] = {}
    for column, value in assignments:
        if column.name in table.key_columns:
            role: Role = "partition" if column.name == table.partition else "sort"
            changed[column.name] = encode_key(_kept(value, column), column, role)
        else:
            changed[column.name] = encoded(table, column, value)
    return changed


def applied(item: Item, changed: Mapping[str, WireValue | None], table: Table) -> Item:
    """The item with these attributes set and removed, a packed key made anew.

    :raises ItemTooLarge: it grows over 400 KB.
    """
    image = {name: wire for name, wire in item.items() if name not in changed}
    image.update({name: wire for name, wire in changed.items() if wire is not None})
    image.update(key_from_columns(table, image))
    check_item(image, table.name)
    return image
