"""ensure_tables: what is missing is made, nothing is dropped, and what differs is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm import Ensured, ensure_tables
from sqlalchemy_dynamorm.__main__ import main
from tests.conftest import Calls
from tests.servers import Server


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[sa.Engine]:
    # dynalite takes UpdateTable of an index and ignores it
    engine = sa.create_engine(ministack.url(schema))
    yield engine
    engine.dispose()


def users(*more: Any, key: Any = sa.String, **options: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("id", key, primary_key=True), sa.Column("name", sa.String), *more, **options)
    return metadata


def test_what_is_missing_is_made(engine: sa.Engine, calls: Calls) -> None:
    assert ensure_tables(users(), engine).done == ["made the table users"]
    calls.clear()
    again = ensure_tables(users(), engine)
    assert (again.done, again.differing) == ([], [])
    assert {*calls.operations} == {"DescribeTable", "GetItem"}
    more = users(
        sa.Column("age", sa.Integer),
        sa.Index("ix_name", "name"),
        sa.Index("ix_age", "age", dynamodb_projection="KEYS_ONLY"),
        dynamodb_pitr=True,
        dynamodb_ttl="until",
    )
    assert ensure_tables(more, engine).done == [
        "declared the column age of users",
        "made the index ix_age of users",
        "made the index ix_name of users",
        "set ttl of users",
        "set pitr of users",
    ]
    assert ensure_tables(more, engine) == Ensured()
    reflected = sa.Table("users", sa.MetaData(), autoload_with=engine)
    assert [*reflected.columns.keys()] == ["id", "name", "age"]
    assert {index.name for index in reflected.indexes} == {"ix_age", "ix_name"}


def test_what_differs_is_left_as_it_is_and_said(engine: sa.Engine) -> None:
    users(
        sa.Column("age", sa.Integer),
        sa.Index("ix_name", "name"),
        sa.Index("ix_old", "age"),
        dynamodb_stream="NEW_IMAGE",
    ).create_all(engine)
    other = users(
        sa.Column("age", sa.Text),
        sa.Column("born", sa.Date, nullable=False),
        sa.Index("ix_name", "name", "id"),
        dynamodb_stream="KEYS_ONLY",
        dynamodb_table_class="STANDARD_INFREQUENT_ACCESS",
        dynamodb_tags={"team": "a"},
    )
    report = ensure_tables(other, engine)
    assert report.done == ["set tags of users"]
    assert report.differing == [
        "the column born of users is not there, and would be NOT NULL",
        "users: the column age",
        "the index ix_name of users has other columns or another projection",
        "the index ix_old of users is there, and is not declared",
        "the option stream of users",
        "the option table_class of users",
    ]
    assert str(report).splitlines()[-1] == "left as it is: the option table_class of users"
    report = ensure_tables(users(key=sa.Integer), engine)
    assert report.differing == ["the key of the table users; another takes a new table and a copy of the rows"]


def test_a_table_made_elsewhere_keeps_its_name_and_is_not_declared(engine: sa.Engine, schema: str) -> None:
    elsewhere = sa.create_engine(engine.url.update_query_dict({"system_table": "none", "default_schema": schema}))
    sa.Table("physical", sa.MetaData(), sa.Column("id", sa.String, primary_key=True)).create(elsewhere)
    elsewhere.dispose()
    mapped = users(sa.Index("ix_name", "name"), dynamodb_table_name=f"{schema}.physical")
    assert ensure_tables(mapped, engine).done == ["made the index ix_name of users"]
    assert sa.inspect(engine).get_table_names() == ["physical"]


def test_the_command_makes_the_system_table_and_the_tables(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType("shop_models")
    module.metadata = users()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_models", module)
    url = engine.url.render_as_string(hide_password=False)
    assert main(["init", url, "shop_models:metadata"]) == 0
    assert capsys.readouterr().out.splitlines() == ["dynamorm_system", "made the table users"]
    module.metadata = users(key=sa.Integer)  # type: ignore[attr-defined]
    assert main(["init", url, "shop_models"]) == 1
