from __future__ import annotations

from dataclasses import replace

import pytest

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.references import check_references, check_referrers, enforced
from sqlalchemy_dynamorm.plan.schema import Reference, Referrer, Table
from sqlalchemy_dynamorm.sql import nodes
from tests.unit.plan.planning import planned, table

OTHER = table()
CHECKED = Reference("fk", ("a", "b"), ("p", "s"), OTHER)
UNCHECKED = Reference("fk_n", ("n",), ("x",), why="it refers to columns that are not the whole primary key")
ONE = Referrer("ones", OTHER, ("p", "s"), ("p", "s"))
SEVERAL = Referrer("many")
RELATED = replace(table(), references=(CHECKED, UNCHECKED), referrers=(ONE, SEVERAL))


@pytest.mark.parametrize(("asked", "kept"), [("check", True), ("declare", False)])
def test_they_are_there_where_they_are_checked(asked: str, kept: bool) -> None:
    found = enforced(lambda _: RELATED, PlanOptions().with_overrides({"foreign_keys": asked}))(nodes.TableName("t"))
    assert (found.references, found.referrers) == ((CHECKED, UNCHECKED), (ONE, SEVERAL)) if kept else ((), ())


def test_what_cannot_be_checked_is_not_written() -> None:
    check_references(RELATED, ["a", "b", "f"])
    for written in (None, ["n"]):
        with pytest.raises(Unsupported, match="over n cannot be checked: it refers to columns that are not the whole"):
            check_references(RELATED, written)


def test_rows_are_deleted_where_one_row_at_most_refers_to_them() -> None:
    check_referrers(replace(RELATED, referrers=(ONE,)))
    with pytest.raises(Unsupported, match="Rows of many may refer to what is deleted of 'things'"):
        check_referrers(RELATED)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("DELETE FROM things WHERE p = 'x' AND s = 1", True),
        ("UPDATE things SET s = 2 WHERE p = 'x' AND s = 1", True),
        ("UPDATE things SET n = 2 WHERE p = 'x' AND s = 1", True),
        ("UPDATE things SET f = true WHERE p = 'x' AND s = 1", False),
        ("INSERT INTO things (p, s, n) VALUES ('x', 1, 2)", True),
    ],
)
def test_each_statement_asks(text: str, refused: bool) -> None:
    on: Table = RELATED
    assert planned(text, on) is not None  # without the option
    if refused:
        with pytest.raises(Unsupported, match="dynamodb_foreign_keys='declare'"):
            planned(text, on, foreign_keys="check")
    else:
        assert planned(text, on, foreign_keys="check") is not None
