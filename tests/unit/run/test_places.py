from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.predicates import PlaceTest
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.places import place_alternatives
from sqlalchemy_dynamorm.run.values import Json
from sqlalchemy_dynamorm.sql import nodes

OTHERS = "(attribute_exists(d.a) AND NOT attribute_type(d.a, {0}))"


def asked(op: Any, given: Any, read_as: Any = "any", path: str = "$.a") -> Any:
    """What is asked, with the names and the values in the places of their placeholders."""
    test = PlaceTest(Column("d", Kind.DOCUMENT), (nodes.Literal(path),), read_as, op, nodes.Param("v"))
    return place_alternatives(test, bound({"v": given}), lambda name: name, lambda wire: repr(*wire.values()))


def others(wire_type: str) -> str:
    return OTHERS.format(repr(wire_type))


def test_a_text_that_can_be_nothing_else_is_asked_for_alone() -> None:
    assert asked("=", "x") == ("d.a = 'x'",)
    assert asked("=", "5") == ("d.a = '5'", others("S"))
    assert asked("=", "{}", "text") == ("d.a = '{}'", others("S"))
    assert asked("<", "x") == ("d.a < 'x'", others("S"))
    assert asked("<>", "x") == ("(attribute_exists(d.a) AND d.a <> 'x')",)
    assert asked("=", "x", "integer") == ("attribute_exists(d.a)",)


def test_a_prefix_is_a_range() -> None:
    assert asked("LIKE", "x%") == ("(d.a >= 'x' AND d.a < 'y')",)
    assert asked("LIKE", "x\ud7ff%") == (r"(d.a >= 'x\ud7ff' AND d.a < 'x\ue000')",)
    assert asked("LIKE", "x\U0010ffff%") == (r"d.a >= 'x\U0010ffff'",)
    assert asked("LIKE", "%") == ("attribute_exists(d.a)",)
    assert asked("LIKE", "%x") == ("attribute_exists(d.a)",)
    assert asked("LIKE", "%x%") == ("contains(d.a, 'x')", others("S"))


def test_a_number_is_asked_for_with_what_is_cast_or_rounded_to_it() -> None:
    assert asked("=", 5, "integer") == ("d.a BETWEEN '4' AND '6'", others("N"))
    assert asked("<=", Decimal("0.5"), "number") == ("d.a <= '0.500000000000005'", others("N"))
    assert asked(">", 0, "number") == ("d.a > '0'", others("N"))
    assert asked("<>", 5) == ("attribute_exists(d.a)",)
    assert asked("=", 2**60, "integer") == ("attribute_exists(d.a)",)
    assert asked("=", float("inf")) == ("attribute_exists(d.a)",)
    assert asked("=", 5, "text") == ("attribute_exists(d.a)",)


def test_a_flag() -> None:
    assert asked("=", True) == ("d.a = True", others("BOOL"))
    assert asked("=", False) == ("d.a BETWEEN '0' AND '0'", others("N"))


def test_a_document_is_asked_for_as_it_is() -> None:
    assert asked("=", Json([1, "x"]), "document") == ("d.a = [{'N': '1'}, {'S': 'x'}]",)
    for given in (Json(None), Json({"n": [0.5]}), '"x"', True):
        assert asked("=", given, "document") is True
    assert asked("<>", Json(1), "document") is True


def test_null_is_never_equal() -> None:
    assert asked("=", None) is False
    assert asked("=", None, "document") is False


def test_paths() -> None:
    assert asked("=", "x", path='$."a b"[2].c') == ("d.a b[2].c = 'x'",)
    assert asked("=", "x", path="$") == ("d = 'x'",)
    assert asked("=", "x", path="$[#-1]") is True
    with pytest.raises(DataError, match="malformed"):
        asked("=", "x", path="$[x]")
