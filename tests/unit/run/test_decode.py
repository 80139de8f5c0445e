from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError, InternalError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.decode import Page, RowDecoder, last_key, to_body, wire_item, wire_items
from sqlalchemy_dynamorm.run.values import JSON_NULL

EVERY_KIND = tuple(Column(kind.value, kind) for kind in Kind)
EVERY_VALUE: dict[str, Any] = {
    "string": {"S": "null"},
    "integer": {"N": "9007199254740993"},
    "decimal": {"N": "1.50"},
    "float": {"N": "0.1"},
    "number": {"N": "2.0"},
    "boolean": {"BOOL": False},
    "binary": {"B": "AAE="},
    "epoch": {"N": "-1.5"},
    "epoch_ms": {"N": "1500"},
    "list": {"L": [{"N": "1.0"}, {"NULL": True}]},
    "string set": {"SS": ["x", "y"]},
    "number set": {"NS": ["1.0", "1.5"]},
    "binary set": {"BS": ["AAE="]},
    "document": {"M": {"a": {"L": [{"N": "1"}, {"N": "1.0"}, {"NULL": True}, {"B": "AAE="}]}}},
    "any": {"L": [{"N": "1.0"}, {"N": "1.5"}, {"SS": ["x"]}, {"NS": ["2"]}, {"BS": ["AAE="]}, {"B": "AAE="}]},
}
EVERY_ROW = (
    "null",
    9007199254740993,
    Decimal("1.50"),
    0.1,
    2,
    False,
    b"\x00\x01",
    "1969-12-31T23:59:58.500000",
    "1970-01-01T00:00:01.500000",
    {"a": [1, 1.0, None, b"\x00\x01"]},
    [1, None],
    {"x", "y"},
    {1, Decimal("1.5")},
    {b"\x00\x01"},
    [1, Decimal("1.5"), {"x"}, {2}, {b"\x00\x01"}, b"\x00\x01"],
)


def body(**answer: Any) -> bytes:
    return json.dumps(answer).encode()


def page_of(column: Column, *cells: Any) -> bytes:
    return body(Items=[{column.name: cell} for cell in cells])


def test_a_page_of_every_kind() -> None:
    page = RowDecoder(EVERY_KIND).page(
        body(
            Items=[{**EVERY_VALUE, "other": {"S": "not wanted"}}, {}],
            Count=2,
            ScannedCount=7,
            LastEvaluatedKey={"k": {"B": "AAE="}, "s": {"N": "1"}},
            ConsumedCapacity={"TableName": "t", "CapacityUnits": 0.5},
        )
    )
    empty = (None,) * len(Kind)
    assert page == Page([EVERY_ROW, empty], {"k": {"B": b"\x00\x01"}, "s": {"N": "1"}}, 2, 7, 0.5)
    assert [type(value) for value in page.rows[0]] == [type(value) for value in EVERY_ROW]


def test_the_exact_road_reads_the_same() -> None:
    item = wire_item(body(Item=EVERY_VALUE))
    assert item is not None
    assert RowDecoder(EVERY_KIND).row(item) == EVERY_ROW


def test_a_count_has_no_rows() -> None:
    assert RowDecoder(()).page(body(Count=3, ScannedCount=4)) == Page([], None, 3, 4, None)


def test_no_columns_give_a_row_an_item() -> None:
    decoder = RowDecoder(())
    assert decoder.page(body(Items=[{"a": {"S": "x"}}, {}], Count=2)).rows == [(), ()]
    assert decoder.item(body(Item={})) == ()


def test_one_column_gives_tuples_of_one() -> None:
    assert RowDecoder(EVERY_KIND[:1]).page(body(Items=[{"string": {"S": "x"}}])).rows == [("x",)]


@pytest.mark.parametrize("name", ["a b", "é", "😀", "a.b", "__x", "self", "class", 'a"b', "a\\b", "a\nb", "f0"])
def test_any_attribute_name(name: str) -> None:
    decoder = RowDecoder((Column(name, Kind.STRING), Column("f1", Kind.INTEGER)))
    item = {name: {"S": "x"}, "f1": {"N": "1"}}
    for text in (json.dumps({"Items": [item]}), json.dumps({"Items": [item]}, ensure_ascii=False)):
        assert decoder.page(text.encode()).rows == [("x", 1)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9" * 38, 10**38 - 1),
        ("-18446744073709551617", -18446744073709551617),
        ("9007199254740993.0", 9007199254740993),
        ("1E+2", 100),
        ("1." + 36 * "0" + "1", Decimal("1." + 36 * "0" + "1")),
        ("1" + 125 * "0", 10**125),
    ],
)
@pytest.mark.parametrize("kind", [Kind.INTEGER, Kind.NUMBER, Kind.ANY])
def test_no_digit_of_a_whole_number_is_lost(kind: Kind, text: str, value: Any) -> None:
    column = Column("c", kind)
    [(read,), (other,)] = RowDecoder((column,)).page(page_of(column, {"N": text}, {"N": "5"})).rows
    assert (read, other) == (value, 5)
    assert type(read) is type(value)


