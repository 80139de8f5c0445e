"""What Alembic's suite may expect of DynamoDB: what Alembic closes for lack of a database that has it, and we have."""

from __future__ import annotations

from typing import Any, cast

from alembic.testing.requirements import SuiteRequirements
from sqlalchemy.testing import exclusions

OPENED = (
    "autocommit_isolation",
    "fk_deferrable",
    "fk_deferrable_is_reflected",
    "fk_initially",
    "fk_ondelete_is_reflected",
    "fk_onupdate_is_reflected",
    "reflects_fk_options",
    "reflects_pk_names",
)


class Requirements(SuiteRequirements):
    """Alembic's own, with :data:`OPENED`. Computed and identity columns cannot be altered, and stay closed."""


for _name in OPENED:
    setattr(Requirements, _name, property(lambda _: cast("Any", exclusions.open)()))
