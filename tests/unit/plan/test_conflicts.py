from __future__ import annotations

from dataclasses import replace

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.assignments import Give, Take
from sqlalchemy_dynamorm.plan.schema import Referrer, Unique
from sqlalchemy_dynamorm.plan.steps import Conflict
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import inserted, planned, table

EMAIL, BOTH = Unique("uq_a", ("a",)), Unique(None, ("a", "b"))
GUARDED = replace(table(), uniques=(EMAIL, BOTH), system="system")
INSERT = "INSERT INTO things (p, s, n) VALUES ('x', 1, 2) "


def of(text: str) -> Conflict:
    found = inserted(text, GUARDED).conflict
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "key", "uniques"),
    [
        (INSERT + "ON CONFLICT DO NOTHING", True, (EMAIL, BOTH)),
        (INSERT.replace("INSERT", "INSERT OR IGNORE"), True, (EMAIL, BOTH)),
        (INSERT + "ON CONFLICT (s, p) DO NOTHING", True, ()),
        (INSERT + "ON CONFLICT (a) DO NOTHING", False, (EMAIL,)),
        (INSERT + "ON CONFLICT (b, a) DO NOTHING", False, (BOTH,)),
        (INSERT + "ON CONFLICT ON CONSTRAINT uq_a DO NOTHING", False, (EMAIL,)),
    ],
)
def test_the_constraints_that_are_meant(text: str, key: bool, uniques: tuple[Unique, ...]) -> None:
    assert (of(text).key, of(text).uniques) == (key, uniques)


@pytest.mark.parametrize("target", ["(n)", "(p)", "(p, s, a)", "ON CONSTRAINT other"])
def test_what_is_no_constraint_is_refused(target: str) -> None:
    with pytest.raises(Unsupported, match=r"\(p, s\) and \(a\) and \(a, b\)"):
        of(INSERT + f"ON CONFLICT {target} DO NOTHING")


def test_do_update_needs_one_constraint() -> None:
    with pytest.raises(Unsupported, match="needs its target"):
        of(INSERT + "ON CONFLICT DO UPDATE SET n = 1")
    assert inserted(INSERT + "ON CONFLICT DO UPDATE SET n = 1").conflict is not None


def test_what_is_read_of_excluded() -> None:
    found = of(INSERT + "ON CONFLICT (a) DO UPDATE SET n = excluded.n + excluded.b WHERE excluded.n > n")
    assert [column.name for column in found.excluded] == ["n", "b"]
    with pytest.raises(UndefinedColumn, match="no column 'x'"):
        of(INSERT + "ON CONFLICT (a) DO UPDATE SET n = excluded.x")


def test_the_key_of_the_row_in_the_way_moves_only_where_another_constraint_is_meant() -> None:
    set_ = "DO UPDATE SET p = excluded.p, s = excluded.s, n = 1"
    same, other = of(INSERT + f"ON CONFLICT (p, s) {set_}"), of(INSERT + f"ON CONFLICT (a) {set_}")
    assert same.change is not None
    assert other.change is not None
    assert (same.change.moves, other.change.moves) == (False, True)


def test_what_dynamodb_cannot_compute_sqlite_does_of_the_row_in_the_way() -> None:
    found = of(
        INSERT + "ON CONFLICT (a) DO UPDATE SET n = max(n, excluded.n), b = 1 WHERE lower(a) = excluded.a AND b < 5"
    )
    change = found.change
    assert [column.name for column in found.excluded] == ["n", "a"]
    assert change is not None
    assert change.finding is not None
    assert [column.name for column in change.finding.judged] == ["n", "a"]
    assert change.finding.plan.params == ("dynamorm_excluded_n", "dynamorm_excluded_a")
    assert show(change.where) == "b < 5"
    assert [each.change for each in change.assignments or ()] == [Take(0), Give(nodes.Literal(1))]


def test_what_dynamodb_can_say_of_it_stays_its_own() -> None:
    change = of(INSERT + "ON CONFLICT (a) DO UPDATE SET n = things.n + excluded.n WHERE excluded.n > n").change
    assert change is not None
    assert change.finding is None


@pytest.mark.parametrize(
    "rest",
    ["SET n = (SELECT 1)", "SET n = abs((SELECT max(n) FROM things))", "SET n = 1 WHERE n IN (SELECT s FROM things)"],
)
def test_a_query_is_refused(rest: str) -> None:
    with pytest.raises(Unsupported, match="A query in ON CONFLICT DO UPDATE"):
        of(INSERT + f"ON CONFLICT (a) DO UPDATE {rest}")


def test_an_aggregate_is_refused() -> None:
    with pytest.raises(ProgrammingError, match="aggregate"):
        of(INSERT + "ON CONFLICT (a) DO UPDATE SET n = max(excluded.n)")


def test_rows_that_others_may_refer_to_keep_their_keys() -> None:
    table_ = replace(GUARDED, referrers=(Referrer("others"),))
    text = INSERT + "ON CONFLICT (a) DO UPDATE SET s = excluded.s"
    with pytest.raises(Unsupported, match="others may refer to"):
        planned(text, table_, foreign_keys="check")
