from __future__ import annotations

from sqlalchemy_dynamorm.plan.predicates import FunctionTest
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.plan.steps import Beside, LocalPlan
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import planned


def local(text: str) -> LocalPlan:
    found = planned(text, scan="allow")
    assert isinstance(found, LocalPlan)
    return found


def test_what_is_stored_stands_in_a_table_beside() -> None:
    found = local("SELECT lower(a), size(a) FROM things WHERE attribute_type(f) = 'S'")
    [feed] = found.feeds
    assert [column.name for column in feed.columns] == ["a"]
    assert isinstance(feed.beside, Beside)
    assert [(column.name, column.kind, column.nulls) for column in feed.beside.columns] == [
        ("a", Kind.ANY, True),
        ("f", Kind.ANY, True),
    ]
    assert feed.read is not None
    assert [feed.read.projection.fields[each.position] for each in feed.read.projection.outputs] == [*feed.decoded]  # type: ignore[union-attr]


def test_the_text_gives_a_function_what_is_stored() -> None:
    found = local("SELECT max(size((t.a))) FROM things AS t")
    stored = '(SELECT "a" FROM "dynamorm_stored_0" AS dynamorm_stored WHERE rowid = "t".rowid)'
    assert found.text == f'SELECT max(size(({stored}))) FROM "dynamorm_0" AS t'
    assert found.kinds == (Kind.INTEGER,)


def test_what_a_function_looks_for_is_known_to_be_checked() -> None:
    [test] = local("SELECT lower(a) FROM things WHERE begins_with(a, :x) OR size(a) = 1").tests
    assert isinstance(test, FunctionTest)
    assert (test.name, test.column.name, test.operand) == ("begins_with", "a", nodes.Param("x"))
