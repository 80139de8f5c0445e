from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, GetItem
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.keys import identity, key_from_values, key_given, key_of, keys_listed
from tests.unit.plan.planning import selected, table

THINGS = table()
X1 = {"p": {"S": "x"}, "s": {"N": "1"}}


def test_the_key_of_an_item() -> None:
    assert key_of({**X1, "a": {"S": "y"}}, THINGS) == X1
    assert identity(X1, THINGS) == (("S", "x"), ("N", "1"))


@pytest.mark.parametrize("values", [("x", None), (None, 1), ("", 1)])
def test_no_item_has_a_null_or_empty_key(values: tuple[Any, ...]) -> None:
    assert key_from_values(THINGS, values) is None


@pytest.mark.parametrize("values", [(1, 1), ("x", "one"), ("x" * 2049, 1)])
def test_a_key_of_another_type_is_refused(values: tuple[Any, ...]) -> None:
    with pytest.raises(DataError):
        key_from_values(THINGS, values)


def test_a_key_that_a_where_gives() -> None:
    plan = selected("s = :s AND p = :p")
    assert isinstance(plan.access, GetItem)
    assert key_given(THINGS, plan.access.key, bound({"p": "x", "s": 1})) == X1


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ("p IN ('x', 'y', 'x') AND s IN (1, 2)", [("x", 1), ("x", 2), ("y", 1), ("y", 2)]),
        ("(s, p) IN ((1, 'x'), (NULL, 'y'), (1, 'x'))", [("x", 1)]),
        ("p = 'x' AND s = 2 OR (p, s) IN (('x', 1)) OR p = 'x' AND s = 2", [("x", 2), ("x", 1)]),
    ],
)
def test_keys_that_a_where_lists_come_once(where: str, keys: list[tuple[str, int]]) -> None:
    plan = selected(where)
    assert isinstance(plan.access, BatchGetItem)
    assert keys_listed(THINGS, plan.access.sources, bound({})) == [key_from_values(THINGS, key) for key in keys]


def test_keys_that_the_rest_of_the_where_rules_out_are_not_asked_for() -> None:
    plan = selected("p IN ('x', 'y') AND s IN (1, 2) AND s < :v AND (p <> 'y' OR s > 5)")
    assert isinstance(plan.access, BatchGetItem)
    assert keys_listed(THINGS, plan.access.sources, bound({"v": 2}), plan.access.check) == [X1]
    one = selected("p = 'x' AND s = 1 AND s = :v")
    assert isinstance(one.access, GetItem)
    assert key_given(THINGS, one.access.key, bound({"v": 1}), one.access.check) == X1
    assert key_given(THINGS, one.access.key, bound({"v": 2}), one.access.check) is None
