from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, ScanRefused, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.schema import Index, Kind
from sqlalchemy_dynamorm.plan.steps import Finding, GetItem, Query
from tests.unit.plan.planning import changed, table

KEY = "p = 'x' AND s = 1"


def found(text: str, *indexes: Index) -> Finding:
    plan = changed(text, table(*indexes), scan="allow")
    assert plan.finding is not None
    return plan.finding


def judged(text: str) -> list[str]:
    return [column.name for column in found(text).judged]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (f"UPDATE things SET a = lower(a) WHERE {KEY} AND b = 1", ["a"]),
        (f"UPDATE things SET a = lower(:x) WHERE {KEY} AND b = 1", []),
        ("DELETE FROM things WHERE length(a) > b AND n = 1", ["a", "b"]),
        ("DELETE FROM things WHERE p IN (SELECT a FROM things AS t WHERE t.b = 1)", []),
        ("DELETE FROM things WHERE p IN (SELECT a FROM things AS t WHERE t.b = things.n)", ["n"]),
        ("DELETE FROM things WHERE EXISTS (SELECT 1 FROM things AS t WHERE t.a = things.p) OR f", ["f"]),
        ("UPDATE things SET b = t.n FROM things AS t WHERE t.p = things.a AND things.f", ["a"]),
    ],
)
def test_what_sqlite_judges_or_computes_with_is_checked_again(text: str, columns: list[str]) -> None:
    assert judged(text) == columns


def test_what_dynamodb_judges_is_the_condition() -> None:
    plan = changed(f"UPDATE things SET a = lower(a), b = b + 1 WHERE {KEY} AND b = 1 AND length(a) = 2")
    assert plan.finding is not None
    assert isinstance(plan.finding.plan.feeds[0].read.access, GetItem)  # type: ignore[union-attr]
    assert plan.rest == changed("DELETE FROM things WHERE b = 1", scan="allow").rest
    assert (plan.key, plan.find) == (None, None)


def test_what_set_takes_has_the_kind_of_its_column() -> None:
    plan = found(f"UPDATE things SET b = b % 2, f = length(a) > 1, a = (SELECT max(b) FROM things) WHERE {KEY}").plan
    assert plan.kinds[:4] == (Kind.STRING, Kind.INTEGER, Kind.STRING, Kind.STRING)  # the key, and b and a as they are
    assert plan.kinds[4:] == (Kind.INTEGER, Kind.BOOLEAN, None)


def test_rows_that_an_index_finds_are_read_from_the_table() -> None:
    read = found("DELETE FROM things WHERE a = 'k' AND length(a) = 1", Index("by_a", "by_a", ("a",))).plan.feeds[0].read
    assert read is not None
    assert isinstance(read.access, Query)
    assert (read.access.complete, read.consistent) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE things SET b = count(*) WHERE b = 1",
        "UPDATE things SET b = max(b)",
        "DELETE FROM things WHERE sum(b) > 1",
        "UPDATE things SET b = row_number() OVER (ORDER BY b)",
    ],
)
def test_aggregates_are_of_several_rows(text: str) -> None:
    with pytest.raises(ProgrammingError, match="of several rows"):
        found(text)


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE things SET b = length(nonesuch)",
        "UPDATE things SET nonesuch = length(a)",
        "DELETE FROM things USING things AS t WHERE t.nonesuch = things.a",
        "DELETE FROM things USING things AS t WHERE u.a = things.a",
    ],
)
def test_names_are_resolved(text: str) -> None:
    with pytest.raises(UndefinedColumn):
        found(text)


def test_the_policies_are_asked() -> None:
    with pytest.raises(ScanRefused, match="Index"):
        changed("DELETE FROM things WHERE a = 'x' AND length(a) = 1")
    with pytest.raises(ScanRefused):
        changed("UPDATE things SET b = 1 WHERE EXISTS (SELECT 1 FROM things AS t WHERE t.p = 'x' AND t.a = things.a)")
    with pytest.raises(Unsupported, match="local=refuse"):
        changed(f"UPDATE things SET a = lower(a) WHERE {KEY}", local="refuse")
    assert changed("UPDATE things SET a = lower(a)").finding is not None  # the table is asked for whole
