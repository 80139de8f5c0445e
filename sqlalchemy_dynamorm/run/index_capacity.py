"""ALTER INDEX … SET: what a global index can serve, of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedIndex, Unsupported
from sqlalchemy_dynamorm.plan.table_options import Units
from sqlalchemy_dynamorm.run.description import parse
from sqlalchemy_dynamorm.run.indexing import OnTable, ready
from sqlalchemy_dynamorm.run.request import Execution, Outcome, Request
from sqlalchemy_dynamorm.run.table_options import throughput, warm
from sqlalchemy_dynamorm.run.waiting import DEFAULT, Description, Patience, patiently, wait_active
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class IndexChange:
    """An ALTER INDEX.

    :ivar capacity: read and write units a second, ``None`` to leave them; ``warm`` is what it can serve at once.
    """

    node: nodes.AlterIndex
    physical: str
    capacity: Units | None
    warm: Units | None


def alter_index(on: OnTable, change: IndexChange, patience: Patience = DEFAULT) -> Execution:
    """UpdateTable with what differs, then wait until it is so.

    :raises UndefinedTable: there is no such table.
    :raises UndefinedIndex: there is no such index, and IF EXISTS was not said.
    :raises ProgrammingError: the index is local, or its table is billed by request.
    :raises Unsupported: the server does not do it.
    """
    found = yield from ready(on, patience)
    there = next((index for index in parse(found, on.name).indexes if index.physical == change.physical), None)
    if there is None:
        if change.node.if_exists:
            return Outcome()
        raise UndefinedIndex(f"The table {on.name!r} has no index {change.node.name!r}.", table=on.physical)
    if there.local:
        raise ProgrammingError(
            f"The local index {change.node.name!r} is served by its table {on.name!r}: change the table's capacity."
        )
    params = _params(on, change, found)
    if params:
        update = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": change.physical, **params}}]}
        request = Request("UpdateTable", {"TableName": on.physical, **update}, repeatable=False)
        yield from patiently(request, on.physical, patience)
        if _params(on, change, (yield from wait_active(on.physical, patience))):
            raise Unsupported(
                f"The server of {on.name!r} does not change what the index {change.node.name!r} can serve. Leave it "
                "out on this server.",
                table=on.physical,
            )
    return Outcome()


def _params(on: OnTable, change: IndexChange, found: Description) -> dict[str, Any]:
    """What UpdateTable takes of what is not so yet."""
    mode = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if change.capacity is not None and mode != "PROVISIONED":
        raise ProgrammingError(
            f"The table {on.name!r} is billed by request, where an index has no read_capacity and write_capacity. Set "
            "the table's billing_mode='PROVISIONED' first."
        )
    entry = next(each for each in found["GlobalSecondaryIndexes"] if each["IndexName"] == change.physical)
    params: dict[str, Any] = {}
    if change.capacity not in (None, _units(entry.get("ProvisionedThroughput", {}), "CapacityUnits")):
        params["ProvisionedThroughput"] = throughput(*change.capacity)
    there = _units(entry.get("WarmThroughput", {}), "UnitsPerSecond")
    if change.warm is not None and any(units < least for units, least in zip(there, change.warm, strict=True)):
        params["WarmThroughput"] = warm(change.warm)
    return params


def _units(found: dict[str, Any], of: str) -> Units:
    return found.get(f"Read{of}", 0), found.get(f"Write{of}", 0)
