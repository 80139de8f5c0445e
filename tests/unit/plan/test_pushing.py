from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.plan.analysis import Analysis
from sqlalchemy_dynamorm.plan.pushing import push
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.unit.plan.planning import table


def found(text: str) -> tuple[list[list[str]], set[str]]:
    """The conditions of each occurrence, and the edges as ``0.a>1.b``."""
    analysis = Analysis(lambda _: table())
    query = read(text)
    assert isinstance(query, nodes.Select | nodes.Compound)
    analysis.relation(query, None, {})
    pushed = push(analysis)
    edges = {f"{edge.source}.{edge.key.name}>{edge.target}.{edge.column.name}" for edge in pushed.edges}
    return [[show(part) for part in pushed.wheres[number]] for number in sorted(pushed.wheres)], edges


@pytest.mark.parametrize(
    ("text", "wheres"),
    [
        ("t JOIN u ON t.p = u.p WHERE t.a = 'x' AND u.b > 1", [["a = 'x'"], ["b > 1"]]),
        ("t JOIN u ON t.p = u.p AND u.b > 1", [[], ["b > 1"]]),
        ("t JOIN u ON t.p = u.p WHERE t.p = 'x'", [["p = 'x'"], ["p = 'x'"]]),
        ("t LEFT JOIN u ON t.p = u.p WHERE u.p = 'x'", [[], ["p = 'x'"]]),
        ("t LEFT JOIN u ON t.p = u.p WHERE t.p = 'x'", [["p = 'x'"], ["p = 'x'"]]),
        # what may hold for the NULLs of a missing row is not asked for
        ("t LEFT JOIN u ON t.p = u.p WHERE u.b IS NULL", [[], []]),
        ("t LEFT JOIN u ON t.p = u.p WHERE u.b = 1 OR u.a IS NULL", [[], []]),
        ("t LEFT JOIN u ON t.p = u.p WHERE u.b = 1", [[], ["b = 1"]]),
        ("t LEFT JOIN u ON t.p = u.p WHERE u.b NOT IN (1)", [[], []]),
        # an outer join's ON says nothing of the rows it keeps
        ("t LEFT JOIN u ON t.p = u.p AND t.b = 1 AND u.b IS NULL", [[], ["b IS NULL"]]),
        ("t RIGHT JOIN u ON t.p = u.p AND t.b = 1 AND u.b = 2", [["b = 1"], []]),
        ("t FULL JOIN u ON t.p = u.p AND t.b = 1 AND u.b = 2", [[], []]),
        ("t FULL JOIN u ON t.p = u.p WHERE t.b = 1", [["b = 1"], []]),
        # what SQLite alone computes
        ("t JOIN u ON t.p = u.p WHERE lower(t.a) = 'x' AND t.b + 1 = 2 AND (t.a = 'x' OR u.a = 'y')", [[], []]),
        ("t JOIN u ON t.p = u.p WHERE t.a = (SELECT max(v.a) FROM v WHERE v.b = 1)", [[], [], ["b = 1"]]),
        # through a query in FROM that shows each row as it is
        ("(SELECT p AS q, b FROM t WHERE a = 'y') AS d WHERE d.q = 'x' AND d.b > 1", [["a = 'y'", "p = 'x'", "b > 1"]]),
        (
            "(SELECT t.p, u.b FROM t LEFT JOIN u ON t.p = u.p) AS d WHERE d.b IS NULL AND d.p = 'x'",
            [["p = 'x'"], ["p = 'x'"]],
        ),
        ("(SELECT p, count(*) AS n FROM t GROUP BY p) AS d WHERE d.p = 'x'", [[]]),
        ("(SELECT p, row_number() OVER (ORDER BY b) AS n FROM t) AS d WHERE d.p = 'x'", [[]]),
        ("(SELECT lower(p) AS p FROM t) AS d WHERE d.p = 'x'", [[]]),
        # but not below one that is cut
        ("(SELECT p, b FROM t LIMIT 1) AS d WHERE d.b = 1", [[]]),
    ],
)
def test_what_a_table_is_asked_for(text: str, wheres: list[list[str]]) -> None:
    assert found(f"SELECT 1 AS one FROM {text}")[0] == wheres


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("t JOIN u ON t.p = u.a", {"0.p>1.a", "1.a>0.p"}),
        ("t, u WHERE t.p = u.a", {"0.p>1.a", "1.a>0.p"}),
        ("t LEFT JOIN u ON t.p = u.a", {"0.p>1.a"}),
        ("t RIGHT JOIN u ON t.p = u.a", {"1.a>0.p"}),
        ("t FULL JOIN u ON t.p = u.a", set()),
        ("t LEFT JOIN (u JOIN v ON u.p = v.p) ON t.p = u.p", {"0.p>1.p", "1.p>2.p", "2.p>1.p"}),
        ("t JOIN u ON t.p = u.a OR t.p = u.p", set()),
        ("t JOIN u ON t.p < u.a", set()),
        ("t JOIN (SELECT p AS q FROM u LIMIT 1) AS d ON t.p = d.q", {"1.p>0.p"}),
        ("t JOIN (SELECT p AS q FROM u) AS d ON t.p = d.q", {"1.p>0.p", "0.p>1.p"}),
        ("t JOIN (SELECT lower(p) AS q FROM u) AS d ON t.p = d.q", set()),
        ("t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.p)", {"0.p>1.a", "1.a>0.p"}),
        ("t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.p)", {"0.p>1.a"}),
        ("t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.p LIMIT 0)", {"0.p>1.a"}),
        ("t WHERE EXISTS (SELECT count(*) FROM u WHERE u.a = t.p)", {"0.p>1.a"}),
        ("t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.p) OR t.b = 1", {"0.p>1.a"}),
        ("t WHERE t.p IN (SELECT u.a FROM u)", {"1.a>0.p"}),
        ("t WHERE t.p NOT IN (SELECT u.a FROM u)", set()),
        ("t WHERE t.p IN (SELECT u.a FROM u UNION SELECT v.a FROM v)", set()),
        ("t WHERE t.p IN (SELECT max(u.a) FROM u)", set()),
    ],
)
def test_which_rows_give_keys_to_which(text: str, edges: set[str]) -> None:
    assert found(f"SELECT 1 AS one FROM {text}")[1] == edges
