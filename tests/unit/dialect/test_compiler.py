from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import exc
from sqlalchemy.orm import aliased, registry

from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.dialect.compiler import Compiler, bind_name
from sqlalchemy_dynamorm.dialect.refusal import UnsupportedCompile
from sqlalchemy_dynamorm.errors import NotSupportedError
from sqlalchemy_dynamorm.sql.reader import read

DIALECT = Boto3Dialect()
METADATA = sa.MetaData()
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String),
    sa.Column("ok", sa.Boolean),
    sa.Column("order", sa.Integer),
)
ODD = sa.Table("odd", METADATA, sa.Column("a b", sa.Integer, primary_key=True), sa.Column("a_b", sa.Integer))
STAGED = sa.Table("things", METADATA, sa.Column("id", sa.Integer, primary_key=True), schema="staging")


def compiled(statement: Any, **keywords: Any) -> Compiler:
    found = statement.compile(dialect=DIALECT, **keywords)
    assert isinstance(found, Compiler)
    return found


def text_of(statement: Any) -> str:
    return " ".join(compiled(statement).prepared({}).text.split())


def ids(*where: Any) -> sa.Select[Any]:
    return sa.select(USERS.c.id).where(*where)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (ids(USERS.c.id == 1), "SELECT users.id FROM users WHERE users.id = :id_1"),
        (ids(USERS.c.id.in_([1, 2])), "SELECT users.id FROM users WHERE users.id IN (:id_1)"),
        (ids(USERS.c.id.not_in([])), "SELECT users.id FROM users WHERE (users.id NOT IN (:id_1))"),
        (
            ids(sa.tuple_(USERS.c.id, USERS.c.name).in_([(1, "a")])),
            "SELECT users.id FROM users WHERE (users.id, users.name) IN (:param_1)",
        ),
        (ids(USERS.c.ok), "SELECT users.id FROM users WHERE users.ok"),
        (ids(~USERS.c.ok), "SELECT users.id FROM users WHERE NOT users.ok"),
        (ids(USERS.c.ok.is_(True)), "SELECT users.id FROM users WHERE users.ok IS true"),
        (ids(sa.false()), "SELECT users.id FROM users WHERE false"),
        (ids(USERS.c.name.is_(None)), "SELECT users.id FROM users WHERE users.name IS NULL"),
        (ids(USERS.c.name.startswith("a")), "SELECT users.id FROM users WHERE (users.name LIKE :name_1 || '%')"),
        (ids().order_by(USERS.c.order.desc()), 'SELECT users.id FROM users ORDER BY users."order" DESC'),
        (ids().limit(5), "SELECT users.id FROM users LIMIT :param_1"),
        (ids().fetch(5), "SELECT users.id FROM users LIMIT :param_1"),
        (ids().offset(2), "SELECT users.id FROM users LIMIT -1 OFFSET :param_1"),
        (ids().limit(1).offset(2), "SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2"),
        (ids().fetch(1).offset(2), "SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2"),
        (
            ids(USERS.c.id == sa.bindparam("x", literal_execute=True, type_=sa.Integer)),
            "SELECT users.id FROM users WHERE users.id = :x",
        ),
        (sa.select(sa.func.count()).select_from(USERS), "SELECT count(*) AS count_1 FROM users"),
        (sa.select(STAGED.c.id), "SELECT staging.things.id FROM staging.things"),
        (sa.select(aliased(USERS, name="u").c.id), "SELECT u.id FROM users AS u"),
        (sa.insert(USERS).values(name="a"), "INSERT INTO users (name) VALUES (:name) RETURNING id"),
        (sa.insert(USERS).values(id=1, name="a"), "INSERT INTO users (id, name) VALUES (:id, :name)"),
        (sa.insert(USERS).values(), "INSERT INTO users DEFAULT VALUES RETURNING id"),
        (
            sa.insert(USERS).values([{"id": 1}, {"id": 2}]),
            "INSERT INTO users (id) VALUES (:id_m0), (:id_m1)",
        ),
        (sa.insert(STAGED).values(id=1), "INSERT INTO staging.things (id) VALUES (:id)"),
        (
            sa.update(USERS).where(USERS.c.id == 1).values(name="b").returning(USERS.c.name),
            "UPDATE users SET name=:name WHERE users.id = :id_1 RETURNING name",
        ),
        (
            sa.delete(USERS).where(USERS.c.id == 1).returning(USERS.c.id),
            "DELETE FROM users WHERE users.id = :id_1 RETURNING id",
        ),
        (sa.text("SELECT id FROM users WHERE id = :id"), "SELECT id FROM users WHERE id = :id"),
        (
            sa.select(USERS.c.id).join(ODD, ODD.c.a_b == USERS.c.id),
            "SELECT users.id FROM users JOIN odd ON odd.a_b = users.id",
        ),
    ],
)
def test_text_that_the_reader_reads(statement: Any, text: str) -> None:
    prepared = compiled(statement).prepared({})
    assert text_of(statement) == text
    assert read(prepared.text, prepared.lists) == prepared.node


