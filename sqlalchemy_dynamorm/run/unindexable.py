"""Items that a new index could not have: DynamoDB leaves them out, and then refuses every write of them.

A key of an index must be a string, a number or binary, as the index says, and not empty; an item without it is simply
not in the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.values import Item


def check_items(physical: str, name: str, index: str, columns: Sequence[Column]) -> Asking[None]:
    """Read all items of a table, before an index is made, and count those that it could not have.

    :param columns: the key of the index.
    :raises DataError: there are such items.
    """
    for column in columns:
        key_type = column.kind.key_type
        found = yield from _count(physical, column.name, str(key_type))
        if found:
            raise DataError(
                f"{found} items of {name!r} have a {column.name!r} that is empty or not of the type {key_type}. The "
                f"index {index!r} would leave them out, and DynamoDB would refuse to write them from then on; so it "
                "was not made. Change the items or remove their attribute, op.backfill for example.",
                table=physical,
            )


def _count(physical: str, attribute: str, key_type: str) -> Asking[int]:
    empty: dict[str, Item] = {"S": {":1": {"S": ""}}, "B": {":1": {"B": b""}}}
    values: Item = {":0": {"S": key_type}, **empty.get(key_type, {})}
    wrong = "NOT attribute_type(#0, :0)" + (" OR #0 = :1" if ":1" in values else "")
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
        found += len(wire_items(body))
        after = last_key(body)
    return found
