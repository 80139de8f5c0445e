"""The capacity that a statement's calls consume, where it is asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from sqlalchemy_dynamorm.run.request import Request

METERED = frozenset(
    "GetItem BatchGetItem Query Scan PutItem UpdateItem DeleteItem BatchWriteItem TransactGetItems TransactWriteItems "
    "ExecuteStatement".split()
)
"""Operations that take ``ReturnConsumedCapacity`` (DynamoDB API reference)."""


@dataclass
class Meter:
    """Sums capacity units over the calls of one statement, which threads may send.

    :ivar units: read and write units together; ``None`` once an answer did not say what was consumed.
    """

    units: float | None = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asking(self, request: Request) -> Request:
        """The request, asking for what it consumes."""
        if request.operation not in METERED:
            return request
        return replace(request, params={**request.params, "ReturnConsumedCapacity": "TOTAL"})

    def count(self, request: Request, body: bytes) -> None:
        """Add what an answer says; a batch says it of each table."""
        if request.operation not in METERED:
            return
        units = consumed(body)
        with self._lock:
            # A sum that leaves a call out would be wrong, and look right.
            self.units = None if units is None or self.units is None else self.units + units


def consumed(body: bytes) -> float | None:
    """The capacity units that an answer says were consumed, of all its tables; ``None`` where it does not say."""
    found: Any = msgspec.json.decode(body).get("ConsumedCapacity")
    tables = [found] if isinstance(found, dict) else found
    return sum(float(table["CapacityUnits"]) for table in tables) if tables else None
