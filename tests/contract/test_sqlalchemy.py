"""SQLAlchemy's own suite for dialects. What a test of it overrides is a fixture, never what it asserts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.testing.suite import *  # noqa: F403
from sqlalchemy.testing.suite import HasTableTest as _HasTableTest


class HasTableTest(_HasTableTest):  # type: ignore[no-redef]
    @classmethod
    def define_views(cls, metadata: sa.MetaData) -> None:
        """There are none. The suite makes them here whatever the requirement says."""
