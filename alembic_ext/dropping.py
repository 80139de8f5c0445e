"""DROP that can be run again: what a migration drops is kept with its lock until its version is written.

So a run after one that was killed passes what that one had dropped, and a misspelt name fails in any other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.ddl.base import DropColumn
from sqlalchemy.schema import DropConstraint, DropIndex, DropTable

from alembic_ext.lock import failing
from sqlalchemy_dynamorm.errors import UndefinedColumn, UndefinedConstraint, UndefinedIndex, UndefinedTable

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dialect.locking import HeldLock

log = logging.getLogger("alembic.dynamodb")

Drop = DropTable | DropIndex | DropColumn | DropConstraint
DROPS = (DropTable, DropIndex, DropColumn, DropConstraint)
GONE = (UndefinedTable, UndefinedIndex, UndefinedColumn, UndefinedConstraint)


def drop(construct: Drop, dialect: sa.Dialect, lock: HeldLock, run: Callable[[Any], object]) -> None:
    """Run a DROP; where it finds nothing, and an earlier run of this migration came to it, that is as good.

    :param run: executes the construct.
    """
    statement = str(construct.compile(dialect=dialect)).strip()
    with failing():
        again = lock.dropping(statement)
    try:
        run(construct)
    except sa.exc.ProgrammingError as error:
        if not isinstance(error.orig, GONE):
            raise
        if not again:
            with failing():
                lock.not_dropped(statement)
            raise
        log.warning("%s: it is not there; an earlier run of this migration has dropped it", statement)
        if isinstance(construct, DropTable):
            construct.if_exists = True
            run(construct)  # what that run may have left of it
