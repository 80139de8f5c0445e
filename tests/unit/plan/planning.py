"""Statements planned by hand, on a table of a simple shape."""

from __future__ import annotations

from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.planner import plan
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.plan.steps import ChangePlan, InsertPlan, Plan, ReadPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

COLUMNS = (
    Column("p", Kind.STRING, nullable=False),
    Column("s", Kind.INTEGER, nullable=False),
    Column("a", Kind.STRING),
    Column("b", Kind.INTEGER),
    Column("n", Kind.INTEGER, nullable=False),
    Column("f", Kind.BOOLEAN),
)


def table(*indexes: Index, declared: bool = True) -> Table:
    """A table with the key (p, s)."""
    return Table("things", "things", COLUMNS, "p", "s", indexes, declared)


def planned(text: str, on: Table | None = None, **options: str) -> Plan:
    """The plan of a statement on ``things``."""
    node = read(text)
    assert isinstance(node, nodes.Select | nodes.Compound | nodes.Insert | nodes.Update | nodes.Delete)
    known = on or table()
    return plan(node, Written(text), lambda _: known, PlanOptions().with_overrides(dict(options)))


def selected(where: str, on: Table | None = None, what: str = "p", **options: str) -> ReadPlan:
    """The plan of ``SELECT what FROM things WHERE …``; a scan is allowed."""
    found = planned(f"SELECT {what} FROM things WHERE {where}", on, **{"scan": "allow", **options})
    assert isinstance(found, ReadPlan)
    return found


def inserted(text: str, on: Table | None = None) -> InsertPlan:
    """The plan of an INSERT."""
    found = planned(text, on)
    assert isinstance(found, InsertPlan)
    return found


def changed(text: str, on: Table | None = None, **options: str) -> ChangePlan:
    """The plan of an UPDATE or DELETE."""
    found = planned(text, on, **options)
    assert isinstance(found, ChangePlan)
    return found
