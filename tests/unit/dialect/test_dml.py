from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

import sqlalchemy_dynamorm
from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.dialect.dml import insert
from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.sql.reader import read

DIALECT = Boto3Dialect()
USERS = sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
NAMED = sa.Table(
    "named",
    sa.MetaData(naming_convention={"pk": "pk_%(table_name)s"}),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("a", sa.String, unique=True),
    sa.Column("b", sa.String),
    sa.Column("c", sa.String),
    sa.UniqueConstraint("a", "b", name="uq_both"),
    sa.Index("ix_c", "c", unique=True),
)


def text_of(statement: Any) -> str:
    return " ".join(str(statement.compile(dialect=DIALECT)).split())


@pytest.mark.parametrize("make", [insert, sqlite.insert, postgresql.insert])
def test_the_inserts_of_sqlite_and_postgresql_have_the_same_text(make: Any) -> None:
    new = make(USERS).values(id=1, n=2)
    begin = "INSERT INTO users (id, n) VALUES (:id, :n) ON CONFLICT"
    assert text_of(new.on_conflict_do_nothing()) == f"{begin} DO NOTHING"
    assert text_of(new.on_conflict_do_nothing(index_elements=[USERS.c.id])) == f"{begin} (id) DO NOTHING"
    update = new.on_conflict_do_update(
        index_elements=["id"], set_={"n": USERS.c.n + new.excluded.n}, where=USERS.c.n < new.excluded.n
    )
    assert text_of(update) == f"{begin} (id) DO UPDATE SET n = (users.n + excluded.n) WHERE users.n < excluded.n"


@pytest.mark.parametrize(
    ("table", "name", "target"),
    [
        (USERS, "users_pkey", "(id)"),
        (USERS, "users_n_key", "ON CONSTRAINT users_n_key"),
        (NAMED, "pk_named", "(id)"),
        (NAMED, "named_a_key", "(a)"),
        (NAMED, "uq_both", "(a, b)"),
        (NAMED, "ix_c", "(c)"),
        (NAMED, "named_pkey", "ON CONSTRAINT named_pkey"),
    ],
)
def test_the_constraint_that_postgresqls_insert_names(table: sa.Table, name: str, target: str) -> None:
    new = postgresql.insert(table).values(id=1)
    named = new.on_conflict_do_update(constraint=name, set_={"id": 1})
    assert f"ON CONFLICT {target} DO UPDATE SET id = :" in text_of(named)
    assert f"ON CONFLICT {target} DO NOTHING" in text_of(new.on_conflict_do_nothing(constraint=name))


def test_replace_is_or_replace() -> None:
    assert text_of(insert(USERS).values(id=1).on_conflict_replace()) == "INSERT OR REPLACE INTO users (id) VALUES (:id)"
    both = insert(USERS).values(id=1).on_conflict_replace().on_conflict_do_nothing()
    with pytest.raises(Unsupported, match="INSERT OR REPLACE with ON CONFLICT"):
        read(text_of(both))


def test_a_partial_index_is_refused() -> None:
    partial = insert(USERS).values(id=1).on_conflict_do_nothing(["id"], USERS.c.n > 5)
    compiled: Any = partial.compile(dialect=DIALECT)
    with pytest.raises(Unsupported, match="partial index"):
        read(compiled.named_text)


def test_it_is_imported_when_it_is_asked_for() -> None:
    assert sqlalchemy_dynamorm.insert is insert
    code = (
        "import sys, sqlalchemy_dynamorm; from sqlalchemy_dynamorm import insert; "
        "print([name for name in ('boto3', 'sqlglot', 'msgspec') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
