from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.analysis import Analysis
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.unit.plan.planning import table


def analysed(text: str) -> Analysis:
    analysis = Analysis(lambda _: table())
    query = read(text)
    assert isinstance(query, nodes.Select | nodes.Compound)
    analysis.relation(query, None, {})
    return analysis


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT t.a FROM t JOIN u ON t.p = u.p", True),
        ("SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1 ORDER BY a", True),
        ("SELECT a FROM t UNION SELECT a FROM u", True),
        ("SELECT a FROM t WHERE 1", True),
        ("SELECT DISTINCT a FROM t WHERE b = 1", False),
        ("SELECT t.a FROM t JOIN u ON t.p = u.p AND t.b = 1", False),
        ("SELECT t.a FROM t LEFT JOIN u ON t.p = u.p AND u.b > t.b", False),
        ("SELECT lower(a) FROM t LIMIT 1", False),
        ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.p = t.p)", False),
    ],
)
def test_whether_tables_are_asked_for_whole(text: str, whole: bool) -> None:
    assert analysed(text).whole is whole


def test_what_is_computed_with_and_what_is_only_shown() -> None:
    found = analysed("SELECT a, max(b) FROM t WHERE p = :p AND n > :n AND s IN (1) AND f IS NULL GROUP BY a ORDER BY s")
    assert found.occurrences[0].computed == {"b", "n", "s"}
    assert list(found.occurrences[0].used) == ["a", "b", "p", "n", "s", "f"]
    assert found.params == {"n"}


def test_what_is_done_with_a_column_of_a_query_is_done_with_the_tables() -> None:
    found = analysed("WITH c (x) AS (SELECT a FROM t) SELECT d.x FROM (SELECT x FROM c) AS d ORDER BY d.x")
    assert found.occurrences[0].computed == {"a"}


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("SELECT t.a FROM t JOIN u ON t.p = u.colour", UndefinedColumn, "colour"),
        ("SELECT t.a FROM t JOIN u ON t.p = u.p WHERE a = 1", ProgrammingError, "ambiguous"),
        ("SELECT a FROM t UNION SELECT a, b FROM u", ProgrammingError, "of 1 and of 2 columns"),
        ("WITH c (x, y) AS (SELECT a FROM t) SELECT x FROM c", ProgrammingError, "list of 2 column names"),
        ("SELECT t.a FROM t JOIN u ON t.a = u.b", ProgrammingError, "CAST one of them"),
        ("SELECT size(d.a) FROM (SELECT a FROM t) AS d", Unsupported, "no column of a table in this FROM"),
        ("SELECT size(a) FROM t FULL JOIN u USING (a)", Unsupported, "no column of a table in this FROM"),
        ("SELECT lower(a) FROM t WHERE size(b) > 1", ProgrammingError, "'b' holds integer values"),
        ("SELECT z.* FROM t, u", UndefinedColumn, "'z'"),
    ],
)
def test_what_is_refused(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        analysed(text)
