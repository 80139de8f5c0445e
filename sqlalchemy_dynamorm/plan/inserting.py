"""INSERT becomes a plan: its rows are those of VALUES, with what a SELECT computes in them, or those of a SELECT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.analysis import of_several_rows
from sqlalchemy_dynamorm.plan.assignments import Take
from sqlalchemy_dynamorm.plan.checks import rules
from sqlalchemy_dynamorm.plan.conflicts import conflict
from sqlalchemy_dynamorm.plan.finding import taken_kinds
from sqlalchemy_dynamorm.plan.next_values import told_apart
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.references import check_references, check_referrers
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.plan.selecting import plan_select, refuse_hint
from sqlalchemy_dynamorm.plan.showing import shown
from sqlalchemy_dynamorm.plan.steps import InsertPlan, LocalPlan, ReadPlan
from sqlalchemy_dynamorm.plan.written import Written
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.inserting import computed_of, source_of
from sqlalchemy_dynamorm.sql.reader import read

Template = tuple["nodes.Value | Take", ...]
Selection = ReadPlan | LocalPlan


def plan_insert(statement: nodes.Insert, written: Written, tables: Tables, options: PlanOptions) -> InsertPlan:
    """The plan of an INSERT.

    :raises ProgrammingError: another number of values than of columns.
    :raises ScanRefused, Unsupported: of its SELECT, as of any.
    """
    names = Names(tables(statement.table), statement.table)
    columns, given, source = _given(statement, names, written, tables, options)
    _refuse_twice(columns, "the column list of INSERT")
    check_references(names.table)
    if statement.conflict is not None and statement.conflict.action == "replace":
        check_referrers(names.table)
    for column in columns:
        if column.generated is not None:
            raise ProgrammingError(f"The column {column.name!r} is computed: leave it out of INSERT.")
    defaults = {column: column.default for column in names.table.columns if column.default and column not in columns}
    if statement.source is not None and any(isinstance(each, nodes.NextValue) for each in defaults.values()):
        raise Unsupported("INSERT … SELECT into a table with nextval() as a default: name the column, and select it.")
    rows = told_apart((*row, *defaults.values()) for row in given)
    back, early = shown(statement, names, written, tables, options), options.insert_check == "statement"
    found, each = conflict(statement, names, back, written, tables, options), statement.source is not None
    return InsertPlan(names.table, (*columns, *defaults), rows, back, early, found, source, each, rules(names.table))


def _given(
    statement: nodes.Insert, names: Names, written: Written, tables: Tables, options: PlanOptions
) -> tuple[tuple[Column, ...], tuple[Template, ...], Selection | None]:
    """The columns, the rows that stand for each row of the SELECT, and the SELECT, if there is one."""
    if statement.source is not None:
        found = _selected(source_of(written.text), written, tables, options)
        width = len(found.labels if isinstance(found, LocalPlan) else found.projection.labels)
        columns = _columns(statement, names, width)
        return columns, (tuple(map(Take, range(width))),), _as_columns(found, columns)
    columns = _columns(statement, names, len(statement.rows[0]))
    cells = [(column, cell) for row in statement.rows for column, cell in zip(columns, row, strict=True)]
    computed = [(column, cell) for column, cell in cells if isinstance(cell, nodes.Selected)]
    if not computed:
        refuse_hint(options)
        return columns, tuple(map(_template, statement.rows)), None
    if any(of_several_rows(cell.expression) for _, cell in computed):
        raise ProgrammingError("An aggregate in VALUES is of no rows; write it in a query, (SELECT max(…) FROM …).")
    text = computed_of(written.text, [cell for _, cell in computed])
    found = _selected(text, written, tables, options)
    taken = {cell.at: Take(position) for position, (_, cell) in enumerate(computed)}
    rows = tuple(_template(row, taken) for row in statement.rows)
    return columns, rows, _as_columns(found, [column for column, _ in computed])


def _template(row: Sequence[nodes.Value | nodes.Selected], taken: dict[int, Take] | None = None) -> Template:
    return tuple((taken or {})[cell.at] if isinstance(cell, nodes.Selected) else cell for cell in row)


def _columns(statement: nodes.Insert, names: Names, width: int) -> tuple[Column, ...]:
    """The columns that the rows have values for: without a list, those of the table as it is declared."""
    table = names.table
    if statement.columns and len(statement.columns) != width:
        raise ProgrammingError(f"INSERT has {len(statement.columns)} columns and a SELECT of {width} values.")
    if statement.columns or not width:
        return tuple(names.target(name) for name in statement.columns)
    if not table.declared:
        raise Unsupported(
            f"INSERT without a list of columns, of {table.name!r}, is not supported: nobody declared its columns, so "
            "their order is not certain; name them."
        )
    listed = tuple(column for column in table.visible if column.generated is None)
    if len(listed) != width:
        raise ProgrammingError(f"{table.name!r} has {len(listed)} columns; INSERT gives a row of {width} values.")
    return listed


def _refuse_twice(columns: Sequence[Column], place: str) -> None:
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise ProgrammingError(f"The column {column.name!r} stands twice in {place}.")


# --- the SELECT -------------------------------------------------------------------------------------------------


def _selected(text: str, written: Written, tables: Tables, options: PlanOptions) -> Selection:
    query = read(text, written.lists)
    assert isinstance(query, nodes.Select | nodes.Compound)
    return plan_select(query, replace(written, text=text), tables, options)


def _as_columns(found: Selection, columns: Sequence[Column]) -> Selection:
    """The SELECT whose values are what the columns take; of a JSON column, JSON null is a value.

    :raises Unsupported: it shows all that items have, of a table whose columns nobody declared.
    """
    if isinstance(found, LocalPlan):
        return replace(found, kinds=taken_kinds(found.kinds, columns))
    if found.projection.open:
        raise Unsupported("INSERT … SELECT * from a table whose columns nobody declared: name the columns.")
    fields = tuple(replace(each, nulls=each.kind is Kind.DOCUMENT) for each in found.projection.fields)
    return replace(found, projection=replace(found.projection, fields=fields))
