from __future__ import annotations

import re
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError, ProgrammingError
from sqlalchemy_dynamorm.plan.predicates import Membership, ValueTest
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound, bound, decide
from sqlalchemy_dynamorm.sql.nodes import Concat, CurrentTimestamp, Literal, Param, ParamList, Value

A, B = Column("a", Kind.STRING), Column("b", Kind.INTEGER)
VALUES = Bound({"x": "x", "null": None, "five": 5}, "2026")


@pytest.mark.parametrize(
    ("operand", "value"),
    [
        (Param("five"), 5),
        (Literal(None), None),
        (CurrentTimestamp(), "2026"),
        (Concat((Param("x"), Literal("%"))), "x%"),
        (Concat((Param("x"), Param("null"))), None),
    ],
)
def test_the_value_of_an_operand(operand: Value, value: Any) -> None:
    assert VALUES(operand) == value


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ProgrammingError, match=":missing"):
        VALUES(Param("missing"))
    with pytest.raises(DataError, match="one of its sides is int"):
        VALUES(Concat((Param("x"), Param("five"))))


def test_now_is_fixed_width() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", bound(None).now)


@pytest.mark.parametrize(
    ("columns", "listed", "rows"),
    [
        ((A,), ["x", None], [("x",), (None,)]),
        ((A,), (), []),
        ((A, B), [("x", 1), ["y", 2]], [("x", 1), ("y", 2)]),
    ],
)
def test_a_bound_list_as_rows(columns: tuple[Column, ...], listed: Any, rows: list[Any]) -> None:
    assert bound({"l": listed}).rows(Membership(columns, ParamList("l"))) == rows


@pytest.mark.parametrize("listed", ["x", 5, None, {"x": 1}])
def test_what_is_no_list(listed: Any) -> None:
    with pytest.raises(ProgrammingError, match="must be a list"):
        bound({"l": listed}).rows(Membership((A,), ParamList("l")))


@pytest.mark.parametrize("item", ["xy", ("x",), ("x", 1, 2), None])
def test_what_is_no_row(item: Any) -> None:
    with pytest.raises(ProgrammingError, match="a tuple of 2 values"):
        bound({"l": [item]}).rows(Membership((A, B), ParamList("l")))


@pytest.mark.parametrize(
    ("op", "left", "right", "holds"),
    [
        ("=", 5, 5, True),
        ("<>", 5, 5, False),
        ("<", 4, 5, True),
        ("<=", 5, 5, True),
        (">", 5, 5, False),
        (">=", 6, 5, True),
        ("=", 5, None, False),
        ("<>", None, 5, False),
        ("=", 5, "5", False),
        ("<>", 5, "5", True),
        ("<", 5, "6", False),
        ("is null", None, None, True),
        ("is not null", None, None, False),
        ("is not null", 5, None, True),
    ],
)
def test_values_alone(op: Any, left: Any, right: Any, holds: bool) -> None:
    assert decide(ValueTest(op, Literal(left), Literal(right)), VALUES) is holds
