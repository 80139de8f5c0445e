from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError

from alembic_ext.impl import DynamoDBImpl
from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.sql.reader import read


def context(url: str = "dynamodb://eu-west-1", **opts: Any) -> MigrationContext:
    return MigrationContext.configure(url=url, opts={"as_sql": True, **opts})


def offline() -> tuple[Operations, io.StringIO]:
    """Operations that write their statements instead of running them."""
    text = io.StringIO()
    return Operations(context(output_buffer=text)), text


def written(operation: Callable[[Any], object]) -> str:
    op, text = offline()
    operation(op)
    return " ".join(text.getvalue().split())


def test_the_dialect_has_our_implementation() -> None:
    impl = context().impl
    assert type(impl) is DynamoDBImpl
    assert impl.transactional_ddl is False


@pytest.mark.parametrize("name", ["dynamodb", "dynamodb+local", "dynamorm", "dynamorm+boto3"])
def test_it_is_found_whatever_the_url_is_called(name: str) -> None:
    assert type(context(f"{name}://").impl) is DynamoDBImpl


def test_tables_are_created_with_their_indexes() -> None:
    columns = (sa.Column("id", sa.String(4), primary_key=True), sa.Column("city", sa.String, index=True))
    assert written(lambda op: op.create_table("places", *columns, schema="staging")) == (
        "CREATE TABLE staging.places ( id VARCHAR(4) NOT NULL, city VARCHAR, PRIMARY KEY (id), "
        "INDEX ix_staging_places_city (city) ); CREATE INDEX ix_staging_places_city ON staging.places (city);"
    )


def test_table_options_are_passed_on() -> None:
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("tenant", sa.String, primary_key=True))
    text = written(
        lambda op: op.create_table("t", *columns, dynamodb_partition_key="tenant", dynamodb_table_name="x-1")
    )
    assert text.endswith("PRIMARY KEY (tenant, id) ) WITH (partition_key='tenant', table_name='x-1');")


@pytest.mark.filterwarnings("ignore:The index 'ix_t_open'")
def test_an_index_that_is_not_created_is_a_comment_and_no_statement() -> None:
    columns = (sa.Column("id", sa.String(4), primary_key=True), sa.Column("open", sa.Boolean, index=True))
    text = written(lambda op: op.create_table("t", *columns))
    assert text.count(";") == 1
    assert text.endswith("-- the index ix_t_open is not created: its column's type cannot be an index key")


def test_a_table_is_dropped() -> None:
    assert written(lambda op: op.drop_table("places", schema="staging")) == "DROP TABLE staging.places;"
    assert written(lambda op: op.drop_table("places", if_exists=True)) == "DROP TABLE IF EXISTS places;"


def test_an_index_is_created_with_its_options() -> None:
    assert written(lambda op: op.create_index("ix", "places", ["country", "city"])) == (
        "CREATE INDEX ix ON places (country, city);"
    )
    assert written(
        lambda op: op.create_index(
            "ix", "places", ["a", "b"], dynamodb_hash=["a", "b"], dynamodb_include=["c"], if_not_exists=True
        )
    ) == (
        "CREATE INDEX IF NOT EXISTS ix ON places (a, b) "
        """WITH (hash_columns='2', projection='INCLUDE', include='["c"]');"""
    )


def test_key_types_can_be_given_with_an_index() -> None:
    assert written(lambda op: op.create_index("ix", "places", ["a", "b"], dynamodb_types={"b": "N"})) == (
        """CREATE INDEX ix ON places (a, b) WITH (types='{"b": "N"}');"""
    )


def test_an_index_may_check_the_items_first() -> None:
    assert written(lambda op: op.create_index("ix", "places", ["a"], dynamodb_check_items=True)) == (
        "CREATE INDEX ix ON places (a) WITH (check_items='true');"
    )
    with pytest.raises(ProgrammingError, match="dynamodb_check_items takes True or False"):
        written(lambda op: op.create_index("ix", "places", ["a"], dynamodb_check_items="yes"))


@pytest.mark.parametrize(
    ("types", "message"),
    [({"a": "X"}, "S, N and B"), ("S", "S, N and B"), ({"c": "S"}, "'c', which is not a column of the index")],
)
def test_wrong_key_types_are_refused(types: Any, message: str) -> None:
    op, _ = offline()
    with pytest.raises(ProgrammingError, match=message):
        op.create_index("ix", "places", ["a", "b"], dynamodb_types=types)


