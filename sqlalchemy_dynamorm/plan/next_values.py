"""``nextval()`` in a plan: which numbers of sequences a statement needs before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import TypeVar

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.assignments import Assignment
from sqlalchemy_dynamorm.plan.steps import ChangePlan, InsertPlan, Plan, ReadPlan
from sqlalchemy_dynamorm.sql import nodes

V = TypeVar("V")


def told_apart(rows: Iterable[tuple[V, ...]]) -> tuple[tuple[V, ...], ...]:
    """The rows with each ``nextval()`` another than the others: each is another number."""
    at = count()
    return tuple(
        tuple(replace(each, at=next(at)) if isinstance(each, nodes.NextValue) else each for each in row) for row in rows
    )


def next_values(plan: Plan) -> tuple[nodes.NextValue, ...]:
    """Those that a plan has, in order."""
    return tuple(each for each in _values(plan) if isinstance(each, nodes.NextValue))


def _values(plan: Plan) -> Iterator[object]:
    match plan:
        case InsertPlan():
            for row in plan.rows:
                yield from row
        case ReadPlan():
            yield from plan.projection.outputs
        case ChangePlan():
            yield from (each.written for each in plan.assignments or ())


def refuse_next_values(assignments: tuple[Assignment, ...] | None) -> None:
    """Refuse ``SET x = nextval(s)`` of rows that must be found: how many numbers it takes is not known before."""
    if any(isinstance(each.written, nodes.NextValue) for each in assignments or ()):
        raise Unsupported("SET with nextval() is for an UPDATE by the whole key; update the rows one by one.")
