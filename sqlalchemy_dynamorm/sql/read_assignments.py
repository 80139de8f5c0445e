"""sqlglot's ``column = expression`` of SET to nodes."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Closed, Scope, name_of, unsupported
from sqlalchemy_dynamorm.sql.read_expressions import column, column_or_excluded, expression, value
from sqlalchemy_dynamorm.sql.read_sequences import next_value

operand: Closed[nodes.Operand] = Closed("what SET gives a column")
"""Read what is computed of a row, or of parameters and constants alone."""

_OWN = (exp.Paren, exp.DPipe, exp.Neg)
for _kind, (_handler, _arguments) in value.handlers.items():
    if _kind not in _OWN:
        operand.handlers[_kind] = _handler, _arguments


def read_assignments(
    found: list[exp.Expr], scope: Scope, beside: nodes.TableName | None = None
) -> tuple[nodes.Assignment, ...]:
    """The assignments of SET; those to parts of one document become one.

    :param beside: the table that is changed, where others stand beside it.
    :raises ProgrammingError: a column is set twice.
    """
    read: dict[str, nodes.Operand] = {}
    for at, node in enumerate(found):
        name, new = _assignment(node, at, scope)
        if beside is not None and not _of_target(new, beside):
            new = nodes.Selected(expression(node.expression, scope), at)
        before = read.get(name)
        if before is not None:
            new = _both(name, before, new)
        read[name] = new
    return tuple(read.items())


def _of_target(operand: nodes.Operand, target: nodes.TableName) -> bool:
    """Whether all columns in an operand say that they are of the table that is changed."""
    called = target.alias or target.name
    return all(found.table == called for found in nodes.columns_in(operand))


def _assignment(node: exp.Expr, at: int, scope: Scope) -> nodes.Assignment:
    if type(node) is not exp.EQ:
        raise unsupported("SET with anything but column = value")
    if type(node.this) is exp.Column:
        return _target(node.this, scope).name, next_value(node.expression, scope) or _given(node.expression, at, scope)
    target, path = _place(node.this, scope)
    change = nodes.JsonChange(target, ((path, value(node.expression, scope)),))
    return target.name, change


def _given(node: exp.Expr, at: int, scope: Scope) -> nodes.Operand:
    """What is computed of the row here, exactly, or else by a SELECT of the row."""
    try:
        return operand(node, scope)
    except Unsupported:
        return nodes.Selected(expression(node, scope), at)


def _both(name: str, first: nodes.Operand, second: nodes.Operand) -> nodes.Operand:
    """Two assignments to one column, which only parts of a document can be."""
    match first, second:
        case nodes.JsonChange(nodes.Column() as target, places), nodes.JsonChange(nodes.Column() as again, more):
            if target.name == again.name == name and all(new is not None for _, new in (*places, *more)):
                return nodes.JsonChange(target, (*places, *more))
    raise ProgrammingError(f"The column {name} is set twice.")


def _target(node: exp.Expr, scope: Scope) -> nodes.Column:
    found = column(node, scope)
    if found.table is not None:
        raise ProgrammingError("SET names the column without its table.")
    return found


_PATHS = (exp.JSONExtract, exp.JSONExtractScalar)
_EXTRACT = frozenset({"this", "expression", "only_json_types", "json_subtype", "scalar_only"})


def _place(node: exp.Expr, scope: Scope) -> tuple[nodes.Column, nodes.Path]:
    """The column and the path of ``json_extract(column, path)``, as SQLAlchemy writes ``column[path]`` as a target."""
    node = _unquoted(node)
    if type(node) is exp.Column:
        return _target(node, scope), ()
    if type(node) not in _PATHS:
        raise unsupported(f"{name_of(node)} as the target of SET")
    operand.check(node)
    target, path = _place(node.this, scope)
    return target, (*path, value(node.expression, scope))


def _unquoted(node: exp.Expr) -> exp.Expr:
    while type(node) is exp.Paren or (type(node) is exp.Anonymous and str(node.this).upper() == "JSON_QUOTE"):
        if type(node) is exp.Paren:
            node = node.this
        else:
            _counted("json_quote", node.expressions, 1)
            node = node.expressions[0]
    return node


@operand.reads(exp.JSONExtract, *_EXTRACT)
@operand.reads(exp.JSONExtractScalar, *_EXTRACT)
def _extracted(node: exp.Expr, scope: Scope) -> nodes.Operand:
    raise unsupported(f"{name_of(node)} in what is computed of the row here")


# --- what is computed of the row --------------------------------------------------------------------------------


@operand.reads(exp.Column, "this", "table", "db")
def _column(node: exp.Column, scope: Scope) -> nodes.Operand:
    return column_or_excluded(node, scope)


@operand.reads(exp.Paren, "this")
def _parentheses(node: exp.Paren, scope: Scope) -> nodes.Operand:
    return operand(node.this, scope)


@operand.reads(exp.Neg, "this")
def _negative(node: exp.Neg, scope: Scope) -> nodes.Operand:
    if isinstance(node.this, exp.Literal):
        return value(node, scope)
    return nodes.Arithmetic("-", nodes.Literal(0), operand(node.this, scope))


_SIGNS: dict[type[exp.Expr], Any] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


def _arithmetic(node: exp.Binary, scope: Scope) -> nodes.Operand:
    return nodes.Arithmetic(_SIGNS[type(node)], operand(node.left, scope), operand(node.right, scope))


@operand.reads(exp.Div, "this", "expression", "typed", "safe")
def _divided(node: exp.Div, scope: Scope) -> nodes.Operand:
    return nodes.Arithmetic("/", operand(node.left, scope), operand(node.right, scope))


for _kind in _SIGNS:
    operand.reads(_kind, "this", "expression")(_arithmetic)


@operand.reads(exp.DPipe, "this", "expression", "safe")
def _joined(node: exp.DPipe, scope: Scope) -> nodes.Operand:
    parts: list[Any] = []
    for side in (node.left, node.right):
        found = operand(side, scope)
        parts.extend(found.parts if isinstance(found, nodes.Concat | nodes.Joined) else (found,))
    valued = all(isinstance(part, VALUES) for part in parts)
    return nodes.Concat(tuple(parts)) if valued else nodes.Joined(tuple(parts))


VALUES = (nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp)


@operand.reads(exp.Coalesce, "this", "expressions")
def _coalesce(node: exp.Coalesce, scope: Scope) -> nodes.Operand:
    return _first_of([node.this, *node.expressions], scope)


def _first_of(parts: list[exp.Expr], scope: Scope) -> nodes.Operand:
    if len(parts) < 2:
        raise ProgrammingError("coalesce() takes two arguments or more.")
    return nodes.Coalesce(tuple(operand(part, scope) for part in parts))


@operand.reads(exp.JSONSet, "this", "expressions")
def _json_set(node: exp.JSONSet, scope: Scope) -> nodes.Operand:
    rest = node.expressions
    if len(rest) < 2 or len(rest) % 2:
        raise ProgrammingError("json_set() takes a document, and then paths each with its value.")
    places = [((value(path, scope),), value(new, scope)) for path, new in zip(rest[::2], rest[1::2], strict=True)]
    return _changed(node.this, tuple(places), scope)


@operand.reads(exp.JSONRemove, "this", "expressions")
def _json_remove(node: exp.JSONRemove, scope: Scope) -> nodes.Operand:
    return _changed(node.this, tuple(((value(path, scope),), None) for path in node.expressions), scope)


def _changed(node: exp.Expr, places: tuple[tuple[nodes.Path, nodes.Value | None], ...], scope: Scope) -> nodes.Operand:
    target = operand(node, scope)
    if isinstance(target, nodes.JsonChange):
        return nodes.JsonChange(target.target, (*target.places, *places))
    return nodes.JsonChange(target, places)


@operand.reads(exp.Anonymous, "this", "expressions")
def _function(node: exp.Anonymous, scope: Scope) -> nodes.Operand:
    called, arguments = str(node.this).lower(), node.expressions
    match called:
        case "if_not_exists":
            _counted(called, arguments, 2)
            return _first_of(arguments, scope)
        case "list_append":
            _counted(called, arguments, 2)
            return nodes.ListAppend(operand(arguments[0], scope), operand(arguments[1], scope))
        case "set_add" | "set_remove":
            _counted(called, arguments, 2)
            return nodes.SetChange(operand(arguments[0], scope), value(arguments[1], scope), called == "set_remove")
        case _:
            raise unsupported(name_of(node))


def _counted(called: str, arguments: list[exp.Expr], count: int) -> None:
    if len(arguments) != count:
        raise ProgrammingError(f"{called}() takes {count} arguments; it was given {len(arguments)}.")
