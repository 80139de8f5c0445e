"""One upgrade at a time: the migration lock, held while migrations run, and checked with each version row.

``context.configure(dynamodb_lock=…)`` takes ``"wait"`` (the default), ``"fail"`` and ``"none"``; ``dynamodb_lock_wait``
the seconds to wait, ``dynamodb_lock_lease`` the seconds without a heartbeat after which an owner counts as gone.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy import event

from alembic_ext.refusal import MigrationFailed
from sqlalchemy_dynamorm.errors import Error

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.lock import Lock

log = logging.getLogger("alembic.dynamodb")

_MODES = ("wait", "fail", "none")
_WAIT, _LEASE = 3600.0, 30.0  # seconds
_BEATS = 4  # heartbeats a lease: three may be lost


def lock_name(version_table: str) -> str:
    """The lock of an environment, by the physical name of its version table."""
    return f"alembic#{version_table}"


class MigrationLock:
    """The lock of one environment, as a connection holds it."""

    def __init__(self, client: Client, lock: Lock) -> None:
        self._client = client
        self._lock = lock
        self._lost: Error | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="dynamorm-migration-lock", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Its name in the system table."""
        return self._lock.name

    @property
    def is_held(self) -> bool:
        """Whether it was not let go."""
        return not self._stop.is_set()

    def _beat(self) -> None:
        from sqlalchemy_dynamorm.run.lock import LockLost, beat

        while not self._stop.wait(self._lock.lease / _BEATS):
            try:
                self._client.value(beat(self._lock))
            except LockLost as error:
                self._lost = error
                return
            except Error as error:
                # The next beat may get through; if none does, another takes the lock and the version row is refused.
                log.warning("The migration lock's heartbeat failed: %s", error)

    def check(self) -> None:
        """Before anything is done under it.

        :raises MigrationFailed: another has the lock.
        """
        if self._lost is not None:
            raise MigrationFailed(str(self._lost)) from self._lost

    def check_with(self, connection: sa.Connection) -> None:
        """Make what the transaction writes depend on the lock: it is checked in the same TransactWriteItems.

        :raises MigrationFailed: another has the lock.
        """
        from sqlalchemy_dynamorm.run.lock import lost

        self.check()
        item = _item(self._lock.system)
        own = sa.and_(
            item.c.id == f"lock#{self._lock.name}", item.c.owner == self._lock.owner, item.c.fence == self._lock.fence
        )
        if connection.execute(sa.update(item).where(own).values(checked=self._lock.fence)).rowcount != 1:
            raise MigrationFailed(str(lost(self._lock)))

    def release(self) -> None:
        """Let it go; that it is another's already only matters to what is written."""
        from sqlalchemy_dynamorm.run.lock import release

        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        try:
            self._client.value(release(self._lock))
        except Error as error:
            log.warning("The migration lock was not let go: %s", error)


def _item(system: str) -> sa.Table:
    """The lock's item as a table, so that it is written by a statement of the same transaction."""
    return sa.Table(
        "lock",
        sa.MetaData(),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("owner", sa.String),
        sa.Column("fence", sa.Integer),
        sa.Column("checked", sa.Integer),
        dynamodb_table_name=system,
    )


def acquire(connection: sa.Connection, version_table: sa.Table, options: Mapping[str, Any]) -> MigrationLock | None:
    """Take the lock for a connection; it is let go when the connection is, if not before.

    :return: ``None`` where the options or the engine have none.
    :raises MigrationFailed: another holds it, and is not to be waited for any longer.
    """
    from sqlalchemy_dynamorm.run.lock import Lock, LockHeld
    from sqlalchemy_dynamorm.run.lock import acquire as acquired

    mode = options.get("dynamodb_lock", "wait")
    if mode not in _MODES:
        raise MigrationFailed(f"context.configure(dynamodb_lock={mode!r}): it takes {', '.join(_MODES)}.")
    found = cast("Connection", connection.connection.dbapi_connection)
    name = lock_name(found.physical_by_rule(str(version_table.name), version_table.schema))
    held: MigrationLock | None = connection.info.get(name)
    if held is not None and held.is_held:
        return held
    client = found.client
    system = client.settings.system_table
    if mode == "none":
        return None
    if system is None:
        log.warning("Without a system table (system_table=none) two upgrades at once are not held apart.")
        return None
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    wanted = Lock(system, name, owner, float(options.get("dynamodb_lock_lease", _LEASE)), 0)
    wait = float(options.get("dynamodb_lock_wait", _WAIT)) if mode == "wait" else 0.0
    try:
        lock = MigrationLock(client, client.value(acquired(wanted, wait=wait, waiting=_say)))
    except LockHeld as error:
        raise MigrationFailed(str(error)) from error
    connection.info[name] = lock
    _release_with(connection, lock)
    return lock


def _say(holder: Lock) -> None:
    log.warning("Waiting for the migration lock, which %s holds.", holder.owner)


def _release_with(connection: sa.Connection, lock: MigrationLock) -> None:
    """Release the lock when the connection goes back to its pool: an upgrade that fails has no other end."""
    ours = connection.connection.dbapi_connection

    def released(given: Any, _: Any) -> None:
        if given is ours:
            lock.release()

    event.listen(connection.engine.pool, "checkin", released)
