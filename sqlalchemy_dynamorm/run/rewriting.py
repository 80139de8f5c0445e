"""What ALTER TABLE does to the items that are there: an attribute gets another name.

It can be run again after it was killed: what is so already is left as it is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, Error
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.keys import key_of
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import AT_ONCE


def rename_attribute(table: Table, old: str, new: str) -> Asking[int]:
    """Give the values of an attribute to another one, in every item that has it; returns how many there were.

    An item that has both, since a program writes the new name already, keeps the newer one and loses the old.
    """
    params = _having(table, old)
    renamed = 0
    while True:
        body = yield Request("Scan", params)
        items = wire_items(body)
        moves = [_move(table, item, old, new) for item in items]
        for at in range(0, len(moves), AT_ONCE):
            for answer in (yield moves[at : at + AT_ONCE]):
                if isinstance(answer, Error) and not isinstance(answer, ConditionFailed):
                    raise answer
        renamed += len(items)
        after = last_key(body)
        if after is None:
            return renamed
        params["ExclusiveStartKey"] = after


def _having(table: Table, name: str) -> dict[str, Any]:
    """A Scan of the items that have an attribute."""
    return {
        "TableName": table.physical,
        "ConsistentRead": True,
        "FilterExpression": "attribute_exists(#0)",
        "ExpressionAttributeNames": {"#0": name},
    }


def _move(table: Table, item: dict[str, Any], old: str, new: str) -> Request:
    update = "REMOVE #0" if new in item else "SET #1 = #0 REMOVE #0"
    return _update(table, item, update, {"#0": old, **({} if new in item else {"#1": new})})


def _update(table: Table, item: dict[str, Any], update: str, names: dict[str, str]) -> Request:
    """An update of an item that still has the attribute ``#0``: sent twice, the second does nothing."""
    params = {
        "TableName": table.physical,
        "Key": key_of(item, table),
        "UpdateExpression": update,
        "ConditionExpression": "attribute_exists(#0)",
        "ExpressionAttributeNames": names,
    }
    return Request("UpdateItem", params)
