# ruff: noqa: DTZ001 - naive values are what these types are about

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from sqlalchemy_dynamorm import TTL, BinarySet, NumberSet, StringSet
from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.errors import DataError, Unsupported
from sqlalchemy_dynamorm.run.values import Json

DIALECT = Boto3Dialect()
UTC = dt.timezone.utc
CET = dt.timezone(dt.timedelta(hours=1))
ID = uuid.UUID("6BA7B810-9DAD-11D1-80B4-00C04FD430C8")
ID_TEXT = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def bound(type_: sa.types.TypeEngine[Any], value: Any, dialect: Boto3Dialect = DIALECT) -> Any:
    processor = type_.dialect_impl(dialect).bind_processor(dialect)
    return value if processor is None else processor(value)


def result(type_: sa.types.TypeEngine[Any], value: Any, dialect: Boto3Dialect = DIALECT) -> Any:
    processor = type_.dialect_impl(dialect).result_processor(dialect, None)
    return value if processor is None else processor(value)


def literal(value: Any, type_: sa.types.TypeEngine[Any]) -> str:
    compiled = sa.select(sa.literal(value, type_)).compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled).removeprefix("SELECT ").removesuffix(" AS anon_1")


@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        (sa.DateTime(), dt.datetime(2024, 5, 6, 7, 8), "2024-05-06T07:08:00.000000"),
        (sa.DateTime(), dt.date(24, 5, 6), "0024-05-06T00:00:00.000000"),
        (sa.DateTime(True), dt.datetime(2024, 5, 6, 0, 30, tzinfo=CET), "2024-05-05T23:30:00.000000Z"),
        (sa.TIMESTAMP(True), dt.datetime(2024, 5, 6, tzinfo=UTC), "2024-05-06T00:00:00.000000Z"),
        (sa.Date(), dt.date(2024, 5, 6), "2024-05-06"),
        (sa.Date(), dt.datetime(2024, 5, 6, 7, 8), "2024-05-06"),
        (sa.Time(), dt.time(7, 8), "07:08:00.000000"),
        (sa.Time(True), dt.time(0, 30, tzinfo=CET), "23:30:00.000000Z"),
        (sa.Uuid(), ID, ID_TEXT),
        (sa.UUID(), str(ID).upper(), ID_TEXT),
        (sa.Uuid(as_uuid=False), ID.hex, ID_TEXT),
        (sa.Numeric(10, 2), 1.1, Decimal("1.1")),
        (sa.Numeric(10, 2), "1.25", Decimal("1.25")),
        (sa.Numeric(), 7, 7),
        (sa.Float(), Decimal("1.5"), 1.5),
        (sa.LargeBinary(), bytearray(b"ab"), b"ab"),
        (sa.VARBINARY(), memoryview(b"ab"), b"ab"),
        (sa.Boolean(), True, True),
        (sa.Integer(), 5, 5),
        (sa.String(), "x", "x"),
    ],
)
def test_values_are_bound(type_: sa.types.TypeEngine[Any], value: Any, stored: Any) -> None:
    assert bound(type_, value) == stored
    assert type(bound(type_, value)) is type(stored)


@pytest.mark.parametrize(
    ("type_", "stored", "value"),
    [
        (sa.DateTime(), "2024-05-06T07:08:00.000000", dt.datetime(2024, 5, 6, 7, 8)),
        (sa.DateTime(), "2024-05-06 07:08:09", dt.datetime(2024, 5, 6, 7, 8, 9)),
        (sa.DateTime(), "2024-05-06T00:30:00+01:00", dt.datetime(2024, 5, 5, 23, 30)),
        (sa.DateTime(True), "2024-05-06T07:08:00.000000Z", dt.datetime(2024, 5, 6, 7, 8, tzinfo=UTC)),
        (sa.DateTime(True), "2024-05-06T07:08:00", dt.datetime(2024, 5, 6, 7, 8, tzinfo=UTC)),
        (sa.Date(), "2024-05-06", dt.date(2024, 5, 6)),
        (sa.Date(), "2024-05-06T07:08:00.000000", dt.date(2024, 5, 6)),
        (sa.Time(), "07:08:00.000000", dt.time(7, 8)),
        (sa.Time(True), "07:08:00.000000Z", dt.time(7, 8, tzinfo=UTC)),
        (sa.Uuid(), ID.hex, ID),
        (sa.Uuid(as_uuid=False), ID.hex, ID_TEXT),
        (sa.Boolean(), 1, True),
        (sa.Boolean(), 0.0, False),
        (sa.Boolean(), "false", False),
        (sa.Integer(), 3.0, 3),
        (sa.BigInteger(), "12345678901234567890123", 12345678901234567890123),
        (sa.Integer(), Decimal("2.5"), Decimal("2.5")),
        (sa.Integer(), True, 1),
        (sa.Numeric(10, 2), Decimal(2), Decimal("2.00")),
        (sa.Numeric(10, 2), 2, Decimal("2.00")),
        (sa.Numeric(10, 2), 0.1, Decimal("0.10")),
        (sa.Numeric(10, 2), Decimal("1.2345"), Decimal("1.2345")),
        (sa.Numeric(38, 2), Decimal("1" * 38), Decimal("1" * 38 + ".00")),
        (sa.Numeric(), "1.50", Decimal("1.50")),
        (sa.Numeric(asdecimal=False), Decimal("1.5"), 1.5),
        (sa.Float(), Decimal("1.5"), 1.5),
        (sa.Float(), 2, 2.0),
        (sa.Float(asdecimal=True), 0.1, Decimal("0.1")),
        (sa.LargeBinary(), b"ab", b"ab"),
    ],
)
def test_results_are_converted(type_: sa.types.TypeEngine[Any], stored: Any, value: Any) -> None:
    found = result(type_, stored)
    assert found == value
    assert (type(found), str(found)) == (type(value), str(value))


