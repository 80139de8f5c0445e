"""sqlglot's SELECT to nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as Choice

from sqlglot import exp

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Closed, Scope, consume, name_of, unsupported
from sqlalchemy_dynamorm.sql.labels import SOURCE
from sqlalchemy_dynamorm.sql.read_computed import window_parts
from sqlalchemy_dynamorm.sql.read_expressions import (
    column,
    expression,
    name,
    place_of,
    qualifier,
    subquery,
)
from sqlalchemy_dynamorm.sql.read_locks import read_lock, refuse_lock
from sqlalchemy_dynamorm.sql.read_sequences import next_value

query: Closed[nodes.Query] = Closed("a statement")
"""Read a SELECT, INSERT, UPDATE or DELETE."""

table: Closed[nodes.TableName] = Closed("a table")
source: Closed[nodes.Source] = Closed("a table or a query in FROM")
output: Closed[nodes.Output | nodes.Star] = Closed("a result column")
order_term: Closed[nodes.OrderTerm] = Closed("an ORDER BY term")

Outputs = tuple[nodes.Output | nodes.Star, ...]

CLAUSES: dict[type[exp.Expr], frozenset[str]] = {
    exp.Where: frozenset({"this"}),
    exp.Order: frozenset({"expressions"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Group: frozenset({"expressions"}),
    exp.Having: frozenset({"this"}),
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
    schema = node.args.get("db")
    place = place_of(schema or node.this, node.this) if "start" in node.this.meta else None
    return nodes.TableName(
        name(node.this, scope), name(schema, scope) if schema else None, _alias(node, scope)[0] or None, place
    )


def _alias(node: exp.Expr, scope: Scope) -> tuple[str, tuple[str, ...]]:
    """An alias and the column names behind it; ``""`` where there is none."""
    found = node.args.get("alias")
    if not found:
        return "", ()
    if type(found) is exp.TableAlias:
        columns = tuple(name(each, scope) for each in found.args.get("columns") or ())
        if columns and type(node) is exp.Table:
            raise unsupported("A column list behind an alias")
        return name(found.this, scope) if found.this else "", columns
    return name(found, scope), ()


@source.reads(exp.From, "this")
def _from(node: exp.From, scope: Scope) -> nodes.Source:
    return source(node.this, scope)


@source.reads(exp.Table, "this", "db", "alias", "joins")
def _joined_table(node: exp.Table, scope: Scope) -> nodes.Source:
    joins = _joins(node, scope)
    bare = node
    if joins:
        bare = node.copy()
        bare.set("joins", None)
    found = table(bare, scope)
    return nodes.Group(found, joins) if joins else found


@source.reads(exp.Paren, "this")
def _source_in_parentheses(node: exp.Paren, scope: Scope) -> nodes.Source:
    return source(node.this, scope)


@source.reads(exp.Subquery, "this", "alias", "joins")
def _derived(node: exp.Subquery, scope: Scope) -> nodes.Source:
    alias, columns = _alias(node, scope)
    joins = _joins(node, scope)
    if isinstance(node.this, exp.Table) or _names_its_query(node.this):
        if alias:
            raise unsupported("An alias of a join in parentheses")
        inner = source(node.this, scope)
        return nodes.Group(inner, joins) if joins else inner
    written = node.args["alias"].this if alias else None
    place = place_of(written, written) if written is not None else None
    found = nodes.Derived(subquery(node.this, scope), alias, columns, place)
    return nodes.Group(found, joins) if joins else found


def _names_its_query(node: exp.Expr) -> bool:
    """Whether a subquery's parentheses hold a table of a join, as in ``((SELECT …) AS x JOIN y ON …)``."""
    return isinstance(node, exp.Subquery) and bool(node.args.get("alias") or node.args.get("joins"))


@source.reads(exp.Values, "expressions", "alias")
def _derived_values(node: exp.Values, scope: Scope) -> nodes.Source:
    alias, columns = _alias(node, scope)
    return nodes.Derived(_value_rows(node, scope), alias, columns)


_KINDS: dict[tuple[str, str], Choice["INNER", "LEFT", "RIGHT", "FULL", "CROSS"]] = {
    ("", ""): "INNER",
    ("", "INNER"): "INNER",
    ("", "CROSS"): "CROSS",
    ("LEFT", ""): "LEFT",
    ("LEFT", "OUTER"): "LEFT",
    ("RIGHT", ""): "RIGHT",
    ("RIGHT", "OUTER"): "RIGHT",
    ("FULL", ""): "FULL",
    ("FULL", "OUTER"): "FULL",
}


