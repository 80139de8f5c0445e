"""The options of tables and indexes: made, reflected, and made again from what was reflected."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm import TTL
from tests.conftest import Calls
from tests.servers import Server

OPTIONS: dict[str, Any] = {
    "dynamodb_billing_mode": "PROVISIONED",
    "dynamodb_read_capacity": 5,
    "dynamodb_write_capacity": 6,
    "dynamodb_stream": "NEW_AND_OLD_IMAGES",
    "dynamodb_pitr": True,
    "dynamodb_deletion_protection": True,
    "dynamodb_table_class": "STANDARD_INFREQUENT_ACCESS",
    "dynamodb_tags": {"team": "it's", "cost": ""},
}


def declared(metadata: sa.MetaData, **options: Any) -> sa.Table:
    return sa.Table(
        "sessions",
        metadata,
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("user", sa.String, index=True),
        sa.Column("city", sa.String),
        sa.Column("until", TTL),
        sa.Index("ix_city", "city", dynamodb_read_capacity=1, dynamodb_write_capacity=2),
        **options,
    )


def test_options_are_reflected_as_they_were_made(ministack: Server, schema: str) -> None:
    engine = sa.create_engine(ministack.url(schema))
    table = declared(sa.MetaData(), **OPTIONS)
    table.create(engine)
    inspector = sa.inspect(engine)
    assert inspector.get_table_options("sessions") == {**OPTIONS, "dynamodb_ttl": "until"}
    found = {index["name"]: index.get("dialect_options", {}) for index in inspector.get_indexes("sessions")}
    assert found == {
        "ix_city": {"dynamodb_read_capacity": 1, "dynamodb_write_capacity": 2},
        "ix_sessions_user": {},
    }
    reflected = sa.Table("sessions", sa.MetaData(), autoload_with=engine)
    given = {name: value for name, value in reflected.dialect_kwargs.items() if value is not None}
    assert given == {**OPTIONS, "dynamodb_ttl": "until"}
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions SET (deletion_protection=false)")
    table.drop(engine)
    reflected.create(engine)
    assert sa.inspect(engine).get_table_options("sessions") == {**OPTIONS, "dynamodb_ttl": "until"}
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions SET (deletion_protection=false)")
    engine.dispose()


def test_an_index_gets_another_capacity(ministack: Server, schema: str) -> None:
    engine = sa.create_engine(ministack.url(schema))
    declared(sa.MetaData(), **{**OPTIONS, "dynamodb_deletion_protection": False}).create(engine)

    def units(index: str) -> Any:
        found = {each["name"]: each.get("dialect_options", {}) for each in sa.inspect(engine).get_indexes("sessions")}
        return found[index]

    with engine.begin() as connection:
        for _ in range(2):
            connection.exec_driver_sql("ALTER INDEX ix_city ON sessions SET (read_capacity=3, write_capacity=4)")
        assert units("ix_city") == {"dynamodb_read_capacity": 3, "dynamodb_write_capacity": 4}
        connection.exec_driver_sql("ALTER INDEX ix_city ON sessions SET (read_capacity=5, write_capacity=6)")
        assert units("ix_city") == {}  # the table's own
        connection.exec_driver_sql("ALTER INDEX IF EXISTS missing ON sessions SET (read_capacity=5, write_capacity=6)")
        refused = {
            "ALTER INDEX missing ON sessions SET (read_capacity=5, write_capacity=6)": "no index 'missing'",
            "ALTER INDEX ix_city ON sessions SET (read_capacity=5)": "together",
            "ALTER INDEX ix_city ON sessions SET (projection='ALL')": "cannot be changed",
        }
        for text, message in refused.items():
            with pytest.raises(sa.exc.DBAPIError, match=message):
                connection.exec_driver_sql(text)
        connection.exec_driver_sql("ALTER TABLE sessions SET (billing_mode='PAY_PER_REQUEST')")
        with pytest.raises(sa.exc.ProgrammingError, match="billed by request"):
            connection.exec_driver_sql("ALTER INDEX ix_city ON sessions SET (read_capacity=5, write_capacity=6)")
    engine.dispose()


def test_an_index_gets_another_capacity_on_each_server(url: str) -> None:
    engine = sa.create_engine(url)
    given: dict[str, Any] = {name: value for name, value in OPTIONS.items() if "capacity" in name or "billing" in name}
    columns = sa.Column("id", sa.String, primary_key=True), sa.Column("city", sa.String, index=True)
    sa.Table("plain", sa.MetaData(), *columns, **given).create(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER INDEX ix_plain_city ON plain SET (read_capacity=1, write_capacity=2)")
    (index,) = sa.inspect(engine).get_indexes("plain")
    assert index.get("dialect_options") == {"dynamodb_read_capacity": 1, "dynamodb_write_capacity": 2}
    engine.dispose()


def test_a_plain_table_costs_no_call_more_and_has_no_options(url: str, calls: Calls) -> None:
    engine = sa.create_engine(url)
    table = sa.Table("plain", sa.MetaData(), sa.Column("id", sa.String, primary_key=True))
    table.create(engine)
    calls.clear()
    table.drop(engine)
    table.create(engine)
    assert calls.count["CreateTable"] == 1
    assert {*calls.count} <= {"DescribeTable", "DeleteTable", "CreateTable", "DeleteItem", "PutItem"}
    assert sa.inspect(engine).get_table_options("plain") == {}
    engine.dispose()


def test_a_server_without_an_option_says_so(dynalite: Server, schema: str) -> None:
    engine = sa.create_engine(dynalite.url(schema))
    for option, value in (("ttl", "until"), ("stream", "NEW_IMAGE"), ("pitr", True), ("deletion_protection", True)):
        given: dict[str, Any] = {f"dynamodb_{option}": value}
        table = sa.Table(f"with_{option}", sa.MetaData(), sa.Column("id", sa.String, primary_key=True), **given)
        with pytest.raises(sa.exc.NotSupportedError, match=f"does not have the option {option}"):
            table.create(engine)
        assert sa.inspect(engine).has_table(f"with_{option}")
    engine.dispose()


def test_a_table_of_another_name_is_found_where_all_are_made_and_dropped(url: str, schema: str) -> None:
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    sa.Table("short", metadata, sa.Column("id", sa.String, primary_key=True), dynamodb_table_name=f"{schema}.long-name")
    metadata.create_all(engine)
    metadata.create_all(engine)
    assert sa.inspect(engine).get_table_names() == ["long-name"]
    with engine.begin() as connection:
        metadata.drop_all(connection)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
