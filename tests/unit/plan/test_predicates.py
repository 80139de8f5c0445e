from __future__ import annotations

from sqlalchemy_dynamorm.plan.predicates import (
    ALWAYS,
    NEVER,
    All,
    ColumnComparison,
    Comparison,
    FunctionTest,
    Membership,
    Pattern,
    Presence,
    SizeComparison,
    Some,
    ValueTest,
    columns_of,
    conjuncts,
    every,
    some,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.sql import nodes

A, B, C, D, E, F, G = (Column(name, Kind.STRING) for name in "abcdefg")
ONE = Comparison(A, "=", nodes.Literal(1))
THERE = Presence(B, True)


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
    group = every(
        (
            some((ValueTest("=", nodes.Param("x"), nodes.Literal(1)), THERE)),
            Membership((A, B), ()),
            ColumnComparison(C, "<", D),
            SizeComparison(E, ">", nodes.Literal(1)),
            FunctionTest("contains", F, nodes.Param("x")),
            Pattern(G, nodes.Param("x")),
        )
    )
    assert [column.name for column in columns_of(group)] == ["b", "a", "b", "c", "d", "e", "f", "g"]
