"""A prepared statement and its values as the execution that the client runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy_dynamorm.plan.steps import LocalPlan, Plan, ReadPlan
from sqlalchemy_dynamorm.run.bind import Bound, bound, present
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Execution
from sqlalchemy_dynamorm.sql import nodes

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.connection import Connection
    from sqlalchemy_dynamorm.dbapi.statement import Prepared
    from sqlalchemy_dynamorm.run.paging import PageAsked


def shown(plan: Plan) -> tuple[str, ...] | None:
    """The names of the result columns; ``None`` where there is no result."""
    if isinstance(plan, LocalPlan):
        return plan.labels
    projection = plan.projection if isinstance(plan, ReadPlan) else plan.returning
    return None if projection is None else projection.labels


def execution(
    prepared: Prepared,
    batch: Sequence[Mapping[str, Any]],
    connection: Connection,
    page: PageAsked | None = None,
    *,
    anew: bool = False,
) -> Execution:
    """The execution of a prepared statement with each set of values; of a SELECT perhaps one page.

    :param anew: what the transaction has read before is read again.
    """
    settings = connection.client.settings
    scope = Scope(connection.buffer, settings.page_size, settings.read_budget, page, anew)
    now = present()
    if prepared.numbers:
        return _numbered(prepared.numbers, prepared, batch, connection, scope)
    return _running(prepared, [bound(one, now) for one in batch], connection, scope)


def _numbered(
    asked: Sequence[nodes.NextValue],
    prepared: Prepared,
    batch: Sequence[Mapping[str, Any]],
    connection: Connection,
    scope: Scope,
) -> Execution:
    """The same, once the numbers of sequences are taken: one UpdateItem for all that it needs of each."""
    numbers: list[dict[nodes.NextValue, int]] = [{} for _ in batch]
    for sequence in dict.fromkeys(each.sequence for each in asked):
        wanted = [each for each in asked if each.sequence == sequence]
        physical = connection.tables.physical(sequence.name, sequence.schema)
        taken = iter((yield from connection.client.sequences.take(physical, sequence.name, len(batch) * len(wanted))))
        for row in numbers:
            row.update((each, next(taken)) for each in wanted)
    now = present()
    values = [bound(one, now, row) for one, row in zip(batch, numbers, strict=True)]
    return (yield from _running(prepared, values, connection, scope))


def _running(prepared: Prepared, values: Sequence[Bound], connection: Connection, scope: Scope) -> Execution:
    runner = prepared.runner
    if isinstance(runner, Inserter):
        return runner.run(values, connection.client.counters, scope.buffer, scope)
    if isinstance(runner, Changer):
        return runner.run(values, scope, scope.buffer)
    return runner.run(values[0], scope)
