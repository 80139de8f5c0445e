from __future__ import annotations

import pytest
from sqlalchemy import exc, types

from sqlalchemy_dynamorm import BinarySet, NumberSet, StringSet
from sqlalchemy_dynamorm.dialect.reflected_types import sampled_type


@pytest.mark.parametrize(
    ("stored", "type_"),
    [
        ("S", types.String),
        ("N", types.Numeric),
        ("B", types.BLOB),
        ("BOOL", types.Boolean),
        ("M", types.JSON),
        ("L", types.JSON),
        ("L M", types.JSON),
        ("SS", StringSet),
        ("NS", NumberSet),
        ("BS", BinarySet),
    ],
)
@pytest.mark.parametrize("null", ["", " NULL"])
def test_a_sampled_attribute_has_the_type_that_its_values_all_have(stored: str, type_: type, null: str) -> None:
    assert type(sampled_type(frozenset(f"{stored}{null}".split()), "a")) is type_


@pytest.mark.parametrize("stored", ["N S", "M S", "S SS", "B L", "NULL"])
def test_one_of_several_types_has_none(stored: str) -> None:
    with pytest.warns(exc.SAWarning, match=f"'a' is reflected without a type.* as {stored.replace(' ', ', ')}"):
        assert type(sampled_type(frozenset(stored.split()), "a")) is types.NullType
