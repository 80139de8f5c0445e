from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.plan.key_conditions import as_list, fixed_columns, key_query, listed, narrowing
from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Presence, Some, conjuncts, every
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import selected


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("b IN (1, 2)", "b IN (2 values)"),
        ("b = 1 OR b = 2 OR b IN (3, 4)", "b IN (4 values)"),
        ("b NOT IN (1, 2)", None),
        ("b = 1 OR n = 2", None),
        ("b = 1 OR b > 2", None),
        ("b = 1 OR b NOT IN (1)", None),
        ("b = 1", None),
        ("(b, n) IN ((1, 2))", None),
    ],
)
def test_what_is_a_list_of_one_column(where: str, text: str | None) -> None:
    found = as_list(selected(where).where)
    assert (None if found is None else show(found)) == text


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("a = 'x' AND b = 1 OR a = 'y' AND n = 2", "a IN (2 values)"),
        ("a IN ('x', 'y') AND b = 1 OR a = 'z'", "a IN (3 values)"),
        ("a = 'x' AND (b = 1 OR n = 2) OR (a = 'y' AND b = 3 OR a = 'z' AND b = 4) AND n = 1", "a IN (3 values)"),
        ("(a = 'x' AND b = 1 OR a = 'y' AND b = 2) AND a IN ('x', 'z')", "a IN (2 values)"),
        ("a = 'x' AND b = 1 OR b = 2", None),
        ("a = 'x' AND b = 1 OR a > 'y' AND b = 2", None),
        ("a = 'x' AND b = 1 OR a NOT IN ('y') AND b = 2", None),
    ],
)
def test_the_values_that_an_or_leaves(where: str, text: str | None) -> None:
    found = listed(conjuncts(selected(where).where), "a")
    assert (None if found is None else show(found)) == text


def test_a_bound_list_is_of_no_known_values() -> None:
    column = Column("a", Kind.STRING)
    bound = Membership((column,), nodes.ParamList("list"))
    one = Comparison(column, "=", nodes.Literal("x"))
    assert listed((Some((one, every((bound, Presence(column, True))))),), "a") is None


@pytest.mark.parametrize(
    ("where", "ranged", "exact", "fixed", "narrow"),
    [
        ("a = 'x'", [], True, {"a"}, (1, 0)),
        ("a = 'x' AND b = 1", ["b = 1"], True, {"a", "b"}, (2, 0)),
        ("a = 'x' AND n = 1", [], True, {"a"}, (1, 0)),
        ("n > 1 AND b = 1 AND a IN ('x', 'y')", ["b = 1", "n > 1"], True, {"a", "b"}, (2, 1)),
        ("a = 'x' AND b > 1 AND b > 2 AND n = 1", ["b > 1", "b > 2"], True, {"a"}, (1, 1)),
        ("a = 'x' AND b >= 1 AND b <= 2", ["b >= 1", "b <= 2"], True, {"a"}, (1, 2)),
        ("a = 'x' AND b > 1 AND b <= 2", ["b > 1", "b <= 2"], False, {"a"}, (1, 2)),
        ("a = 'x' AND b <> 1", [], True, {"a"}, (1, 0)),
        ("b = 1", None, True, set(), (0, 0)),
    ],
)
def test_a_key_is_given_from_the_left(
    where: str, ranged: list[str] | None, exact: bool, fixed: set[str], narrow: tuple[int, int]
) -> None:
    query = key_query(("a",), ("b", "n"), conjuncts(selected(where).where), None)
    if query is None:
        assert ranged is None
        return
    assert [show(part) for part in query.range] == ranged
    assert query.exact is exact
    assert fixed_columns(query) == fixed
    assert narrowing(query) == narrow
