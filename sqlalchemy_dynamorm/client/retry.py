"""When a failed request is sent again, and after how long.

Throttles and conflicts were not carried out, so they may always be repeated. After a lost answer only a request that
is the same done twice is; another is ``OutcomeUnknown``, which is not retried. Waiting is exponential with full
jitter (AWS Architecture Blog, "Exponential backoff and jitter"). What an engine sends again is bounded over all its
requests too, by its :class:`Budget`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
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
FULL, COST, REFUND = 500, 5, 1  # as in botocore's standard retry mode
_log = logging.getLogger("sqlalchemy_dynamorm.client")
_PASSING = {
    "None",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "InternalServerError",
}


class Budget:
    """What an engine may still send again, in tokens.

    A service that throttles or fails at every request would otherwise get several times the load that made it fail.
    Sending again costs :data:`COST` tokens of :data:`FULL`, which come back when it succeeds; each request that
    succeeds at once adds :data:`REFUND`. Conflicts of transactions cost none: the service is well.
    """

    def __init__(self) -> None:
        self._tokens = FULL
        self._told = False
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Take what sending again costs; whether it was there."""
        with self._lock:
            enough = self._tokens >= COST
            self._tokens -= COST if enough else 0
            told, self._told = self._told, not enough
        if not enough and not told:
            _log.warning(
                "The service throttles or fails so often that requests are not sent again for now; "
                "each one that succeeds gives some of that back."
            )
        return enough

    def succeeded(self, *, again: bool) -> None:
        """A request was answered.

        :param again: after it had been sent again.
        """
        if self._tokens < FULL:
            with self._lock:
                self._tokens = min(FULL, self._tokens + (COST if again else REFUND))


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and until when one request is sent.

    :ivar attempts: at the most, the first included.
    :ivar until: the ``time.monotonic()`` after which no wait begins, or ``None``.
    :ivar budget: what the engine may still send again.
    :ivar meter: counts the capacity that answers say was consumed; ``None`` where it is not asked for.
    :ivar tokened: single writes go with a token.
    """

    attempts: int
    until: float | None = None
    jitter: Callable[[float, float], float] = random.uniform
    meter: Meter | None = None
    tokened: bool = False
    budget: Budget = field(default_factory=Budget)

    def wait(self, failure: Error, attempt: int) -> float | None:
        """Seconds to wait before attempt ``attempt + 1``; ``None`` to give up."""
        if attempt >= self.attempts or not may_repeat(failure):
            return None
        seconds = self.jitter(0, min(CAP, BASE * 2**attempt))
        if self.until is not None and time.monotonic() + seconds > self.until:
            return None
        if isinstance(failure, (Throttled, ServiceUnavailable)) and not self.budget.spend():
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