def test_json_null_is_told_from_no_attribute_where_a_condition_asks() -> None:
    shown, asked = Column("j", Kind.DOCUMENT), Column("j", Kind.DOCUMENT, nulls=True)
    answer = body(Items=[{"j": {"NULL": True}}, {}, {"j": {"L": [{"NULL": True}]}}])
    expected = [(None, JSON_NULL), (None, None), ([None], [None])]
    decoder = RowDecoder((shown, asked))
    assert decoder.page(answer).rows == expected
    assert [decoder.row(item) for item in wire_items(answer)] == expected


def test_an_attribute_is_shown_as_one_kind_and_asked_for_as_it_is_stored() -> None:
    fields = (Column("n", Kind.FLOAT), Column("n", Kind.ANY, nulls=True), Column("s", Kind.STRING))
    answer = body(Items=[{"n": {"N": "0.10"}}, {"n": {"NULL": True}}, {}])
    rows = RowDecoder(fields).page(answer).rows
    assert rows == [(0.1, Decimal("0.1"), None), (None, JSON_NULL, None), (None, None, None)]


@pytest.mark.parametrize("kind", Kind)
def test_the_null_type_is_none(kind: Kind) -> None:
    column = Column("c", kind)
    assert RowDecoder((column,)).page(page_of(column, {"NULL": True})).rows == [(None,)]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (Kind.STRING, {"N": "987654"}),
        (Kind.INTEGER, {"S": "987654"}),
        (Kind.BOOLEAN, {"N": "1"}),
        (Kind.BINARY, {"S": "987654"}),
        (Kind.DOCUMENT, {"SS": ["987654"]}),
    ],
)
def test_another_stored_type_is_an_error_without_the_value(kind: Kind, cell: Any) -> None:
    column = Column("c", kind)
    with pytest.raises(DataError, match=f"'c' is declared {kind.value}") as caught:
        RowDecoder((column,)).page(page_of(column, cell))
    assert "987654" not in str(caught.value)


def test_an_unexpected_type_in_an_unwanted_column_is_skipped() -> None:
    assert RowDecoder(EVERY_KIND[:1]).item(body(Item={"integer": {"S": "x"}})) == (None,)


def test_a_get_finds_or_does_not() -> None:
    decoder = RowDecoder(EVERY_KIND)
    assert decoder.item(body(Item=EVERY_VALUE)) == EVERY_ROW
    assert decoder.item(body()) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"1",
        b'{"Items":[{"string":{"S":"\xff"}}]}',
        b'{"Items":[1]}',
        b'{"Items":[{"string":1}]}',
    ],
)
def test_what_is_no_answer_is_an_internal_error(text: bytes) -> None:
    with pytest.raises(InternalError):
        RowDecoder(EVERY_KIND).page(text)


def test_a_batch_and_what_is_left_of_it() -> None:
    decoder = RowDecoder((Column("k", Kind.BINARY),))
    left = {"t": {"Keys": [{"k": {"B": "AQ=="}}], "ConsistentRead": True}}
    answer = body(Responses={"t": [{"k": {"B": "AA=="}}]}, UnprocessedKeys=left)
    assert decoder.batch(answer, "t") == ([(b"\x00",)], {"Keys": [{"k": {"B": b"\x01"}}], "ConsistentRead": True})


def test_a_batch_in_which_an_item_needs_the_exact_road() -> None:
    decoder = RowDecoder((Column("a", Kind.STRING), Column('"', Kind.STRING)))
    answer = body(Responses={"t": [{"a": {"S": "x"}, '"': {"NULL": True}}]}, UnprocessedKeys={})
    assert decoder.batch(answer, "t") == ([("x", None)], None)


def test_a_batch_by_arn_may_be_answered_by_name() -> None:
    decoder = RowDecoder((Column("a", Kind.STRING),))
    answer = body(Responses={"t": [{"a": {"S": "x"}}]})
    assert decoder.batch(answer, "arn:aws:dynamodb:eu-west-1:123456789012:table/t") == ([("x",)], None)


def test_a_batch_of_another_table_is_never_dropped() -> None:
    with pytest.raises(InternalError, match="another table"):
        RowDecoder(()).batch(body(Responses={"u": [{}]}), "t")


def test_wire_items() -> None:
    answer = body(Items=[{"b": {"B": "AAE="}}, {}], LastEvaluatedKey={"b": {"B": "AA=="}})
    assert wire_items(answer) == [{"b": {"B": b"\x00\x01"}}, {}]
    assert last_key(answer) == {"b": {"B": b"\x00"}}
    assert last_key(body(Items=[])) is None


def test_wire_item() -> None:
    value = {"M": {"x": {"L": [{"BS": ["AAE="]}, {"N": "1"}]}}}
    wire = {"d": {"M": {"x": {"L": [{"BS": [b"\x00\x01"]}, {"N": "1"}]}}}}
    assert wire_item(body(Attributes={"d": value}), "Attributes") == wire
    assert wire_item(body()) is None
    with pytest.raises(InternalError):
        wire_item(body(Item=[1]))


def test_a_parsed_answer_becomes_a_body_again() -> None:
    parsed = {
        "Items": [{"b": {"B": b"\x00\x01"}, "n": {"N": "1"}}],
        "Count": 1,
        "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 0.5},
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    text = to_body(parsed)
    assert "ResponseMetadata" not in json.loads(text)
    page = RowDecoder((Column("b", Kind.BINARY), Column("n", Kind.INTEGER))).page(text)
    assert page == Page([(b"\x00\x01", 1)], None, 1, 0, 0.5)
