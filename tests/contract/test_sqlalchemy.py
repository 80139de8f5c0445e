"""SQLAlchemy's own suite for dialects. What a test of it overrides is a fixture, never what it asserts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.testing.suite import *  # noqa: F403
from sqlalchemy.testing.suite import HasTableTest as _HasTableTest
from sqlalchemy.testing.suite import ServerSideCursorsTest as _ServerSideCursorsTest


class HasTableTest(_HasTableTest):  # type: ignore[no-redef]
    @classmethod
    def define_views(cls, metadata: sa.MetaData) -> None:
        """There are none. The suite makes them here whatever the requirement says."""


class ServerSideCursorsTest(_ServerSideCursorsTest):  # type: ignore[no-redef]
    def _is_server_side(self, cursor: Any) -> bool:
        """How a cursor tells that it reads page by page; the suite knows its own drivers only."""
        return bool(cursor.server_side)
