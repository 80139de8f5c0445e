"""Sums are exact, dates have their stored form, LIKE is case-sensitive."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.errors import Unsupported, UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run import scratch_functions
from sqlalchemy_dynamorm.run.scratch import Scratch
from sqlalchemy_dynamorm.run.scratch_functions import install_like

NOW = "2026-05-06T07:08:09.123456"
window = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python can't define window functions before 3.11")


def asked(rows: Iterable[tuple[Any, ...]], text: str, *outputs: Kind | None, kind: Kind = Kind.DECIMAL) -> Any:
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("g", Kind.INTEGER), Column("v", kind)])
        scratch.load("t", rows)
        return [row for chunk in scratch.run(text, {}, outputs) for row in chunk]


def numbered(values: Iterable[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(values))


cents = st.decimals(-(10**9), 10**9, places=2)


@given(st.lists(cents, max_size=20))
def test_sums_are_exact(values: list[Decimal]) -> None:
    found = asked(numbered(values), "SELECT sum(v), sum(DISTINCT v) FROM t", Kind.DECIMAL, Kind.DECIMAL)
    assert found == [(sum(values), sum(set(values))) if values else (None, None)]


@given(st.lists(cents, min_size=1, max_size=20))
def test_an_average_is_the_nearest_float(values: list[Decimal]) -> None:
    ((found,),) = asked(numbered(values), "SELECT avg(v) FROM t", None)
    assert found == float(Fraction(sum(map(Fraction, values), Fraction()) / len(values)))


@window
@given(st.lists(cents, max_size=12), st.integers(0, 3))
def test_sums_over_a_window_are_exact(values: list[Decimal], width: int) -> None:
    text = f"SELECT sum(v) OVER (ORDER BY g ROWS {width} PRECEDING) FROM t ORDER BY g"
    found = asked(numbered(values), text, Kind.DECIMAL)
    assert found == [(sum(values[max(at - width, 0) : at + 1]),) for at in range(len(values))]


@window
def test_nulls_leave_the_window_too() -> None:
    text = "SELECT sum(v) OVER (ORDER BY g ROWS 1 PRECEDING), avg(v) OVER (ORDER BY g ROWS 1 PRECEDING) FROM t"
    found = asked(numbered([None, None, Decimal("0.1"), None, None]), text, Kind.DECIMAL, Kind.DECIMAL)
    assert [row[0] for row in found] == [None, None, Decimal("0.1"), Decimal("0.1"), None]
    assert [row[1] for row in found] == [None, None, Decimal("0.1"), Decimal("0.1"), None]


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="Python defines window functions")
def test_sums_over_a_window_are_refused_before_python_3_11() -> None:
    with pytest.raises(Unsupported, match=r"sum\(\) can't be a window function"):
        asked(numbered([Decimal(1)]), "SELECT sum(v) OVER () FROM t", Kind.DECIMAL)


def test_products_are_summed_as_the_decimals_they_stand_for() -> None:
    rows = numbered([Decimal("0.1")] * 1000)
    assert asked(rows, "SELECT sum(v * 3) FROM t", Kind.DECIMAL) == [(Decimal(300),)]
    assert asked(rows, "SELECT sum(v * 3) = 300 FROM t", Kind.BOOLEAN) == [(True,)]


def test_groups_are_summed_apart() -> None:
    rows = [(1, Decimal("0.1")), (1, Decimal("0.2")), (2, Decimal("0.7")), (2, None), (3, None)]
    text = "SELECT g, sum(v) FROM t GROUP BY g HAVING sum(v) = 0.3 OR sum(v) IS NULL ORDER BY g"
    assert asked(rows, text, Kind.INTEGER, Kind.DECIMAL) == [(1, Decimal("0.3")), (3, None)]


def test_a_filter_applies() -> None:
    rows = numbered([Decimal("0.1"), Decimal("0.2")])
    assert asked(rows, "SELECT sum(v) FILTER (WHERE g > 0) FROM t", Kind.DECIMAL) == [(Decimal("0.2"),)]


def test_integers_beside_decimals_sum_to_integers() -> None:
    found = asked(numbered([Decimal("0.5")] * 3), "SELECT sum(g), typeof(sum(g)), avg(g) FROM t", None, None, None)
    assert found == [(3, "integer", 1.0)]


def test_a_sum_that_would_be_rounded_is_refused() -> None:
    rows = numbered([Decimal("99999999999999.9"), Decimal("0.01")])
    with pytest.raises(UnsupportedValue, match=r"sum\(\) has more than 15"):
        asked(rows, "SELECT sum(v) FROM t", Kind.DECIMAL)
    with pytest.raises(UnsupportedValue, match="64 bits"):
        asked([(2**63 - 1, None), (1, None)], "SELECT sum(g) FROM t", Kind.INTEGER)


@window
def test_a_window_sum_that_would_be_rounded_is_refused() -> None:
    rows = numbered([Decimal("99999999999999.9"), Decimal("0.01")])
    with pytest.raises(UnsupportedValue, match="more than 15"):
        asked(rows, "SELECT sum(v) OVER (ORDER BY g) FROM t", Kind.DECIMAL)


def test_a_failure_is_not_remembered() -> None:
    with Scratch(now=NOW) as scratch:
        scratch.create("t", [Column("v", Kind.DECIMAL), Column("s", Kind.STRING)])
        scratch.load("t", [(Decimal(1), "x")])
        with pytest.raises(UnsupportedValue, match="given str"):
            list(scratch.run("SELECT sum(s) FROM t", {}, [None]))
        assert list(scratch.run("SELECT sum(v) FROM t", {}, [Kind.DECIMAL])) == [[(Decimal(1),)]]


def test_infinities_are_refused() -> None:
    with pytest.raises(UnsupportedValue, match="range of floats"):
        asked(numbered([Decimal(1)]), "SELECT sum(v * 1e300 * 1e300) FROM t", None)


def test_floats_are_summed_by_sqlite() -> None:
    values = [0.1 + 0.2, 1e20, 3.0]
    assert asked(numbered(values), "SELECT sum(v) FROM t", Kind.FLOAT, kind=Kind.FLOAT) == [(1e20,)]


def test_undeclared_numbers_are_summed_exactly() -> None:
    rows = numbered([1, Decimal("0.1"), Decimal("0.2")])
    assert asked(rows, "SELECT sum(v) FROM t", Kind.DECIMAL, kind=Kind.ANY) == [(Decimal("1.3"),)]


def test_decimals_are_ordered_and_compared_exactly() -> None:
    values = [Decimal("0.3"), Decimal("0.1"), Decimal("0.30000000000001"), Decimal(-1)]
    rows = numbered(values)
    assert asked(rows, "SELECT v FROM t ORDER BY v", Kind.DECIMAL) == [(value,) for value in sorted(values)]
    assert asked(rows, "SELECT min(v), max(v) FROM t", Kind.DECIMAL, Kind.DECIMAL) == [(Decimal(-1), values[2])]
    assert asked(rows, "SELECT g FROM t WHERE v = 0.3", None) == [(0,)]


# ---- dates and times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("datetime('2024-05-06T07:08:09.123456')", "2024-05-06T07:08:09.123456"),
        ("datetime('2024-05-06T07:08:09.999999')", "2024-05-06T07:08:09.999999"),
        ("datetime('2024-05-06T07:08:09.123456789')", "2024-05-06T07:08:09.123456"),
        ("datetime('2024-05-06T07:08:09.1')", "2024-05-06T07:08:09.100000"),
        ("datetime('2024-05-06T07:08:09.123456Z')", "2024-05-06T07:08:09.123456Z"),
        ("datetime('2024-05-06T07:08:09.123456+02:00')", "2024-05-06T05:08:09.123456Z"),
        ("datetime('2024-05-06 07:08')", "2024-05-06T07:08:00.000000"),
        ("datetime('2024-05-06')", "2024-05-06T00:00:00.000000"),
        ("datetime('2024-05-06T07:08:09.123456', '+1 day')", "2024-05-07T07:08:09.123456"),
        ("datetime('2024-05-06T07:08:09.123456', 'start of month')", "2024-05-01T00:00:00.000000"),
        ("datetime('2024-05-06T07:08:09.123456', '-1.5 seconds')", "2024-05-06T07:08:07.623456"),
        ("datetime(0, 'unixepoch')", "1970-01-01T00:00:00.000000"),
        ("datetime()", NOW),
        ("datetime('now')", NOW),
        ("datetime('NOW', 'start of day')", "2026-05-06T00:00:00.000000"),
        ("time('2024-05-06T07:08:09.123456')", "07:08:09.123456"),
        ("time('07:08:09.123456Z')", "07:08:09.123456Z"),
        ("time('23:30:00.000001', '+1 hour')", "00:30:00.000001"),
        ("time('now')", NOW[11:]),
        ("date('2024-05-06T07:08:09.123456Z')", "2024-05-06"),
        ("strftime('%Y', '2024-05-06T07:08:09.123456')", "2024"),
        ("datetime(NULL)", None),
        ("datetime('nonsense')", None),
        ("datetime('2024-05-06', 'nonsense')", None),
        ("datetime('2024-05-06', NULL)", None),
    ],
)
def test_dates_and_times_have_their_stored_form(text: str, expected: str | None) -> None:
    assert asked([], f"SELECT {text}", Kind.STRING) == [(expected,)]


@given(st.datetimes())
def test_a_stored_datetime_is_its_own_datetime(value: Any) -> None:
    stored = value.isoformat("T", "microseconds")
    with Scratch(now=NOW) as scratch:
        text = "SELECT datetime(:v), time(:v), datetime(:v || 'Z')"
        found = next(scratch.run(text, {"v": stored}, [None] * 3))
    assert found == [(stored, stored[11:], f"{stored}Z")]


# ---- LIKE


@pytest.mark.parametrize("works", [True, False], ids=["pragma", "function"])
def test_like_is_case_sensitive(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    monkeypatch.setattr(scratch_functions, "_pragma_works", lambda: works)
    connection = sqlite3.connect(":memory:")
    try:
        install_like(connection)
        escaped = "'a%' LIKE 'a|%' ESCAPE '|', 'ab' LIKE 'a|%' ESCAPE '|'"
        text = f"SELECT 'ab' LIKE 'A%', 'ab' LIKE 'a%', {escaped}, NULL LIKE ''"
        assert connection.execute(text).fetchone() == (0, 1, 1, 0, None)
    finally:
        connection.close()


def test_the_pragma_is_tried() -> None:
    assert scratch_functions._pragma_works() is True
