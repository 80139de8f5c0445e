from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Predicate, Presence
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.expressions import Placeholders, Renderer
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

COLUMNS = {
    "a": Column("a", Kind.STRING),
    "b": Column("b", Kind.STRING),
    "y": Column("y", Kind.BINARY),
    "g": Column("g", Kind.BOOLEAN),
    "k": Column("k", Kind.DOCUMENT),
    "n": Column("n", Kind.INTEGER),
    "f": Column("f", Kind.BOOLEAN),
    "j": Column("j", Kind.DOCUMENT),
    "x": Column("x", Kind.ANY),
}


def predicate(text: str) -> Predicate:
    node = read(f"SELECT a FROM t WHERE {text}")
    assert isinstance(node, nodes.Select)
    assert node.where is not None
    return when_true(node.where, lambda column: COLUMNS[column.name])


def rendered(text: str, *forbidden: str, **values: Any) -> tuple[str | bool, bool]:
    renderer = Renderer(Placeholders(), bound(values), frozenset(forbidden))
    return renderer.render(predicate(text)), renderer.exact


THERE = "attribute_exists(#0) AND NOT attribute_type(#0, "


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("n = 1 AND (a = 'x' OR n > 2)", "#0 = :0 AND (#1 = :1 OR #0 > :2)"),
        ("n = 1 AND a = 'x' OR n > 2", "#0 = :0 AND #1 = :1 OR #0 > :2"),
        ("n <> 1", THERE + ":1) AND #0 <> :0"),
        ("j <> 1", "attribute_exists(#0) AND #0 <> :0"),
        ("j IS NULL", "attribute_not_exists(#0)"),
        ("a IS NULL", "attribute_not_exists(#0) OR attribute_type(#0, :0)"),
        ("a NOT LIKE '%x%'", THERE + ":1) AND NOT contains(#0, :0)"),
        ("n NOT IN (1, 1)", THERE + ":1) AND NOT #0 IN (:0)"),
        ("f < true", "#0 = :0"),
        ("f >= false", "#0 = :0 OR #0 = :1"),
        ("f > true", False),
        ("n = NULL OR a = NULL", False),
        ("n = NULL OR 1 = 1", True),
        ("n IN (NULL)", False),
        ("a = b", THERE + ":0) AND #0 = #1"),
        ("a < b", THERE + ":0) AND #0 < #1"),
        ("x = n", THERE + ":0) AND #0 = #1"),
        ("j = k", "attribute_exists(#0) AND #0 = #1"),
        ("j <> k", "attribute_exists(#0) AND attribute_exists(#1) AND #0 <> #1"),
        (
            "a <> b",
            THERE + ":0) AND attribute_exists(#1) AND NOT attribute_type(#1, :1) AND #0 <> #1",
        ),
        ("f < g", "#0 = :0 AND #1 = :1"),
        ("f >= g", "#0 = :0 AND #1 = :1 OR #0 = :2 AND #1 = :3 OR #0 = :4 AND #1 = :5"),
        ("a IS 'x'", "#0 = :0"),
        ("a IS NOT 'x'", THERE + ":1) AND #0 <> :0 OR attribute_not_exists(#0) OR attribute_type(#0, :2)"),
        ("size(a) > 3", "size(#0) > :0"),
        ("size(a) <> 3", "size(#0) < :0 OR size(#0) > :1"),
        ("NOT size(j) = 3", "size(#0) < :0 OR size(#0) > :1"),
        ("size(a) = NULL", False),
        ("attribute_type(n) = 'N'", "attribute_type(#0, :0)"),
        ("attribute_type(n) <> 'N'", "attribute_exists(#0) AND NOT attribute_type(#0, :0)"),
        ("attribute_type(n, NULL)", False),
        ("attribute_exists(n)", "attribute_exists(#0)"),
        ("NOT attribute_exists(n)", "attribute_not_exists(#0)"),
        ("begins_with(a, 'x')", "begins_with(#0, :0)"),
        ("NOT begins_with(x, 'x')", THERE + ":1) AND NOT begins_with(#0, :0)"),
        ("begins_with(a, '')", THERE + ":0)"),
        ("NOT contains(a, '')", False),
        ("contains(y, x'01')", "contains(#0, :0)"),
        ("NOT contains(j, 1)", "attribute_exists(#0) AND NOT contains(#0, :0)"),
        ("NOT contains(j, NULL)", False),
    ],
)
def test_an_expression_says_exactly_the_condition(text: str, expression: str | bool) -> None:
    assert rendered(text) == (expression, True)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a LIKE 'x_%'", "begins_with(#0, :0)"),
        ("x LIKE 'x%'", "begins_with(#0, :0)"),
        ("x LIKE '%x%'", THERE + ":0)"),
        ("a NOT LIKE 'x_'", THERE + ":0)"),
    ],
)
def test_what_an_expression_cannot_say_is_a_wider_one(text: str, expression: str) -> None:
    assert rendered(text) == (expression, False)


