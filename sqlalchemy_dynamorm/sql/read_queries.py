"""sqlglot's SELECT to nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Closed, Scope, consume, name_of, unsupported
from sqlalchemy_dynamorm.sql.labels import SOURCE
from sqlalchemy_dynamorm.sql.read_expressions import column, expression, name, qualifier, value

query: Closed[nodes.Query] = Closed("a statement")
"""Read a SELECT, INSERT, UPDATE or DELETE."""

table: Closed[nodes.TableName] = Closed("a table")
output: Closed[nodes.Output | nodes.Star] = Closed("a result column")
order_term: Closed[nodes.OrderTerm] = Closed("an ORDER BY term")

Outputs = tuple[nodes.Output | nodes.Star, ...]

CLAUSES: dict[type[exp.Expr], frozenset[str]] = {
    exp.Where: frozenset({"this"}),
    exp.Order: frozenset({"expressions"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Returning: frozenset({"expressions"}),
    exp.Schema: frozenset({"this", "expressions"}),
    exp.Values: frozenset({"expressions"}),
    exp.Tuple: frozenset({"expressions"}),
    exp.EQ: frozenset({"this", "expression"}),
}
"""The nodes that only hold others, each with the arguments that are read."""


def opened(node: exp.Expr) -> exp.Expr:
    """A node of :data:`CLAUSES` that holds no more than is read.

    :raises Unsupported: it is another node, or holds more.
    """
    if type(node) not in CLAUSES:
        raise unsupported(name_of(node))
    consume(node, CLAUSES[type(node)])
    return node


# --- tables -----------------------------------------------------------------------------------------------------


@table.reads(exp.Table, "this", "db", "alias")
def _table(node: exp.Table, scope: Scope) -> nodes.TableName:
    schema, alias = node.args.get("db"), node.args.get("alias")
    return nodes.TableName(
        name(node.this, scope),
        name(schema, scope) if schema else None,
        table(alias, scope).name if alias else None,
    )


@table.reads(exp.TableAlias, "this")
def _alias(node: exp.TableAlias, scope: Scope) -> nodes.TableName:
    return nodes.TableName(name(node.this, scope))


@table.reads(exp.From, "this")
def _from(node: exp.From, scope: Scope) -> nodes.TableName:
    return table(node.this, scope)


# --- SELECT -----------------------------------------------------------------------------------------------------


@query.reads(exp.Select, "expressions", "from_", "where", "order", "limit", "offset")
def _select(node: exp.Select, scope: Scope) -> nodes.Query:
    source = table(node.args["from_"], scope) if node.args.get("from_") else None
    scope = replace(scope, table=source)
    outputs = tuple(output(item, scope) for item in node.expressions)
    if not outputs:
        raise SQLSyntaxError("SELECT needs columns or values.")
    if source is None and any(isinstance(item, nodes.Star) for item in outputs):
        raise ProgrammingError("SELECT * needs a table.")
    order = _order(node.args.get("order"), scope)
    return nodes.Select(
        outputs,
        source,
        read_where(node, scope),
        tuple(_resolved(term, outputs) for term in order),
        _limit(node, scope),
        _rows_of("OFFSET", node.args.get("offset"), scope),
    )


@output.reads(exp.Star)
def _star(node: exp.Star, scope: Scope) -> nodes.Star:
    return nodes.Star()


@output.reads(exp.Column, "this", "table", "db")
def _plain(node: exp.Column, scope: Scope) -> nodes.Output | nodes.Star:
    if isinstance(node.this, exp.Star):
        output.check(node.this)
        return nodes.Star(qualifier(node, scope))
    found = column(node, scope)
    return nodes.Output(found, found.name)


@output.reads(exp.Alias, "this", "alias")
def _labelled(node: exp.Alias, scope: Scope) -> nodes.Output:
    return nodes.Output(_output_expression(node.this, scope), name(node.args["alias"], scope))


def _output_expression(node: exp.Expr, scope: Scope) -> nodes.Expression:
    if type(node) is not exp.Count:
        return expression(node, scope)
    output.check(node)
    if type(node.this) is not exp.Star:
        raise unsupported("COUNT of anything but *")
    output.check(node.this)
    return nodes.CountRows()


@output.reads(exp.Count, "this", "big_int")
def _unlabelled(node: exp.Expr, scope: Scope) -> nodes.Output:
    return nodes.Output(_output_expression(node, scope), str(node.meta[SOURCE]))


for _kind, (_, _arguments) in expression.handlers.items():
    if _kind is not exp.Column:
        output.reads(_kind, *_arguments)(_unlabelled)


def read_where(node: exp.Expr, scope: Scope) -> nodes.Expression | None:
    """The WHERE of a statement."""
    found = node.args.get("where")
    return expression(opened(found).this, scope) if found else None


def _order(node: exp.Expr | None, scope: Scope) -> Sequence[nodes.OrderTerm]:
    if node is None:
        return ()
    return tuple(order_term(term, scope) for term in opened(node).expressions)


@order_term.reads(exp.Ordered, "this", "desc", "nulls_first")
def _ordered(node: exp.Ordered, scope: Scope) -> nodes.OrderTerm:
    if type(node.this) is not exp.Column:
        raise unsupported("ORDER BY of anything but a column")
    return nodes.OrderTerm(column(node.this, scope), bool(node.args.get("desc")), bool(node.args.get("nulls_first")))


def _resolved(term: nodes.OrderTerm, outputs: Outputs) -> nodes.OrderTerm:
    """The term with a label replaced by its column: in ORDER BY a label goes before a column of the table."""
    if term.column.table is not None:
        return term
    for item in outputs:
        if isinstance(item, nodes.Output) and item.label == term.column.name:
            if not isinstance(item.expression, nodes.Column):
                raise unsupported("ORDER BY of anything but a column")
            return replace(term, column=item.expression)
    return term


def _limit(node: exp.Select, scope: Scope) -> nodes.Value | None:
    """The LIMIT; beside an OFFSET, -1 stands for none, as SQLite has no OFFSET alone."""
    limit = node.args.get("limit")
    if limit is not None and node.args.get("offset") and value(opened(limit).expression, scope) == nodes.Literal(-1):
        return None
    return _rows_of("LIMIT", limit, scope)


def _rows_of(clause: str, node: exp.Expr | None, scope: Scope) -> nodes.Value | None:
    """The number of rows that LIMIT or OFFSET says."""
    if node is None:
        return None
    found = value(opened(node).expression, scope)
    whole = isinstance(found, nodes.Literal) and type(found.value) is int and found.value >= 0
    if not whole and not isinstance(found, nodes.Param):
        raise ProgrammingError(f"{clause} takes a parameter or a whole number from 0 up.")
    return found