ALL_TYPES = [
    sa.DateTime(),
    sa.DateTime(True),
    sa.Date(),
    sa.Time(),
    sa.Time(True),
    sa.Uuid(),
    sa.Uuid(as_uuid=False),
    sa.Boolean(),
    sa.Integer(),
    sa.Numeric(),
    sa.Numeric(asdecimal=False),
    sa.Float(),
    sa.Float(asdecimal=True),
    sa.LargeBinary(),
    sa.String(),
    sa.Enum("a"),
]


@pytest.mark.parametrize("type_", ALL_TYPES, ids=repr)
def test_null_stays_null(type_: sa.types.TypeEngine[Any]) -> None:
    assert bound(type_, None) is None
    assert result(type_, None) is None


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (sa.DateTime(), "2024-01-01", "takes a datetime; it does not take str"),
        (sa.Date(), 5, "takes a date"),
        (sa.Time(), dt.time(1, tzinfo=UTC), "takes naive values"),
        (sa.Time(True), dt.time(1), "takes aware values"),
        (sa.Uuid(), "no", "no UUID"),
        (sa.LargeBinary(), "text", "takes bytes"),
        (sa.Numeric(), "x", "a number is"),
        (sa.Float(), "x", "a number is"),
    ],
)
def test_a_wrong_value_is_refused(type_: sa.types.TypeEngine[Any], value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        bound(type_, value)


@pytest.mark.parametrize(
    ("type_", "stored"),
    [
        (sa.DateTime(), "yesterday"),
        (sa.DateTime(), 1234),
        (sa.Date(), "2024-13-01"),
        (sa.Time(), "7 o'clock"),
        (sa.Boolean(), "maybe"),
        (sa.Integer(), "many"),
        (sa.Uuid(), 7),
    ],
)
def test_a_stored_value_of_another_kind_is_refused(type_: sa.types.TypeEngine[Any], stored: Any) -> None:
    with pytest.raises(DataError):
        result(type_, stored)


@given(st.datetimes(), st.datetimes())
def test_the_order_of_texts_is_the_order_of_times(one: dt.datetime, other: dt.datetime) -> None:
    first, second = (bound(sa.DateTime(), moment) for moment in (one, other))
    assert (first < second) == (one < other)
    assert result(sa.DateTime(), first) == one


@given(st.datetimes(min_value=dt.datetime(2, 1, 1), max_value=dt.datetime(9998, 1, 1), timezones=st.timezones()))
def test_aware_datetimes_come_back(moment: dt.datetime) -> None:
    stored = bound(sa.DateTime(True), moment)
    assert len(stored) == len("2024-05-06T07:08:09.000000Z")
    assert result(sa.DateTime(True), stored) == moment.astimezone(UTC)  # as a moment, in a fold of its zone too


class TestJson:
    def test_documents_are_native(self) -> None:
        assert bound(sa.JSON(), {"a": [1]}) == Json({"a": [1]})
        assert result(sa.JSON(), {"a": [1]}) == {"a": [1]}

    def test_none_is_json_null_unless_told_otherwise(self) -> None:
        assert bound(sa.JSON(), None) == Json(None)
        assert bound(sa.JSON(none_as_null=True), None) is None

    def test_the_explicit_nulls(self) -> None:
        assert bound(sa.JSON(none_as_null=True), sa.JSON.NULL) == Json(None)
        assert bound(sa.JSON(), sa.null()) is None

    def test_the_engines_serializer_is_asked(self) -> None:
        dialect = Boto3Dialect(
            json_serializer=lambda value: json.dumps({"wrapped": value, "number": 1.10}),
            json_deserializer=lambda text: ("read", json.loads(text)),
        )
        assert bound(sa.JSON(), [1], dialect) == Json({"wrapped": [1], "number": Decimal("1.1")})
        assert result(sa.JSON(), {"a": 1}, dialect) == ("read", {"a": 1})
        assert result(sa.JSON(), None, dialect) is None

    def test_a_serializer_that_writes_no_json_is_an_error(self) -> None:
        with pytest.raises(DataError, match="json_serializer"):
            bound(sa.JSON(), [1], Boto3Dialect(json_serializer=lambda value: "<xml/>"))


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        ("it's", sa.String(), "'it''s'"),
        (5, sa.Integer(), "5"),
        (Decimal("1E+3"), sa.Numeric(), "1000"),
        (1.5, sa.Float(), "1.5"),
        (True, sa.Boolean(), "true"),
        (False, sa.Boolean(), "false"),
        (b"\x00\xff", sa.LargeBinary(), "X'00FF'"),
        (dt.datetime(2024, 5, 6), sa.DateTime(), "'2024-05-06T00:00:00.000000'"),
        (dt.datetime(2024, 5, 6, tzinfo=UTC), sa.DateTime(True), "'2024-05-06T00:00:00.000000Z'"),
        (dt.date(2024, 5, 6), sa.Date(), "'2024-05-06'"),
        (dt.time(1, 2), sa.Time(), "'01:02:00.000000'"),
        (ID, sa.Uuid(), f"'{ID_TEXT}'"),
        (ID.hex, sa.Uuid(as_uuid=False), f"'{ID_TEXT}'"),
        (Colour.RED, sa.Enum(Colour), "'RED'"),
        (None, sa.Integer(), "NULL"),
    ],
)
def test_literals(value: Any, type_: sa.types.TypeEngine[Any], text: str) -> None:
    assert literal(value, type_) == text


