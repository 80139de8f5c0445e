from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ScanRefused, UndefinedIndex, Unsupported
from sqlalchemy_dynamorm.plan.local import LocalWarning
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.planner import plan
from sqlalchemy_dynamorm.plan.policy import ScanWarning
from sqlalchemy_dynamorm.plan.schema import Index, Kind, Table
from sqlalchemy_dynamorm.plan.steps import BoundList, LocalPlan, Scan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.unit.plan.planning import table

BY_A = Index("by_a", "by_a", ("a",))


def local(
    text: str, on: Table | None = None, hints: dict[tuple[str | None, str], str] | None = None, **options: str
) -> LocalPlan:
    query = read(text, frozenset({"many"}))
    assert isinstance(query, nodes.Select | nodes.Compound)
    written = Written(text, frozenset({"many"}) if ":many" in text else frozenset(), hints or {})
    found = plan(query, written, lambda _: on or table(BY_A), PlanOptions().with_overrides(dict(options)))
    assert isinstance(found, LocalPlan)
    return found


def reads(made: LocalPlan) -> list[str]:
    """How each feed is read, in order: its own access, and after ``>`` that by keys."""
    found = [[feed.read, feed.link.read if feed.link else None] for feed in made.feeds]
    return ["/".join(type(read.access).__name__ for read in both if read is not None) for both in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t JOIN u ON u.a = t.p WHERE t.p = 'x' AND t.s = 1", ["GetItem", "Query"]),
        ("t JOIN u ON u.a = t.p WHERE u.p = 'x' AND u.s = 1 AND t.n > 0", ["GetItem", "Query"]),
        ("t JOIN u ON u.p = t.p AND u.s = t.n WHERE t.p = 'x' AND t.s IN (1)", ["BatchGetItem", "Query"]),
        ("t JOIN u ON u.p = t.a AND u.s = t.n WHERE t.p = 'x' AND t.s = 1", ["GetItem", "BatchGetItem"]),
        ("t JOIN u ON u.a = t.p", ["Scan", "Scan/Query"]),
        ("t, u", ["Scan", "Scan"]),
        ("t WHERE t.p IN (SELECT a FROM u WHERE u.p = 'x' AND u.s = 1)", ["GetItem", "Query"]),
        ("t WHERE EXISTS (SELECT 1 FROM u WHERE u.p = t.a AND u.a = 'y')", ["Query", "Query"]),
        ("t LEFT JOIN u ON u.b = t.b WHERE t.p = 'x' AND t.s = 1", None),
        ("(SELECT p FROM t LIMIT 2) AS d JOIN u ON u.a = d.p", ["Scan", "Query"]),
    ],
)
def test_how_each_table_is_read(text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(ScanRefused):
            local(f"SELECT 1 AS one FROM {text}")
    else:
        assert reads(local(f"SELECT 1 AS one FROM {text}")) == expected


def test_a_scan_that_is_allowed_is_there_beside_the_keys() -> None:
    found = local("SELECT t.p FROM t JOIN u ON u.a = t.p WHERE t.b = 1", scan="allow")
    assert isinstance(found.feeds[0].read and found.feeds[0].read.access, Scan)
    with pytest.warns(ScanWarning):
        local("SELECT t.p FROM t WHERE lower(t.a) = 'x'", scan="warn")


def test_the_text_has_other_names_and_is_otherwise_as_it_was() -> None:
    found = local("SELECT s.t.a, v.b FROM s.t JOIN u AS v ON v.a = s.t.p WHERE s.t.p IN (:many) AND s.t.s = :x")
    assert found.text == (
        'SELECT "s.t".a, v.b FROM "dynamorm_0" AS "s.t" JOIN "dynamorm_1" AS v ON v.a = "s.t".p '
        'WHERE "s.t".p IN (SELECT * FROM "dynamorm_list_many") AND "s.t".s = :x'
    )
    assert (found.params, found.lists) == (("x",), (BoundList("many", "dynamorm_list_many", 1),))
    assert found.labels == ("a", "b")
    assert found.kinds == (Kind.STRING, Kind.INTEGER)


def test_what_is_only_shown_is_told_apart() -> None:
    found = local("SELECT t.b, max(t.n) FROM t WHERE t.p = :p AND t.s > :s GROUP BY t.b")
    [feed] = found.feeds
    assert feed.shown == {"b", "p"}
    assert found.shown == {"p"}


def test_a_limit_that_is_a_parameter_is_checked_when_it_is_known() -> None:
    assert local("SELECT lower(a) FROM t WHERE p = 'x' LIMIT :n").bounds == (nodes.Param("n"),)


def test_options() -> None:
    with pytest.raises(Unsupported, match="local=refuse does not allow it"):
        local("SELECT lower(a) FROM t", local="refuse")
    with pytest.warns(LocalWarning, match=r"lower\(\)"):
        local("SELECT lower(a) FROM t", local="warn")


def test_hints_are_of_a_table() -> None:
    text = "SELECT t.p FROM t JOIN u ON u.p = t.p WHERE t.p = 'x' AND t.a = 'y' AND u.p = 'x'"
    found = local(text, hints={(None, "t"): "by_a"})
    by_name = {feed.name: feed.read for feed in found.feeds}
    access = by_name["dynamorm_0"] and by_name["dynamorm_0"].access
    assert getattr(access, "index", None) == BY_A
    with pytest.raises(UndefinedIndex):
        local(text, hints={(None, "t"): "by_z"})
