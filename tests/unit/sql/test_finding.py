from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.finding import select_of, shown_of, update_of
from sqlalchemy_dynamorm.sql.reader import read


def found(text: str, *columns: str) -> str:
    """The SELECT of all that SET computes by one."""
    node = read(text)
    node = node.query if isinstance(node, nodes.Explain) else node
    assert isinstance(node, nodes.Update | nodes.Delete)
    given = [operand for _, operand in node.assignments] if isinstance(node, nodes.Update) else []
    return select_of(text, node, columns or ("id",), [each for each in given if isinstance(each, nodes.Selected)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DELETE FROM t", 'SELECT "t"."id" FROM t'),
        (
            "DELETE FROM t WHERE a IN (SELECT b FROM u WHERE c)",
            'SELECT "t"."id" FROM t WHERE a IN (SELECT b FROM u WHERE c)',
        ),
        ("EXPLAIN UPDATE t SET a = lower(b)", 'SELECT "t"."id", lower(b) FROM t'),
        ("UPDATE t AS x SET a = 1, b = a % 2 WHERE x.id = 1", 'SELECT "x"."id", a % 2 FROM t AS x WHERE x.id = 1'),
        ("UPDATE s.t SET a = lower(s.t.a)", 'SELECT "s"."t"."id", lower(s.t.a) FROM s.t'),
        (
            "UPDATE t SET a = CASE WHEN b = 1 THEN 2 END, c = (SELECT d, e FROM u WHERE f) RETURNING a",
            'SELECT "t"."id", CASE WHEN b = 1 THEN 2 END, (SELECT d, e FROM u WHERE f) FROM t',
        ),
        (
            "UPDATE t SET a = b IS DISTINCT FROM 'from, where' FROM u, v WHERE t.id = u.id",
            """SELECT "t"."id", b IS DISTINCT FROM 'from, where' FROM t, u, v WHERE t.id = u.id""",
        ),
        ("DELETE FROM t USING u AS v WHERE t.a = v.a", 'SELECT "t"."id" FROM t, u AS v WHERE t.a = v.a'),
        (
            "DELETE FROM t USING u JOIN v USING (k) WHERE t.a = v.a",
            'SELECT "t"."id" FROM t, u JOIN v USING (k) WHERE t.a = v.a',
        ),
        (
            "UPDATE t SET a = lower(b) FROM u JOIN v USING (k) WHERE t.a = v.a",
            'SELECT "t"."id", lower(b) FROM t, u JOIN v USING (k) WHERE t.a = v.a',
        ),
        (
            "WITH c AS (SELECT 1 AS x) UPDATE t SET a = (SELECT x FROM c) WHERE :set = :where",
            'WITH c AS (SELECT 1 AS x) SELECT "t"."id", (SELECT x FROM c) FROM t WHERE :set = :where',
        ),
    ],
)
def test_the_rows_of_a_change_are_selected_with_its_own_text(text: str, expected: str) -> None:
    assert found(text) == expected
    assert isinstance(read(found(text)), nodes.Select)


def test_columns_are_quoted() -> None:
    assert found('DELETE FROM "a b"', 'x "y"', "z") == 'SELECT "a b"."x ""y""", "a b"."z" FROM "a b"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DELETE FROM t RETURNING a + 1 AS b, lower(t.c)", 'SELECT a + 1 AS b, lower(t.c) FROM "t"'),
        ("UPDATE s.t AS x SET a = 1 RETURNING x.a || 'b'", """SELECT x.a || 'b' FROM "s"."t" AS "x\""""),
        ("INSERT INTO t (a) VALUES ((SELECT 1)) RETURNING abs(a)", 'SELECT abs(a) FROM "t"'),
    ],
)
def test_what_returning_computes_is_selected(text: str, expected: str) -> None:
    node = read(text)
    assert isinstance(node, nodes.Insert | nodes.Update | nodes.Delete)
    assert shown_of(text, node.table) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = max(t.b, excluded.b) WHERE b < :n RETURNING a",
            'UPDATE "t" SET b = max(t.b, :dynamorm_excluded_b) WHERE b < :n',
        ),
        (
            """INSERT INTO s.t AS x SELECT a FROM u JOIN v ON w ON CONFLICT DO UPDATE SET a = hex(Excluded."a_ b")""",
            'UPDATE "s"."t" AS "x" SET a = hex(:dynamorm_excluded_a_5f__20_b)',
        ),
        (
            "EXPLAIN INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 'excluded.a', c = excluded.set%t.excluded",
            """UPDATE "t" SET a = 'excluded.a', c = :dynamorm_excluded_set%t.excluded""",
        ),
    ],
)
def test_do_update_is_an_update_of_the_row_in_the_way(text: str, expected: str) -> None:
    node = read(text)
    node = node.query if isinstance(node, nodes.Explain) else node
    assert isinstance(node, nodes.Insert)
    assert update_of(text, node.table) == expected
    assert isinstance(read(expected), nodes.Update)


@pytest.mark.parametrize("column", ["a", "a_b", "a b", "a_5f_", 'x"ä', "_"])
def test_excluded_is_a_parameter_that_says_its_column(column: str) -> None:
    assert nodes.Excluded.of(column).column == column
    assert nodes.Excluded.of(column).name.isidentifier()
    assert nodes.Excluded.of(column).name.isascii()