def _joins(node: exp.Expr, scope: Scope) -> tuple[nodes.Join, ...]:
    return tuple(_join(each, scope) for each in node.args.get("joins") or ())


def _join(node: exp.Join, scope: Scope) -> nodes.Join:
    consume(node, frozenset({"this", "on", "side", "kind", "method", "using"}))
    method = (node.method or "").upper()
    on, using = node.args.get("on"), tuple(name(each, scope) for each in node.args.get("using") or ())
    if method not in ("", "NATURAL"):
        raise unsupported(f"{method} JOIN")
    if method and (on or using):
        raise SQLSyntaxError("A NATURAL JOIN joins by the columns that both sides have, so it has no ON and no USING.")
    sides = (node.side or "").upper(), (node.kind or "").upper()
    if sides not in _KINDS:
        raise unsupported(" ".join(part for part in (*sides, "JOIN") if part))
    condition = expression(on, scope) if on else None
    return nodes.Join(_KINDS[sides], source(node.this, scope), condition, using, method == "NATURAL")


# --- SELECT -----------------------------------------------------------------------------------------------------

_SELECT = "expressions from_ joins where group having windows order limit offset distinct with_ locks".split()


@subquery.reads(exp.Select, *_SELECT)
def _select(node: exp.Select, scope: Scope) -> nodes.Relation:
    outputs = tuple(output(item, scope) for item in node.expressions)
    if not outputs:
        raise SQLSyntaxError("SELECT needs columns or values.")
    found = source(node.args["from_"], scope) if node.args.get("from_") else None
    if found is None and any(isinstance(item, nodes.Star) for item in outputs):
        raise ProgrammingError("SELECT * needs a table.")
    tables, recursive = read_with(node, scope)
    return nodes.Select(
        outputs,
        found,
        read_where(node, scope),
        _order(node.args.get("order"), scope),
        _limit(node, scope),
        _rows_of("OFFSET", node.args.get("offset"), scope),
        _joins(node, scope),
        _expressions(node.args.get("group"), scope),
        _having(node, scope),
        _windows(node, scope),
        _distinct(node),
        tables,
        recursive,
        read_lock(node, scope, table),
    )


def _expressions(node: exp.Expr | None, scope: Scope) -> tuple[nodes.Expression, ...]:
    return tuple(expression(each, scope) for each in opened(node).expressions) if node else ()


def _having(node: exp.Select, scope: Scope) -> nodes.Expression | None:
    found = node.args.get("having")
    return expression(opened(found).this, scope) if found else None


def _windows(node: exp.Select, scope: Scope) -> tuple[nodes.Expression, ...]:
    found = node.args.get("windows") or ()
    return tuple(expression(part, scope) for window in found for part in window_parts(window))


def _distinct(node: exp.Expr) -> bool:
    found = node.args.get("distinct")
    if not found:
        return False
    if found.args.get("on"):
        raise unsupported("DISTINCT ON")
    consume(found, frozenset())
    return True


def read_with(node: exp.Expr, scope: Scope) -> tuple[tuple[nodes.CommonTable, ...], bool]:
    """The tables of WITH, and whether they may name themselves."""
    found = node.args.get("with_")
    if not found:
        return (), False
    consume(found, frozenset({"expressions", "recursive"}))
    return tuple(_common_table(each, scope) for each in found.expressions), bool(found.args.get("recursive"))


def _common_table(node: exp.CTE, scope: Scope) -> nodes.CommonTable:
    consume(node, frozenset({"this", "alias", "materialized"}))
    alias, columns = _alias(node, scope)
    return nodes.CommonTable(alias, subquery(node.this, scope), columns)


