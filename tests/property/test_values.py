"""What is encoded is decoded as it was, and the fast road to rows gives what the exact one gives."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.decode import RowDecoder, to_body, wire_items
from sqlalchemy_dynamorm.run.values import Item, Json, WireValue, decode, encode, same, same_type_order

LENGTHS = st.integers(0, 100_000)
SHORT = st.text(st.characters(exclude_categories=["Cs"]))
TEXT = SHORT | LENGTHS.map(lambda length: "é" * length)
BINARY = st.binary() | LENGTHS.map(bytes)
WIDE = Context(prec=200)


def _decimal(sign: str, digits: int, adjusted: int) -> Decimal:
    """A number with these digits of which the first stands for ``10 ** adjusted``."""
    return Decimal(f"{sign}{digits}E{adjusted - len(str(digits)) + 1}")


DECIMALS = st.builds(
    _decimal,
    st.sampled_from(["", "-"]),
    st.integers(0, 10**38 - 1) | st.sampled_from([1, 10**38 - 1, 10**37]),
    st.integers(-130, 125) | st.sampled_from([-130, 125]),
)
INTEGERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.builds(
    lambda digits, zeros: digits * 10**zeros, st.integers(-(10**20), 10**20), st.integers(0, 100)
)
FLOATS = st.floats(1e-130, 9e125) | st.floats(-9e125, -1e-130) | st.just(0.0)
SCALARS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: TEXT,
    Kind.INTEGER: INTEGERS,
    Kind.DECIMAL: DECIMALS,
    Kind.FLOAT: FLOATS,
    Kind.NUMBER: INTEGERS,
    Kind.BOOLEAN: st.booleans(),
    Kind.BINARY: BINARY,
}
MOMENTS = st.datetimes().map(lambda moment: moment.isoformat("T", "microseconds"))
OTHERS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.EPOCH: MOMENTS,
    Kind.EPOCH_MS: MOMENTS,
    Kind.STRING_SET: st.sets(SHORT, min_size=1),
    Kind.NUMBER_SET: st.sets(INTEGERS, min_size=1),
    Kind.BINARY_SET: st.sets(st.binary(), min_size=1),
}


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SHORT, inner, max_size=4),
        max_leaves=12,
    )


DOCUMENTS = _nested(st.none() | st.booleans() | SHORT | st.integers(-(10**38) + 1, 10**38 - 1) | FLOATS)
ANYTHING = _nested(st.none() | st.booleans() | SHORT | INTEGERS | DECIMALS | BINARY) | st.one_of(
    st.sets(SHORT, min_size=1), st.sets(INTEGERS | DECIMALS, min_size=1), st.sets(BINARY, min_size=1)
)


@given(st.data(), st.sampled_from([*SCALARS, *OTHERS]))
def test_values_come_back(data: st.DataObject, kind: Kind) -> None:
    value = data.draw({**SCALARS, **OTHERS}[kind])
    column = Column("c", kind)
    read = decode(encode(value, column), column)
    assert read == value
    assert type(read) is type(value)


@given(ANYTHING)
def test_undeclared_values_come_back(value: Any) -> None:
    column = Column("c", Kind.ANY)
    assert same(decode(encode(value, column), column), value)


LISTS = st.lists(_nested(st.none() | st.booleans() | SHORT | INTEGERS | DECIMALS | BINARY), max_size=4)


@given(LISTS)
def test_lists_come_back(value: Any) -> None:
    column = Column("c", Kind.LIST)
    assert same(decode(encode(value, column), column), value)


@given(MOMENTS, MOMENTS, st.sampled_from([Kind.EPOCH, Kind.EPOCH_MS]))
def test_the_order_of_numbers_is_the_order_of_moments(left: str, right: str, kind: Kind) -> None:
    numbers = [Decimal((encode(text, Column("c", kind)) or {})["N"]) for text in (left, right)]
    assert (numbers[0] < numbers[1]) is (left < right)


@given(DOCUMENTS)
def test_documents_come_back(value: Any) -> None:
    column = Column("c", Kind.DOCUMENT)
    assert same(decode(encode(Json(value), column), column), value)


@given(DECIMALS)
def test_equal_numbers_have_equal_text(value: Decimal) -> None:
    column = Column("c", Kind.DECIMAL)
    scaled = WIDE.multiply(value, Decimal("1.000000"))
    assert encode(scaled, column) == encode(value, column)


@given(INTEGERS | DECIMALS | FLOATS, INTEGERS | DECIMALS | FLOATS)
def test_numbers_are_ordered_as_they_are_stored(left: Any, right: Any) -> None:
    column = Column("c", Kind.DECIMAL)
    stored = [decode(encode(value, column), column) for value in (left, right)]
    assert same_type_order(left, right) == (stored[0] > stored[1]) - (stored[0] < stored[1])


NUMBER_TEXTS = st.sampled_from(["1.0", "1E+2", "1.5", "9007199254740993.0", "-0.00", "1E-130"]) | st.builds(
    str, INTEGERS
)


def _cells(kind: Kind) -> st.SearchStrategy[WireValue]:
    column = Column("c", kind)
    values = {**SCALARS, **OTHERS, Kind.LIST: LISTS, Kind.DOCUMENT: DOCUMENTS, Kind.ANY: ANYTHING}[kind]
    return values.map(lambda value: encode(Json(value) if kind is Kind.DOCUMENT else value, column) or {"NULL": True})


def _any_cell(kind: Kind) -> st.SearchStrategy[WireValue]:
    """Mostly of the kind; sometimes NULL, a number as another server writes it, or another type."""
    odd = st.just({"NULL": True}) | NUMBER_TEXTS.map(lambda text: {"N": text}) | _cells(Kind.ANY)
    return st.one_of(_cells(kind), _cells(kind), odd)


NAMES = st.sampled_from(["a", "é", "b c", 'q"', "f0"])


@st.composite
def _tables(draw: st.DrawFn) -> tuple[tuple[Column, ...], list[Item]]:
    kinds = draw(st.dictionaries(NAMES, st.sampled_from(Kind), max_size=4))
    strict = draw(st.booleans())
    cells = {name: _cells(kind) if strict else _any_cell(kind) for name, kind in kinds.items()}
    items = st.lists(st.fixed_dictionaries({}, optional=cells), max_size=4)
    return tuple(Column(name, kind) for name, kind in kinds.items()), draw(items)


def _outcome(rows: Any) -> Any:
    try:
        return [[(type(value), value) for value in row] for row in rows()]
    except DataError as error:
        return str(error)


@given(_tables())
def test_the_fast_road_gives_what_the_exact_one_gives(table: tuple[tuple[Column, ...], list[Item]]) -> None:
    columns, items = table
    decoder = RowDecoder(columns)
    body = to_body({"Items": items, "Count": len(items)})
    assert wire_items(body) == items
    assert _outcome(lambda: decoder.page(body).rows) == _outcome(lambda: map(decoder.row, items))
