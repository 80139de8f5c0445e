"""One upgrade at a time: the migration lock, held while migrations run, and checked with each version row.

``context.configure(dynamodb_lock=…)`` takes ``"wait"`` (the default), ``"fail"`` and ``"none"``; ``dynamodb_lock_wait``
the seconds to wait, ``dynamodb_lock_lease`` the seconds without a heartbeat after which an owner counts as gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy import event

from alembic_ext.refusal import MigrationFailed
from sqlalchemy_dynamorm.dialect.locking import LEASE, WAIT, HeldLock, lock_name, take

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.lock import Lock

log = logging.getLogger("alembic.dynamodb")

_MODES = ("wait", "fail", "none")


@contextmanager
def failing() -> Iterator[None]:
    """A lock that is another's ends the migration.

    :raises MigrationFailed: it is.
    """
    from sqlalchemy_dynamorm.run.lock import LockHeld, LockLost

    try:
        yield
    except (LockHeld, LockLost) as error:
        raise MigrationFailed(str(error)) from error


def acquire(connection: sa.Connection, version_table: sa.Table, options: Mapping[str, Any]) -> HeldLock | None:
    """Take the lock for a connection; it is let go when the connection is, if not before.

    :return: ``None`` where the options or the engine have none.
    :raises MigrationFailed: another holds it, and is not to be waited for any longer.
    """
    mode = options.get("dynamodb_lock", "wait")
    if mode not in _MODES:
        raise MigrationFailed(f"context.configure(dynamodb_lock={mode!r}): it takes {', '.join(_MODES)}.")
    found = cast("Connection", connection.connection.dbapi_connection)
    physical = found.tables.physical_by_rule(str(version_table.name), version_table.schema)
    name = lock_name(physical)
    held: HeldLock | None = connection.info.get(name)
    if held is not None and held.is_held:
        return held
    if mode == "none":
        return None
    wait = float(options.get("dynamodb_lock_wait", WAIT)) if mode == "wait" else 0.0
    with failing():
        lock = take(found, physical, wait=wait, lease=float(options.get("dynamodb_lock_lease", LEASE)), waiting=say_who)
    if lock is not None:
        connection.info[name] = lock
        _release_with(connection, lock)
    return lock


def say_who(holder: Lock) -> None:
    """Say who holds the lock that is waited for."""
    log.warning("Waiting for the migration lock, which %s holds.", holder.owner)


def _release_with(connection: sa.Connection, lock: HeldLock) -> None:
    """Release the lock when the connection goes back to its pool: an upgrade that fails has no other end."""
    ours = connection.connection.dbapi_connection

    def released(given: Any, _: Any) -> None:
        if given is ours:
            lock.release()

    event.listen(connection.engine.pool, "checkin", released)
