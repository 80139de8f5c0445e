from __future__ import annotations

from sqlalchemy_dynamorm.dbapi.statement import MAX_PLANS, Prepared, Statement, StatementCache
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Reader
from sqlalchemy_dynamorm.sql import nodes


def users() -> Table:
    return Table("users", "users", (Column("id", Kind.INTEGER, nullable=False),), "id")


def prepared(statement: Statement, table: Table, options: PlanOptions | None = None) -> Prepared:
    node = statement.node
    assert isinstance(node, nodes.Select | nodes.Insert | nodes.Update | nodes.Delete)
    return statement.prepared(node, table, options or PlanOptions())


def test_a_statement_is_planned_once_for_a_table_and_its_options() -> None:
    statement, table = Statement("SELECT id FROM users WHERE id = 1"), users()
    first = prepared(statement, table)
    assert prepared(statement, table) is first
    eventual = prepared(statement, table, PlanOptions("false"))
    assert eventual is not first
    assert prepared(statement, table) is first
    assert prepared(statement, users()) is not first


def test_what_runs_a_plan() -> None:
    for text, runner in [
        ("SELECT id FROM users", Reader),
        ("INSERT INTO users (id) VALUES (1)", Inserter),
        ("DELETE FROM users", Changer),
    ]:
        assert type(prepared(Statement(text), users()).runner) is runner


def test_plans_are_bounded() -> None:
    statement, tables = Statement("SELECT id FROM users"), [users() for _ in range(MAX_PLANS + 1)]
    first = prepared(statement, tables[0])
    for table in tables[1:]:
        prepared(statement, table)
    assert len(statement._plans) == MAX_PLANS
    assert prepared(statement, tables[0]) is not first


def test_the_last_used_texts_are_kept() -> None:
    cache = StatementCache(size=2, longest=10)
    one, two = cache.get("SELECT 1"), cache.get("SELECT 2")
    assert cache.get("SELECT 1") is one
    cache.get("SELECT 3")
    assert cache.get("SELECT 1") is one
    assert cache.get("SELECT 2") is not two
    assert cache.get("SELECT 1000000") is not cache.get("SELECT 1000000")
