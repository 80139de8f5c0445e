"""Meaning to text, for messages and EXPLAIN: ``read(write(statement)) == statement``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.write_assignments import write_assignments, write_operand
from sqlalchemy_dynamorm.sql.write_definitions import DEFINITIONS, write_table
from sqlalchemy_dynamorm.sql.write_expressions import name, names, write_expression

Node = nodes.Statement | nodes.Expression | nodes.ParamList | nodes.TableName | nodes.Star


def write(node: Node) -> str:
    """The text of a statement, an expression or a table's name.

    :raises UnsupportedValue: a constant has no text: NaN, an infinity.
    """
    writer = _STATEMENTS.get(type(node), write_expression)
    return writer(node)


def _star(node: nodes.Star) -> str:
    return "*" if node.table is None else f"{name(node.table)}.*"


def _outputs(items: tuple[nodes.Output | nodes.Star, ...]) -> str:
    return ", ".join(_star(item) if isinstance(item, nodes.Star) else _output(item) for item in items)


def _output(node: nodes.Output) -> str:
    text = write_expression(node.expression)
    if isinstance(node.expression, nodes.Column) and node.expression.name == node.label:
        return text
    return f"{text} AS {name(node.label)}"


def _select(node: nodes.Select) -> str:
    plain = replace(node, joins=(), group=(), having=None, windows=(), distinct=False, tables=())
    if plain != node or not isinstance(node.source, nodes.TableName | None):
        raise Unsupported("Only a SELECT of one table, without grouping, has a text that is written anew.")
    source = "" if node.source is None else f" FROM {write_table(node.source)}"
    order = ", ".join(_order_term(term) for term in node.order)
    limit = "" if node.limit is None else f" LIMIT {write_expression(node.limit)}"
    if node.offset is not None:
        limit = f"{limit or ' LIMIT -1'} OFFSET {write_expression(node.offset)}"
    ending = f"{f' ORDER BY {order}' if order else ''}{limit}{_lock(node.lock)}"
    return f"SELECT {_outputs(node.outputs)}{source}{_where(node.where)}{ending}"


def _lock(lock: nodes.Lock | None) -> str:
    if lock is None:
        return ""
    of = f" OF {', '.join(map(write_table, lock.tables))}" if lock.tables else ""
    return f" FOR {lock.strength}{of}{' NOWAIT' if lock.nowait else ''}"


def _order_term(term: nodes.OrderTerm) -> str:
    text = f"{write_expression(term.expression)}{' DESC' if term.descending else ''}"
    if term.nulls_first == term.descending:
        text += " NULLS FIRST" if term.nulls_first else " NULLS LAST"
    return text


def _where(condition: nodes.Expression | None) -> str:
    return "" if condition is None else f" WHERE {write_expression(condition)}"


def _returning(items: tuple[nodes.Output | nodes.Star, ...]) -> str:
    return f" RETURNING {_outputs(items)}" if items else ""


def _insert(node: nodes.Insert) -> str:
    _refuse_several(node)
    conflict = node.conflict
    either = conflict is not None and conflict.action in ("ignore", "replace")
    verb = f"INSERT OR {conflict.action.upper()}" if conflict is not None and either else "INSERT"
    clause = "" if conflict is None or either else _conflict(conflict)
    return f"{verb} INTO {write_table(node.table)} {_inserted(node)}{clause}{_returning(node.returning)}"


def _inserted(node: nodes.Insert) -> str:
    if node.rows == ((),):
        return "DEFAULT VALUES"
    rows = ", ".join(f"({', '.join(map(write_operand, row))})" for row in node.rows)
    return f"({names(node.columns)}) VALUES {rows}" if node.columns else f"VALUES {rows}"


def _conflict(node: nodes.Conflict) -> str:
    target = f" ({names(node.target)})" if node.target else ""
    if node.constraint is not None:
        target = f" ON CONSTRAINT {name(node.constraint)}"
    if node.action == "nothing":
        return f" ON CONFLICT{target} DO NOTHING"
    return f" ON CONFLICT{target} DO UPDATE SET {write_assignments(node.assignments)}{_where(node.where)}"


def _refuse_several(node: nodes.Update | nodes.Delete | nodes.Insert) -> None:
    if node.tables or (node.source if isinstance(node, nodes.Insert) else node.sources):
        raise Unsupported("Only an INSERT of values and changes of one table alone have a text that is written anew.")


def _update(node: nodes.Update) -> str:
    _refuse_several(node)
    assignments = write_assignments(node.assignments)
    return f"UPDATE {write_table(node.table)} SET {assignments}{_where(node.where)}{_returning(node.returning)}"


def _delete(node: nodes.Delete) -> str:
    _refuse_several(node)
    return f"DELETE FROM {write_table(node.table)}{_where(node.where)}{_returning(node.returning)}"


_STATEMENTS: dict[type[Any], Callable[[Any], str]] = {
    **DEFINITIONS,
    nodes.TableName: write_table,
    nodes.Star: _star,
    nodes.Select: _select,
    nodes.Insert: _insert,
    nodes.Update: _update,
    nodes.Delete: _delete,
    nodes.Explain: lambda node: f"EXPLAIN {write(node.query)}",
}
