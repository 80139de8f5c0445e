from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, ScanRefused, UndefinedColumn
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, Field, Query, ReadPlan, Scan
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import changed, inserted, planned, selected, table

BY_N = Index("by_n", "by_n", ("n",))


def test_a_column_is_decoded_once() -> None:
    plan = selected("p = 'x' AND s = 1 AND b > 1", what="b, a, b AS again")
    assert [column.name for column in plan.projection.fields] == ["b", "a"]
    assert plan.projection.outputs == (Field(0), Field(1), Field(0))
    assert plan.projection.labels == ("b", "a", "again")


def test_a_constant_costs_no_call() -> None:
    plan = planned("SELECT 1 AS one, :x")
    assert isinstance(plan, ReadPlan)
    assert plan.table is None
    assert plan.projection.outputs == (nodes.Literal(1), nodes.Param("x"))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("SELECT colour FROM things", UndefinedColumn, "no column 'colour'"),
        ("SELECT x.p FROM things", UndefinedColumn, "'x' is not a table of this statement"),
        ("SELECT p FROM things ORDER BY colour", UndefinedColumn, "colour"),
        ("INSERT INTO things (p, p) VALUES ('x', 'y')", ProgrammingError, "named twice"),
        ("INSERT INTO things (colour) VALUES ('x')", UndefinedColumn, "colour"),
        ("UPDATE things SET a = 'x', a = 'y' WHERE p = 'x' AND s = 1", ProgrammingError, "set twice"),
        ("UPDATE things SET colour = 'x'", UndefinedColumn, "colour"),
        ("DELETE FROM things WHERE colour = 1", UndefinedColumn, "colour"),
        ("DELETE FROM things WHERE a = 'x'", ScanRefused, "whole|read all of"),
    ],
)
def test_what_is_refused(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        planned(text)


def test_consistency() -> None:
    assert selected("p = 'x'").consistent
    assert not selected("p = 'x'", consistent_read="false").consistent


def test_an_order_of_a_constant_needs_no_sorting() -> None:
    assert selected("p = 'x' AND a = 'y' ORDER BY a DESC, s").sort == ()


def test_a_change_by_key_is_one_step() -> None:
    plan = changed("UPDATE things SET a = :a WHERE p = 'x' AND s = 1 AND b = 2")
    assert plan.key is not None
    assert plan.find is None
    assert show(plan.rest) == "b = 2"
    assert not plan.moves
    assert changed("UPDATE things SET s = 2 WHERE p = 'x' AND s = 1").moves


@pytest.mark.parametrize(
    ("where", "access"),
    [("p = 'x'", Query), ("(p, s) IN (('x', 1))", BatchGetItem), ("n = 1", Query), ("true", Scan)],
)
def test_else_the_keys_are_found_and_the_where_repeated(where: str, access: type) -> None:
    plan = changed(f"DELETE FROM things WHERE {where}", table(BY_N))
    assert plan.find is not None
    assert isinstance(plan.find.access, access)
    assert [field.name for field in plan.find.projection.fields[:2]] == ["p", "s"]
    assert plan.rest == plan.where
    assert plan.key is None


def test_returning() -> None:
    plan = inserted("INSERT INTO things (p, s, n) VALUES ('x', :s, 1), ('y', 2, 1) RETURNING s, 'c' AS c")
    assert [column.name for column in plan.columns] == ["p", "s", "n"]
    assert len(plan.rows) == 2
    assert plan.returning is not None
    assert plan.returning.labels == ("s", "c")
    with pytest.raises(ProgrammingError, match="RETURNING cannot count"):
        inserted("INSERT INTO things (p) VALUES ('x') RETURNING count(*)")
