"""The error of a commit that came too late. A module of its own, since it needs SQLAlchemy's ORM."""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from sqlalchemy_dynamorm.errors import StaleRow


class StaleRowError(StaleDataError, exc.OperationalError):
    """A row that the transaction changed was changed or gone at commit: ``StaleDataError`` and ``OperationalError``.

    :ivar orig: the DBAPI's :class:`~sqlalchemy_dynamorm.errors.StaleRow`, with statement, key and row.
    """


def stale(error: StaleRow) -> StaleRowError:
    """SQLAlchemy's form of the DBAPI's error."""
    return StaleRowError(None, None, error, hide_parameters=True)