@pytest.mark.parametrize(
    ("statement", "lists"),
    [
        (ids(USERS.c.id == 1), set()),
        (ids(USERS.c.id.in_([1])), {"id_1"}),
        (ids(sa.tuple_(USERS.c.id, USERS.c.name).in_([])), {"param_1"}),
        (ids(USERS.c.id.in_(sa.bindparam("an id", expanding=True))), {"x__an_20_id"}),
        (ids(USERS.c.id.in_(sa.bindparam("x", expanding=True, literal_execute=True))), {"x"}),
        (sa.delete(USERS).where(USERS.c.id.in_([1])), {"id_1"}),
        (sa.text("DELETE FROM users WHERE id IN :x").bindparams(sa.bindparam("x", expanding=True)), {"x"}),
    ],
)
def test_lists_are_named(statement: Any, lists: set[str]) -> None:
    prepared = compiled(statement).prepared({})
    assert prepared.lists == lists
    read(prepared.text, prepared.lists)  # takes them


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        (sa.select(USERS), {(None, "users")}),
        (sa.select(STAGED), {("staging", "things")}),
        (sa.select(aliased(USERS)), {(None, "users")}),
        (sa.insert(STAGED), {("staging", "things")}),
        (sa.update(USERS).values(name="x"), {(None, "users")}),
        (sa.delete(STAGED), {("staging", "things")}),
        (sa.select(USERS).where(USERS.c.id.in_(sa.select(ODD.c.a_b))), {(None, "users"), (None, "odd")}),
        (sa.text("SELECT 1"), set()),
        (sa.select(sa.table("users", sa.column("id"))), set()),
    ],
)
def test_declared_tables_are_collected(statement: Any, tables: Any) -> None:
    assert set(compiled(statement).prepared({}).tables) == tables


def test_an_orm_statement_has_its_table() -> None:
    class User:
        id: Any

    registry().map_imperatively(User, USERS)
    assert set(compiled(sa.select(User)).prepared({}).tables) == {(None, "users")}


