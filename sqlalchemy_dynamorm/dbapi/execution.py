"""A prepared statement and its values as the execution that the client runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy_dynamorm.plan.steps import LocalPlan, Plan, ReadPlan
from sqlalchemy_dynamorm.run.bind import bound, present
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Execution

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
    prepared: Prepared, batch: Sequence[Mapping[str, Any]], connection: Connection, page: PageAsked | None = None
) -> Execution:
    """The execution of a prepared statement with each set of values; of a SELECT perhaps one page."""
    client = connection.client
    now = present()
    values = [bound(one, now) for one in batch]
    runner = prepared.runner
    buffer = connection.buffer
    if isinstance(runner, Inserter):
        return runner.run(values, client.counters, buffer)
    scope = Scope(buffer, client.settings.page_size, client.settings.read_budget, page)
    if isinstance(runner, Changer):
        return runner.run(values, scope, buffer)
    return runner.run(values[0], scope)
