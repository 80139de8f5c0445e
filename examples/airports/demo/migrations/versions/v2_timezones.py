"""An index by time zone."""

from __future__ import annotations

from alembic import op

revision = "v2"
down_revision = "v1"


def upgrade() -> None:
    op.create_index("ix_airports_tz", "airports", ["tz"])


def downgrade() -> None:
    op.drop_index("ix_airports_tz", table_name="airports")
