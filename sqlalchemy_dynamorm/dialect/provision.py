"""What SQLAlchemy's test suites ask of a dialect; ``Dialect.load_provisioning`` imports it, nothing else does."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import sort_tables_and_constraints
from sqlalchemy.testing.provision import delete_from_all_tables, stop_test_class_outside_fixtures


@delete_from_all_tables.for_db("dynamodb")  # type: ignore[untyped-decorator]
def _delete_from_all_tables(connection: sa.Connection, config: Any, metadata: sa.MetaData) -> None:
    """Empty the tables at once: one by one, and not in a transaction, which takes no more than 100 items."""
    engine = connection.engine.execution_options(isolation_level="AUTOCOMMIT", dynamodb_scan="allow")
    inspector = sa.inspect(engine)
    with engine.connect() as own:
        # Not by `sorted_tables`, which warns of tables that refer to each other.
        ordered = sort_tables_and_constraints(metadata.tables.values())  # type: ignore[no-untyped-call]
        for table in reversed([table for table, _ in ordered]):
            if table is not None and table.name in inspector.get_table_names(schema=table.schema):
                own.execute(table.delete())


@stop_test_class_outside_fixtures.for_db("dynamodb")  # type: ignore[untyped-decorator]
def _drop_what_is_left(config: Any, engine: sa.Engine, test_class: type) -> None:
    """Drop the tables a class leaves: its set-up may have failed half-way, and another may use the name otherwise."""
    inspector = sa.inspect(engine)
    with engine.begin() as connection:
        for schema in (None, config.test_schema, config.test_schema_2):
            for name in inspector.get_table_names(schema=schema):
                connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData(), schema=schema)))
