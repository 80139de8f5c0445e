"""Rows of an INSERT as items, and items with what an UPDATE does to them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy_dynamorm.errors import DataError, NotNullViolation
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.computing import compute
from sqlalchemy_dynamorm.run.edits import Edits
from sqlalchemy_dynamorm.run.keys import key_from_columns
from sqlalchemy_dynamorm.run.numbers import rounded
from sqlalchemy_dynamorm.run.values import Item, WireValue, check_item, encode, encode_key


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
        item[name] = encode_key(kept(value, column), column, "sort" if position else "partition")
    item.update(key_from_columns(table, item))
    for column, value in values.items():
        if column.name not in item:
            wire = encoded(table, column, value)
            if wire is not None:
                item[column.name] = wire
    for column, _ in table.computed:
        if (wire := generated(table, column, item)) is not None:
            item[column.name] = wire
    _check_required(table, item)
    check_item(item, table.name)
    return item


_NOTHING = Bound({}, "")  # a computed column is of the columns of its row, and of constants


def generated(table: Table, column: Column, image: Item) -> WireValue | None:
    """What a computed column of an item is; ``None`` is no attribute.

    :raises DataError, UnsupportedValue: it cannot be computed, or does not fit the column.
    """
    assert column.generated is not None
    parts = {name: table.by_name[name] for name in column.parts}
    return encoded(table, column, compute(column.generated, column, parts, image, _NOTHING))


def encoded(table: Table, column: Column, value: Any) -> WireValue | None:
    """The wire value of a column that is not a key; ``None`` is no attribute.

    :raises DataError: an empty string or bytes in an index's key, which DynamoDB refuses.
    :raises NotNullViolation: NULL for a column declared NOT NULL.
    """
    wire = encode(kept(value, column), column)
    if wire is None:
        if not column.nullable:
            raise NotNullViolation(
                f"The column {column.name!r} of {table.name!r} is NOT NULL, and was given NULL.", table=table.physical
            )
        return None
    if not any(wire.values()) and ("S" in wire or "B" in wire):
        index = next((index.name for index in table.indexes if column.name in index.key), None)
        if index is not None:
            raise DataError(
                f"The column {column.name!r} is a key of the index {index!r}, and cannot be empty there; "
                "use NULL for no value.",
                table=table.physical,
            )
    return wire


def kept(value: Any, column: Column) -> Any:
    """What is stored of a value, which is not what it is compared with: NUMERIC(10, 2) rounds."""
    return value if column.scale is None else rounded(value, column.scale)


def _check_required(table: Table, item: Item) -> None:
    for column in table.columns:
        if not column.nullable and column.name not in item:
            raise NotNullViolation(
                f"The column {column.name!r} of {table.name!r} is NOT NULL, and was given no value.",
                table=table.physical,
            )


def applied(item: Item, edits: Edits, table: Table) -> Item:
    """The item with what is done to its attributes, a packed key made anew.

    :raises ItemTooLarge: it grows over 400 KB.
    """
    image = {name: wire for name, wire in item.items() if name not in edits}
    for name, edit in edits.items():
        wire = edit.of(item.get(name))
        if wire is not None:
            image[name] = wire
    image.update(key_from_columns(table, image))
    check_item(image, table.name)
    return image
