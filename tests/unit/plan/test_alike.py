from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.planner import plan
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.plan.steps import LocalPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

TABLE = Table("t", "t", tuple(Column(name, Kind.STRING) for name in ("id", "A", "a", "order")), "id")


def local(text: str) -> LocalPlan:
    query = read(text)
    assert isinstance(query, nodes.Select)
    found = plan(query, Written(text), lambda _: TABLE, PlanOptions(scan="allow"))
    assert isinstance(found, LocalPlan)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('SELECT lower("A"), a FROM t', 'SELECT lower("A dynamorm_0"), "a dynamorm_1" FROM "dynamorm_0" AS "t"'),
        (
            'SELECT q."A" FROM (SELECT id AS "A", id AS a FROM t) AS q',
            (
                'SELECT q."A dynamorm_0" FROM (SELECT id AS "A dynamorm_0", id AS "a dynamorm_1" '
                'FROM "dynamorm_0" AS "t") AS q'
            ),
        ),
        (
            'SELECT "T".id FROM t JOIN t AS "T" ON t.a = "T".a',
            (
                'SELECT "T dynamorm_1".id FROM "dynamorm_0" AS "t dynamorm_0" JOIN "dynamorm_1" AS "T dynamorm_1" '
                'ON "t dynamorm_0".a = "T dynamorm_1".a'
            ),
        ),
        (
            'SELECT max("order") AS "Order", \'order\' AS x FROM t GROUP BY "A", id ORDER BY "Order"',
            (
                'SELECT max("order dynamorm_0") AS "Order dynamorm_1", \'order\' AS x FROM "dynamorm_0" AS "t" '
                'GROUP BY "A", id ORDER BY "Order dynamorm_1"'
            ),
        ),
    ],
)
def test_names_that_differ_in_case_alone_get_others(text: str, expected: str) -> None:
    assert local(text).text == expected


def test_the_columns_in_sqlite_have_them_too() -> None:
    found = local('SELECT lower("A"), a FROM t')
    assert dict(found.feeds[0].names) == {"A": "A dynamorm_0", "a": "a dynamorm_1"}
    assert [column.name for column in found.feeds[0].columns] == ["A", "a"]
    assert found.labels == ('lower("A")', "a")


def test_other_names_stay() -> None:
    found = local('SELECT lower("A") AS x FROM t')
    assert found.text == 'SELECT lower("A") AS x FROM "dynamorm_0" AS "t"'
    assert found.feeds[0].names == ()
