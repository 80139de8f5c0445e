"""Plans of declared tables need no call: nobody listens on port 9."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.dialect.explain import explain
from sqlalchemy_dynamorm.plan.steps import GetItem, InsertPlan, ReadPlan, Scan

USERS = sa.Table(
    "users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String), schema="a"
)
ENGINE = sa.create_engine("dynamodb://localhost:9")


def test_a_select_by_key_is_a_get() -> None:
    plan = explain(sa.select(USERS).where(USERS.c.id == 1), ENGINE).plan
    assert isinstance(plan, ReadPlan)
    assert isinstance(plan.access, GetItem)


def test_a_connections_schemas_hold() -> None:
    with ENGINE.connect().execution_options(schema_translate_map={"a": "b"}) as connection:
        plan = explain(sa.select(USERS), connection).plan
    assert isinstance(plan, ReadPlan)
    assert plan.table is not None
    assert plan.table.physical == "b.users"


def test_options_hold_and_a_refusal_says_so() -> None:
    query = sa.select(USERS).where(USERS.c.name == "x")
    with pytest.raises(exc.NotSupportedError) as caught:
        explain(query, ENGINE)
    assert isinstance(caught.value.orig, errors.ScanRefused)
    allowed = explain(query.execution_options(dynamodb_scan="allow"), ENGINE).plan
    assert isinstance(allowed, ReadPlan)
    assert isinstance(allowed.access, Scan)


def test_the_names_of_the_parameters_choose_the_columns() -> None:
    plan = explain(sa.insert(USERS), ENGINE, {"id": 1}).plan
    assert isinstance(plan, InsertPlan)


def test_it_is_shown_as_explain_shows_it() -> None:
    found = explain(sa.select(USERS).where(USERS.c.id == 1), ENGINE)
    assert [row[1] for row in found.rows] == ["GetItem"]
    assert str(found) == found.text
    assert "GetItem" in found.text


def test_text_is_taken() -> None:
    assert isinstance(explain("SELECT 1", ENGINE).plan, ReadPlan)


def test_what_is_no_statement_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(exc.InterfaceError, match="does not take int"):
        explain(wrong, ENGINE)
