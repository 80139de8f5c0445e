from __future__ import annotations

from itertools import permutations

import pytest

from sqlalchemy_dynamorm.plan.access import unfilterable
from sqlalchemy_dynamorm.plan.explain import show
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, columns_of
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, GetItem, Nothing, Query, ReadPlan, Scan
from tests.unit.plan.planning import COLUMNS, planned, selected, table

BY_A = Index("by_a", "by_a", ("a",))
BY_A_B = Index("by_a_b", "by_a_b", ("a",), ("b",))
BY_A_N = Index("by_a_n", "by_a_n", ("a",), ("n",))
KEYS_A = Index("keys_a", "keys_a", ("a",), (), "KEYS_ONLY")
MULTI = Index("multi", "multi", ("a", "b"), ("n", "s"))


def query_of(plan: ReadPlan) -> Query:
    assert isinstance(plan.access, Query)
    return plan.access


def names_of(query: Query) -> list[str]:
    return [column.name for part in (*query.hash, *query.range) for column in columns_of(part)]


def index_of(plan: ReadPlan) -> str | None:
    index = query_of(plan).index
    return None if index is None else index.name


@pytest.mark.parametrize("order", list(permutations(["p = 'x'", "s = 1", "a = 'y'"])))
def test_the_order_of_conditions_does_not_matter(order: tuple[str, ...]) -> None:
    plan = selected(" AND ".join(order), table(BY_A))
    assert isinstance(plan.access, GetItem)
    assert [part.column.name for part in plan.access.key] == ["p", "s"]
    assert show(plan.rest) == "a = 'y'"


@pytest.mark.parametrize(
    ("where", "access", "rest"),
    [
        ("p = 'x' AND s = 1", GetItem, "true"),
        ("p = 'x' AND s IN (1, 2)", BatchGetItem, "true"),
        ("(p, s) IN (('x', 1))", BatchGetItem, "true"),
        ("(s, p) IN ((1, 'x')) AND b = 2", BatchGetItem, "b = 2"),
        ("p = 'x' AND s = 1 OR p = 'y' AND s = 2", BatchGetItem, "true"),
        (
            "p = 'x' AND s = 1 OR p = 'y' AND s = 2 AND b = 3",
            BatchGetItem,
            "p = 'x' AND s = 1 OR p = 'y' AND s = 2 AND b = 3",
        ),
        ("p = 'x' AND s = 1 OR p = 'y'", Scan, "p = 'x' AND s = 1 OR p = 'y'"),
        ("p = 'x' OR s = 1", Scan, "p = 'x' OR s = 1"),
        ("(p, s) NOT IN (('x', 1))", Scan, "(p, s) NOT IN (1 values)"),
        ("(p, a) IN (('x', 'y'))", Scan, "(p, a) IN (1 values)"),
        ("p = 'x'", Query, "true"),
        ("p = 'x' AND s <> 1", Query, "s <> 1"),
        ("p = 'x' AND s > 1 AND s > 2", Query, "s > 2"),
        ("p = 'x' AND s > 1 AND s < 5", Query, "s > 1 AND s < 5"),
        ("p = 'x' AND s >= 1 AND s < 5", Query, "s < 5"),
        ("p = 'x' AND s BETWEEN 1 AND 5", Query, "true"),
        ("p > 'x'", Scan, "p > 'x'"),
        ("s = 1", Scan, "s = 1"),
        ("false AND p = 'x'", Nothing, "false"),
    ],
)
def test_the_access_and_what_it_leaves(where: str, access: type, rest: str) -> None:
    plan = selected(where)
    assert isinstance(plan.access, access)
    assert show(plan.rest) == rest


def test_the_table_beats_an_index() -> None:
    assert index_of(selected("p = 'x' AND a = 'y'", table(BY_A))) is None


def test_an_index_that_holds_all_beats_one_that_does_not() -> None:
    for indexes in permutations([KEYS_A, BY_A]):
        assert index_of(selected("a = 'y'", table(*indexes), "p, b")) == "by_a"
    query = query_of(selected("a = 'y'", table(KEYS_A), "p, b"))
    assert query.complete
    assert not query_of(selected("a = 'y'", table(KEYS_A), "p, s")).complete
    assert query_of(selected("a = 'y' AND b = 1", table(KEYS_A), "p")).complete


