"""What is declared and not enforced is said once: in the log, since a warning would end a program that makes errors of
them, for a declaration that SQLite's dialect says nothing about (docs/decisions/0009).
"""

from __future__ import annotations

import logging
from weakref import WeakSet

import sqlalchemy as sa

LOGGER = logging.getLogger("sqlalchemy_dynamorm")
_told: WeakSet[sa.MetaData] = WeakSet()


def tell(table: sa.Table, what: str) -> None:
    """Log it, once a MetaData and process: the first of it stands for the others.

    :param what: the constraint, and what nothing does.
    """
    if table.metadata not in _told:
        _told.add(table.metadata)
        LOGGER.warning(
            "%s This is logged once for a MetaData: docs/constraints.md says of each constraint what keeps it.", what
        )
