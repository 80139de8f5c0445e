"""The migration lock while it is held: a thread raises its beat, and what is written depends on it."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.sets import StringSet
from sqlalchemy_dynamorm.errors import Error

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.lock import Lock

log = logging.getLogger("alembic.dynamodb")

WAIT, LEASE = 3600.0, 30.0  # seconds
_BEATS = 4  # heartbeats a lease: three may be lost


def lock_name(version_table: str) -> str:
    """The lock of an environment, by the physical name of its version table."""
    return f"alembic#{version_table}"


def take(
    connection: Connection,
    version_table: str,
    *,
    wait: float = WAIT,
    lease: float = LEASE,
    waiting: Callable[[Lock], None] = lambda _: None,
) -> HeldLock | None:
    """Take the lock of a version table, or wait for it.

    :param version_table: its physical name.
    :return: ``None`` where the engine has no system table.
    :raises LockHeld: another holds it still.
    """
    from sqlalchemy_dynamorm.run.lock import Lock, acquire

    client = connection.client
    system = client.settings.system_table
    if system is None:
        log.warning("Without a system table (system_table=none) two upgrades at once are not held apart.")
        return None
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    wanted = Lock(system, lock_name(version_table), owner, lease, 0)
    return HeldLock(client, client.value(acquire(wanted, wait=wait, waiting=waiting)))


class HeldLock:
    """A lock that this process holds."""

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

        :raises LockLost: another has the lock.
        """
        if self._lost is not None:
            raise self._lost

    def check_with(self, connection: sa.Connection) -> None:
        """Make what the transaction writes depend on the lock, and forget what was dropped until then.

        It is checked in the same TransactWriteItems; of several (``overflow=split``) in each, and all that is written
        after this call goes with the last.

        :raises LockLost: another has the lock.
        """
        from sqlalchemy_dynamorm.run.lock import lost

        self.check()
        item = _item(self._lock.system)
        own = sa.and_(
            item.c.id == f"lock#{self._lock.name}", item.c.owner == self._lock.owner, item.c.fence == self._lock.fence
        )
        done = sa.update(item).where(own).values(checked=self._lock.fence, dropped=None)
        if connection.execute(done).rowcount != 1:
            raise lost(self._lock)

    def dropping(self, statement: str) -> bool:
        """Keep that a statement is about to drop something; whether an earlier run had kept it.

        :raises LockLost: another has the lock.
        """
        from sqlalchemy_dynamorm.run.lock import dropping

        return self._client.value(dropping(self._lock, statement))

    def not_dropped(self, statement: str) -> None:
        """Forget it: there was nothing to drop.

        :raises LockLost: another has the lock.
        """
        from sqlalchemy_dynamorm.run.lock import not_dropped

        self._client.value(not_dropped(self._lock, statement))

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
        sa.Column("dropped", StringSet),
        dynamodb_table_name=system,
    )