def test_an_index_is_dropped_by_name_whatever_options_it_had() -> None:
    drop = "DROP INDEX ix ON places;"
    assert written(lambda op: op.drop_index("ix", table_name="places")) == drop
    assert written(lambda op: op.drop_index("ix", table_name="places", dynamodb_hash=["a", "b"])) == drop
    assert written(lambda op: op.drop_index("ix", table_name="places", if_exists=True)) == (
        "DROP INDEX IF EXISTS ix ON places;"
    )


def test_batch_mode_makes_and_drops_indexes_too() -> None:
    def operation(op: Operations) -> None:
        with op.batch_alter_table("places") as batch:
            batch.create_index("ix", ["city"])
            batch.drop_index("iy")

    assert written(operation) == "CREATE INDEX ix ON places (city); DROP INDEX iy ON places;"


def test_rows_are_inserted() -> None:
    places = sa.table("places", sa.column("id", sa.String), sa.column("height", sa.Integer))
    assert written(lambda op: op.bulk_insert(places, [{"id": "a", "height": 1}])) == (
        "INSERT INTO places (id, height) VALUES ('a', 1);"
    )


def test_statements_are_executed_as_they_are_written() -> None:
    assert written(lambda op: op.execute("UPDATE t SET a = 1 WHERE id = 'x'")) == "UPDATE t SET a = 1 WHERE id = 'x';"


def test_the_version_table_has_the_version_as_its_key() -> None:
    table = context(version_table="v", version_table_schema="s")._version
    assert (table.name, table.schema) == ("v", "s")
    assert [column.name for column in table.primary_key] == ["version_num"]


def batch_rebuild(op: Operations) -> None:
    with op.batch_alter_table("t", recreate="always", copy_from=sa.Table("t", sa.MetaData(), sa.Column("a"))) as batch:
        batch.drop_column("a")


def renamed(op: Any) -> None:
    op.writes_frozen("t", schema="s")
    op.rename_table("t", "u", schema="s")


def rebuilt(op: Any) -> None:
    op.writes_frozen("t")
    op.rebuild_table("t", "t-2", primary_key=["order", "id"])


def batch_add(op: Any) -> None:
    with op.batch_alter_table("t", schema="s") as batch:
        batch.add_column(sa.Column("a", sa.String))
        batch.alter_column("b", nullable=False)
        batch.set_table_options(ttl="until")


