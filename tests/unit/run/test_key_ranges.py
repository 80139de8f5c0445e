from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sqlalchemy_dynamorm.plan.predicates import Comparison, Pattern
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.key_ranges import KeyRange, key_range
from tests.unit.plan.planning import selected, table
from tests.unit.plan.test_access import query_of

BY_N_A = Index("by_n_a", "by_n_a", ("n",), ("a",))


def ranged(where: str, **values: Any) -> KeyRange | None:
    """The range of conditions on the sort key ``s``."""
    query = query_of(selected(f"p = 'x' AND {where}", table()))
    return key_range(query.range, bound(values))


def text_of(found: KeyRange | None) -> str | None:
    if found is None:
        return None
    placeholders = Placeholders()
    text = found.text(placeholders)
    for name, wire in placeholders.values.items():
        text = text.replace(name, next(iter(wire.values())))
    return text


@pytest.mark.parametrize(
    ("parts", "text", "unsaid"),
    [
        (["s > 1"], "#0 > 1", []),
        (["s > 1", "s > 3", "s >= 2"], "#0 > 3", []),
        (["s > 1", "s >= 1"], "#0 > 1", []),
        (["s < 5", "s <= 5", "s < 9"], "#0 < 5", []),
        (["s >= 1", "s <= 5"], "#0 BETWEEN 1 AND 5", []),
        (["s > 1", "s >= 3", "s <= 5"], "#0 BETWEEN 3 AND 5", []),
        (["s > 1", "s <= 5"], "#0 BETWEEN 1 AND 5", ["s > 1"]),
        (["s > 1", "s < 5", "s < 7"], "#0 BETWEEN 1 AND 5", ["s < 5", "s > 1"]),
        (["s >= 3", "s <= 3"], "#0 BETWEEN 3 AND 3", []),
        (["s > 3", "s <= 3"], None, []),
        (["s >= 3", "s < 3"], None, []),
        (["s > 5", "s < 3"], None, []),
        (["s > 5", "s > NULL"], None, []),
    ],
)
def test_the_tightest_bounds_in_any_order(parts: list[str], text: str | None, unsaid: list[str]) -> None:
    for some in permutations(parts):
        query = query_of(selected("p = 'x' AND " + " AND ".join(some)))
        found = key_range(query.range, bound({}))
        assert text_of(found) == text
        if found is not None:
            assert sorted(show(part) for part in query.range if part not in found.said) == unsaid


def test_numbers_are_compared_as_numbers() -> None:
    assert text_of(ranged("s > :a AND s < :b", a=9, b=10)) == "#0 BETWEEN 9 AND 10"
    assert ranged("s > :a AND s < :b", a=10, b=9) is None


def test_nothing_says_nothing() -> None:
    assert key_range([], bound({})) == KeyRange()
    assert text_of(KeyRange()) == ""


@pytest.mark.parametrize(
    ("pattern", "operator", "said"),
    [("x%", "begins_with", True), ("x_%", "begins_with", False), ("x", "=", True), ("%x", "", False), ("", "", False)],
)
def test_what_a_pattern_says(pattern: str, operator: str, said: bool) -> None:
    query = query_of(selected("n = 1 AND a LIKE :v", table(BY_N_A), "n"))
    (part,) = query.range
    assert isinstance(part, Pattern)
    found = key_range(query.range, bound({"v": pattern}))
    assert found is not None
    assert (found.operator, bool(found.said)) == (operator, said)
    assert key_range(query.range, bound({"v": None})) is None


def test_every_text_is_above_the_empty_one() -> None:
    query = query_of(selected("n = 1 AND a > '' AND a <= 'm'", table(BY_N_A), "n"))
    assert all(isinstance(part, Comparison) for part in query.range)
    found = key_range(query.range, bound({}))
    assert text_of(found) == "#0 <= m"
    assert found is not None
    assert len(found.said) == 2
    assert key_range(query_of(selected("n = 1 AND a < ''", table(BY_N_A), "n")).range, bound({})) is None
