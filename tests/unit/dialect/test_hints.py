from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased, registry

from sqlalchemy_dynamorm.dialect.refusal import UnsupportedCompile
from tests.unit.dialect.test_compiler import ODD, STAGED, USERS, compiled, ids, text_of


class User:
    id: Any
    name: Any


registry().map_imperatively(User, USERS)


@pytest.mark.parametrize(
    "statement",
    [
        ids().with_hint(USERS, "INDEX by_name", "dynamodb"),
        ids().with_hint(USERS, "INDEX by_name"),
        sa.select(User).with_hint(User, "INDEX by_name", "dynamodb"),
        sa.select(aliased(User).id).with_hint(USERS, "INDEX by_name"),
        sa.update(USERS).values(name="x").with_hint("INDEX by_name"),
        sa.delete(USERS).with_hint("INDEX by_name", dialect_name="dynamodb"),
    ],
)
def test_a_hint_names_the_index_of_a_table(statement: Any) -> None:
    assert compiled(statement).prepared({}).hints == {(None, "users"): "by_name"}
    assert "INDEX" not in text_of(statement)


def test_a_hint_on_an_alias_is_one_on_its_table() -> None:
    other = USERS.alias("other")
    hints = compiled(sa.select(other.c.id).with_hint(other, "INDEX by_name")).prepared({}).hints
    assert hints == {(None, "users"): "by_name"}


def test_a_hint_goes_where_the_schema_goes() -> None:
    statement = sa.select(STAGED.c.id).with_hint(STAGED, "INDEX by_name")
    assert compiled(statement).prepared({}).hints == {("staging", "things"): "by_name"}
    translated = compiled(statement, schema_translate_map={"staging": "live"})
    assert translated.prepared({"staging": "live"}).hints == {("live", "things"): "by_name"}


def test_a_name_may_hold_spaces() -> None:
    statement = ids().with_hint(USERS, "INDEX by name")
    assert compiled(statement).prepared({}).hints == {(None, "users"): "by name"}


def test_statements_with_other_hints_are_other_statements() -> None:
    keys = [ids().with_hint(USERS, f"INDEX {name}")._generate_cache_key() for name in ("by_name", "by_age")]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("text", ["by_name", "USE INDEX (by_name)", "INDEX", "INDEX ", "index by_name", "NOLOCK"])
def test_another_hint_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(UnsupportedCompile, match=r"with_hint.*the one hint there is"):
        compiled(ids().with_hint(USERS, text))


def test_two_indexes_of_one_table_are_refused() -> None:
    other = USERS.alias("other")
    statement = sa.select(USERS.c.id, other.c.id).with_hint(USERS, "INDEX by_name").with_hint(other, "INDEX by_age")
    with pytest.raises(UnsupportedCompile, match="two indexes of 'users'"):
        compiled(statement)


def test_a_hint_on_what_is_not_read_is_refused() -> None:
    with pytest.raises(UnsupportedCompile, match="'odd', which the statement does not read"):
        compiled(ids().with_hint(ODD, "INDEX by_name")).prepared({})
    inner = ids().subquery()
    with pytest.raises(UnsupportedCompile, match="something else than a table"):
        compiled(sa.select(inner.c.id).with_hint(inner, "INDEX by_name"))
