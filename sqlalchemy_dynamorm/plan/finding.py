"""UPDATE and DELETE that DynamoDB alone cannot judge or compute: the SELECT that finds their rows.

It is made of the statement's own text and planned as any other. What it shows of a row beside the key is what was
judged or computed with, so that the row is written only if that is still so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.analysis import Analysis, conjuncts, of_several_rows
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.local import analysed
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import Predicate, columns_of
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.plan.scopes import Occurrence, Tables
from sqlalchemy_dynamorm.plan.steps import Feed, Finding, LocalPlan, Query, ReadPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.finding import select_of
from sqlalchemy_dynamorm.sql.reader import read

Statement = nodes.Update | nodes.Delete
Taken = tuple[Column, nodes.Selected]
"""A column, and what SET gives it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A WHERE, by who judges its parts.

    :ivar here: the parts that only SQLite can judge, on the rows that are read; ``why`` says of the first of them.
    """

    there: tuple[Predicate, ...] = ()
    here: tuple[nodes.Expression, ...] = ()
    why: str = ""


def judged(statement: Statement, names: Names) -> Judged:
    """The parts of a statement's WHERE, by who judges them.

    :raises UndefinedColumn: a column that there is not.
    """
    found = Judged()
    for part in () if statement.where is None else conjuncts(statement.where):
        try:
            found = replace(found, there=(*found.there, when_true(part, names.resolve)))
        except Unsupported as error:
            found = replace(found, here=(*found.here, part), why=found.why or str(error))
        except UndefinedColumn as error:
            if not statement.sources:
                raise
            found = replace(found, here=(*found.here, part), why=found.why or str(error))  # a column of another table
    return found


def finding(
    statement: Statement,
    where: Judged,
    taken: Sequence[Taken],
    written: Written,
    tables: Tables,
    options: PlanOptions,
) -> Finding:
    """The SELECT that finds the rows of a statement, with what SET takes from it.

    :raises ScanRefused, Unsupported: as of a SELECT.
    :raises ProgrammingError: an aggregate where there is one row.
    """
    sets = [operand for _, operand in taken]
    _refuse_aggregates([*where.here, *(each.expression for each in sets)])
    table = tables(statement.table)
    search = _Search(statement, sets, written, tables)
    judged_by = search.judged(where, table)
    columns = [*table.key_columns, *(column.name for column in judged_by)]
    text = search.text(columns)
    query = search.query(text)
    plan, analysis = analysed(
        query, text, search.opened(query), options, _reason(statement, where, taken), written.hints, written.lists
    )
    occurrence = _of_target(analysis, query)
    return Finding(
        _strong(_kinds(plan, table, len(judged_by), [column for column, _ in taken]), occurrence),
        judged_by,
        frozenset(column.name for column in judged_by if column.name not in occurrence.computed),
    )


def _refuse_aggregates(expressions: Sequence[nodes.Expression]) -> None:
    if any(map(of_several_rows, expressions)):
        raise ProgrammingError(
            "An aggregate or a window is of several rows, and UPDATE and DELETE judge and compute each row by itself; "
            "write it in a query, (SELECT max(…) FROM …)."
        )


def _reason(statement: Statement, where: Judged, taken: Sequence[Taken]) -> str:
    if statement.sources:
        return f"DynamoDB has no {'FROM' if isinstance(statement, nodes.Update) else 'USING'} here"
    if where.here:
        return where.why.rstrip(".")
    return f"what SET gives {taken[0][0].name!r} is computed"


@dataclass(frozen=True, slots=True)
class _Search:
    """The SELECT of a statement, as it is written and read."""

    statement: Statement
    sets: Sequence[nodes.Selected]
    written: Written
    tables: Tables

    def text(self, columns: Sequence[str]) -> str:
        return select_of(self.written.text, self.statement, columns, self.sets)

    def query(self, text: str) -> nodes.Select:
        found = read(text, self.written.lists)
        assert isinstance(found, nodes.Select)
        return found

    def opened(self, query: nodes.Select) -> Tables:
        """The tables, that which is changed with its hidden key."""
        target = _target(query)

        def table_of(name: nodes.TableName) -> Table:
            table = self.tables(name)
            if name is not target or all(table.by_name[key] in table.visible for key in table.key_columns):
                return table
            return replace(table, columns=tuple(replace(column, hidden=False) for column in table.columns))

        return table_of

    def judged(self, where: Judged, table: Table) -> tuple[Column, ...]:
        """The columns beside the key that SQLite judges and computes with."""
        query = self.query(self.text(table.key_columns))
        outputs = query.outputs[len(table.key_columns) :]
        alone = replace(query, outputs=outputs, where=nodes.And(where.here) if where.here else None)
        analysis = Analysis(self.opened(query))
        analysis.relation(alone, None, {})
        target = _of_target(analysis, alone)
        asked = {name: table.column(name) for name in target.measured}
        columns = {**asked, **target.used}
        return tuple(column for name, column in columns.items() if column is not None and name not in table.key_columns)


def _target(query: nodes.Select) -> nodes.TableName:
    """The table that is changed: the first in FROM."""
    source = query.source
    while isinstance(source, nodes.Group):
        source = source.source
    assert isinstance(source, nodes.TableName)
    return source


def _of_target(analysis: Analysis, query: nodes.Select) -> Occurrence:
    return next(each for each in analysis.occurrences if each.written is _target(query))


# --- what its rows hold -----------------------------------------------------------------------------------------


def _kinds(plan: LocalPlan, table: Table, judged_by: int, targets: Sequence[Column]) -> LocalPlan:
    """The plan whose rows hold what was judged as SQLite has it, and what SET takes as the columns take it."""
    key = len(table.key_columns)
    taken = taken_kinds(plan.kinds[key + judged_by :], targets)
    return replace(plan, kinds=(*plan.kinds[:key], *([AS_IT_IS] * judged_by), *taken))


AS_IT_IS = Kind.STRING
"""The kind of a result that is taken as SQLite has it; see :func:`~.run.scratch_values.reading`."""
_TEXTS = (Kind.STRING, Kind.EPOCH, Kind.EPOCH_MS)


def taken_kinds(found: Sequence[Kind | None], columns: Sequence[Column]) -> tuple[Kind | None, ...]:
    """The kinds in which columns take the results of a SELECT; a JSON column takes its text."""
    return tuple(_taken_kind(kind, column.kind) for kind, column in zip(found, columns, strict=True))


def _taken_kind(found: Kind | None, column: Kind) -> Kind | None:
    if column is Kind.DOCUMENT:
        return AS_IT_IS
    if column in (*_TEXTS, Kind.ANY):
        return None if found in _TEXTS else found  # what no column declares must not be a sealed value
    return column


def _strong(plan: LocalPlan, occurrence: Occurrence) -> LocalPlan:
    """The plan that reads the rows which are changed from the table itself, as they are now."""
    feeds = tuple(_strong_feed(feed) if feed.name == occurrence.feed else feed for feed in plan.feeds)
    return replace(plan, feeds=feeds)


def _strong_feed(feed: Feed) -> Feed:
    link = None if feed.link is None else replace(feed.link, read=_strong_read(feed.link.read))
    return replace(feed, read=None if feed.read is None else _strong_read(feed.read), link=link)


def _strong_read(read: ReadPlan) -> ReadPlan:
    read = replace(read, consistent=True)
    if not isinstance(read.access, Query) or not read.access.of_global_index:
        return read
    fields = dict.fromkeys([*read.projection.fields, *columns_of(read.where)])
    projection = replace(read.projection, fields=tuple(fields))
    return replace(read, access=replace(read.access, complete=True), projection=projection)
