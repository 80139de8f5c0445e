"""Values go into the local step's database and come back as they were, or are refused by name."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.errors import UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.scratch import Scratch
from sqlalchemy_dynamorm.run.scratch_values import binding, real, short
from sqlalchemy_dynamorm.run.values import JSON_NULL, Json

NOW = "2026-05-06T07:08:09.123456"
WIDE = Decimal("1234567890.1234567")  # 17 digits
VALUES: list[tuple[Kind, Any]] = [
    (Kind.STRING, ""),
    (Kind.STRING, "é\0日本\U0001f600"),
    (Kind.INTEGER, 0),
    (Kind.INTEGER, 2**63 - 1),
    (Kind.INTEGER, -(2**63)),
    (Kind.DECIMAL, Decimal("0.1")),
    (Kind.DECIMAL, Decimal("-99999999999.9999")),
    (Kind.DECIMAL, Decimal("1E-130")),
    (Kind.DECIMAL, Decimal(5)),
    (Kind.DECIMAL, Decimal("1" + "0" * 125)),
    (Kind.DECIMAL, Decimal(2**53)),
    (Kind.NUMBER, 7),
    (Kind.NUMBER, Decimal("7.5")),
    (Kind.FLOAT, 0.1 + 0.2),
    (Kind.FLOAT, 1e300),
    (Kind.BOOLEAN, True),
    (Kind.BOOLEAN, False),
    (Kind.BINARY, b""),
    (Kind.BINARY, b"\0\xff"),
    (Kind.DOCUMENT, {"b": [1, 2.5, None, True, "é"], "a": {}}),
    (Kind.DOCUMENT, "text"),
    (Kind.DOCUMENT, 5),
    (Kind.DOCUMENT, False),
    (Kind.ANY, "text"),
    (Kind.ANY, "1"),
    (Kind.ANY, 1),
    (Kind.ANY, True),
    (Kind.ANY, False),
    (Kind.ANY, 0),
    (Kind.ANY, Decimal("1.5")),
    (Kind.ANY, b"1"),
]
SHOWN_ONLY: list[tuple[Kind, Any]] = [
    (Kind.INTEGER, 2**63),
    (Kind.INTEGER, -(10**37)),
    (Kind.INTEGER, Decimal("1.5")),  # another writer's
    (Kind.DECIMAL, WIDE),
    (Kind.DECIMAL, Decimal(2**53 + 1)),
    (Kind.DECIMAL, Decimal(999999999999999000)),  # 15 digits, and no double
    (Kind.DECIMAL, Decimal("1." + "1" * 37)),
    (Kind.NUMBER, 10**37 + 1),
    (Kind.ANY, WIDE),
    (Kind.ANY, {"a": [b"x", {"é", "b"}, {Decimal("1.5"), 2}, {b"z"}]}),
    (Kind.ANY, {"a", "b"}),
    (Kind.ANY, [1, 1]),
    (Kind.DOCUMENT, {"binary": b"x"}),
    (Kind.DOCUMENT, {"set": {"x"}}),
]
ids = [f"{kind.name}-{type(value).__name__}-{at}" for at, (kind, value) in enumerate(VALUES)]


def back(kind: Kind, value: Any, *, shown: bool) -> Any:
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("v", kind)], shown=["v"] if shown else [])
        scratch.load("t", [(value,), (None,)])
        (found,), (null,) = next(scratch.run("SELECT v FROM t", {}, [kind]))
    assert null is None
    return found


@pytest.mark.parametrize("shown", [True, False], ids=["shown", "computed"])
@pytest.mark.parametrize(("kind", "value"), VALUES, ids=ids)
def test_values_come_back(kind: Kind, value: Any, shown: bool) -> None:
    found = back(kind, value, shown=shown)
    assert found == value
    assert type(found) is type(value)
    assert found == value if kind is Kind.DOCUMENT else str(found) == str(value)


@pytest.mark.parametrize(("kind", "value"), SHOWN_ONLY)
def test_what_sqlite_can_not_hold_comes_back_where_it_is_shown(kind: Kind, value: Any) -> None:
    found = back(kind, value, shown=True)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "value"), [*SHOWN_ONLY, (Kind.DOCUMENT, [2**63])])
def test_what_sqlite_can_not_hold_is_refused_where_it_is_computed_with(kind: Kind, value: Any) -> None:
    with pytest.raises(UnsupportedValue, match="column 'v'"):
        back(kind, value, shown=False)


def test_a_long_number_in_a_document_is_shown() -> None:
    assert back(Kind.DOCUMENT, [2**63], shown=True) == [2**63]
    assert back(Kind.DOCUMENT, ["12345678901234567890123"], shown=False) == ["12345678901234567890123"]


def test_json_null_is_not_null() -> None:
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("v", Kind.DOCUMENT, nulls=True)])
        scratch.load("t", [(JSON_NULL,), (None,)])
        found = next(scratch.run("SELECT v, v IS NULL FROM t", {}, [Kind.DOCUMENT, Kind.BOOLEAN]))
    assert found == [(None, False), (None, True)]


def test_a_sealed_value_that_is_computed_with_after_all_is_refused() -> None:
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("v", Kind.DECIMAL)], shown=["v"])
        scratch.load("t", [(WIDE,)])
        with pytest.raises(UnsupportedValue, match="as it is"):
            next(scratch.run("SELECT coalesce(v, 1) FROM t", {}, [None]))


EQUAL: list[tuple[Any, Any]] = [
    (1, Decimal("1.0")),
    (2**60, Decimal(2**60)),
    (2**53 + 1, Decimal(2**53 + 1)),
    (10**20, Decimal("1E+20")),
    (10**37 + 1, Decimal(10**37 + 1)),
    (999999999999999000, Decimal(999999999999999000)),
]


@pytest.mark.parametrize("shown", [True, False], ids=["shown", "computed"])
@pytest.mark.parametrize(("whole", "decimal"), EQUAL)
def test_equal_numbers_are_equal_in_columns_of_different_kinds(whole: int, decimal: Decimal, shown: bool) -> None:
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("i", Kind.INTEGER), Column("n", Kind.NUMBER)], shown=["i", "n"])
        scratch.create("u", [Column("d", Kind.DECIMAL)], shown=["d"] if shown else [])
        scratch.load("t", [(whole, whole), (whole + 1, whole + 1)])
        try:
            scratch.load("u", [(decimal,)])
        except UnsupportedValue:
            assert real(decimal) is None
            return
        text = "SELECT count(*) FROM t, u WHERE i = d AND n = d AND i = n AND d = :d AND i = :i"
        found = next(scratch.run(text, {"d": decimal, "i": whole}, [None], shown=["d", "i"]))
    assert found == [(1,)]


@given(st.integers(0, 10**15 - 1), st.integers(-130, 110), st.sampled_from([1, -1]))
def test_fifteen_digits_survive_a_float(number: int, power: int, sign: int) -> None:
    value = Decimal(sign * number).scaleb(power)
    found = real(value)
    if found is None:
        assert 2**53 < abs(value) < 2**63
    else:
        assert short(found) == value
        assert "E" not in str(short(found)) or abs(value) < 1e-6


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.decimals(min_value=-9, max_value=9, places=20))
def test_a_real_stands_for_one_number_alone(left: Decimal, right: Decimal) -> None:
    for value in (left, right):
        found = real(value)
        assert found is None or short(found) == value


def test_computed_decimals_are_read_with_fifteen_digits() -> None:
    assert short(0.1 + 0.2) == Decimal("0.3")
    assert str(short(1e23)) == "1" + "0" * 23
    assert short(1e-7) == Decimal("0.0000001")


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (None, None),
        (True, 1),
        (5, 5),
        (Decimal("0.5"), 0.5),
        (Decimal("-0.0"), 0.0),
        (-0.0, 0.0),
        ("text", "text"),
        (b"x", b"x"),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (dt.date(2024, 5, 6), "2024-05-06"),
        (dt.datetime(2024, 5, 6, 7), "2024-05-06T07:00:00.000000"),  # noqa: DTZ001
        (dt.time(7, 8), "07:08:00.000000"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Json({"b": 1.0, "a": []}), '{"a":[],"b":1}'),
        (JSON_NULL, "null"),
        (set(), None),
    ],
)
def test_values_are_bound_in_their_stored_form(value: Any, bound: Any) -> None:
    found = binding(value, "p", shown=False)
    assert (found, type(found), str(found)) == (bound, type(bound), str(bound))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(UnsupportedValue, match=":p is NaN"):
        binding(value, "p", shown=True)


@pytest.mark.parametrize("value", [2**63, WIDE, {"a"}, {"a": b"x"}, Json([2**64]), Json({"a": b"x"})])
def test_a_value_that_sqlite_can_not_hold_is_refused_where_it_is_computed_with(value: Any) -> None:
    with pytest.raises(UnsupportedValue, match="the value of :p"):
        binding(value, "p", shown=False)


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        (Kind.DECIMAL, WIDE, WIDE + 1),
        (Kind.ANY, {"a", "b"}, {"a"}),
        (Kind.ANY, {"x": 1, "y": {b"1", b"2"}}, {"x": 1}),
        (Kind.ANY, True, False),
        (Kind.DOCUMENT, {"x": [1.5]}, {"x": [2]}),
        (Kind.ANY, "1", 1),
    ],
)
def test_shown_values_are_compared_with_bound_ones(kind: Kind, value: Any, other: Any) -> None:
    given_value = Json(value) if kind is Kind.DOCUMENT else value
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("v", kind)], shown=["v"])
        scratch.load("t", [(value,), (other,), (None,)])
        text = "SELECT v, v = :p FROM t"
        found = next(scratch.run(text, {"p": given_value}, [kind, Kind.BOOLEAN], shown=["p"]))
    assert found == [(value, True), (other, False), (None, None)]


def test_a_decimal_result_may_be_a_whole_number_or_text() -> None:
    with Scratch(now=NOW) as scratch:
        kinds = [Kind.DECIMAL, Kind.NUMBER, Kind.FLOAT, Kind.INTEGER, Kind.BOOLEAN]
        found = next(scratch.run("SELECT 5, 5.0, 5, 5.0, 0", {}, kinds))[0]
    assert found == (Decimal(5), 5, 5.0, 5, False)
    assert [type(value) for value in found] == [Decimal, int, float, int, bool]
