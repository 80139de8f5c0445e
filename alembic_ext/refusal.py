"""Refusals of migration operations: errors of ours that Alembic's command line prints as a sentence."""

from __future__ import annotations

from typing import NoReturn

from alembic.util.exc import CommandError

from sqlalchemy_dynamorm.errors import OperationalError, Unsupported


class UnsupportedOperation(Unsupported, CommandError):
    """An operation that is not built, or that DynamoDB does not have, by name."""


def refuse(what: str, instead: str) -> NoReturn:
    """Refuse an operation.

    :param what: its name, as a migration writes it.
    :param instead: why, and what to do.
    :raises UnsupportedOperation: always.
    """
    raise UnsupportedOperation(f"{what} is not supported on DynamoDB: {instead}")


class MigrationFailed(OperationalError, CommandError):
    """What keeps a migration from going on; Alembic's command line prints it as a sentence."""