def test_an_attribute_that_may_not_be_named_is_left_out() -> None:
    assert rendered("a = 'x' AND n = 1", "n") == ("#0 = :0", False)
    assert rendered("a = 'x' OR n = 1", "n") == (True, False)
    assert rendered("n IN ()", "n") == (False, True)


@pytest.mark.parametrize(
    "text",
    ["n = a", "a <> n", "NOT begins_with(n, 'x')", "attribute_type(n, 'N')", "size(n) > 1", "attribute_exists(n)"],
)
def test_no_leaf_names_an_attribute_that_may_not_be_named(text: str) -> None:
    columns = {**COLUMNS, "n": Column("n", Kind.STRING)}
    node = read(f"SELECT a FROM t WHERE {text}")
    assert isinstance(node, nodes.Select)
    assert node.where is not None
    renderer = Renderer(Placeholders(), bound({}), frozenset({"n"}))
    assert renderer.render(when_true(node.where, lambda column: columns[column.name])) is True
    assert not renderer.exact


@pytest.mark.parametrize("text", ["x < n", "j >= k"])
def test_an_order_that_depends_on_the_stored_types_is_checked_again(text: str) -> None:
    expression, exact = rendered(text)
    assert isinstance(expression, str)
    assert "attribute_exists(#0)" in expression
    assert "attribute_exists(#1)" in expression
    assert not exact


def test_an_order_of_documents_is_left_out() -> None:
    assert rendered("j < :d", d=[1]) == (True, False)
    assert rendered("j < :d", d=1) == ("#0 < :0", True)


def test_a_long_list_is_split_and_a_longer_one_left_out() -> None:
    column = COLUMNS["n"]

    def listed(count: int, negated: bool = False) -> tuple[str | bool, bool]:
        renderer = Renderer(Placeholders(), bound({"l": list(range(count))}))
        return renderer.render(Membership((column,), nodes.ParamList("l"), negated)), renderer.exact

    text, exact = listed(101)
    assert isinstance(text, str)
    assert (text.count(" IN ("), text.endswith(" OR #0 IN (:100)"), exact) == (2, True, True)
    text, exact = listed(101, negated=True)
    assert isinstance(text, str)
    assert ("AND NOT (#0 IN (" in text, exact) == (True, True)
    assert listed(400) == (True, False)


def test_a_conjunct_has_parentheses_where_it_needs_them() -> None:
    either = predicate("n = 1 OR n = 2")
    assert Renderer(Placeholders(), bound({})).conjunct(either) == "(#0 = :0 OR #0 = :1)"
    assert Renderer(Placeholders(), bound({})).conjunct(predicate("n = 1 AND (n = 2 OR n = 3)")) == (
        "#0 = :0 AND (#0 = :1 OR #0 = :2)"
    )


def test_only_placeholders_that_are_used_are_sent() -> None:
    placeholders = Placeholders()
    Renderer(placeholders, bound({})).render(predicate("a = 'x' OR 1 = 1"))
    kept = Renderer(placeholders, bound({})).render(Comparison(COLUMNS["n"], "=", nodes.Literal(1)))
    params = placeholders.into({"FilterExpression": kept, "TableName": "#0"})
    assert params["ExpressionAttributeNames"] == {"#1": "n"}
    assert params["ExpressionAttributeValues"] == {":1": {"N": "1"}}
    assert Placeholders().into({"TableName": "t"}) == {"TableName": "t"}


def test_a_name_has_one_placeholder() -> None:
    placeholders = Placeholders()
    assert placeholders.projection(["a", "b", "a"]) == {"ProjectionExpression": "#0, #1, #0"}
    renderer = Renderer(placeholders, bound({}))
    assert renderer.render(Presence(Column("b", Kind.DOCUMENT), True)) == "attribute_exists(#1)"
