from __future__ import annotations

from dataclasses import replace

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, ScanRefused, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.assignments import Take
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.plan.steps import LocalPlan, ReadPlan
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import inserted, table


def test_each_row_of_a_select_is_a_row() -> None:
    plan = inserted("INSERT INTO things (p, s, b) SELECT a, n, 1 FROM things WHERE p = 'x'")
    assert isinstance(plan.source, ReadPlan)
    assert (plan.rows, plan.each) == (((Take(0), Take(1), Take(2)),), True)
    assert [column.name for column in plan.columns] == ["p", "s", "b"]


def test_defaults_stand_beside_what_is_selected() -> None:
    columns = [replace(each, default=nodes.Literal(7)) if each.name == "b" else each for each in table().columns]
    plan = inserted("INSERT INTO things (p, s, n) SELECT a, n, n FROM things", replace(table(), columns=tuple(columns)))
    assert plan.rows == ((Take(0), Take(1), Take(2), nodes.Literal(7)),)


def test_values_that_are_computed_are_those_of_one_select() -> None:
    plan = inserted("INSERT INTO things (p, s, n, b) VALUES (lower(:p), 1, 2, 3), ('y', 2, abs(-1), 3)")
    assert isinstance(plan.source, LocalPlan)
    assert plan.source.kinds == (None, Kind.INTEGER)
    assert [row[0] for row in plan.rows] == [Take(0), nodes.Literal("y")]
    assert (plan.rows[1][2], plan.each) == (Take(1), False)


def test_a_json_column_takes_json_null() -> None:
    on = replace(table(), columns=(*table().columns, Column("doc", Kind.DOCUMENT)))
    plan = inserted("INSERT INTO things (p, s, n, doc) SELECT a, n, n, doc FROM things", on)
    assert isinstance(plan.source, ReadPlan)
    assert [field.nulls for field in plan.source.projection.fields] == [False, False, True]
    local = inserted("INSERT INTO things (p, s, n, doc) SELECT lower(a), n, n, doc FROM things", on)
    assert isinstance(local.source, LocalPlan)
    assert local.source.kinds[-1] is Kind.STRING  # its text


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("INSERT INTO things (p, s) SELECT a FROM things", ProgrammingError, "2 columns and a SELECT of 1"),
        ("INSERT INTO things (p, s) VALUES (1, count(*))", ProgrammingError, "aggregate"),
        ("INSERT INTO things (p, s) VALUES (1, abs(n))", UndefinedColumn, "'n'"),
        ("INSERT INTO things (p, s) SELECT a, nonesuch FROM things", UndefinedColumn, "nonesuch"),
        ("INSERT INTO things (p, s) SELECT a, n FROM things WHERE b = 1", ScanRefused, "ix_things_b"),
        (
            "INSERT INTO things (p, s) VALUES ('x', 1) ON CONFLICT (p, s) DO UPDATE SET n = (SELECT max(n) FROM u)",
            Unsupported,
            "A query in ON CONFLICT",
        ),
    ],
)
def test_what_is_wrong_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        inserted(text)
