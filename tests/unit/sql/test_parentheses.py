"""Queries in parentheses where SQLite has none, and all that looks like them and is none."""

from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.dbapi.statement import Statement
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.parentheses import unparenthesised

PARTS = {
    "(SELECT 1) UNION (SELECT 2)": "SELECT * FROM (SELECT 1) AS {1} UNION SELECT * FROM (SELECT 2) AS {2}",
    "SELECT 1 UNION ALL (SELECT 2 LIMIT 1)": "SELECT 1 UNION ALL SELECT * FROM (SELECT 2 LIMIT 1) AS {1}",
    "SELECT 1 EXCEPT (SELECT 2 UNION SELECT 3)": "SELECT 1 EXCEPT SELECT * FROM (SELECT 2 UNION SELECT 3) AS {1}",
    "SELECT 1 UNION DISTINCT (VALUES (2))": "SELECT 1 UNION DISTINCT SELECT * FROM (VALUES (2)) AS {1}",
    "((SELECT 1) INTERSECT SELECT 2) ORDER BY 1": (
        "SELECT * FROM (SELECT * FROM (SELECT 1) AS {2} INTERSECT SELECT 2) AS {1} ORDER BY 1"
    ),
    "SELECT a FROM ((SELECT 1) EXCEPT SELECT 2) AS x": (
        "SELECT a FROM (SELECT * FROM (SELECT 1) AS {1} EXCEPT SELECT 2) AS x"
    ),
    "SELECT 1 IN ((SELECT 1) UNION SELECT 2)": "SELECT 1 IN (SELECT * FROM (SELECT 1) AS {1} UNION SELECT 2)",
    "WITH a AS (SELECT 1) (SELECT 2) UNION SELECT 3": (
        "WITH a AS (SELECT 1) SELECT * FROM (SELECT 2) AS {1} UNION SELECT 3"
    ),
    "EXPLAIN (SELECT 1) UNION SELECT 2": "EXPLAIN SELECT * FROM (SELECT 1) AS {1} UNION SELECT 2",
    "(SELECT 1)": "SELECT 1",
    "EXPLAIN (SELECT 1)": "EXPLAIN SELECT 1",
    "INSERT INTO t (a) (SELECT 1)": "INSERT INTO t (a) SELECT 1",
    "INSERT INTO s.t (SELECT 1) RETURNING a": "INSERT INTO s.t SELECT 1 RETURNING a",
    "INSERT INTO t (SELECT 1) UNION SELECT 2": "INSERT INTO t SELECT * FROM (SELECT 1) AS {1} UNION SELECT 2",
}
OTHERS = (
    "SELECT (SELECT 1) UNION SELECT DISTINCT (SELECT 2)",
    "SELECT x IN (SELECT 1) UNION SELECT 2",
    "SELECT a FROM (SELECT 1 AS a) UNION SELECT 2",
    "SELECT a FROM t WHERE EXISTS (SELECT 1) UNION SELECT 2",
    "SELECT a FROM t WHERE a > (SELECT 1) AND b IN ((SELECT 1))",
    "SELECT count(*), (SELECT 1) FROM t UNION SELECT 1, 2",
    "SELECT '(SELECT 1) UNION (SELECT 2)'",
    "INSERT INTO t (a) VALUES ((SELECT 1))",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "SELECT 1 UNION (2)",
    "SELECT 'open UNION (SELECT 1)",
    "(",
)


@pytest.mark.parametrize("text", PARTS)
def test_a_part_becomes_a_query_in_from(text: str) -> None:
    expected = PARTS[text].replace("{1}", "dynamorm_part_1").replace("{2}", "dynamorm_part_2")
    assert unparenthesised(text) == expected


@pytest.mark.parametrize("text", OTHERS)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert unparenthesised(text) == text


def test_a_column_without_a_name_is_called_by_its_text() -> None:
    node = Statement("(SELECT count(*), 1 + 1 FROM t) UNION SELECT 1, 2").node
    assert isinstance(node, nodes.Compound)
    assert isinstance(node.left, nodes.Select)
    assert isinstance(node.left.source, nodes.Derived)
    labels = [output.label for output in node.left.source.query.outputs if isinstance(output, nodes.Output)]
    assert labels == ["count(*)", "1 + 1"]
