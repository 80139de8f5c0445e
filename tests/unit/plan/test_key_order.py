"""Where rows are put in the order of the primary key."""

from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.plan.key_order import key_order
from sqlalchemy_dynamorm.plan.schema import Index
from tests.unit.plan.planning import planned, selected, table

HASHED = Index("by_a", "by_a", ("a",))
RANGED = Index("by_b", "by_b", ("b",), ("n",))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("SELECT a, s, p FROM things", (2, 1)),  # Scan
        ("SELECT p, s FROM things WHERE p IN ('x', 'y')", (0, 1)),  # two Queries
        ("SELECT p, s FROM things WHERE p = 'x' AND s IN (1, 2)", (0, 1)),  # BatchGetItem
        ("SELECT p, s FROM things WHERE a = 'x'", (0, 1)),  # an index that has no order
        ("SELECT p, s FROM things WHERE b = 1", ()),  # an index that has one
        ("SELECT p, s FROM things WHERE p = 'x'", ()),  # the table's own
        ("SELECT p, s FROM things WHERE p = 'x' AND s = 1", ()),  # one item
        ("SELECT p, s FROM things ORDER BY a", ()),
        ("SELECT p, s FROM things LIMIT 5", (0, 1)),  # those that it keeps
        ("SELECT p, a FROM things", ()),  # not the whole key
        ("SELECT COUNT(*) FROM things", ()),
        ("SELECT 1", ()),
    ],
)
def test_rows_that_nothing_orders_are_sorted_by_the_key_if_it_is_shown(text: str, order: tuple[int, ...]) -> None:
    plan = planned(text, table(HASHED, RANGED), scan="allow")
    assert key_order(plan) == order  # type: ignore[arg-type]


def test_a_result_without_its_key_keeps_the_order_of_the_calls() -> None:
    assert key_order(selected("a = 'x'", what="a, b")) == ()
