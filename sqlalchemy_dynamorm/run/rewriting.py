"""What ALTER TABLE does to the items that are there: an attribute gets another name, or a constraint its guards.

Each can be run again after it was killed: what is so already is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, Error, UniqueViolation
from sqlalchemy_dynamorm.plan.schema import Table, Unique
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.keys import key_of
from sqlalchemy_dynamorm.run.reconcile import Report, reconcile
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


def remove_attribute(table: Table, name: str) -> Asking[int]:
    """Remove an attribute from every item that has it; returns how many there were."""
    params = _having(table, name)
    removed = 0
    while True:
        body = yield Request("Scan", params)
        items = wire_items(body)
        requests = [_update(table, item, "REMOVE #0", {"#0": name}) for item in items]
        for at in range(0, len(requests), AT_ONCE):
            for answer in (yield requests[at : at + AT_ONCE]):
                if isinstance(answer, Error) and not isinstance(answer, ConditionFailed):
                    raise answer
        removed += len(items)
        after = last_key(body)
        if after is None:
            return removed
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


def enforce(table: Table, system: str, uniques: tuple[Unique, ...]) -> Asking[None]:
    """Make the guards of new unique constraints.

    :raises UniqueViolation: rows have the same values; nothing was written.
    """
    wanted = replace(table, uniques=uniques)
    for apply in (False, True):
        report = yield from reconcile(wanted, system, apply=apply, progress=_quietly)
        if report.duplicates:
            columns = ", ".join(report.duplicates[0][0])
            raise UniqueViolation(
                f"{table.name!r} has {len(report.duplicates)} rows whose ({columns}) another row has too, so it cannot "
                "be made unique. Nothing was changed. Their keys: declare the constraint in the model and run "
                "python -m sqlalchemy_dynamorm reconcile URL module:metadata.",
                table=table.physical,
            )


def _quietly(_: Report) -> None:
    """A statement tells no progress."""
