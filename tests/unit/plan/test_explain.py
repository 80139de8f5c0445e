from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.plan.explain import COLUMNS, rows, text
from sqlalchemy_dynamorm.plan.schema import Index
from tests.unit.plan.planning import planned, table

KEYS_A = Index("keys_a", "keys_a", ("a",), (), "KEYS_ONLY")


def operations(statement: str, **options: str) -> list[str]:
    return [row[1] for row in rows(planned(statement, table(KEYS_A), **options))]


@pytest.mark.parametrize(
    ("statement", "steps"),
    [
        ("SELECT 1", ["(no call)"]),
        ("SELECT p FROM things WHERE p = 'x' AND s = 1 AND b = 2", ["GetItem", "Filter"]),
        ("SELECT p FROM things WHERE (p, s) IN (('x', 1))", ["BatchGetItem"]),
        ("SELECT b FROM things WHERE a = 'x' ORDER BY b LIMIT 1", ["Query", "BatchGetItem", "Sort", "Limit"]),
        ("SELECT b FROM things WHERE p = 'x' LIMIT 1 OFFSET 2", ["Query", "Offset", "Limit"]),
        ("SELECT count(*) FROM things WHERE p = 'x' AND s <> 3", ["Query (Select=COUNT)", "Filter"]),
        ("SELECT p FROM things", ["Scan"]),
        ("INSERT INTO things (p) VALUES ('x')", ["PutItem"]),
        ("UPDATE things SET a = 'y' WHERE a = 'x'", ["Query", "UpdateItem"]),
        ("UPDATE things SET s = 2 WHERE p = 'x' AND s = 1", ["GetItem", "TransactWriteItems"]),
        ("DELETE FROM things WHERE p = 'x' AND s = 1", ["DeleteItem"]),
    ],
)
def test_the_steps_are_api_calls_and_what_runs_here(statement: str, steps: list[str]) -> None:
    assert operations(statement) == steps


def test_segments_hints_and_what_the_key_decides_are_shown() -> None:
    assert "4 segments, in parallel; strongly" in text(planned("SELECT p FROM things", segments="4"))
    assert "segments" not in text(planned("SELECT p FROM things"))
    hinted = text(planned("SELECT p FROM things WHERE a = 'x'", table(KEYS_A), index="keys_a"))
    assert "the statement names index 'keys_a'" in hinted
    for where, verb in [("s = 1", "GetItem"), ("s IN (1, 2)", "BatchGetItem"), ("p IN ('x', 'y')", "Query")]:
        shown = text(planned(f"SELECT p FROM things WHERE p = 'x' AND {where} AND p > 'a'"))
        assert shown.startswith(f"1. {verb} things")
        assert "p > 'a'" in shown.partition("only where the key has")[2]
    assert "key[p = 'x' AND s = 1 AND s > 5]" in text(planned("DELETE FROM things WHERE p = 'x' AND s = 1 AND s > 5"))


def test_a_row_has_a_value_for_each_column() -> None:
    (row,) = rows(planned("SELECT p FROM things WHERE p = 'x' AND s > 1 AND (b = 2 OR f)"))
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "step": 1,
        "operation": "Query",
        "table": "things",
        "index": None,
        "key_condition": "p = 'x' AND s > 1",
        "filter": "b = 2 OR f = True",
        "projection": "p, b, f",
        "detail": "the partition key 'p' is given; strongly consistent",
    }


def test_what_is_fetched() -> None:
    def fetched(statement: str, step: int = 0) -> str | None:
        return rows(planned(statement))[step][6]

    assert fetched("SELECT b FROM things WHERE p = 'x' AND s = 1") == "b"
    assert fetched("SELECT 1 FROM things WHERE p = 'x' AND s = 1") == "p"
    assert fetched("SELECT count(*) FROM things WHERE p = 'x'") is None
    assert fetched("SELECT count(b) FROM things WHERE p = 'x'") == "p, b"
    assert fetched("DELETE FROM things WHERE p = 'x' AND s = 1") is None


@pytest.mark.parametrize(
    ("level", "statement", "said"),
    [
        ("READ COMMITTED", "SELECT b FROM things WHERE p = 'x' AND s = 1", None),
        ("AUTOCOMMIT", "SELECT b FROM things WHERE p = 'x' AND s = 1", None),
        ("AUTOCOMMIT", "DELETE FROM things WHERE p = 'x' AND s = 1", "each row is sent at once"),
        ("REPEATABLE READ", "SELECT b FROM things WHERE p = 'x' AND s = 1", "commit checks that it still is"),
        ("REPEATABLE READ", "SELECT b FROM things WHERE p = 'x'", None),
        ("SERIALIZABLE", "SELECT b FROM things WHERE p = 'x' AND s = 1", "commit checks that it still is"),
        ("SERIALIZABLE", "SELECT b FROM things WHERE p = 'x'", "refused when it is run"),
        ("SERIALIZABLE", "SELECT count(b) FROM things WHERE p = 'x'", "refused when it is run"),
        ("SERIALIZABLE", "DELETE FROM things WHERE p = 'x'", "refused when it is run"),
    ],
)
def test_what_the_isolation_level_changes(level: str, statement: str, said: str | None) -> None:
    plan = planned(statement)
    last = rows(plan, level)[-1]
    assert (last[1] == "Isolation") is (said is not None)
    if said is not None:
        assert said in last[-1]
        assert text(plan, level).endswith(last[-1])


def test_a_filter_on_the_key_is_said_to_be_local() -> None:
    query, here = rows(planned("SELECT p FROM things WHERE p = 'x' AND s <> 1 AND b = 2"))
    assert query[5] == "b = 2"
    assert (here[1], here[5]) == ("Filter", "s <> 1")


def test_an_alternative_beside_the_condition_of_a_write_is_in_parentheses() -> None:
    (row,) = rows(planned("DELETE FROM things WHERE p = 'x' AND s = 1 AND (b = 2 OR f)"))
    assert row[5] == "attribute_exists(p) AND (b = 2 OR f = True)"


def test_as_lines() -> None:
    plan = planned("SELECT p FROM things WHERE p = :p LIMIT :n")
    assert text(plan).splitlines() == [
        "1. Query things key[p = :p] — the partition key 'p' is given; strongly consistent",
        "2. Limit — reading stops after :n rows",
    ]
