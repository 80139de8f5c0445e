from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ScanRefused
from sqlalchemy_dynamorm.plan.policy import ScanWarning
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.steps import ReadPlan, Scan
from tests.unit.plan.planning import planned, table


def refusal(text: str, *indexes: Index) -> str:
    with pytest.raises(ScanRefused) as caught:
        planned(text, table(*indexes))
    assert (caught.value.operation, caught.value.table) == ("Scan", "things")
    return str(caught.value)


@pytest.mark.parametrize(
    "tail",
    ["", "WHERE true", "WHERE :x = 1", "ORDER BY a", "LIMIT 5", "WHERE NOT false ORDER BY a DESC"],
)
def test_a_table_asked_for_whole_is_what_it_says(tail: str) -> None:
    plan = planned(f"SELECT p FROM things {tail}")
    assert isinstance(plan, ReadPlan)
    assert isinstance(plan.access, Scan)


@pytest.mark.parametrize("tail", ["WHERE a = 'x'", "WHERE a IS NULL", "ORDER BY a LIMIT 5", "WHERE p > 'x'"])
def test_a_part_of_it_needs_leave(tail: str) -> None:
    text = f"SELECT p FROM things {tail}"
    assert "dynamodb_scan='allow'" in refusal(text)
    planned(text, scan="allow")
    with pytest.warns(ScanWarning, match="read all of 'things'"):
        planned(text, scan="warn")


def test_the_index_that_would_serve_is_named() -> None:
    message = refusal("SELECT p FROM things WHERE b = 1 AND f AND a IN ('x', 'y') AND n > 3")
    assert 'Index("ix_things_b_a", things.c.b, things.c.a)' in message
    assert 'op.create_index("ix_things_b_a", "things", ["b", "a"])' in message


def test_no_index_is_named_where_none_would_serve() -> None:
    assert "An index" not in refusal("SELECT p FROM things WHERE f AND b > 3")
    assert "An index" not in refusal("SELECT p FROM things ORDER BY a LIMIT 1")


def test_indexes_that_were_passed_over_are_named_with_the_reason() -> None:
    message = refusal("SELECT p FROM things WHERE b = 1", Index("by_a", "by_a", ("a",)))
    assert "by_a: its hash key (a) is not given" in message
