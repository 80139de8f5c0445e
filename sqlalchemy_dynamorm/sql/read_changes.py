"""sqlglot's INSERT, UPDATE and DELETE to nodes."""

from __future__ import annotations

from sqlglot import exp

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Scope, unsupported
from sqlalchemy_dynamorm.sql.read_assignments import read_assignments
from sqlalchemy_dynamorm.sql.read_conflicts import read_conflict
from sqlalchemy_dynamorm.sql.read_expressions import expression, name, subquery, value
from sqlalchemy_dynamorm.sql.read_queries import Outputs, opened, output, query, read_where, read_with, source, table
from sqlalchemy_dynamorm.sql.read_sequences import next_value


@query.reads(exp.Insert, "this", "expression", "default", "returning", "conflict", "alternative", "with_")
def _insert(node: exp.Insert, scope: Scope) -> nodes.Query:
    target, columns = _target(node.this, scope)
    given, tables = _selected(node, scope), read_with(node, scope)[0]
    rows = () if given is not None else _rows(node, len(columns), scope)
    return nodes.Insert(target, columns, rows, _returning(node, scope), read_conflict(node, scope), given, tables)


def _selected(node: exp.Insert, scope: Scope) -> nodes.Relation | None:
    """The SELECT that gives the rows; ``None`` where VALUES does."""
    given = node.args.get("expression")
    if isinstance(given, exp.Subquery):
        raise unsupported("A SELECT in parentheses behind INSERT", "it needs none")
    return subquery(given, scope) if isinstance(given, exp.Query) and not isinstance(given, exp.Values) else None


def _target(node: exp.Expr, scope: Scope) -> tuple[nodes.TableName, tuple[str, ...]]:
    if type(node) is not exp.Schema:
        return table(node, scope), ()
    columns = tuple(name(item, scope) for item in opened(node).expressions)
    _refuse_twice(columns)
    return table(node.this, scope), columns


def _rows(node: exp.Insert, width: int, scope: Scope) -> tuple[tuple[nodes.Value | nodes.Selected, ...], ...]:
    given = node.args.get("expression")
    if node.args.get("default"):
        if given or width:
            raise ProgrammingError("DEFAULT VALUES stands alone, without columns and without VALUES.")
        return ((),)
    if type(given) is not exp.Values:
        raise unsupported("INSERT without VALUES")
    found = [opened(row).expressions for row in opened(given).expressions]
    wrong = next((len(row) for row in found if len(row) != (width or len(found[0]))), None)
    if wrong is not None:
        raise ProgrammingError(f"INSERT has {width or len(found[0])} columns and a row of {wrong} values.")
    return tuple(
        tuple(_value(part, number * len(row) + at, scope) for at, part in enumerate(row))
        for number, row in enumerate(found)
    )


def _value(node: exp.Expr, at: int, scope: Scope) -> nodes.Value | nodes.Selected:
    """A value, or what a SELECT computes."""
    try:
        return next_value(node, scope) or value(node, scope)
    except Unsupported:
        if type(node) is exp.Column:  # of no table
            raise
        return nodes.Selected(expression(node, scope), at)


@query.reads(exp.Update, "this", "expressions", "from_", "where", "returning", "with_")
def _update(node: exp.Update, scope: Scope) -> nodes.Query:
    target = table(node.this, scope)
    sources = (source(node.args["from_"], scope),) if node.args.get("from_") else ()
    assignments = read_assignments(node.expressions, scope, target if sources else None)
    where, shown = read_where(node, scope), _returning(node, scope)
    return nodes.Update(target, assignments, where, shown, _crossed(sources), read_with(node, scope)[0])


@query.reads(exp.Delete, "this", "using", "where", "returning", "with_")
def _delete(node: exp.Delete, scope: Scope) -> nodes.Query:
    sources = tuple(source(each, scope) for each in node.args.get("using") or ())
    where, shown = read_where(node, scope), _returning(node, scope)
    return nodes.Delete(table(node.this, scope), where, shown, _crossed(sources), read_with(node, scope)[0])


def _crossed(sources: tuple[nodes.Source, ...]) -> tuple[nodes.Source, ...]:
    """The tables beside the one that is changed, which all rows are crossed with.

    :raises Unsupported: an outer join that would keep the rows of the table that is changed.
    """
    for each in sources:
        for join in each.joins if isinstance(each, nodes.Group) else ():
            if join.kind in ("RIGHT", "FULL"):
                raise unsupported(f"{join.kind} JOIN beside the table that is changed", "it is joined to them all")
    return sources


def _returning(node: exp.Expr, scope: Scope) -> Outputs:
    found = node.args.get("returning")
    if not found:
        return ()
    outputs = tuple(output(item, scope) for item in opened(found).expressions)
    if any(isinstance(item, nodes.Output) and item.expression == nodes.CountRows() for item in outputs):
        raise ProgrammingError("RETURNING cannot count; the cursor's rowcount does.")
    return outputs


def _refuse_twice(columns: tuple[str, ...]) -> None:
    for at, column_name in enumerate(columns):
        if column_name in columns[:at]:
            raise ProgrammingError(f"The column {column_name} is named twice.")
