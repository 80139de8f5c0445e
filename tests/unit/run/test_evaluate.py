from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.predicates import (
    All,
    ColumnComparison,
    Comparison,
    FunctionTest,
    Presence,
    SizeComparison,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.evaluate import checker, normalised
from sqlalchemy_dynamorm.run.values import JSON_NULL, Json
from sqlalchemy_dynamorm.sql.nodes import Param


def holds(kind: Kind, op: Any, stored: Any, given: Any) -> bool:
    column = Column("c", kind)
    return checker(Comparison(column, op, Param("v")), [column], bound({"v": given}))((stored,))


@pytest.mark.parametrize(
    ("kind", "op", "stored", "given", "expected"),
    [
        (Kind.DECIMAL, "=", Decimal("1.50"), Decimal("1.5"), True),
        (Kind.FLOAT, "=", 0.1, 0.1, True),
        (Kind.INTEGER, "<", Decimal("1.5"), 2, True),
        (Kind.BOOLEAN, "=", True, 1, True),
        (Kind.BINARY, ">", b"b", b"a", True),
        (Kind.ANY, "=", 1, "1", False),
        (Kind.ANY, "<>", 1, "1", True),
        (Kind.ANY, "<", 1, "2", False),
        (Kind.DOCUMENT, "=", {"a": [1]}, {"a": [1]}, True),
        (Kind.DOCUMENT, "<>", {"a": [1]}, {"a": [2]}, True),
        (Kind.DOCUMENT, "<", [1], [2], False),
        (Kind.DOCUMENT, "<", 1, 2, True),
        (Kind.STRING, "<>", None, "x", False),
        (Kind.STRING, "<>", "x", None, False),
    ],
)
def test_a_comparison(kind: Kind, op: str, stored: Any, given: Any, expected: bool) -> None:
    assert holds(kind, op, stored, given) is expected


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(DataError, match="declared integer"):
        holds(Kind.INTEGER, "=", 1, "x")
    assert normalised(None, Column("c", Kind.INTEGER)) is None


@pytest.mark.parametrize(
    ("stored", "present", "expected"),
    [(None, False, True), (None, True, False), (JSON_NULL, False, False), (JSON_NULL, True, True), ({}, True, True)],
)
def test_json_null_is_a_value(stored: Any, present: bool, expected: bool) -> None:
    column = Column("j", Kind.DOCUMENT, nulls=True)
    assert checker(Presence(column, present), [column], bound({}))((stored,)) is expected


@pytest.mark.parametrize(
    ("op", "stored", "given", "expected"),
    [
        ("=", JSON_NULL, Json(None), True),
        ("<>", JSON_NULL, Json(None), False),
        ("<>", JSON_NULL, 1, True),
        ("=", JSON_NULL, None, False),
        ("<>", None, Json(None), False),
    ],
)
def test_json_null_equals_itself_alone(op: Any, stored: Any, given: Any, expected: bool) -> None:
    column = Column("j", Kind.DOCUMENT, nulls=True)
    assert checker(Comparison(column, op, Param("v")), [column], bound({"v": given}))((stored,)) is expected


@pytest.mark.parametrize(
    ("kind", "op", "left", "right", "expected"),
    [
        (Kind.STRING, "=", "x", "x", True),
        (Kind.STRING, "=", None, None, False),
        (Kind.STRING, "<>", "x", None, False),
        (Kind.STRING, "<", "a", "b", True),
        (Kind.BOOLEAN, ">=", True, False, True),
        (Kind.DECIMAL, "=", Decimal("1.50"), 1.5, True),
        (Kind.DOCUMENT, "=", JSON_NULL, JSON_NULL, True),
        (Kind.DOCUMENT, "=", JSON_NULL, None, False),
        (Kind.DOCUMENT, "<>", [1], [1.0], False),
        (Kind.ANY, "<>", "1", 1, True),
        (Kind.ANY, "<", "1", 2, False),
    ],
)
def test_a_comparison_of_two_columns(kind: Kind, op: Any, left: Any, right: Any, expected: bool) -> None:
    a, b = Column("a", kind), Column("b", kind)
    assert checker(ColumnComparison(a, op, b), [a, b], bound({}))((left, right)) is expected


def test_a_function_reads_its_own_column() -> None:
    a, b = Column("a", Kind.STRING), Column("b", Kind.ANY, nulls=True)
    both = All((SizeComparison(a, ">", Param("n")), FunctionTest("attribute_type", b, Param("t"))))
    test = checker(both, [b, a], bound({"n": 1, "t": "N"}))
    assert test((1, "ab"))
    assert not test((1, "a"))
    assert not test(("1", "ab"))
