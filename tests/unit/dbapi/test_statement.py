from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.dbapi.statement import MAX_PLANS, Prepared, Statement, StatementCache
from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.plan.steps import GetItem, Query, ReadPlan
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Reader
from sqlalchemy_dynamorm.sql import nodes


def users() -> Table:
    return Table("users", "users", (Column("id", Kind.INTEGER, nullable=False),), "id")


def prepared(statement: Statement, table: Table, options: PlanOptions | None = None) -> Prepared:
    node = statement.node
    assert isinstance(node, nodes.Select | nodes.Insert | nodes.Update | nodes.Delete)
    return statement.prepared(node, lambda _: table, options or PlanOptions())


def test_a_statement_is_planned_once_for_a_table_and_its_options() -> None:
    statement, table = Statement("SELECT id FROM users WHERE id = 1"), users()
    first = prepared(statement, table)
    assert prepared(statement, table) is first
    eventual = prepared(statement, table, PlanOptions("false"))
    assert eventual is not first
    assert prepared(statement, table) is first
    assert prepared(statement, users()) is not first


def test_a_hint_is_an_option_of_its_table() -> None:
    index = Index("by_name", "by_name", ("name",))
    columns = (Column("id", Kind.INTEGER, nullable=False), Column("name", Kind.STRING))
    table = Table("users", "users", columns, "id", None, (index,))
    text = "SELECT id FROM users WHERE id = 1 AND name = 'x'"
    hinted = prepared(Statement(text, hints={(None, "users"): "by_name"}), table)
    same = prepared(Statement(text), table, PlanOptions(index="by_name"))
    for one in (hinted, same):
        assert isinstance(one.plan, ReadPlan)
        assert isinstance(one.plan.access, Query)
        assert one.plan.access.index == index
    elsewhere = prepared(Statement(text, hints={("staging", "users"): "by_name"}), table)
    assert isinstance(elsewhere.plan, ReadPlan)
    assert isinstance(elsewhere.plan.access, GetItem)


def test_two_hints_that_differ_are_refused() -> None:
    statement = Statement("SELECT id FROM users WHERE id = 1", hints={(None, "users"): "by_name"})
    with pytest.raises(ProgrammingError, match="two hints for 'users', the indexes 'by_name' and 'by_age'"):
        prepared(statement, users(), PlanOptions(index="by_age"))


def test_what_runs_a_plan() -> None:
    for text, runner in [
        ("SELECT id FROM users", Reader),
        ("INSERT INTO users (id) VALUES (1)", Inserter),
        ("DELETE FROM users", Changer),
    ]:
        assert type(prepared(Statement(text), users()).runner) is runner


def test_plans_are_bounded() -> None:
    statement, table = Statement("SELECT id FROM users"), users()
    options = [PlanOptions(segments=number) for number in range(1, MAX_PLANS + 2)]
    first = prepared(statement, table, options[0])
    for each in options[1:]:
        prepared(statement, table, each)
    assert len(statement._plans) == MAX_PLANS
    assert prepared(statement, table, options[0]) is not first


def test_the_last_used_texts_are_kept() -> None:
    cache = StatementCache(size=2, longest=10)
    one, two = cache.get("SELECT 1"), cache.get("SELECT 2")
    assert cache.get("SELECT 1") is one
    cache.get("SELECT 3")
    assert cache.get("SELECT 1") is one
    assert cache.get("SELECT 2") is not two
    assert cache.get("SELECT 1000000") is not cache.get("SELECT 1000000")
