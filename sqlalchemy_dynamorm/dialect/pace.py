"""The pace of a backfill: a share of the write capacity of its table."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.declared import physical_name
from sqlalchemy_dynamorm.errors import ProgrammingError

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect

_UNIT = 1024  # bytes of a write unit
_ON_DEMAND = 4000  # write units a second that a new on-demand table takes (developer guide, "Initial throughput")


@dataclass
class Pace:
    """So many rows a second over all threads.

    :ivar rows_a_second: ``None`` for as fast as it goes.
    """

    rows_a_second: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, rows: int) -> None:
        """Wait until so many rows are paid for."""
        if self.rows_a_second is None or not rows:
            return
        with self._lock:
            now = self.clock()
            self._free = max(now, self._free) + rows / self.rows_a_second
            seconds = self._free - now
        self.sleep(seconds)


def pace_of(engine: sa.Engine, table: sa.Table, share: float | None) -> Pace:
    """The pace that takes a share of the table's write capacity.

    A row in a transaction costs two units for each KB (developer guide, "Read and write requests"); how large a row is,
    is the average that DescribeTable tells.

    :raises ProgrammingError: a share that is none.
    """
    if share is None:
        return Pace()
    if not 0 < share <= 1:
        raise ProgrammingError(f"A share of the capacity is above 0, and 1 at the most; not {share}.")
    found = _description(engine, table)
    provisioned = found.get("ProvisionedThroughput", {}).get("WriteCapacityUnits") or 0
    capacity = provisioned or found.get("WarmThroughput", {}).get("WriteUnitsPerSecond") or _ON_DEMAND
    average = found.get("TableSizeBytes", 0) / max(1, found.get("ItemCount", 0))
    return Pace(share * capacity / (2 * max(1, -(-int(average) // _UNIT))))


def _description(engine: sa.Engine, table: sa.Table) -> dict[str, Any]:
    from sqlalchemy_dynamorm.run.description import described
    from sqlalchemy_dynamorm.run.request import Request

    name = physical_name(table, cast("DynamoDBDialect", engine.dialect), table.schema)
    with engine.connect() as connection:
        client = cast("Connection", connection.connection.dbapi_connection).client
        return described(client.ask(Request("DescribeTable", {"TableName": name})))
