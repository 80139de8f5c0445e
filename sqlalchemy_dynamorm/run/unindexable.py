"""Items that a new index could not have: DynamoDB leaves them out, and then refuses every write of them.

A key of an index must be a string, a number or binary, as the index says, not empty and not too long; an item without
it is simply not in the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Index
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.values import MAX_KEY, Item, WireValue
from sqlalchemy_dynamorm.run.wire import scalar_size


def check_items(physical: str, name: str, index: Index, columns: Sequence[Column]) -> Asking[None]:
    """Read all items of a table, before an index is made, and count those that it could not have.

    :param columns: the key of the index.
    :raises DataError: there are such items.
    """
    for column in columns:
        key_type = str(column.kind.key_type)
        longest = MAX_KEY["partition" if column.name in index.hash else "sort"]
        found = yield from _count(physical, column.name, key_type, longest)
        if found:
            raise DataError(
                f"{found} items of {name!r} have a {column.name!r} that is empty, not of the type {key_type}, or "
                f"longer than {longest} bytes. The index {index.name!r} would leave them out, and DynamoDB would "
                "refuse to write them from then on; so it was not made. Change the items or remove their attribute, "
                "op.backfill for example.",
                table=physical,
            )


def _count(physical: str, attribute: str, key_type: str, longest: int) -> Asking[int]:
    wrong = "NOT attribute_type(#0, :0)"
    values: Item = {":0": {"S": key_type}}
    if key_type != "N":
        # What size() of a text counts is not said; a character has up to four bytes.
        wrong += " OR #0 = :1 OR size(#0) > :2"
        values |= {":1": {key_type: "" if key_type == "S" else b""}, ":2": {"N": str(longest // 4)}}
    params: dict[str, Any] = {
        "TableName": physical,
        "ProjectionExpression": "#0",
        "FilterExpression": f"attribute_exists(#0) AND ({wrong})",
        "ExpressionAttributeNames": {"#0": attribute},
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }
    found = 0
    after: Item | None = {}
    while after is not None:
        body = yield Request("Scan", {**params, **({"ExclusiveStartKey": after} if after else {})})
        found += sum(not _can_be_key(item[attribute], key_type, longest) for item in wire_items(body))
        after = last_key(body)
    return found


def _can_be_key(wire: WireValue, key_type: str, longest: int) -> bool:
    return key_type in wire and 0 < scalar_size(wire) <= longest
