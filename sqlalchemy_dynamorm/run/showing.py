"""RETURNING that SQLite computes: of the rows that a statement has written, once it has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.steps import LocalPlan, Projection
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.local import computed_of, taken
from sqlalchemy_dynamorm.run.request import Execution, Rows
from sqlalchemy_dynamorm.run.sources import Row


def showing(running: Execution, returning: Projection | None, batch: Sequence[Bound]) -> Execution:
    """The execution, whose rows are what RETURNING computes of those that it shows.

    :raises Unsupported: it computes with parameters that differ from one set of values to the next.
    """
    if returning is None or returning.computing is None:
        return running
    if not _alike(returning.computing, batch):
        raise Unsupported(
            "RETURNING computes with parameters that are not the same in all sets of values: execute them one by one."
        )
    return _computed(running, returning.computing, batch)


def _alike(plan: LocalPlan, batch: Sequence[Bound]) -> bool:
    """Whether the parameters of a plan have one value in all sets."""
    names = [*plan.params, *(each.name for each in plan.lists)]
    given = [[(type(value), value) for value in map(values.parameter, names)] for values in batch]
    return all(each == given[0] for each in given)


def _computed(running: Execution, plan: LocalPlan, batch: Sequence[Bound]) -> Execution:
    rows: list[Row] = []
    outcome = yield from taken(running, rows.extend)
    if rows:
        for computed in computed_of(plan, rows, batch[0]):
            yield Rows(computed)
    return outcome
