from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sqlalchemy_dynamorm.errors import DataError, InternalError, ItemTooLarge, UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.values import (
    Json,
    WireValue,
    check_item,
    decode,
    encode,
    encode_key,
    item_size,
    same,
    same_type_order,
)

NOON = dt.datetime.fromisoformat("2024-01-02T12:00:00")
UTC_PLUS_2 = dt.timezone(dt.timedelta(hours=2))


class Colour(str, enum.Enum):
    RED = "red"


def column(kind: Kind) -> Column:
    return Column("c", kind)


def nested(levels: int) -> Any:
    """A list within lists; the innermost, empty one is on that level."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize("kind", Kind)
def test_none_is_no_attribute(kind: Kind) -> None:
    assert encode(None, column(kind)) is None
    assert decode(None, column(kind)) is None


@pytest.mark.parametrize("kind", Kind)
def test_the_null_type_reads_as_none(kind: Kind) -> None:
    assert decode({"NULL": True}, column(kind)) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("é😀", "é😀"),
        (Colour.RED, "red"),
        (NOON, "2024-01-02T12:00:00.000000"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, 6, UTC_PLUS_2), "2024-01-02T01:04:05.000006Z"),
        (NOON.replace(year=33), "0033-01-02T12:00:00.000000"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.time(3, 4), "03:04:00.000000"),
        (dt.time(1, 4, tzinfo=UTC_PLUS_2), "23:04:00.000000Z"),
        (uuid.UUID("12345678123456781234567812345ABC"), "12345678-1234-5678-1234-567812345abc"),
    ],
)
@pytest.mark.parametrize("kind", [Kind.STRING, Kind.ANY])
def test_text(kind: Kind, value: Any, text: str) -> None:
    assert encode(value, column(kind)) == {"S": text}
    assert type(encode(value, column(kind))["S"]) is str  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (True, "1"),
        (-7, "-7"),
        (Decimal("1.50"), "1.5"),
        (Decimal("-0"), "0"),
        (Decimal("0E+9"), "0"),
        (Decimal("1E+2"), "100"),
        (Decimal("0.1"), "0.1"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (100.0, "100"),
        (1e23, "1" + 23 * "0"),
        (10**40, "1" + 40 * "0"),
        (10**38 - 1, 38 * "9"),
        (-(10**38), "-1" + 38 * "0"),
        (Decimal("9" * 38 + "E+88"), "9" * 38 + "0" * 88),
        (Decimal("1E-130"), "0." + 129 * "0" + "1"),
        (Decimal("1." + 60 * "0"), "1"),
    ],
)
@pytest.mark.parametrize("kind", [Kind.DECIMAL, Kind.FLOAT])
def test_a_number_is_written_in_full_and_once(kind: Kind, value: Any, text: str) -> None:
    assert encode(value, column(kind)) == {"N": text}


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("-inf"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        10**38 + 1,
        Decimal("1." + 37 * "0" + "1"),
        10**126,
        -(10**126),
        Decimal("9E-131"),
        Decimal("1E+999999"),
        1e300,
        5e-324,
    ],
)
@pytest.mark.parametrize("kind", [Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.ANY])
def test_a_number_without_exact_form_is_refused(kind: Kind, value: Any) -> None:
    with pytest.raises(UnsupportedValue, match="'c'"):
        encode(value, column(kind))


def test_an_integer_column_takes_integral_numbers_only() -> None:
    assert encode(Decimal("3.00"), column(Kind.INTEGER)) == {"N": "3"}
    with pytest.raises(DataError, match="fraction"):
        encode(3.5, column(Kind.INTEGER))


@pytest.mark.parametrize(("text", "stored"), [("5", "5"), ("-07", "-7"), ("+" + "9" * 38, "9" * 38)])
def test_an_integer_column_takes_the_text_of_a_whole_number(text: str, stored: str) -> None:
    assert encode(text, column(Kind.INTEGER)) == {"N": stored}
    assert encode_key(text, column(Kind.INTEGER), "partition") == {"N": stored}


@pytest.mark.parametrize("text", ["", "1.0", " 1", "1e3", "0x1", "x", "\u0661", "1" * 39])
def test_an_integer_column_takes_no_other_text(text: str) -> None:
    with pytest.raises(DataError, match="'c'"):
        encode(text, column(Kind.INTEGER))


@pytest.mark.parametrize(("value", "stored"), [(True, True), (0, False), (1, True)])
def test_boolean(value: Any, stored: bool) -> None:
    assert encode(value, column(Kind.BOOLEAN)) == {"BOOL": stored}


@pytest.mark.parametrize("value", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_binary(value: Any) -> None:
    assert encode(value, column(Kind.BINARY)) == {"B": b"ab"}


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (Kind.STRING, 987654, "int"),
        (Kind.STRING, b"987654", "bytes"),
        (Kind.INTEGER, "987654x", "str"),
        (Kind.DECIMAL, "987654", "str"),
        (Kind.FLOAT, [987654], "list"),
        (Kind.BOOLEAN, "987654", "str"),
        (Kind.BOOLEAN, 987654, "int"),
        (Kind.BOOLEAN, 1.0, "float"),
        (Kind.BINARY, "987654", "str"),
        (Kind.DOCUMENT, b"987654", "bytes"),
        (Kind.DOCUMENT, {987654}, "set"),
        (Kind.DOCUMENT, [dt.date(2024, 1, 1)], "date"),
        (Kind.DOCUMENT, {987654: 1}, "int"),
        (Kind.ANY, object(), "object"),
        (Kind.ANY, {(987654,)}, "tuple"),
        (Kind.STRING, Json("987654"), "Json"),
    ],
)
def test_a_wrong_type_names_column_and_type_but_no_value(kind: Kind, value: Any, found: str) -> None:
    with pytest.raises(DataError, match=rf"'c'.*\b{found}\b") as caught:
        encode(value, column(kind))
    assert "987654" not in str(caught.value)


def test_a_lone_surrogate_is_refused() -> None:
    for kind, value in [(Kind.STRING, "\ud800"), (Kind.DOCUMENT, ["\ud800"]), (Kind.DOCUMENT, {"\ud800": 1})]:
        with pytest.raises(DataError, match="surrogate"):
            encode(value, column(kind))


def test_times_without_a_utc_form_are_refused() -> None:
    with pytest.raises(DataError, match="years"):
        encode(dt.datetime(1, 1, 1, tzinfo=UTC_PLUS_2), column(Kind.STRING))
    with pytest.raises(DataError, match="depends on the day"):
        encode(dt.time(1, tzinfo=ZoneInfo("Europe/Zurich")), column(Kind.STRING))


def test_a_document_is_native() -> None:
    value = {"a": [1, 2.5, Decimal("3.10"), True, None, "x"], "b": {}, "c": (b"z",), "d": {"x"}}
    wire: WireValue = {
        "M": {
            "a": {"L": [{"N": "1"}, {"N": "2.5"}, {"N": "3.1"}, {"BOOL": True}, {"NULL": True}, {"S": "x"}]},
            "b": {"M": {}},
            "c": {"L": [{"B": b"z"}]},
            "d": {"SS": ["x"]},
        }
    }
    assert encode(value, column(Kind.DOCUMENT)) == wire
    assert encode(Json(value), column(Kind.ANY)) == wire
    assert decode(wire, column(Kind.DOCUMENT)) == {
        "a": [1, 2.5, 3.1, True, None, "x"],
        "b": {},
        "c": [b"z"],
        "d": {"x"},
    }


def test_json_null_is_the_null_type() -> None:
    assert encode(Json(None), column(Kind.DOCUMENT)) == {"NULL": True}


def test_a_document_has_at_most_32_levels() -> None:
    assert encode(nested(32), column(Kind.DOCUMENT)) is not None
    with pytest.raises(DataError, match="32 levels"):
        encode(nested(33), column(Kind.DOCUMENT))


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ({"b", "a"}, {"SS": ["a", "b"]}),
        (frozenset({b"x"}), {"BS": [b"x"]}),
        ({Decimal("0.1"), 0.1, 2}, {"NS": ["0.1", "2"]}),
        (set(), None),
        ([], {"L": []}),
        (True, {"BOOL": True}),
        (3, {"N": "3"}),
        (b"x", {"B": b"x"}),
    ],
)
def test_an_undeclared_column_goes_by_the_python_type(value: Any, wire: WireValue | None) -> None:
    assert encode(value, column(Kind.ANY)) == wire


@pytest.mark.parametrize("value", [{"a", 1}, [set()], {True}])
def test_sets_have_members_of_one_type(value: Any) -> None:
    with pytest.raises(DataError, match="set"):
        encode(value, column(Kind.ANY))


@pytest.mark.parametrize("role", ["partition", "sort"])
def test_a_key_is_given_not_empty_and_of_a_key_type(role: Any) -> None:
    assert encode_key(0, column(Kind.INTEGER), role) == {"N": "0"}
    with pytest.raises(DataError, match="NULL"):
        encode_key(None, column(Kind.STRING), role)
    for kind, empty in [(Kind.STRING, ""), (Kind.BINARY, b"")]:
        with pytest.raises(DataError, match="empty"):
            encode_key(empty, column(kind), role)
    assert encode_key(b"x", column(Kind.ANY), role) == {"B": b"x"}
    with pytest.raises(DataError, match="declared any and was given a value of type bool"):
        encode_key(True, column(Kind.ANY), role)
    for kind in (Kind.BOOLEAN, Kind.DOCUMENT):
        with pytest.raises(DataError, match=f"{kind.value} and cannot be a {role} key"):
            encode_key(True, column(kind), role)


@pytest.mark.parametrize(("role", "limit"), [("partition", 2048), ("sort", 1024)])
def test_a_key_s_length_counts_utf8_bytes(role: Any, limit: int) -> None:
    assert encode_key("é" * (limit // 2), column(Kind.STRING), role)
    assert encode_key(b"x" * limit, column(Kind.BINARY), role)
    for kind, value in [(Kind.STRING, "é" * (limit // 2) + "x"), (Kind.BINARY, b"x" * (limit + 1))]:
        with pytest.raises(DataError, match=f"at most {limit}"):
            encode_key(value, column(kind), role)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.INTEGER, "9007199254740993.0", 9007199254740993),
        (Kind.INTEGER, "1E+2", 100),
        (Kind.INTEGER, "9" * 38, 10**38 - 1),
        (Kind.INTEGER, "1." + 36 * "0" + "1", Decimal("1." + 36 * "0" + "1")),
        (Kind.DECIMAL, "1.50", Decimal("1.50")),
        (Kind.FLOAT, "3", 3.0),
        (Kind.ANY, "3.0", 3),
        (Kind.ANY, "9" * 38 + ".0", 10**38 - 1),
        (Kind.ANY, "0.1", Decimal("0.1")),
        (Kind.DOCUMENT, "3", 3),
        (Kind.DOCUMENT, "3.0", 3.0),
        (Kind.DOCUMENT, "1E+2", 100.0),
    ],
)
def test_numbers_are_read_by_the_column_s_kind(kind: Kind, text: str, value: Any) -> None:
    read = decode({"N": text}, column(kind))
    assert read == value
    assert type(read) is type(value)


def test_an_undeclared_column_reads_every_type() -> None:
    wire: WireValue = {"M": {"l": {"L": [{"N": "1"}, {"N": "1.5"}]}, "n": {"NS": ["1", "2.5"]}, "b": {"BS": [b"x"]}}}
    value = {"l": [1, Decimal("1.5")], "n": {1, Decimal("2.5")}, "b": {b"x"}}
    assert decode(wire, column(Kind.ANY)) == value
    assert decode({"SS": ["x", "y"]}, column(Kind.ANY)) == {"x", "y"}


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (Kind.STRING, {"N": "987654"}),
        (Kind.INTEGER, {"S": "987654"}),
        (Kind.BOOLEAN, {"N": "1"}),
        (Kind.BINARY, {"S": "987654"}),
        (Kind.DOCUMENT, {"B": b"987654"}),
        (Kind.DOCUMENT, {"SS": ["987654"]}),
    ],
)
def test_another_stored_type_is_an_error_without_the_value(kind: Kind, wire: WireValue) -> None:
    with pytest.raises(DataError, match=f"'c' is declared {kind.value}.* as {next(iter(wire))}") as caught:
        decode(wire, column(kind))
    assert "987654" not in str(caught.value)


@pytest.mark.parametrize("wire", [{}, {"S": "x", "N": "1"}, {"X": "x"}])
def test_what_is_no_wire_value_is_an_internal_error(wire: WireValue) -> None:
    with pytest.raises(InternalError):
        decode(wire, column(Kind.ANY))


@pytest.mark.parametrize(
    ("wire", "size"),
    [
        ({"S": "é"}, 2),
        ({"B": b"abc"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"N": "0"}, 1),
        ({"N": "1234"}, 3),
        ({"N": "-12345"}, 5),
        ({"N": "0.00012"}, 2),
        ({"N": "1200000"}, 2),
        ({"N": "12E+5"}, 2),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "22"]}, 4),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}]}, 6),
        ({"M": {"ab": {"S": "c"}}}, 7),
    ],
)
def test_size_of_an_attribute(wire: WireValue, size: int) -> None:
    assert item_size({"ab": wire}) == 2 + size


def test_an_item_has_at_most_400_kb_names_included() -> None:
    check_item({"ab": {"S": "x" * (400 * 1024 - 2)}}, "t")
    with pytest.raises(ItemTooLarge, match="'t'") as caught:
        check_item({"abc": {"S": "x" * (400 * 1024 - 2)}}, "t")
    assert caught.value.table == "t"


def test_an_item_has_at_most_32_levels() -> None:
    wire: WireValue = {"S": "x"}
    for _ in range(31):
        wire = {"M": {"a": wire}}
    check_item({"d": wire}, "t")
    with pytest.raises(ItemTooLarge, match="32 levels"):
        check_item({"d": {"L": [wire]}}, "t")


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        (1, 2, -1),
        (Decimal("1.0"), 1, 0),
        (0.1, Decimal("0.1"), 0),
        (2**53 + 1, float(2**53), 1),
        (1e23, 10**23, 0),
        ("a", "b", -1),
        ("\uffff", "\U00010000", -1),
        (b"b", b"a", 1),
        (False, True, -1),
        (True, 1, None),
        ("1", 1, None),
        ("a", b"a", None),
        (None, None, None),
        ([1], [1], None),
        (float("nan"), 1, None),
    ],
)
def test_order_within_a_type(left: Any, right: Any, order: int | None) -> None:
    assert same_type_order(left, right) == order


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"a": [1, {2.5}]}, {"a": [Decimal("1.0"), {Decimal("2.5")}]}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ([1, None], [1, None], True),
        ([1], [1, 2], False),
        ({1, 2}, {2, 1}, True),
        ({"1"}, {1}, False),
        ([None], [0], False),
        ("x", "x", True),
    ],
)
def test_equality_of_documents(left: Any, right: Any, equal: bool) -> None:
    assert same(left, right) is equal
