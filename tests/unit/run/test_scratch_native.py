from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.scratch import Scratch
from sqlalchemy_dynamorm.run.values import JSON_NULL

STORED = Column("v", Kind.ANY, nulls=True)
NOW = "2026-01-02T03:04:05.678901"


def answer(call: str, value: Any, operand: Any = None) -> Any:
    """What a function says of a stored value."""
    with Scratch(now=NOW) as scratch:
        scratch.have_native_functions()
        scratch.create("t", [STORED], shown={"v"})
        scratch.load("t", [(value,)])
        given = {"o": operand} if ":o" in call else {}
        [[(found,)]] = scratch.run(f"SELECT {call} FROM t", given, [None])
        return found


@pytest.mark.parametrize(
    ("value", "size", "type_"),
    [
        ("héllo", 5, "S"),
        ("", 0, "S"),
        (b"abc", 3, "B"),
        (7, None, "N"),
        (1.0, None, "N"),
        (Decimal("1.5"), None, "N"),
        (10**37 + 1, None, "N"),
        (True, None, "BOOL"),
        ({"a": [1]}, 1, "M"),
        ([1, "x"], 2, "L"),
        ({"a", "b"}, 2, "SS"),
        ({1, Decimal("2.5")}, 2, "NS"),
        ({b"x"}, 1, "BS"),
        (JSON_NULL, None, "NULL"),
        (None, None, None),
    ],
)
def test_the_size_and_the_type_of_what_is_stored(value: Any, size: int | None, type_: str | None) -> None:
    assert answer("size(v)", value) == size
    assert answer("attribute_type(v)", value) == type_
    assert answer("attribute_exists(v)", value) == (value is not None)
    assert answer("attribute_not_exists(v)", value) == (value is None)


@pytest.mark.parametrize(
    ("call", "value", "operand", "expected"),
    [
        ("begins_with(v, :o)", "abc", "ab", 1),
        ("begins_with(v, :o)", b"abc", "ab", 0),
        ("begins_with(v, :o)", b"abc", b"ab", 1),
        ("begins_with(v, :o)", None, "ab", None),
        ("begins_with(v, :o)", "abc", None, None),
        ("contains(v, :o)", "abc", "bc", 1),
        ("contains(v, :o)", {"a"}, "a", 1),
        ("contains(v, :o)", {Decimal("1.5")}, Decimal("1.5"), 1),
        ("contains(v, :o)", [1, {"a": 1}], 1, 1),
        ("contains(v, :o)", [1], Decimal("1.5"), 0),
        ("contains(v, :o)", 5, 5, 0),
        ("attribute_type(v, :o)", [1], "L", 1),
        ("attribute_type(v, :o)", JSON_NULL, "NULL", 1),
    ],
)
def test_what_a_value_begins_with_and_contains(call: str, value: Any, operand: Any, expected: int | None) -> None:
    assert answer(call, value, operand) == expected
