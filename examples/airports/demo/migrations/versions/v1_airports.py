"""The table and its first two indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "airports",
        sa.Column("icao", sa.String, primary_key=True),
        sa.Column("iata", sa.String, index=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("city", sa.String),
        sa.Column("country", sa.String, nullable=False),
        sa.Column("elevation", sa.Float, nullable=False),
        sa.Column("lat", sa.Float, nullable=False),
        sa.Column("lon", sa.Float, nullable=False),
        sa.Column("tz", sa.String, nullable=False),
        sa.Index("ix_airports_country_city", "country", "city"),
    )


def downgrade() -> None:
    op.drop_table("airports")
