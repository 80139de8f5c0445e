from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.refusal import Misdeclared
from sqlalchemy_dynamorm.dialect.secondary import key_types
from sqlalchemy_dynamorm.plan.schema import Column, Kind

COLUMNS = {"a": Column("a", Kind.STRING), "b": Column("b", Kind.ANY)}


def given(types: Any) -> dict[str, str]:
    index = sa.Index("ix", "a", "b", dynamodb_types=types)
    return key_types(index, COLUMNS)


def test_only_columns_without_a_type_need_one() -> None:
    assert given({"a": "S", "b": "N"}) == {"b": "N"}
    assert given({"a": "S"}) == {}
    assert given(None) == {}


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ({"a": "N"}, "N for 'a', whose declared type is stored otherwise"),
        ({"c": "S"}, "'c', which is not a column of the index"),
        ({"b": "BOOL"}, "S, N and B"),
        ("S", "S, N and B"),
    ],
)
def test_types_that_do_not_fit_are_refused(types: Any, message: str) -> None:
    with pytest.raises(Misdeclared, match=message):
        given(types)
