"""Packed keys are in the order of the tuples they pack, whatever the values, and no two tuples share one."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.packing import ABOVE, begun, prefix
from sqlalchemy_dynamorm.run.values import encode

COLUMNS = {
    kind: Column(kind.value, kind) for kind in (Kind.STRING, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BINARY)
}
DIGITS = st.integers(-(10**38) + 1, 10**38 - 1)
VALUES = {
    Kind.STRING: st.text(st.one_of(st.sampled_from("\0\1a\x7f\x80\uffff\U0010ffff"), st.characters()), max_size=6),
    Kind.INTEGER: st.one_of(st.integers(-120, 120), DIGITS),
    Kind.DECIMAL: st.builds(lambda digits, exponent: Decimal(digits).scaleb(exponent), DIGITS, st.integers(-130, 87)),
    Kind.FLOAT: st.floats(allow_nan=False, allow_infinity=False, min_value=-1e125, max_value=1e125).filter(
        lambda number: number == 0 or abs(number) >= 1e-130
    ),
    Kind.BINARY: st.binary(max_size=6),
}
SHAPES = st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4)


def packed(kinds: list[Kind], values: tuple[object, ...]) -> bytes:
    columns = [COLUMNS[kind] for kind in kinds]
    wires = [encode(value, column) for value, column in zip(values, columns, strict=False)]
    return prefix([(column.name, wire) for column, wire in zip(columns, wires, strict=False) if wire is not None])


@given(st.data())
def test_the_order_of_packed_keys_is_the_order_of_the_tuples(data: st.DataObject) -> None:
    kinds = data.draw(SHAPES)
    rows = data.draw(st.lists(st.tuples(*(VALUES[kind] for kind in kinds)), min_size=2, max_size=8))
    assert sorted(rows) == sorted(rows, key=lambda row: packed(kinds, row))
    assert len({packed(kinds, row) for row in rows}) == len(set(rows))


@given(st.data())
def test_a_key_begins_with_its_first_values_and_no_others(data: st.DataObject) -> None:
    kinds = data.draw(SHAPES)
    row, other = (data.draw(st.tuples(*(VALUES[kind] for kind in kinds))) for _ in range(2))
    first = packed(kinds[:1], row[:1])
    assert packed(kinds, other).startswith(first) == (other[0] == row[0])
    assert (packed(kinds, other) <= first + ABOVE) == (other[0] <= row[0])


@given(VALUES[Kind.STRING], VALUES[Kind.STRING])
def test_text_begins_with_its_beginning(whole: str, start: str) -> None:
    assert packed([Kind.STRING], (whole,)).startswith(begun({"S": start})) == whole.startswith(start)
