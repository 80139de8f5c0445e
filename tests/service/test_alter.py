"""ALTER TABLE, COMMENT ON and the options of tables, as texts and as SQLAlchemy writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import AddConstraint, DropConstraint, SetTableComment

from tests.servers import Server


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id VARCHAR, name VARCHAR(30), PRIMARY KEY (id))")
    yield engine
    engine.dispose()


def ran(engine: sa.Engine, *statements: Any) -> None:
    """Run each twice: what is so already stays."""
    for _ in range(2):
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement) if isinstance(statement, str) else statement)


def columns(engine: sa.Engine) -> dict[str, Any]:
    return {column["name"]: column for column in sa.inspect(engine).get_columns("users")}


def test_columns_come_and_go(engine: sa.Engine) -> None:
    ran(
        engine,
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age INTEGER DEFAULT 5, RENAME COLUMN name TO title",
        "ALTER TABLE users ALTER COLUMN title TYPE TEXT, ALTER age SET DEFAULT 7",
        "COMMENT ON COLUMN users.age IS 'in years'",
    )
    found = columns(engine)
    assert [*found] == ["id", "title", "age"]
    assert str(found["title"]["type"]) == "TEXT"
    assert (found["age"]["default"], found["age"]["comment"]) == ("7", "in years")
    with engine.begin() as connection:  # a text knows the new column, and its default
        connection.exec_driver_sql("INSERT INTO users (id) VALUES ('a')")
        assert connection.exec_driver_sql("SELECT age FROM users WHERE id = 'a'").scalar() == 7
    ran(engine, "ALTER TABLE users DROP COLUMN IF EXISTS age")
    assert [*columns(engine)] == ["id", "title"]
    with engine.begin() as connection, pytest.raises(exc.ProgrammingError, match="no column 'age'"):
        connection.exec_driver_sql("ALTER TABLE users DROP COLUMN age")


def test_constraints_and_comments_come_and_go(engine: sa.Engine) -> None:
    users = sa.Table("users", sa.MetaData(), sa.Column("id", sa.String, primary_key=True), comment="people")
    check = sa.CheckConstraint("id <> ''", name="ck")
    users.append_constraint(check)
    ran(engine, AddConstraint(check, isolate_from_table=False), SetTableComment(users))
    inspector = sa.inspect(engine)
    assert [found["name"] for found in inspector.get_check_constraints("users")] == ["ck"]
    assert inspector.get_table_comment("users")["text"] == "people"
    with engine.begin() as connection:
        connection.execute(DropConstraint(check))
    assert sa.inspect(engine).get_check_constraints("users") == []


def test_rows_must_hold_what_is_declared_of_them(engine: sa.Engine, server: Server) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for row in ("('a', 'ann')", "('b', 'ann')", "('c', NULL)"):
            connection.exec_driver_sql(f"INSERT INTO users (id, name) VALUES {row}")
        for change, says in (
            ("ADD CONSTRAINT uq UNIQUE (name)", "1 rows of"),
            ("ALTER COLUMN name SET NOT NULL", "no value in 'name'"),
            ("ADD COLUMN age INTEGER NOT NULL DEFAULT 1", "no value in 'age'"),
        ):
            with pytest.raises(exc.IntegrityError, match=says):
                connection.exec_driver_sql(f"ALTER TABLE users {change}")
        connection.exec_driver_sql("UPDATE users SET name = 'ben' WHERE id = 'b'")
        connection.exec_driver_sql("ALTER TABLE users ADD CONSTRAINT uq UNIQUE (name)")
        if server.name != "dynalite":  # which has no transactions, and so no guards that are kept
            with pytest.raises(exc.IntegrityError, match="uq"):
                connection.exec_driver_sql("INSERT INTO users (id, name) VALUES ('d', 'ben')")
        connection.exec_driver_sql("ALTER TABLE users DROP CONSTRAINT uq")
        connection.exec_driver_sql("DELETE FROM users WHERE id = 'c'")
        connection.exec_driver_sql("ALTER TABLE users ALTER COLUMN name SET NOT NULL")
    assert not columns(engine)["name"]["nullable"]


def test_options_change_one_after_the_other(engine: sa.Engine, server: Server) -> None:
    ran(engine, "ALTER TABLE users SET (billing_mode='PROVISIONED', read_capacity=5, write_capacity=6)")
    if server.name == "dynalite":
        for option in ("ttl='until'", "pitr=true", "stream='NEW_IMAGE'", "deletion_protection=true"):
            with pytest.raises(exc.NotSupportedError, match=option.partition("=")[0]), engine.begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE users SET ({option})")
        return
    ran(
        engine,
        """ALTER TABLE users SET (ttl='until', pitr=true, stream='NEW_IMAGE', tags='{"team": "a"}', sse=true)""",
        "ALTER TABLE users SET (stream='KEYS_ONLY', table_class='STANDARD'), SET (deletion_protection=true)",
    )
    with pytest.raises(exc.ProgrammingError, match="protected against deletion"), engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE users")
    ran(engine, "ALTER TABLE users SET (deletion_protection=false, ttl=false, stream=false, sse=false, pitr=false)")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE users")
