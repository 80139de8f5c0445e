"""Rows that nothing orders are handed on in the order of their key, if they are few enough to be held."""

from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.run import key_ordered
from sqlalchemy_dynamorm.run.key_ordered import KeyOrdered
from sqlalchemy_dynamorm.run.sources import Row


def given(order: tuple[int, ...], *pages: list[Row]) -> list[list[Row]]:
    got: list[list[Row]] = []
    ordered = KeyOrdered(order, got.append)
    for page in pages:
        ordered.take(page)
    ordered.end()
    return got


def test_the_pages_are_one_order() -> None:
    assert given((1, 0), [("a", 10), ("b", 2)], [("a", 2)]) == [[("a", 2), ("b", 2), ("a", 10)]]


def test_without_the_key_they_go_on_as_they_come() -> None:
    assert given((), [("b",)], [("a",)]) == [[("b",)], [("a",)]]


def test_many_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ordered, "SORTED", 2)
    assert given((0,), [(3,), (2,)], [(1,)], [(0,)]) == [[(3,), (2,), (1,)], [(0,)]]


def test_nothing_is_nothing() -> None:
    assert given((0,)) == []
