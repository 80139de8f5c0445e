from __future__ import annotations

from itertools import permutations

import pytest

from sqlalchemy_dynamorm.errors import NotSupportedError, ProgrammingError, UndefinedIndex
from sqlalchemy_dynamorm.plan.access import unfilterable
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, columns_of
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, GetItem, Nothing, Query, ReadPlan, Scan
from sqlalchemy_dynamorm.plan.wording import show
from tests.unit.plan.planning import COLUMNS, planned, selected, table

BY_A = Index("by_a", "by_a", ("a",))
BY_A_B = Index("by_a_b", "by_a_b", ("a",), ("b",))
BY_A_N = Index("by_a_n", "by_a_n", ("a",), ("n",))
KEYS_A = Index("keys_a", "keys_a", ("a",), (), "KEYS_ONLY")
LOCAL_N = Index("local_n", "local_n", ("p",), ("n",), local=True)
LOCAL_B = Index("local_b", "local_b", ("p",), ("b",), local=True)
LOCAL_A = Index("local_a", "local_a", ("p",), ("a",), "KEYS_ONLY", local=True)
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
        ("p = 'x' AND s = 1 OR p = 'y'", Query, "p = 'x' AND s = 1 OR p = 'y'"),
        ("p = 'x' AND s < 1 OR p IN ('y', 'z') AND b = 1", Query, "p = 'x' AND s < 1 OR p IN (2 values) AND b = 1"),
        ("p = 'x' AND (s = 1 AND b = 2 OR s = 3)", BatchGetItem, "s = 1 AND b = 2 OR s = 3"),
        (
            "p = 'x' AND (s = 1 AND b = 2 OR s = 3) OR p = 'y' AND s = 1",
            BatchGetItem,
            "p = 'x' AND (s = 1 AND b = 2 OR s = 3) OR p = 'y' AND s = 1",
        ),
        ("p = 'x' OR s = 1", Scan, "p = 'x' OR s = 1"),
        ("(p, s) NOT IN (('x', 1))", Scan, "(p, s) NOT IN (1 values)"),
        ("(p, a) IN (('x', 'y'))", Scan, "(p, a) IN (1 values)"),
        ("p = 'x'", Query, "true"),
        ("p = 'x' AND s <> 1", Query, "s <> 1"),
        ("p = 'x' AND s > 1 AND s > 2", Query, "true"),
        ("p = 'x' AND s > 1 AND s >= 3 AND s <= 5", Query, "s > 1"),
        ("p = 'x' AND p = 'y'", Query, "true"),
        ("p = 'x' AND s = 1 AND s IN (1, 2) AND a = 'y'", GetItem, "a = 'y'"),
        ("p = 'x' OR p IN ('y', 'z')", Query, "true"),
        ("(p = 'x' OR p = 'y') AND s = 1", BatchGetItem, "true"),
        ("(p = 'x' OR s = 1) AND p = 'y'", Query, "p = 'x' OR s = 1"),
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


@pytest.mark.parametrize(
    ("text", "index", "sorted_here"),
    [
        ("p = 'x'", None, False),
        ("p = 'x' AND n > 3", "local_n", False),
        ("p = 'x' AND n = 3", "local_n", False),
        ("p = 'x' AND n <> 3", None, False),
        ("p IN ('x', 'y') AND n > 3", "local_n", False),
        ("p = 'x' ORDER BY n", "local_n", False),
        ("p = 'x' ORDER BY n DESC LIMIT 3", "local_n", False),
        ("p = 'x' ORDER BY a", None, True),
        ("p = 'x' AND s > 1 ORDER BY s", None, False),
        ("p = 'x' AND s > 1 ORDER BY n", None, True),
        ("p = 'x' AND s > 1 AND n BETWEEN 1 AND 2", "local_n", False),
        ("p = 'x' AND n > 3 ORDER BY s", None, False),
        ("p = 'x' AND b > 3", None, False),
        ("p = 'x' AND b > 3 AND b < 9", "local_b", False),
        ("p = 'x' AND a > 'y'", None, False),
    ],
)
def test_a_local_index_goes_before_the_table_where_it_serves_more(
    text: str, index: str | None, sorted_here: bool
) -> None:
    on = table(LOCAL_N, LOCAL_B, LOCAL_A) if "9" in text else table(LOCAL_N, LOCAL_A)
    plan = planned(f"SELECT p, s, n FROM things WHERE {text}", on)
    assert isinstance(plan, ReadPlan)
    assert index_of(plan) == index
    assert bool(plan.sort) is sorted_here


