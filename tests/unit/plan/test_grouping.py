from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.analysis import Analysis
from sqlalchemy_dynamorm.plan.grouping import check_grouped
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read


def table(name: str) -> Table:
    columns = (Column("id", Kind.INTEGER, nullable=False), Column("a", Kind.INTEGER), Column("b", Kind.INTEGER))
    return Table(name, name, columns, "id")


TABLES = {name: table(name) for name in ("t", "u")}


def check(text: str) -> None:
    query = read(text)
    assert isinstance(query, nodes.Select | nodes.Compound)
    analysis = Analysis(lambda name: TABLES[name.name])
    analysis.relation(query, None, {})
    check_grouped(analysis)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a, count(*) FROM t GROUP BY a",
        "SELECT a AS x, count(*) FROM t GROUP BY x",
        "SELECT a, count(*) FROM t GROUP BY 1",
        "SELECT a, b, count(*) FROM t GROUP BY id",
        "SELECT * FROM t GROUP BY id",
        "SELECT lower(a), count(*) FROM t GROUP BY lower(a)",
        "SELECT a, count(*) FROM t WHERE a = 1",
        "SELECT t.a, t.b, sum(u.a) FROM t JOIN u ON t.id = u.b GROUP BY u.b",
        "SELECT u.a, count(*) FROM t LEFT JOIN u ON t.a = u.id GROUP BY t.a",
        "SELECT a, max(b) FROM t",
        "SELECT id, a, min(b) FROM t GROUP BY a",
        "SELECT id, (SELECT count(*) FROM u WHERE u.a = t.id) FROM t",
        "SELECT id, (SELECT t.a + max(u.a) FROM u) FROM t",
        "SELECT id, (SELECT t.a FROM u GROUP BY u.a) FROM t",
        "SELECT s.a, count(*) FROM (SELECT id, a FROM t) AS s GROUP BY s.id",
        "SELECT a, sum(b) OVER () FROM t",
        "SELECT a FROM t",
    ],
)
def test_a_column_with_one_value_in_each_group_is_shown(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("SELECT a, b FROM t GROUP BY a", "b"),
        ("SELECT a, count(*) FROM t", "a"),
        ("SELECT a, count(*) FROM t GROUP BY lower(a)", "a"),
        ("SELECT id, min(b), max(b) FROM t GROUP BY a", "id"),
        ("SELECT t.a, count(*) FROM t LEFT JOIN u ON t.id = u.b GROUP BY u.b", "a"),
        ("SELECT u.b, count(*) FROM t LEFT JOIN u ON t.id = u.a AND u.b = 5 GROUP BY t.a", "b"),
        ("SELECT b, count(*) FROM t WHERE a = b GROUP BY id > 1", "b"),
        ("SELECT x FROM (SELECT a, b AS x FROM t GROUP BY a) AS s", "b"),
        ("SELECT s.b, count(*) FROM (SELECT a, b FROM t) AS s GROUP BY s.a", "b"),
        ("SELECT id FROM t WHERE id IN (SELECT b FROM u GROUP BY a)", "b"),
    ],
)
def test_another_is_refused_by_its_name(text: str, column: str) -> None:
    with pytest.raises(ProgrammingError, match=f"The column '{column}' is shown of groups of rows.*add it to GROUP BY"):
        check(text)
