from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.run.cursors import digest, read, written
from sqlalchemy_dynamorm.run.request import Position
from tests.unit.plan.planning import planned

TEXT = "SELECT s FROM things WHERE p = :p"


def asked(text: str = TEXT, **values: Any) -> bytes:
    plan = planned(text)
    assert isinstance(plan, ReadPlan)
    return digest(text, plan, values)


POSITION = Position(3, {"p": {"S": "é"}, "s": {"N": "2"}, "b": {"B": b"\x00\xff"}})


def test_a_position_comes_back() -> None:
    assert read(written(POSITION, asked(), b"k"), asked(), b"k") == POSITION
    assert read(written(Position(2), asked(), b""), asked(), b"") == Position(2)


def test_a_cursor_can_go_into_a_url() -> None:
    assert written(POSITION, asked(), b"").replace("-", "").replace("_", "").isalnum()


def test_what_is_asked_is_the_text_and_the_values() -> None:
    different = {asked(p=1), asked(p="1"), asked(p=2), asked(), asked(TEXT + " ORDER BY s DESC", p=1)}
    assert len(different) == 5
    assert asked(p={"a", "b", "c"}) == asked(p={"c", "b", "a"})


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ProgrammingError, match="not a cursor"):
        read(text, asked(), b"k")


def test_a_cursor_of_another_statement_and_one_of_another_secret() -> None:
    cursor = written(POSITION, asked(p=1), b"k")
    with pytest.raises(ProgrammingError, match="another statement"):
        read(cursor, asked(p=2), b"k")
    with pytest.raises(ProgrammingError, match="another secret"):
        read(cursor, asked(p=1), b"other")
