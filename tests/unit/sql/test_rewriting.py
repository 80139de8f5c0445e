from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.sql.nodes import Place
from sqlalchemy_dynamorm.sql.rewriting import Edit, param_names, quoted, rewritten, token_edits

CASTS = {"INTEGER": "INTEGER", "VARCHAR(3)": "TEXT", "date": "date()"}


def edited(text: str, *lists: str) -> str:
    return rewritten(text, token_edits(text, frozenset(lists), lambda name: f"list {name}", CASTS.get))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT a FROM t", "SELECT a FROM t"),
        (
            "SELECT a FROM t WHERE b IN (:x) AND c = :y",
            'SELECT a FROM t WHERE b IN (SELECT * FROM "list x") AND c = :y',
        ),
        ("SELECT a FROM t WHERE b IN :x", 'SELECT a FROM t WHERE b IN (SELECT * FROM "list x")'),
        ("SELECT ':x' AS a WHERE b IN (:x)", "SELECT ':x' AS a WHERE b IN (SELECT * FROM \"list x\")"),
        ("SELECT CURRENT_TIMESTAMP", "SELECT :dynamorm_now"),
        ("SELECT CURRENT_DATE, CURRENT_TIME", "SELECT substr(:dynamorm_now, 1, 10), substr(:dynamorm_now, 12)"),
        ("SELECT CAST(a AS VARCHAR(3))", "SELECT CAST(a AS TEXT)"),
        ("SELECT CAST(CAST(a AS INTEGER) AS date)", "SELECT date(CAST(a AS INTEGER) )"),
        (
            "SELECT v.a FROM (VALUES (1, 2)) AS v (a, b)",
            "SELECT v.a FROM (WITH v (a, b) AS (VALUES (1, 2)) SELECT * FROM v) AS v",
        ),
        ("SELECT a FROM t LIMIT 1 FOR UPDATE", "SELECT a FROM t LIMIT 1 "),
        ("SELECT a FROM t FOR NO KEY UPDATE OF t, s.u NOWAIT", "SELECT a FROM t "),
        ("SELECT a FROM (SELECT b FROM t FOR KEY SHARE OF t) AS x FOR SHARE", "SELECT a FROM (SELECT b FROM t ) AS x "),
        ("SELECT 'FOR UPDATE', \"for\" FROM t", "SELECT 'FOR UPDATE', \"for\" FROM t"),
        ("SELECT 'CURRENT_DATE', \"cast\" FROM t", "SELECT 'CURRENT_DATE', \"cast\" FROM t"),
    ],
)
def test_only_what_sqlite_reads_otherwise_is_replaced(text: str, found: str) -> None:
    assert edited(text, "x") == found


def test_a_type_that_sqlite_has_not_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="CAST to JSON"):
        edited("SELECT CAST(a AS JSON)")


def test_a_part_of_a_text() -> None:
    text = "SELECT a, b FROM t"
    edits = [Edit(Place(7, 8), "x"), Edit(Place(17, 18), "feed")]
    assert rewritten(text, edits) == "SELECT x, b FROM feed"
    assert rewritten(text, edits, Place(12, 18)) == "FROM feed"


def test_names() -> None:
    assert param_names("SELECT :a, ':b', :c_1 WHERE x = :a") == ("a", "c_1")
    assert quoted('a"b') == '"a""b"'