WRITTEN: list[tuple[Callable[[Any], object], str]] = [
    (
        lambda op: op.add_column("t", sa.Column("a", sa.String(5), nullable=False), schema="s"),
        "ALTER TABLE s.t ADD COLUMN a VARCHAR(5) NOT NULL;",
    ),
    (
        lambda op: op.add_column("t", sa.Column("a", sa.Integer, server_default="7", info={"backfill": True})),
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a INTEGER DEFAULT '7'; UPDATE t SET a='7' WHERE t.a IS NULL;",
    ),
    (lambda op: op.drop_column("t", "a"), "ALTER TABLE t DROP COLUMN a;"),
    (lambda op: op.drop_column("t", "a", if_exists=True), "ALTER TABLE t DROP COLUMN IF EXISTS a;"),
    (
        lambda op: op.drop_column("t", "a", dynamodb_remove=True),
        (
            "ALTER TABLE t ALTER COLUMN a DROP NOT NULL; UPDATE t SET a=NULL WHERE t.a IS NOT NULL; "
            "ALTER TABLE t DROP COLUMN a;"
        ),
    ),
    (lambda op: op.alter_column("t", "a", nullable=False), "ALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
    (lambda op: op.alter_column("t", "a", nullable=True), "ALTER TABLE t ALTER COLUMN a DROP NOT NULL;"),
    (lambda op: op.alter_column("t", "a", type_=sa.Numeric(9, 2)), "ALTER TABLE t ALTER COLUMN a TYPE NUMERIC(9, 2);"),
    (lambda op: op.alter_column("t", "a", server_default="x"), "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x';"),
    (lambda op: op.alter_column("t", "a", server_default=None), "ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"),
    (lambda op: op.alter_column("t", "a", new_column_name="b"), "ALTER TABLE t RENAME a TO b;"),
    (lambda op: op.alter_column("t", "a", comment="it's"), "COMMENT ON COLUMN t.a IS 'it''s';"),
    (lambda op: op.alter_column("t", "a", comment=None, schema="s"), "COMMENT ON COLUMN s.t.a IS NULL;"),
    (lambda op: op.create_unique_constraint("uq", "t", ["a"]), "ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a);"),
    (lambda op: op.create_check_constraint("ck", "t", "a > 0"), "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0);"),
    (
        lambda op: op.create_foreign_key("fk", "t", "u", ["a"], ["id"]),
        "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY(a) REFERENCES u (id);",
    ),
    (lambda op: op.drop_constraint("uq", "t", type_="unique"), "ALTER TABLE t DROP CONSTRAINT uq;"),
    (lambda op: op.create_table_comment("t", "words"), "COMMENT ON TABLE t IS 'words';"),
    (lambda op: op.drop_table_comment("t"), "COMMENT ON TABLE t IS NULL;"),
    (
        lambda op: op.set_table_options("t", ttl="until", pitr=True, tags={"a": "b's"}, schema="s"),
        """ALTER TABLE s.t SET (ttl='until', pitr='true', tags='{"a": "b''s"}');""",
    ),
    (renamed, "ALTER TABLE s.t RENAME TO s.u WITH (writes_frozen='true');"),
    (rebuilt, """ALTER TABLE t RENAME TO "t-2" PRIMARY KEY ("order", id) WITH (writes_frozen='true');"""),
    (
        batch_add,
        (
            "ALTER TABLE s.t ADD COLUMN a VARCHAR; ALTER TABLE s.t ALTER COLUMN b SET NOT NULL; "
            "ALTER TABLE s.t SET (ttl='until');"
        ),
    ),
]


@pytest.mark.parametrize(("operation", "text"), WRITTEN)
def test_a_change_is_a_statement_that_the_reader_reads(operation: Callable[[Any], object], text: str) -> None:
    assert written(operation) == text
    for statement in text.rstrip(";").split("; "):
        read(statement)


REFUSED: list[tuple[Callable[[Any], object], str]] = [
    (lambda op: op.rename_table("t", "u"), r"op\.rename_table\('t', …\).*op\.writes_frozen\('t'\)"),
    (lambda op: op.rebuild_table("t", "u", primary_key=["a"]), r"op\.rebuild_table\('t', …\)"),
    (lambda op: op.create_primary_key("pk", "t", ["a"]), "Adding the primary key 'pk' of 't'"),
    (lambda op: op.drop_constraint("pk", "t", type_="primary"), "Dropping the primary key 'pk'"),
    (lambda op: op.drop_constraint(None, "t", type_="unique"), "that has no name"),
    (lambda op: op.alter_column("t", "a", autoincrement=True), "autoincrement"),
    (lambda op: op.add_column("t", sa.Column("a", sa.String, info={"backfill": True})), "no server_default"),
    (lambda op: op.set_table_options("t", colour="red"), "colour"),
    (lambda op: op.backfill(sa.Table("t", sa.MetaData()), lambda row: None, "x"), "--sql"),
    (lambda op: op.drop_index("ix"), "without a table"),
    (batch_rebuild, r"op\.batch_alter_table\('t', recreate=…\)"),
]


@pytest.mark.parametrize(("operation", "name"), REFUSED)
def test_what_is_not_built_is_refused_by_name(operation: Callable[[Any], object], name: str) -> None:
    op, text = offline()
    with pytest.raises(Unsupported, match=name) as refusal:
        operation(op)
    assert isinstance(refusal.value, CommandError)
    assert "UPDATE" not in text.getvalue()


def test_unique_constraints_and_indexes_are_written() -> None:
    op, text = offline()
    op.create_table("t", sa.Column("id", sa.String, primary_key=True), sa.UniqueConstraint("id"))
    op.create_index("ix", "t", ["a"], unique=True)
    assert "UNIQUE (id)" in text.getvalue()
    assert "CREATE UNIQUE INDEX ix ON t (a)" in text.getvalue()


@pytest.mark.parametrize(
    ("option", "name"), [({"transactional_ddl": True}, "transactional_ddl"), ({"version_table_pk": False}, "_pk=False")]
)
def test_options_that_dynamodb_cannot_have_are_refused(option: dict[str, bool], name: str) -> None:
    with pytest.raises(Unsupported, match=name):
        MigrationContext.configure(url="dynamodb://eu-west-1", opts=option)


def test_the_default_of_an_option_may_be_written() -> None:
    assert context(transactional_ddl=False, version_table_pk=True).impl.transactional_ddl is False