def test_an_enum_is_stored_by_name() -> None:
    assert bound(sa.Enum(Colour), Colour.RED) == "RED"
    assert result(sa.Enum(Colour), "RED") is Colour.RED


def test_intervals_are_seconds_to_the_microsecond() -> None:
    for value in (dt.timedelta.min, dt.timedelta.max, dt.timedelta(microseconds=-1), dt.timedelta(0)):
        stored = bound(sa.Interval(), value)
        assert stored == Decimal(value // dt.timedelta(microseconds=1)).scaleb(-6)
        assert result(sa.Interval(), stored) == value
    with pytest.raises(DataError, match="takes a timedelta; it does not take int"):
        bound(sa.Interval(), 5)


def test_arrays_convert_their_elements_to_any_depth() -> None:
    moment = dt.datetime(2024, 5, 6)
    array = sa.ARRAY(sa.DateTime)
    stored = bound(array, [moment, None, [moment]])
    assert stored == ["2024-05-06T00:00:00.000000", None, ["2024-05-06T00:00:00.000000"]]
    assert result(array, stored) == [moment, None, [moment]]
    assert result(sa.ARRAY(sa.DateTime, as_tuple=True, dimensions=1), stored[:2]) == (moment, None)
    assert bound(sa.ARRAY(sa.JSON, dimensions=1), [[1], {}]) == [Json([1]), Json({})]
    with pytest.raises(DataError, match="takes a list; it does not take str"):
        bound(array, "ab")


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (StringSet(), {1}, "StringSet has no members of type int"),
        (NumberSet(), {True}, "NumberSet has no members of type bool"),
        (BinarySet(), {"a"}, "BinarySet has no members of type str"),
        (StringSet(), ["a"], "takes a set; it does not take list"),
    ],
)
def test_a_set_of_other_members_is_refused(type_: sa.types.TypeEngine[Any], value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        bound(type_, value)


@pytest.mark.parametrize("type_", [postgresql.INET(), postgresql.TSVECTOR(), postgresql.INTERVAL()])
def test_another_databases_type_is_refused_by_name(type_: sa.types.TypeEngine[Any]) -> None:
    with pytest.raises(Unsupported, match=rf"{type(type_).__name__} of sqlalchemy.dialects.postgresql.*with_variant"):
        DIALECT.type_compiler_instance.process(type_)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (sa.Uuid(), "UUID"),
        (sa.Uuid(native_uuid=False), "UUID"),
        (sa.UUID(), "UUID"),
        (sa.JSON(), "JSON"),
        (sa.DateTime(True), "TIMESTAMP WITH TIME ZONE"),
        (sa.Interval(), "INTERVAL"),
        (sa.ARRAY(sa.Numeric(5, 2)), "ARRAY(NUMERIC)"),
        (sa.ARRAY(sa.DateTime(True)), "ARRAY(TIMESTAMPTZ)"),
        (StringSet(), "STRING_SET"),
        (TTL(), "TTL"),
        (postgresql.JSONB(), "JSON"),
        (sa.Enum(Colour), "VARCHAR(3)"),
        (sa.Boolean(), "BOOLEAN"),
        (sa.Numeric(10, 2), "NUMERIC(10, 2)"),
        (sa.Double(), "DOUBLE"),
        (sa.Unicode(9), "VARCHAR(9)"),
    ],
)
def test_the_words_of_types(type_: sa.types.TypeEngine[Any], text: str) -> None:
    assert DIALECT.type_compiler_instance.process(type_) == text


@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        (sa.DateTime(), dt.datetime(2024, 1, 1, 9, tzinfo=UTC), "2024-01-01T09:00:00.000000"),
        (
            sa.DateTime(),
            dt.datetime(2024, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "2023-12-31T23:00:00.000000",
        ),
        (sa.DateTime(True), dt.datetime(2024, 1, 1, 9), "2024-01-01T09:00:00.000000Z"),
    ],
)
def test_a_datetime_of_the_other_sort_is_in_utc(type_: sa.DateTime, value: dt.datetime, stored: str) -> None:
    assert bound(type_, value) == stored
