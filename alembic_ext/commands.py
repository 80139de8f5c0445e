"""What ``python -m sqlalchemy_dynamorm`` does with Alembic: the template's path, and drift."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext

import alembic_ext.plugin  # noqa: F401 - it registers what compares
from sqlalchemy_dynamorm.dialect.reconcile import metadata_of


def template_path() -> str:
    """Where ``alembic init -t`` finds our template."""
    return str(Path(__file__).with_name("templates") / "dynamodb")


def check(url: str, place: str, version_table: str, *, say: Callable[[str], None]) -> int:
    """Compare models with the tables that are there, and say what a migration would have to do.

    :param place: where the metadata is, ``module:name``.
    :return: 1 where there is a difference, else 0.
    """
    metadata = metadata_of(place)
    engine = sa.create_engine(url)
    options = {
        "target_metadata": metadata,
        "compare_server_default": True,
        "version_table": version_table,
        "include_schemas": True,
        "include_name": _of_schemas({table.schema for table in metadata.tables.values()}),
    }
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=options)
            found = produce_migrations(context, metadata).upgrade_ops
            assert found is not None
            if found.is_empty():
                say("no difference")
                return 0
            code = render_python_code(found, migration_context=context)
    finally:
        engine.dispose()
    for line in code.splitlines():
        if line.strip() and not line.strip().startswith("# ###"):
            say(line)
    return 1


def _of_schemas(schemas: set[str | None]) -> Callable[[str | None, str, object], bool]:
    """Whether a name is to be looked at: the default schema (``None``) and those of the models are, no others."""
    return lambda name, kind, _: kind != "schema" or name is None or name in schemas
