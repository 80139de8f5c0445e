from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.explain import show
from sqlalchemy_dynamorm.plan.predicates import (
    ALWAYS,
    NEVER,
    All,
    Comparison,
    Presence,
    Some,
    columns_of,
    conjuncts,
    every,
    some,
    when_false,
    when_true,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

A, B = Column("a", Kind.INTEGER), Column("b", Kind.STRING)
COLUMNS = {"a": A, "b": B, "f": Column("f", Kind.BOOLEAN)}
ONE = Comparison(A, "=", nodes.Literal(1))
THERE = Presence(B, True)


def where(text: str) -> nodes.Expression:
    node = read(f"SELECT a FROM t WHERE {text}")
    assert isinstance(node, nodes.Select)
    assert node.where is not None
    return node.where


def resolve(column: nodes.Column) -> Column:
    return COLUMNS[column.name]


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("a = 1", "a = 1", "a <> 1"),
        ("1 < a", "a > 1", "a <= 1"),
        ("NOT (a >= :x)", "a < :x", "a >= :x"),
        ("a = 1 AND b = 'x'", "a = 1 AND b = 'x'", "a <> 1 OR b <> 'x'"),
        ("a = 1 OR NOT (b = 'x' AND a > 2)", "a = 1 OR b <> 'x' OR a <= 2", "a <> 1 AND b = 'x' AND a > 2"),
        ("a BETWEEN 1 AND 2", "a >= 1 AND a <= 2", "a < 1 OR a > 2"),
        ("a IN (1, 2)", "a IN (2 values)", "a NOT IN (2 values)"),
        ("b LIKE 'x%'", "b LIKE 'x%'", "b NOT LIKE 'x%'"),
        ("a IS NULL", "a IS NULL", "a IS NOT NULL"),
        ("f", "f = True", "f = False"),
        ("f IS TRUE", "f = True", "f = False OR f IS NULL"),
        ("f IS FALSE", "f = False", "f = True OR f IS NULL"),
        ("(a = 1) IS TRUE", "a = 1", "a <> 1 OR a IS NULL"),
        (":x IS NULL", ":x is null", ":x is not null"),
        (":x < :y", ":x < :y", ":x >= :y"),
        ("true", "true", "false"),
        ("NULL", "false", "false"),
    ],
)
def test_a_condition_where_it_is_true_and_where_it_is_false(text: str, true: str, false: str) -> None:
    assert show(when_true(where(text), resolve)) == true
    assert show(when_false(where(text), resolve)) == false


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = b", "one column with another"),
        ("a LIKE 'x'", "LIKE is for text; the column 'a' holds integer"),
        (":x LIKE 'x'", "LIKE on a bound value"),
        ("(a = 1) = (b = 'x')", "Comparing an expression"),
        ("(a = 1) IS NULL", "IS NULL on an expression"),
        ("(a = :x) IS NOT TRUE", "IS NOT TRUE"),
        (":x", "a bound value as a condition"),
    ],
)
def test_what_is_not_handled_is_refused_by_name(text: str, names: str) -> None:
    with pytest.raises(Unsupported) as caught:
        when_true(where(text), resolve)
    assert names in str(caught.value)


def test_constants_are_folded() -> None:
    assert every((ALWAYS, ONE, ALWAYS)) == ONE
    assert every((ONE, NEVER)) == NEVER
    assert every(()) == ALWAYS
    assert some((NEVER, ONE)) == ONE
    assert some((ONE, ALWAYS)) == ALWAYS
    assert some(()) == NEVER


def test_groups_of_one_kind_are_flat() -> None:
    assert every((All((ONE, THERE)), ONE)) == All((ONE, THERE, ONE))
    assert some((Some((ONE, THERE)), ONE)) == Some((ONE, THERE, ONE))


def test_conjuncts() -> None:
    assert conjuncts(ALWAYS) == ()
    assert conjuncts(ONE) == (ONE,)
    assert conjuncts(All((ONE, THERE))) == (ONE, THERE)
    assert conjuncts(Some((ONE, THERE))) == (Some((ONE, THERE)),)


def test_columns_of_every_leaf() -> None:
    condition = where("(a, b) IN ((1, 'x')) AND b LIKE 'x' AND (a IS NULL OR :x = 1 OR true)")
    assert {column.name for column in columns_of(when_true(condition, resolve))} == {"a", "b"}
