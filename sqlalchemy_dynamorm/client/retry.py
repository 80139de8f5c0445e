"""When a failed request is sent again, and after how long.

Throttles and conflicts were not carried out, so they may always be repeated. After a lost answer only a request that
is the same done twice is; another is ``OutcomeUnknown``, which is not retried. Waiting is exponential with full
jitter (AWS Architecture Blog, "Exponential backoff and jitter").
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    Error,
    OutcomeUnknown,
    SerializationError,
    ServiceUnavailable,
    Throttled,
    TransactionCanceled,
)

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.capacity import Meter

BASE, CAP = 0.05, 5.0  # seconds
_PASSING = {
    "None",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "InternalServerError",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and until when one request is sent.

    :ivar attempts: at the most, the first included.
    :ivar until: the ``time.monotonic()`` after which no wait begins, or ``None``.
    :ivar meter: counts the capacity that answers say was consumed; ``None`` where it is not asked for.
    :ivar tokened: single writes go with a token.
    """

    attempts: int
    until: float | None = None
    jitter: random.Random = field(default_factory=random.Random)
    meter: Meter | None = None
    tokened: bool = False

    def wait(self, failure: Error, attempt: int) -> float | None:
        """Seconds to wait before attempt ``attempt + 1``; ``None`` to give up."""
        if attempt >= self.attempts or not may_repeat(failure):
            return None
        seconds = self.jitter.uniform(0, min(CAP, BASE * 2**attempt))
        if self.until is not None and time.monotonic() + seconds > self.until:
            return None
        return seconds


def may_repeat(failure: Error) -> bool:
    """Whether the same request may succeed later and do no harm."""
    if isinstance(failure, TransactionCanceled):
        codes = {reason.get("Code", "None") for reason in failure.reasons}
        return bool(codes - {"None"}) and codes <= _PASSING
    if isinstance(failure, (ConditionFailed, OutcomeUnknown)):
        return False
    # LimitExceeded is a quota of the control plane (too many tables changing at once), and passes.
    return isinstance(failure, (Throttled, SerializationError, ServiceUnavailable))
