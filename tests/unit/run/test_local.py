from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Throttled
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.planner import plan
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.steps import LocalPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.run import local
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.local import LocalReader
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.scripted import Played, Reply, play
from tests.unit.plan.planning import table

NOW = "2026-01-02T03:04:05.000000"


def run(text: str, *script: Reply, **values: object) -> Played:
    query = read(text)
    assert isinstance(query, nodes.Select | nodes.Compound)
    on = table(Index("by_a", "by_a", ("a",)))
    made = plan(query, Written(text), lambda _: on, PlanOptions())
    assert isinstance(made, LocalPlan)
    return play(LocalReader(made).run(Bound(values, NOW), Scope()), *script)


def items(*rows: tuple[str, int, str]) -> Reply:
    return {"Items": [{"p": {"S": p}, "s": {"N": str(s)}, "a": {"S": a}} for p, s, a in rows]}


JOIN = "SELECT t.p, u.s FROM t JOIN u ON u.a = t.p"


def test_keys_are_asked_for_where_they_are_few() -> None:
    played = run(f"{JOIN} WHERE t.p = :p AND t.s = 1", {"Item": {"p": {"S": "x"}, "s": {"N": "1"}}}, items(), p="x")
    assert played.operations == ["GetItem", "Query"]


def test_a_whole_table_is_read_where_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = items(("x", 1, "-"), ("y", 1, "-")), items(("z", 2, "x"))
    assert run(JOIN, first, second, items()).operations == ["Scan", "Query", "Query"]
    monkeypatch.setattr(local, "FEW_QUERIES", 1)
    played = run(JOIN, first, second)
    assert played.operations == ["Scan", "Scan"]
    assert played.rows == [("x", 2)]


def test_no_keys_no_reading() -> None:
    assert run(f"{JOIN} WHERE t.p IN ('x') AND t.s = 1", {}).operations == ["BatchGetItem"]


def test_a_failure_ends_it() -> None:
    played = run("SELECT lower(a) FROM t WHERE p = 'x'", Throttled("slow down"))
    assert isinstance(played.error, Throttled)


def test_the_present_is_the_statements() -> None:
    assert run("SELECT lower(CURRENT_TIMESTAMP) AS now FROM t", items(("x", 1, "a"))).rows == [(NOW.lower(),)]


def test_a_table_has_its_keys_order() -> None:
    rows = items(("b", 10, "X"), ("b", 9, "Y"), ("a", 1, "Z"))
    assert run("SELECT t.p, t.s, lower(a) AS l FROM t", rows).rows == [("a", 1, "z"), ("b", 9, "y"), ("b", 10, "x")]
