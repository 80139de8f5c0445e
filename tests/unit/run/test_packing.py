from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.packed import packed_column
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.packing import pack, prefix
from sqlalchemy_dynamorm.run.values import WireValue


@pytest.mark.parametrize(
    ("wire", "form"),
    [
        ({"S": "a\0b"}, "3061 00ff 62 00"),
        ({"B": b"\x00\xff"}, "40 00ff ff 00"),
        ({"N": "0"}, "2001"),
        ({"N": "1"}, "2002 82 0b 00"),
        ({"N": "123.4"}, "2002 84 0d23 00"),
        ({"N": "-1"}, "2000 7d f4 ff"),
        ({"N": "0." + "0" * 129 + "1"}, "2002 00 0b 00"),
        ({"N": "99" + "0" * 124}, "2002 ff 64 00"),
    ],
)
def test_the_packed_form(wire: WireValue, form: str) -> None:
    assert prefix([("a", wire)]) == bytes.fromhex(form)


def test_a_key_has_at_most_1024_bytes() -> None:
    room = 1024 - len(prefix([("a", {"S": ""}), ("b", {"N": "1"})]))
    assert len(pack([("a", {"S": "x" * room}), ("b", {"N": "1"})])["B"]) == 1024
    with pytest.raises(DataError, match="a, b have 1025 bytes together, most of them in 'a'"):
        pack([("a", {"S": "x" * (room + 1)}), ("b", {"N": "1"})])


def test_what_is_no_key_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="'flag' was given a value that is stored as BOOL"):
        pack([("flag", {"BOOL": True}), ("b", {"N": "1"})])


def test_a_row_whose_column_was_changed_in_place_is_refused() -> None:
    b, c = Column("b", Kind.STRING), Column("c", Kind.INTEGER)
    decoder = RowDecoder((c, packed_column(["b", "c"]), b))
    key = pack([("b", {"S": "x"}), ("c", {"N": "1"})])
    item = {"b": {"S": "x"}, "c": {"N": "1"}, packed_column(["b", "c"]).name: key}
    assert decoder.row(item) == (1, key["B"], "x")
    for changed in ({**item, "c": {"N": "2"}}, {name: wire for name, wire in item.items() if name != "b"}):
        with pytest.raises(DataError, match="hidden sort key does not hold what its columns b, c do"):
            decoder.row(changed)
