"""Metrics of an engine's API calls, as an engine plugin of SQLAlchemy's, and what else listens to them.

``create_engine("dynamodb://eu-west-1?plugin=dynamodb_metrics")`` counts from the first call on, and
:func:`metrics_of` gives what was counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import URL, CreateEnginePlugin, Dialect, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection

from sqlalchemy_dynamorm.dialect.calls import dialect_of
from sqlalchemy_dynamorm.errors import Error

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.request import Request


_log = logging.getLogger("sqlalchemy_dynamorm.plugin")


@dataclass(frozen=True, slots=True)
class Call:
    """One API call that has ended; a repetition is a call of its own.

    :ivar operation: ``"GetItem"`` and so on.
    :ivar tables: the physical tables it went to, each once, in order of their names.
    :ivar index: the index that a Query or Scan read.
    :ivar seconds: from the sending to the answer.
    :ivar error: the service's code of its error, ``"ThrottlingException"`` for example, else the class of ours.
    :ivar units: the capacity units it consumed, where the engine asks for them (``capacity=true``).
    """

    operation: str
    tables: tuple[str, ...]
    index: str | None
    seconds: float
    error: str | None
    units: float | None


Listener = Callable[[Call], None]


@dataclass(frozen=True)
class Series:
    """What was counted of the calls of one operation to the same tables and index.

    :ivar calls: how many, those that failed included.
    :ivar errors: how many of them failed, by code.
    :ivar seconds: their time, in all.
    :ivar slowest: the time of the slowest.
    :ivar units: the capacity units they consumed, of those that said so.
    """

    operation: str
    tables: tuple[str, ...]
    index: str | None
    calls: int
    errors: dict[str, int]
    seconds: float
    slowest: float
    units: float


@dataclass
class _Sums:
    calls: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    units: float = 0.0


class Metrics:
    """Counts calls; a listener that threads may share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, tuple[str, ...], str | None], _Sums] = {}

    def __call__(self, call: Call) -> None:
        """Count a call."""
        with self._lock:
            sums = self._sums.setdefault((call.operation, call.tables, call.index), _Sums())
            sums.calls += 1
            sums.seconds += call.seconds
            sums.slowest = max(sums.slowest, call.seconds)
            sums.units += call.units or 0.0
            if call.error is not None:
                sums.errors[call.error] += 1

    def series(self) -> list[Series]:
        """What was counted so far, by operation, tables and index, in their order."""
        with self._lock:
            return [
                Series(*of, sums.calls, dict(sums.errors), sums.seconds, sums.slowest, sums.units)
                for of, sums in sorted(self._sums.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or ""))
            ]

    def clear(self) -> None:
        """Count from zero."""
        with self._lock:
            self._sums.clear()


def on_call(engine: Engine, listener: Listener) -> Callable[[], None]:
    """Tell ``listener`` of each call of an engine when it has ended, in the thread that made it.

    What it raises is logged and fails nothing: the call was made. The engine of an ``AsyncEngine`` is its
    ``sync_engine``.

    :returns: what ends that.
    :raises InterfaceError: it is an engine of another database.
    """
    dialect = dialect_of(engine, "on_call()")
    ends: WeakKeyDictionary[Client, Callable[[], None]] = WeakKeyDictionary()
    lock = threading.Lock()

    def observe(client: Client) -> None:
        with lock:
            if client not in ends:
                ends[client] = client.observe(lambda request: _told(listener, request))

    def connected(connection: DBAPIConnection, _: object) -> None:
        observe(cast("Connection", connection).client)

    def end() -> None:
        event.remove(engine, "connect", connected)
        for one in ends.values():
            one()

    event.listen(engine, "connect", connected)
    if dialect.client is not None:
        observe(dialect.client)
    return end


def _told(listener: Listener, request: Request) -> Callable[[bytes | Error], None]:
    began = time.perf_counter()

    def ended(answer: bytes | Error) -> None:
        try:
            listener(_call(request, answer, time.perf_counter() - began))
        except Exception:  # noqa: BLE001 - whatever it is of the listener's, the call was made
            _log.exception("A listener of on_call() failed at a %s.", request.operation)

    return ended


_METRICS: WeakKeyDictionary[Dialect, Metrics] = WeakKeyDictionary()
_making = threading.Lock()


def metrics_of(engine: Engine) -> Metrics:
    """The metrics of an engine, and of all that share its pool; without the plugin they begin here.

    :raises InterfaceError: it is an engine of another database.
    """
    with _making:
        if engine.dialect not in _METRICS:
            metrics = Metrics()
            on_call(engine, metrics)
            _METRICS[engine.dialect] = metrics
        return _METRICS[engine.dialect]


class MetricsPlugin(CreateEnginePlugin):
    """SQLAlchemy's ``plugin=dynamodb_metrics``: the engine's calls are counted from the first on."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        """It has no options of its own."""
        super().__init__(url, kwargs)

    def update_url(self, url: URL) -> URL:
        """SQLAlchemy has taken ``plugin`` out of it; the rest is the dialect's."""
        return url

    def engine_created(self, engine: Engine) -> None:
        """See :func:`metrics_of`."""
        metrics_of(engine)


def _call(request: Request, answer: bytes | Error, seconds: float) -> Call:
    from sqlalchemy_dynamorm.client.capacity import consumed

    failed = isinstance(answer, Error)
    asked = not failed and "ReturnConsumedCapacity" in request.params
    return Call(
        request.operation,
        _tables(request.params),
        request.params.get("IndexName"),
        seconds,
        answer.code if isinstance(answer, Error) else None,
        consumed(answer) if asked and isinstance(answer, bytes) else None,
    )


def _tables(params: dict[str, Any]) -> tuple[str, ...]:
    if "RequestItems" in params:
        return tuple(sorted(params["RequestItems"]))
    if "TransactItems" in params:
        return tuple(sorted({action["TableName"] for item in params["TransactItems"] for action in item.values()}))
    return (params["TableName"],) if "TableName" in params else ()