def test_a_local_index_that_loses_something_is_passed_over() -> None:
    small = selected("p = 'x' AND a > 'y'", table(LOCAL_A), "p, b")
    assert index_of(small) is None
    assert small.passed_over == ("local_a: it does not hold all that is wanted",)
    assert index_of(selected("p = 'x' AND a > 'y'", table(LOCAL_A), "p, s")) == "local_a"
    sparse = planned("SELECT p FROM things WHERE p = 'x' ORDER BY b", table(LOCAL_B))
    assert isinstance(sparse, ReadPlan)
    assert index_of(sparse) is None
    assert sparse.passed_over == ("local_b: items without 'b' are not in it, and the WHERE does not exclude them",)


def test_a_global_index_is_not_asked_where_the_partition_key_is_given() -> None:
    on = table(Index("global_p", "global_p", ("p",), ("n",)), BY_A_N)
    assert index_of(selected("p = 'x' AND a = 'y' AND n > 1", on)) is None


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("a = 'y' AND b = 1 AND n = 2", "multi_n"),
        ("a = 'y' AND n > 2", "by_a_n"),
        ("a = 'y' AND n > 2 AND b IN (1, 2)", "by_a_n"),
        ("a IN ('x', 'y') AND n = 2", "by_n"),
    ],
)
def test_of_several_indexes_the_one_that_narrows_most(where: str, index: str) -> None:
    multi = Index("multi_n", "multi_n", ("a", "b"), ("n",))
    for indexes in permutations([BY_A_B, BY_A_N, multi, Index("by_n", "by_n", ("n",))]):
        assert index_of(selected(where, table(*indexes))) == index


class TestHints:
    def test_a_hint_wins_over_the_table(self) -> None:
        on = table(BY_A, LOCAL_N)
        for index in ("by_a", "local_n"):
            plan = selected("p = 'x' AND s = 1 AND a = 'y'", on, "p", index=index)
            assert index_of(plan) == index
            assert plan.reason == f"the statement names index '{index}'"
        assert index_of(selected("p = 'x' AND a = 'y'", on)) is None

    def test_what_the_index_does_not_hold_is_completed(self) -> None:
        assert query_of(selected("p = 'x' AND a > 'y'", table(LOCAL_A), "p, b", index="local_a")).complete

    @pytest.mark.parametrize(
        ("where", "index", "error", "message"),
        [
            ("a = 'y'", "by_b", UndefinedIndex, "'things' has no index 'by_b'; it has 'by_a', 'by_a_b', 'keys_a'."),
            ("p = 'x'", "by_a", ProgrammingError, r"its hash key \(a\) is not given"),
            ("a = 'y'", "by_a_b", ProgrammingError, "items without 'b' are not in it"),
        ],
    )
    def test_a_hint_that_can_not_be_followed_is_refused(
        self, where: str, index: str, error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            selected(where, table(BY_A, BY_A_B, KEYS_A), index=index)

    def test_no_global_index_is_strongly_consistent(self) -> None:
        with pytest.raises(NotSupportedError, match="consistent_read=true, and a global index"):
            selected("a = 'y'", table(BY_A), index="by_a", consistent_read="true")
        on = table(LOCAL_N)
        assert index_of(selected("p = 'x'", on, index="local_n", consistent_read="true")) == "local_n"

    def test_where_nothing_is_read_by_an_index(self) -> None:
        for text in ("INSERT INTO things (p, s) VALUES ('x', 1)", "SELECT 1"):
            with pytest.raises(ProgrammingError, match="reads no table"):
                planned(text, index="by_a")


def test_what_the_key_decides_is_told_apart() -> None:
    plan = selected("p = 'x' AND s = 1 AND s > 5 AND p LIKE 'y%' AND :v = 2 AND (s < 3 OR b = 1)")
    assert isinstance(plan.access, GetItem)
    assert show(plan.access.check) == "s > 5 AND p LIKE 'y%' AND :v = 2"
    assert show(plan.rest) == "s < 3 OR b = 1"
    query = query_of(selected("a = 'x' AND b = 1 AND b IN (1, 2) AND p = 'x' AND s > 1", table(BY_A_B), index="by_a_b"))
    assert show(query.check) == "b IN (2 values)"


def test_a_scan_in_segments() -> None:
    assert selected("b = 1", segments="4").access == Scan(4)
    assert selected("b = 1").access == Scan(1)


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
    for where in ("b > 1", "b = 1", "b IS NOT NULL", "b IN (1, 2)", "b <> 1", "b < n", "(b = 1 OR b > 5 AND f)"):
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
    lists = query_of(selected("a IN ('x', 'y') AND b IN (1, 2)", several))
    assert names_of(lists) == ["a", "b"]
    assert not lists.single


@pytest.mark.parametrize(
    ("tail", "forward", "sorted_by"),
    [
        ("ORDER BY s", True, []),
        ("ORDER BY s DESC", False, []),
        ("ORDER BY p DESC, s", True, []),
        ("ORDER BY n", True, ["n"]),
        ("ORDER BY s, n", True, []),
        ("ORDER BY s DESC, n", False, []),
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
