from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.predicates import FunctionTest, SizeComparison
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.functions import (
    TYPES,
    function_test,
    is_empty,
    operand_given,
    size_given,
    size_of,
    size_test,
    type_of,
)
from sqlalchemy_dynamorm.run.values import JSON_NULL, decode
from sqlalchemy_dynamorm.sql.nodes import Param

TEXT, ANY, JSON = Column("c", Kind.STRING), Column("c", Kind.ANY, nulls=True), Column("c", Kind.DOCUMENT, nulls=True)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("é", 1),
        ("\U0001f600", 1),
        (b"ab", 2),
        ([1, [2, 3]], 2),
        ({"a": 1}, 1),
        ({"x", "y"}, 2),
        (5, None),
        (True, None),
        (JSON_NULL, None),
        (None, None),
    ],
)
def test_the_size_of_a_value(value: Any, size: int | None) -> None:
    assert size_of(value) == size


@pytest.mark.parametrize(
    ("op", "stored", "given", "expected"),
    [
        ("=", "ab", 2, True),
        ("<>", "ab", Decimal("2.0"), False),
        (">", "ab", Decimal("1.5"), True),
        ("<>", None, 2, False),
        ("<>", 7, 2, False),
        ("=", "ab", None, False),
    ],
)
def test_a_size_compared(op: Any, stored: Any, given: Any, expected: bool) -> None:
    assert size_test(SizeComparison(ANY, op, Param("v")), bound({"v": given}))(stored) is expected


@pytest.mark.parametrize("wire_type", TYPES)
def test_the_type_of_a_decoded_value_is_the_type_it_is_stored_as(wire_type: str) -> None:
    contents: dict[str, Any] = {
        "BOOL": False,
        "NULL": True,
        "N": "1.5",
        "NS": ["1"],
        "B": b"x",
        "BS": [b"x"],
        "L": [],
        "M": {},
        "S": "",
        "SS": ["x"],
    }
    assert type_of(decode({wire_type: contents[wire_type]}, ANY)) == wire_type


@pytest.mark.parametrize(
    ("name", "column", "stored", "given", "expected"),
    [
        ("begins_with", TEXT, "abc", "ab", True),
        ("begins_with", TEXT, "abc", "b", False),
        ("begins_with", ANY, b"abc", b"ab", True),
        ("begins_with", ANY, b"abc", "ab", False),
        ("begins_with", ANY, 5, "5", False),
        ("contains", TEXT, "abc", "bc", True),
        ("contains", TEXT, "abc", "", True),
        ("contains", ANY, {"a", "b"}, "a", True),
        ("contains", ANY, {"a", "b"}, "c", False),
        ("contains", ANY, b"abc", b"bc", True),
        ("contains", ANY, b"abc", "bc", False),
        ("contains", JSON, [1, "a"], 1, True),
        ("contains", JSON, [True], 1, False),
        ("contains", JSON, {"a": 1}, "a", False),
        ("contains", JSON, JSON_NULL, "a", False),
        ("attribute_type", ANY, JSON_NULL, "NULL", True),
        ("attribute_type", ANY, 5, "N", True),
        ("attribute_type", ANY, True, "N", False),
    ],
)
def test_a_function_and_its_negation(name: Any, column: Column, stored: Any, given: Any, expected: bool) -> None:
    for negated in (False, True):
        test = function_test(FunctionTest(name, column, Param("v"), negated), bound({"v": given}))
        assert test(stored) is (expected is not negated)
        assert test(None) is False


@pytest.mark.parametrize("negated", [False, True])
def test_null_is_unknown_but_whether_an_attribute_exists_is_known(negated: bool) -> None:
    assert function_test(FunctionTest("contains", TEXT, Param("v"), negated), bound({"v": None}))("x") is False
    exists = function_test(FunctionTest("attribute_exists", ANY, None, negated), bound({}))
    assert (exists(None), exists(JSON_NULL)) == (negated, not negated)


@pytest.mark.parametrize(
    ("name", "column", "given", "names"),
    [
        ("begins_with", ANY, 5, "begins_with(c, …) looks for a text or a binary value"),
        ("begins_with", TEXT, 5, "declared string"),
        ("contains", JSON, [1], "contains(c, …) looks for a text, a number or a binary value"),
        ("contains", JSON, True, "contains(c, …) looks for"),
        ("attribute_type", ANY, "Q", "attribute_type(c) is compared with one of B, BOOL"),
        ("attribute_type", ANY, 1, "attribute_type(c, …) looks for"),
    ],
)
def test_what_a_function_does_not_take_is_refused(name: Any, column: Column, given: Any, names: str) -> None:
    with pytest.raises(DataError) as caught:
        operand_given(FunctionTest(name, column, Param("v")), bound({"v": given}))
    assert names in str(caught.value)


def test_a_size_is_compared_with_a_number() -> None:
    assert size_given(SizeComparison(TEXT, ">", Param("v")), bound({"v": 3})) == {"N": "3"}
    with pytest.raises(DataError, match=r"size\(c\)"):
        size_given(SizeComparison(TEXT, ">", Param("v")), bound({"v": "3"}))


def test_nothing_is_in_every_text_but_not_in_every_list() -> None:
    assert is_empty({"S": ""}, TEXT)
    assert not is_empty({"S": ""}, JSON)
    assert not is_empty({"S": "x"}, TEXT)
