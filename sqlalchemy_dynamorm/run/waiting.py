"""Waiting for tables and indexes: until they are ACTIVE or gone, and until the service takes a change.

CreateTable, UpdateTable and DeleteTable return at once; what they asked for takes seconds to hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import AccessDenied, Error, OperationalError, UndefinedTable
from sqlalchemy_dynamorm.run.description import described, table_status
from sqlalchemy_dynamorm.run.request import Asking, Pause, Request

Description = dict[str, Any]
_POLL = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)  # seconds; the last goes on
QUOTA = re.compile(r"limit of \d+ tables|count exceeds|exceeds the per-table limit")
"""LimitExceeded for what waiting does not help, among those for too many changes at once."""
LONGEST = 3600.0
"""Seconds: a backfill takes minutes to hours."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a statement waits, and who is told for what.

    :ivar seconds: for one table or index to be ready.
    :ivar tell: is given a line each time it has asked, the same one while nothing changes.
    """

    seconds: float = LONGEST
    tell: Callable[[str], None] = field(default=lambda line: None)

    def waits(self) -> Iterator[float]:
        """The pauses between two questions, until the time is over."""
        waited, at = 0.0, 0
        while waited < self.seconds:
            seconds = min(_POLL[min(at, len(_POLL) - 1)], self.seconds - waited)
            waited, at = waited + seconds, at + 1
            yield seconds


DEFAULT = Patience()


def description_of(physical: str) -> Asking[Description | None]:
    """The table's description, or ``None`` where there is no such table."""
    try:
        body = yield Request("DescribeTable", {"TableName": physical})
    except UndefinedTable:
        return None
    return described(body)


def wait_active(physical: str, patience: Patience = DEFAULT) -> Asking[Description]:
    """Wait until the table and all its indexes are ACTIVE; returns its description.

    :raises OperationalError: it takes longer than the patience; waiting again goes on where it stands.
    :raises UndefinedTable: it is being deleted.
    """
    state = ""
    for seconds in patience.waits():
        description = yield from description_of(physical)
        if description is not None:
            if table_status(description) == "DELETING":
                raise UndefinedTable(f"The table {physical!r} is being deleted.", table=physical)
            state = _state(description)
            if not state:
                return description
        patience.tell(f"{physical}: {state or 'not there yet'}")
        yield Pause(seconds)
    raise _impatient(physical, f"is not ACTIVE yet ({state or 'not there'})", patience)


def wait_gone(physical: str, patience: Patience = DEFAULT) -> Asking[None]:
    """Wait until there is no such table.

    :raises OperationalError: it takes longer than the patience.
    """
    for seconds in patience.waits():
        if (yield from description_of(physical)) is None:
            return
        patience.tell(f"{physical}: being deleted")
        yield Pause(seconds)
    raise _impatient(physical, "is still being deleted", patience)


def _impatient(physical: str, state: str, patience: Patience) -> OperationalError:
    return OperationalError(
        f"The table {physical!r} {state} after {patience.seconds:g} s. Nothing is lost: run the statement again to "
        "wait on, or raise ddl_timeout.",
        table=physical,
    )


def _state(description: Description) -> str:
    """What is not ACTIVE, in words; nothing where all is."""
    parts = [table_status(description)]
    for index in description.get("GlobalSecondaryIndexes") or ():
        status = str(index.get("IndexStatus", "ACTIVE"))
        part = f"index {index['IndexName']} {status}"
        if index.get("Backfilling"):
            part += f", {index.get('ItemCount', 0)} of about {description.get('ItemCount', 0)} items"
        parts.append("ACTIVE" if status == "ACTIVE" else part)
    return "; ".join(part for part in parts if part != "ACTIVE")


def patiently(request: Request, physical: str, patience: Patience = DEFAULT) -> Asking[None]:
    """Send a change of a table, again until the service takes it.

    A table or an index that is changing already, and too many changes at once, are waited for.

    :raises AccessDenied: no permission; the message says which.
    """
    for seconds in patience.waits():
        try:
            yield request
        except AccessDenied as error:
            raise denied(error, request) from None
        except Error as error:
            if not _passes(error):
                raise
            patience.tell(f"{physical}: {request.operation} waits ({error.code})")
        else:
            return
        yield Pause(seconds)
    raise _impatient(physical, f"does not take {request.operation}", patience)


def denied(error: AccessDenied, request: Request) -> AccessDenied:
    """The error of a change that nobody is allowed to make, with what to do."""
    return AccessDenied(
        f"{error} Nothing of it was changed. It needs the permission dynamodb:{request.operation}; run the statement "
        "again with it.",
        code=error.code,
        operation=error.operation,
        table=error.table,
        request_id=error.request_id,
    )


def _passes(error: Error) -> bool:
    """Whether the service will take the same request later."""
    if error.code == "LimitExceededException":
        return QUOTA.search(str(error)) is None
    return error.code in ("ResourceInUseException", "ContinuousBackupsUnavailableException")
