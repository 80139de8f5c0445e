from __future__ import annotations

from dataclasses import replace

import pytest

from sqlalchemy_dynamorm.plan.checks import rules
from sqlalchemy_dynamorm.plan.predicates import ColumnComparison, Comparison, Some
from sqlalchemy_dynamorm.plan.schema import CheckConstraint, Column, Kind, Moment, Table
from sqlalchemy_dynamorm.plan.steps import ChangePlan, CheckRule, InsertPlan, LocalPlan
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import changed, inserted, table

DAY = Column("day", Kind.STRING, moment=Moment.DATE)
SEEN = Column("seen", Kind.STRING, moment=Moment.DATETIME)


def checked(*conditions: str) -> Table:
    things = table()
    checks = tuple(CheckConstraint(f"ck{at}", condition) for at, condition in enumerate(conditions))
    return replace(things, columns=(*things.columns, DAY, SEEN), checks=checks)


def rule(condition: str) -> CheckRule:
    (found,) = rules(checked(condition))
    return found


def test_a_condition_is_violated_where_it_is_false() -> None:
    found = rule("b > 0")
    assert found.violated == Comparison(Column("b", Kind.INTEGER), "<=", nodes.Literal(0))
    assert found.columns == {"b"}
    assert isinstance(rule("b > 0 AND a IN ('x', 'y')").violated, Some)
    assert isinstance(rule("b < n").violated, ColumnComparison)


@pytest.mark.parametrize(
    "condition",
    [
        "length(a) > 2",
        "b + n > 0",
        "a",
        "b = '5'",  # SQLite converts the text to a number
        "b = true",
        "a <> 5",
        "a IN (1, 'x')",
        "f IN (0, 1)",
        "day < CURRENT_TIMESTAMP",
        "day < CURRENT_DATE",
        "(a IS NULL) <> (b IS NULL)",
        "things.b % 2 = 0",
        "b > abs(n) -- a comment",
    ],
)
def test_what_is_no_exact_predicate_is_left_to_sqlite(condition: str) -> None:
    found = rule(condition)
    assert isinstance(found.violated, LocalPlan)
    assert found.columns == {column.name for column in found.violated.feeds[0].columns}


@pytest.mark.parametrize(
    "condition",
    [
        *(
            "b > 0",
            "b > 0.5",
            "f",
            "NOT f",
            "f = true",
            "a = 'x'",
            "a LIKE 'x!%%' ESCAPE '!'",
            "a IS NULL",
            "b IS NOT 5",
        ),
        *("seen < CURRENT_TIMESTAMP", "day > '2024-01-01'", "things.b > 0", "1 = 1", "size(a) > 2", "b = NULL"),
    ],
)
def test_what_is_a_predicate_is_judged_exactly(condition: str) -> None:
    found = rule(condition)
    assert found.violated is not None
    assert not isinstance(found.violated, LocalPlan)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("a ~ '^x'", "cannot be read as SQL"),
        ("a ~* '^x'", "REGEXP_I_LIKE"),
        ("a ILIKE 'x%'", "ILIKE"),
        ("char_length(a) > 2", "CHAR_LENGTH"),
        ("b = ANY(ARRAY[1, 2])", "ANY"),
        ("b > now()", "NOW"),
        ("b IN (SELECT id FROM people)", "A query in a CHECK"),
        ("EXISTS (SELECT 1)", "A query in a CHECK"),
        ("max(b) > 1", "aggregate"),
        ("row_number() OVER () = 1", "aggregate"),
        ("b = :limit", "A parameter"),
        ("b > 0) , (n > 0", "not one condition"),
        ("b > 0) UNION SELECT (n > 0", "not one condition"),
        ("b > nothing", "no column 'nothing'"),
        ("people.b > 0", "'people' is not a table"),
        ("a LIKE 'x\\_%'", "ESCAPE"),
        ("b > day", "never equal"),
    ],
)
def test_what_is_of_other_rows_or_of_another_database_is_not_enforced(condition: str, why: str) -> None:
    found = rule(condition)
    assert found.violated is None
    assert why in found.why
    assert found.columns == frozenset()


def test_an_insert_has_all_constraints_and_an_update_those_of_what_it_sets() -> None:
    on = checked("b > 0", "length(a) > 2", "n < b", "1 = 1")

    def names(plan: InsertPlan | ChangePlan) -> list[str | None]:
        return [each.constraint.name for each in plan.checks]

    assert names(inserted("INSERT INTO things (p, s, n) VALUES ('x', 1, 1)", on)) == ["ck0", "ck1", "ck2", "ck3"]
    assert names(changed("UPDATE things SET b = 1 WHERE p = 'x' AND s = 1", on)) == ["ck0", "ck2"]
    assert names(changed("UPDATE things SET f = true WHERE p = 'x' AND s = 1", on)) == []
    assert names(changed("DELETE FROM things WHERE p = 'x' AND s = 1", on)) == []


def test_a_computed_column_is_set_with_its_parts() -> None:
    twice = Column("twice", Kind.INTEGER, generated=nodes.Arithmetic("+", nodes.Column("b"), nodes.Column("b")))
    things = checked("twice < 10")
    on = replace(things, columns=(*things.columns, twice))
    assert len(changed("UPDATE things SET b = 1 WHERE p = 'x' AND s = 1", on).checks) == 1


def test_do_update_has_those_of_what_it_sets() -> None:
    text = "INSERT INTO things (p, s, n) VALUES ('x', 1, 1) ON CONFLICT (p, s) DO UPDATE SET b = 2"
    plan = inserted(text, checked("b > 0", "n > 0"))
    assert plan.conflict is not None
    assert plan.conflict.change is not None
    assert [each.constraint.condition for each in plan.conflict.change.checks] == ["b > 0"]
    assert len(plan.checks) == 2
