"""Each SQLAlchemy type at its edges: a value is read as it was, and keys have the order that Python gives."""
# ruff: noqa: DTZ001, DTZ901 - naive values are what some of these are about

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.dialect.declared import declare
from sqlalchemy_dynamorm.run.values import WireValue, decode, encode, encode_key, same
from tests.property.test_values import DECIMALS, INTEGERS, TEXT

DIALECT = cast("DynamoDBDialect", sa.create_engine("dynamodb://eu-west-1").dialect)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
NAIVE = st.datetimes() | st.sampled_from([dt.datetime.min, dt.datetime.max])
AWARE = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=ZONES)
EPOCHS = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))
KEYS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "integer": (sa.Integer, INTEGERS),
    "numeric": (sa.Numeric, DECIMALS),
    "date": (sa.Date, st.dates() | st.sampled_from([dt.date.min, dt.date.max])),
    "datetime": (sa.DateTime, NAIVE),
    "aware": (sa.DateTime(timezone=True), AWARE),
    "epoch_ms": (sa.DateTime, EPOCHS.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))),
    "time": (sa.Time, st.times()),
    "interval": (sa.Interval, st.timedeltas()),
    "text": (sa.String, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)),
    "uuid": (sa.Uuid, st.uuids()),
    "binary": (sa.LargeBinary, st.binary(min_size=1, max_size=20)),
}
OTHERS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "long": (sa.Text, TEXT),
    "moments": (sa.ARRAY(sa.DateTime), st.lists(st.none() | NAIVE)),
    "numbers": (sa.ARRAY(sa.Numeric), st.lists(DECIMALS)),
    "nested": (sa.ARRAY(sa.Integer), st.lists(st.lists(INTEGERS))),
}
TABLE = sa.Table(
    "typed",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(name, type_) for name, (type_, _) in {**KEYS, **OTHERS}.items() if name != "epoch_ms"),
    sa.Column("epoch_ms", sa.DateTime, dynamodb_format="epoch_ms"),
    sa.Column("doc", sa.JSON),
    sa.Column("list", sa.ARRAY(sa.String)),
)
COLUMNS = declare(TABLE, DIALECT, None).by_name


def bound(name: str, value: Any) -> Any:
    process = TABLE.c[name].type.dialect_impl(DIALECT).bind_processor(DIALECT)
    return value if process is None else process(value)


def read(name: str, wire: WireValue | None) -> Any:
    process = TABLE.c[name].type.dialect_impl(DIALECT).result_processor(DIALECT, None)
    value = decode(wire, COLUMNS[name])
    return value if process is None else process(value)


@given(st.data(), st.sampled_from([*KEYS, *OTHERS]))
def test_a_value_comes_back(data: st.DataObject, name: str) -> None:
    value = data.draw({**KEYS, **OTHERS}[name][1])
    found = read(name, encode(bound(name, value), COLUMNS[name]))
    assert found == value
    assert type(found) is type(value)


def order(wire: WireValue) -> Any:
    """What DynamoDB orders keys by: numbers as such, texts by their UTF-8 bytes, binary as unsigned bytes."""
    ((type_, value),) = wire.items()
    return Decimal(value) if type_ == "N" else value.encode() if type_ == "S" else value


@given(st.data(), st.sampled_from([*KEYS]))
def test_the_order_of_keys_is_the_order_of_values(data: st.DataObject, name: str) -> None:
    left, right = data.draw(KEYS[name][1]), data.draw(KEYS[name][1])
    stored = [order(encode_key(bound(name, value), COLUMNS[name], "sort")) for value in (left, right)]
    assert (stored[0] < stored[1], stored[0] == stored[1]) == (left < right, left == right)


def _deep(value: Any, depth: int, name: str | None) -> Any:
    for _ in range(depth):
        value = [value] if name is None else {name: value}
    return value


@given(st.integers(0, 30), st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9), INTEGERS)
@example(30, "a", 10**38 - 1)
@example(30, None, -1)
def test_what_is_thirty_deep_comes_back(depth: int, name: str | None, leaf: int) -> None:
    value = _deep(leaf, depth, name)
    assert same(read("doc", encode(bound("doc", value), COLUMNS["doc"])), value)
    texts = _deep("x", max(depth, 1), None)
    assert read("list", encode(bound("list", texts), COLUMNS["list"])) == texts
