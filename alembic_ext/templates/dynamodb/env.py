"""Runs the migrations; see docs/alembic.md of sqlalchemy-dynamorm."""

from __future__ import annotations

import logging
from typing import Any

from alembic import context
from sqlalchemy import engine_from_config, pool

# The models' metadata, for autogenerate: from myapp.models import Base; target_metadata = Base.metadata
target_metadata = None

# dynamodb_lock: what an upgrade does while another runs: "wait", "fail" or "none".
# dynamodb_managed: tables made elsewhere whose columns and indexes autogenerate may change.
OPTIONS: dict[str, Any] = {"target_metadata": target_metadata, "dynamodb_lock": "wait", "dynamodb_managed": []}

logging.basicConfig(format="%(levelname)-5s [%(name)s] %(message)s")
logging.getLogger("alembic").setLevel(logging.INFO)
section = context.config.get_section(context.config.config_ini_section, {})

if context.is_offline_mode():
    context.configure(url=section["sqlalchemy.url"], literal_binds=True, **OPTIONS)
    context.run_migrations()
else:
    engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **OPTIONS)
        context.run_migrations()
