"""Computed columns under SET: filled in of what is set, else computed of the row, which must then be as it was read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import ChangePlan
from sqlalchemy_dynamorm.run.assignments import Setting, setting
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.edits import Add, Assign
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.unit.plan.planning import planned

ROW: Item = {"id": {"N": "1"}, "count": {"N": "3"}, "price": {"N": "9.99"}, "total": {"N": "29.97"}}


@pytest.fixture
def lines() -> Table:
    """``total`` is ``price * count``."""
    node = read(
        "CREATE TABLE lines (id INTEGER NOT NULL, count INTEGER, price NUMERIC(10, 2), note VARCHAR, "
        "total NUMERIC(12, 2) GENERATED ALWAYS AS (price * count), PRIMARY KEY (id))"
    )
    assert isinstance(node, nodes.CreateTable)
    return table_of(node, ".")


def set_(lines: Table, assignments: str, **values: object) -> Setting:
    plan = planned(f"UPDATE lines SET {assignments} WHERE id = 1", lines)
    assert isinstance(plan, ChangePlan)
    assert plan.assignments is not None
    return setting(lines, plan.assignments, Bound(values, "2026"))


def test_of_what_is_set_alone_it_is_known_without_the_row(lines: Table) -> None:
    made = set_(lines, "count = 2, price = :price", price=Decimal("1.25"))
    assert made.writable
    assert made.edits["total"] == Assign({"N": "2.5"})
    assert made.of(ROW).used == frozenset()


def test_of_null_it_is_null(lines: Table) -> None:
    made = set_(lines, "count = NULL, price = 1")
    assert made.writable
    assert made.edits["total"] == Assign(None)


def test_of_a_part_it_is_of_the_row_too(lines: Table) -> None:
    made = set_(lines, "count = 2")
    assert not made.writable
    done = made.of(ROW)
    assert done.edits["total"] == Assign({"N": "19.98"})
    assert done.used == {"price"}


def test_of_a_sum_the_row_must_be_what_was_read(lines: Table) -> None:
    made = set_(lines, "count = count + 1")
    assert isinstance(made.edits["count"], Add)
    done = made.of(ROW)
    assert done.edits == {"count": Assign({"N": "4"}), "total": Assign({"N": "39.96"})}
    assert done.used == {"count", "price"}


def test_of_a_row_without_the_other_part_it_is_null(lines: Table) -> None:
    done = set_(lines, "count = 2").of({"id": {"N": "1"}})
    assert done.edits == {"count": Assign({"N": "2"}), "total": Assign(None)}


def test_what_is_set_of_something_computed_counts(lines: Table) -> None:
    done = set_(lines, "count = count * -2").of({**ROW, "count": {"N": "-3"}})
    assert done.edits == {"count": Assign({"N": "6"}), "total": Assign({"N": "59.94"})}
    assert done.used == {"count", "price"}


def test_of_other_columns_it_stays(lines: Table) -> None:
    made = set_(lines, "note = 'new'")
    assert made.writable
    assert {*made.of(ROW).edits} == {"note"}


def test_a_value_that_does_not_fit_is_refused(lines: Table) -> None:
    with pytest.raises(DataError):
        set_(lines, "count = 99, price = 9e125").of(ROW)