class TestMemory:
    def test_a_statement_is_made_once(self) -> None:
        found = compiled(sa.select(USERS))
        assert found.prepared({}) is found.prepared({})

    def test_each_schema_has_its_own(self) -> None:
        found = compiled(sa.select(STAGED), schema_translate_map={"staging": "x"})
        one, other = (found.prepared({"staging": name}) for name in ("one", "other"))
        assert one.text.startswith("SELECT one.things.id")
        assert {key: table.physical for key, table in other.tables.items()} == {("other", "things"): "other.things"}
        assert found.prepared({"staging": "one"}) is one

    def test_no_schema_is_one_too(self) -> None:
        found = compiled(sa.select(STAGED), schema_translate_map={"staging": None})
        prepared = found.prepared({"staging": None})
        assert prepared.text.split() == ["SELECT", "things.id", "FROM", "things"]
        assert prepared.tables[None, "things"].physical == "things"

    def test_a_table_without_schema_gets_one(self) -> None:
        found = compiled(sa.select(USERS.c.id), schema_translate_map={None: "x"})
        assert found.prepared({None: "a"}).text.split() == ["SELECT", "a.users.id", "FROM", "a.users"]
        with pytest.raises(exc.InvalidRequestError, match="same keys"):
            found.prepared({"staging": "x"})

    def test_few_are_kept(self) -> None:
        found = compiled(sa.select(STAGED), schema_translate_map={"staging": "x"})
        first = found.prepared({"staging": "first"})
        for number in range(200):
            found.prepared({"staging": f"tenant{number}"})
        assert found.prepared({"staging": "first"}) is not first

    def test_a_callable_name_is_asked_each_time(self) -> None:
        tenant = "one"
        moving = sa.Table(
            "t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), dynamodb_table_name=lambda: tenant
        )
        found = compiled(sa.select(moving))
        first = found.prepared({})
        tenant = "two"
        assert found.prepared({}).tables[None, "t"].physical == "two"
        tenant = "one"
        assert found.prepared({}) is first

    def test_two_declarations_of_one_name_are_refused(self) -> None:
        other = sa.Table("users", sa.MetaData(), sa.Column("id", sa.String, primary_key=True))
        with pytest.raises(NotSupportedError, match="two declarations"):
            compiled(sa.select(USERS.c.id, other.c.id)).prepared({})


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (ids().with_hint(USERS, "x"), "with_hint"),
        (ids().with_statement_hint("x"), "with_statement_hint"),
        (sa.update(USERS).values(name="x").with_hint("x"), "with_hint"),
        (ids().fetch(5, with_ties=True), "without ORDER BY"),
        (ids().distinct().fetch(5, percent=True), "DISTINCT beside fetch"),
        (ids().order_by(USERS.c.id).fetch(5, with_ties=True).with_for_update(), "FOR UPDATE beside"),
        (sa.union(ids(), ids()).fetch(5, percent=True), "percent of a UNION"),
    ],
)
def test_nothing_is_dropped(statement: Any, message: str) -> None:
    with pytest.raises(UnsupportedCompile, match=message):
        compiled(statement)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({}, "FOR UPDATE"),
        ({"nowait": True}, "FOR UPDATE NOWAIT"),
        ({"read": True}, "FOR SHARE"),
        ({"key_share": True}, "FOR NO KEY UPDATE"),
        ({"read": True, "key_share": True}, "FOR KEY SHARE"),
        ({"of": USERS}, "FOR UPDATE OF users"),
        ({"of": [USERS.c.id, USERS.c.name], "skip_locked": True}, "FOR UPDATE OF users SKIP LOCKED"),
    ],
)
def test_for_update(asked: dict[str, Any], text: str) -> None:
    assert text_of(ids().with_for_update(**asked)) == f"SELECT users.id FROM users {text}"


def test_for_update_of_an_alias() -> None:
    other = USERS.alias("u")
    assert text_of(sa.select(other.c.id).with_for_update(of=other)).endswith("AS u FOR UPDATE OF u")


def test_a_hint_for_another_database_is_not_ours() -> None:
    assert text_of(ids().with_hint(USERS, "x", "oracle")) == "SELECT users.id FROM users"


def test_a_bind_expression_in_a_list_is_refused() -> None:
    class Lower(sa.types.UserDefinedType[str]):
        cache_ok = True

        def bind_expression(self, bindvalue: Any) -> Any:
            return sa.func.lower(bindvalue)

    with pytest.raises(NotSupportedError, match="bind_expression"):
        compiled(ids(sa.type_coerce(USERS.c.name, Lower).in_(["a"]))).prepared({})


class TestBindNames:
    @pytest.mark.parametrize(
        ("name", "written"),
        [("a b", "x__a_20_b"), ("a.b", "x__a_2e_b"), ("1st", "x__1st"), ("x__a", "x__x____a"), ("é", "x___e9_")],
    )
    def test_odd_names_are_escaped(self, name: str, written: str) -> None:
        assert bind_name(name) == written

    @given(st.text(min_size=1), st.text(min_size=1))
    def test_no_two_are_one(self, one: str, other: str) -> None:
        assert (bind_name(one) == bind_name(other)) == (one == other)
        assert bind_name(one).isascii()
        assert bind_name(one).isidentifier()

    def test_columns_that_look_alike_keep_their_values(self) -> None:
        found = compiled(sa.insert(ODD).values({"a b": 1, "a_b": 2}))
        assert found.prepared({}).text == 'INSERT INTO odd ("a b", a_b) VALUES (:x__a_20_b, :a_b)'
        assert found.construct_params() == {"x__a_20_b": 1, "a_b": 2}


def test_the_values_can_be_shown() -> None:
    statement = ids(USERS.c.id.in_([1, 2]))
    shown = compiled(statement, compile_kwargs={"render_postcompile": True})
    assert str(shown).endswith("WHERE users.id IN (:id_1_1, :id_1_2)")
    assert str(compiled(statement, compile_kwargs={"literal_binds": True})).endswith("WHERE users.id IN (1, 2)")