def test_a_sparse_index_is_used_where_no_row_is_lost() -> None:
    sparse = table(BY_A_B)
    plan = selected("a = 'y'", sparse)
    assert isinstance(plan.access, Scan)
    assert plan.passed_over == ("by_a_b: items without 'b' are not in it, and the WHERE does not exclude them",)
    for where in ("b > 1", "b = 1", "b IS NOT NULL", "b IN (1, 2)", "b <> 1"):
        assert index_of(selected(f"a = 'y' AND {where}", sparse)) == "by_a_b"
    assert isinstance(selected("a = 'y' AND b IS NULL", sparse).access, Scan)
    assert isinstance(selected("a = 'y' AND (b = 1 OR n = 1)", sparse).access, Scan)
    assert index_of(selected("a = 'y'", table(BY_A_N))) == "by_a_n"


def test_that_an_index_key_is_there_needs_no_check() -> None:
    assert selected("a = 'y' AND b IS NOT NULL", table(BY_A_B)).rest == ALWAYS
    assert show(selected("a = 'y' AND n IS NOT NULL", table(BY_A)).rest) == "n IS NOT NULL"


def test_strong_consistency_excludes_global_indexes() -> None:
    assert isinstance(selected("a = 'y'", table(BY_A), consistent_read="true").access, Scan)


def test_a_key_of_several_attributes_is_given_from_the_left() -> None:
    several = table(MULTI)
    assert isinstance(selected("a = 'x' AND n = 1", several).access, Scan)
    query = query_of(selected("a = 'x' AND b = 2 AND n = 1 AND s > 5", several))
    assert names_of(query) == ["a", "b", "n", "s"]
    query = query_of(selected("a = 'x' AND b = 2 AND s > 5", several))
    assert names_of(query) == ["a", "b"]
    assert isinstance(selected("a IN ('x') AND b IN (1)", several).access, Scan)


@pytest.mark.parametrize(
    ("tail", "forward", "sorted_by"),
    [
        ("ORDER BY s", True, []),
        ("ORDER BY s DESC", False, []),
        ("ORDER BY p DESC, s", True, []),
        ("ORDER BY n", True, ["n"]),
        ("ORDER BY s, n", True, ["s", "n"]),
        ("ORDER BY n DESC, s DESC", True, ["n", "s"]),
    ],
)
def test_the_sort_key_gives_the_order_in_either_direction(tail: str, forward: bool, sorted_by: list[str]) -> None:
    plan = planned(f"SELECT p FROM things WHERE p = 'x' {tail}")
    assert isinstance(plan, ReadPlan)
    assert query_of(plan).forward is forward
    assert [plan.projection.fields[sort.field].name for sort in plan.sort] == sorted_by


def test_several_partitions_are_sorted_here() -> None:
    plan = planned("SELECT p FROM things WHERE p IN ('x', 'y') ORDER BY s")
    assert isinstance(plan, ReadPlan)
    assert len(plan.sort) == 1


def test_what_a_filter_may_not_name() -> None:
    on = table(BY_A, KEYS_A)
    where = selected("a = 'x' AND b = 1 AND n = 2 AND p = 'x'", on).where
    key = {"p", "s"}
    assert unfilterable(on, Query(None, ()), where) == key
    assert unfilterable(on, Query(BY_A, ()), where) == {"a"}
    assert unfilterable(on, Query(KEYS_A, ()), where) == {"a", "b", "n"}


def test_what_an_index_of_an_undeclared_table_does_not_hold() -> None:
    known = (*COLUMNS[:2], Column("a", Kind.STRING))
    on = Table("things", "things", known, "p", "s", (KEYS_A,), declared=False)
    plan = selected("a = 'x' AND other = 1", on)
    query = query_of(plan)
    assert query.complete
    assert unfilterable(on, query, plan.rest) == {"a", "other"}