_OPERATORS: dict[tuple[type[exp.Expr], bool], Choice["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]] = {
    (exp.Union, True): "UNION",
    (exp.Union, False): "UNION ALL",
    (exp.Intersect, True): "INTERSECT",
    (exp.Except, True): "EXCEPT",
}


def _compound(node: exp.SetOperation, scope: Scope) -> nodes.Relation:
    operator = _OPERATORS.get((type(node), bool(node.args.get("distinct"))))
    if operator is None:
        raise unsupported(f"{name_of(node)} ALL", "SQLite has it for UNION alone")
    tables, recursive = read_with(node, scope)
    return nodes.Compound(
        operator,
        _part(node.this, scope),
        _part(node.expression, scope),
        _order(node.args.get("order"), scope),
        _limit(node, scope),
        _rows_of("OFFSET", node.args.get("offset"), scope),
        tables,
        recursive,
    )


def _part(node: exp.Expr, scope: Scope) -> nodes.Relation:
    if isinstance(node, exp.Subquery | exp.Paren):
        raise unsupported("A part of UNION, INTERSECT or EXCEPT in parentheses", "SQLite has none")
    refuse_lock(node)
    return subquery(node, scope)


@subquery.reads(exp.Values, "expressions")
def _value_rows(node: exp.Values, scope: Scope) -> nodes.ValueRows:
    return nodes.ValueRows(tuple(tuple(_value_row(row, scope)) for row in node.expressions))


def _value_row(row: exp.Expr, scope: Scope) -> Iterator[nodes.Expression]:
    for part in row.expressions if isinstance(row, exp.Tuple) else [row]:
        yield expression(part, scope)


def _query(node: exp.Expr, scope: Scope) -> nodes.Query:
    found = subquery(node, scope)
    assert not isinstance(found, nodes.ValueRows)  # VALUES alone is no statement, see query's handlers
    return found


_COMPOUND = "this expression distinct order limit offset with_".split()
_COMPOUNDS: tuple[type[exp.Expr], ...] = (exp.Union, exp.Intersect, exp.Except)
for _compound_kind in _COMPOUNDS:
    subquery.reads(_compound_kind, *_COMPOUND)(_compound)
    query.reads(_compound_kind, *_COMPOUND)(_query)
query.reads(exp.Select, *_SELECT)(_query)


@subquery.reads(exp.Subquery, "this")
def _nested_in_parentheses(node: exp.Subquery, scope: Scope) -> nodes.Relation:
    return subquery(node.this, scope)


@output.reads(exp.Star)
def _star(node: exp.Star, scope: Scope) -> nodes.Star:
    return nodes.Star()


@output.reads(exp.Column, "this", "table", "db")
def _plain(node: exp.Column, scope: Scope) -> nodes.Output | nodes.Star:
    if isinstance(node.this, exp.Star):
        output.check(node.this)
        return nodes.Star(*qualifier(node, scope))
    found = column(node, scope)
    return nodes.Output(found, found.name)


@output.reads(exp.Alias, "this", "alias")
def _labelled(node: exp.Alias, scope: Scope) -> nodes.Output:
    return nodes.Output(_shown(node.this, scope), name(node.args["alias"], scope))


def _unlabelled(node: exp.Expr, scope: Scope) -> nodes.Output:
    return nodes.Output(_shown(node, scope), str(node.meta.get(SOURCE, "")))


def _shown(node: exp.Expr, scope: Scope) -> nodes.Expression:
    return next_value(node, scope) or expression(node, scope)


for _kind, (_, _arguments) in expression.handlers.items():
    if _kind is not exp.Column:
        output.reads(_kind, *_arguments)(_unlabelled)


def read_where(node: exp.Expr, scope: Scope) -> nodes.Expression | None:
    """The WHERE of a statement."""
    found = node.args.get("where")
    return expression(opened(found).this, scope) if found else None


def _order(node: exp.Expr | None, scope: Scope) -> tuple[nodes.OrderTerm, ...]:
    if node is None:
        return ()
    return tuple(order_term(term, scope) for term in opened(node).expressions)


@order_term.reads(exp.Ordered, "this", "desc", "nulls_first")
def _ordered(node: exp.Ordered, scope: Scope) -> nodes.OrderTerm:
    term = expression(node.this, scope)
    return nodes.OrderTerm(term, bool(node.args.get("desc")), bool(node.args.get("nulls_first")))


def _limit(node: exp.Expr, scope: Scope) -> nodes.Expression | None:
    """The LIMIT; beside an OFFSET, -1 stands for none, as SQLite has no OFFSET alone."""
    limit = node.args.get("limit")
    if limit is not None and node.args.get("offset") and expression(opened(limit).expression, scope) == _ALL:
        return None
    return _rows_of("LIMIT", limit, scope)


_ALL = nodes.Literal(-1)


def _rows_of(clause: str, node: exp.Expr | None, scope: Scope) -> nodes.Expression | None:
    """The number of rows that LIMIT or OFFSET says."""
    if node is None:
        return None
    found = expression(opened(node).expression, scope)
    if isinstance(found, nodes.Literal) and (type(found.value) is not int or found.value < 0):
        raise ProgrammingError(f"{clause} takes a parameter or a whole number from 0 up.")
    return found
