"""sqlglot's expressions to values and conditions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Union

from sqlglot import exp

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError
from sqlalchemy_dynamorm.sql import literals, nodes
from sqlalchemy_dynamorm.sql.closed_world import Closed, Scope, name_of, unsupported
from sqlalchemy_dynamorm.sql.grammar import tokens_of, tree_of

value: Closed[nodes.Value] = Closed("a value, which parameters and constants alone make up")
"""Read what can be computed without a row."""

expression: Closed[nodes.Expression] = Closed("a condition")
"""Read what needs a row, or a value."""

name: Closed[str] = Closed("a name")
"""Read an identifier."""

subquery: Closed[nodes.Relation] = Closed("a query")
"""Read a query in the place of an expression or of a table."""


@name.reads(exp.Identifier, "this", "quoted")
def _identifier(node: exp.Identifier, scope: Scope) -> str:
    if not node.name:
        raise SQLSyntaxError("A name in the statement is empty.")
    return node.name


# --- values -----------------------------------------------------------------------------------------------------


@value.reads(exp.Literal, "this", "is_string")
def _literal(node: exp.Literal, scope: Scope) -> nodes.Value:
    return nodes.Literal(node.name if node.is_string else literals.number(node.name))


@value.reads(exp.Neg, "this")
def _negative(node: exp.Neg, scope: Scope) -> nodes.Value:
    operand = node.this
    if not isinstance(operand, exp.Literal) or operand.is_string:
        raise unsupported("Arithmetic (-)")
    return nodes.Literal(literals.negative(operand.name))


@value.reads(exp.HexString, "this")
def _blob(node: exp.HexString, scope: Scope) -> nodes.Value:
    return nodes.Literal(literals.blob(node.name))


@value.reads(exp.Null)
def _null(node: exp.Null, scope: Scope) -> nodes.Value:
    return nodes.Literal(None)


@value.reads(exp.Boolean, "this")
def _boolean(node: exp.Boolean, scope: Scope) -> nodes.Value:
    return nodes.Literal(bool(node.this))


@value.reads(exp.CurrentTimestamp)
def _now(node: exp.CurrentTimestamp, scope: Scope) -> nodes.Value:
    return nodes.CurrentTimestamp()


@value.reads(exp.Placeholder, "this")
def _param(node: exp.Placeholder, scope: Scope) -> nodes.Value:
    if node.name in scope.lists:
        raise ProgrammingError(f"The parameter :{node.name} is a list; only IN takes one.")
    return nodes.Param(node.name)


@value.reads(exp.DPipe, "this", "expression", "safe")
def _concat(node: exp.DPipe, scope: Scope) -> nodes.Value:
    return nodes.Concat(tuple(value(part, scope) for part in _flat(node, exp.DPipe)))


@value.reads(exp.Column, "this", "table", "db")
def _excluded(node: exp.Column, scope: Scope) -> nodes.Value:
    found = column_or_excluded(node, scope)
    if isinstance(found, nodes.Column):
        raise unsupported(name_of(node), f"it cannot be read as {value.place}")
    return found


@value.reads(exp.Paren, "this")
def _value_in_parentheses(node: exp.Paren, scope: Scope) -> nodes.Value:
    return value(node.this, scope)


# --- expressions ------------------------------------------------------------------------------------------------

for _kind, (_handler, _arguments) in value.handlers.items():
    if _kind not in (exp.Paren, exp.Neg, exp.DPipe):
        expression.handlers[_kind] = _handler, _arguments


@expression.reads(exp.DPipe, "this", "expression", "safe")
def _joined(node: exp.DPipe, scope: Scope) -> nodes.Expression:
    parts = tuple(expression(part, scope) for part in _flat(node, exp.DPipe))
    if all(isinstance(part, VALUES) for part in parts):
        return value(node, scope)
    return nodes.Computed("The operator ||", parts)


@expression.reads(exp.Neg, "this")
def _minus(node: exp.Neg, scope: Scope) -> nodes.Expression:
    if isinstance(node.this, exp.Literal):
        return value(node, scope)
    return nodes.Computed("Arithmetic (-)", (expression(node.this, scope),), gives="same")


@expression.reads(exp.Paren, "this")
def _in_parentheses(node: exp.Paren, scope: Scope) -> nodes.Expression:
    return expression(node.this, scope)


@expression.reads(exp.Column, "this", "table", "db")
def _column(node: exp.Column, scope: Scope) -> nodes.Expression:
    return column_or_excluded(node, scope)


def column_or_excluded(node: exp.Column, scope: Scope) -> nodes.Column | nodes.Excluded:
    """A column of the row, or in DO UPDATE ``excluded.column``."""
    found = column(node, scope)
    if scope.excluded and found.schema is None and (found.table or "").lower() == "excluded":
        return nodes.Excluded.of(found.name)
    return found


def column(node: exp.Expr, scope: Scope) -> nodes.Column:
    """A column.

    :raises Unsupported: the node is anything else.
    """
    node = unwrapped(node)
    if type(node) is not exp.Column or isinstance(node.this, exp.Star):
        raise unsupported("An expression (or *) in the place of a column")
    table, schema, place = qualifier(node, scope)
    return nodes.Column(name(node.this, scope), table, schema, place)


def qualifier(node: exp.Column, scope: Scope) -> tuple[str | None, str | None, nodes.Place | None]:
    """The table and the schema of ``t.column`` or ``schema.t.column``, and where they stand."""
    if not node.args.get("table"):
        return None, None, None
    parts = [part for part in (node.args.get("db"), node.args["table"]) if part]
    table, schema = name(parts[-1], scope), name(parts[0], scope) if len(parts) > 1 else None
    return table, schema, place_of(parts[0], parts[-1])


def place_of(first: exp.Expr, last: exp.Expr) -> nodes.Place:
    """From the beginning of one identifier to the end of another."""
    return nodes.Place(first.meta["start"], last.meta["end"] + 1)


def unwrapped(node: exp.Expr) -> exp.Expr:
    """A node without the parentheses around it."""
    while type(node) is exp.Paren:
        node = node.this
    return node


_OPERATORS: dict[type[exp.Expr], Any] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


def _compare(node: exp.Binary, scope: Scope) -> nodes.Expression:
    return nodes.Compare(_OPERATORS[type(node)], expression(node.left, scope), expression(node.right, scope))


for _kind in _OPERATORS:
    expression.reads(_kind, "this", "expression")(_compare)


@expression.reads(exp.And, "this", "expression")
def _and(node: exp.And, scope: Scope) -> nodes.Expression:
    return nodes.And(tuple(expression(part, scope) for part in _flat(node, exp.And)))


@expression.reads(exp.Or, "this", "expression")
def _or(node: exp.Or, scope: Scope) -> nodes.Expression:
    return nodes.Or(tuple(expression(part, scope) for part in _flat(node, exp.Or)))


@expression.reads(exp.Not, "this")
def _not(node: exp.Not, scope: Scope) -> nodes.Expression:
    return nodes.Not(expression(node.this, scope))


@expression.reads(exp.Between, "this", "low", "high")
def _between(node: exp.Between, scope: Scope) -> nodes.Expression:
    operand, low, high = (expression(node.args[part], scope) for part in ("this", "low", "high"))
    if isinstance(low, VALUES) and isinstance(high, VALUES):
        return nodes.Between(operand, low, high)
    return nodes.Computed("BETWEEN with expressions", (operand, low, high), gives="truth")


VALUES = (nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp)
"""The nodes that are values."""


@expression.reads(exp.Like, "this", "expression", "negate")
def _like(node: exp.Like, scope: Scope) -> nodes.Expression:
    if "start" in node.meta:
        raise unsupported("The function like()", "the operator LIKE is there")
    return _like_with(node, None, scope)


@expression.reads(exp.Escape, "this", "expression")
def _escape(node: exp.Escape, scope: Scope) -> nodes.Expression:
    character = node.expression
    if type(node.this) is not exp.Like:
        raise unsupported("ESCAPE behind anything but LIKE")
    if type(character) is not exp.Literal or not character.is_string or len(character.name) != 1:
        raise unsupported("ESCAPE with anything but one character in quotes")
    expression.check(node.this)
    return _like_with(node.this, character.name, scope)


def _like_with(node: exp.Like, escape: str | None, scope: Scope) -> nodes.Expression:
    operand, pattern = expression(node.this, scope), expression(node.expression, scope)
    like: nodes.Expression = nodes.Computed("LIKE with an expression", (operand, pattern), gives="truth")
    if isinstance(pattern, VALUES):
        like = nodes.Like(operand, pattern, escape)
    return nodes.Not(like) if node.args.get("negate") else like


@expression.reads(exp.Is, "this", "expression")
def _is(node: exp.Is, scope: Scope) -> nodes.Expression:
    operand = expression(node.this, scope)
    if type(node.expression) is exp.Null:
        return nodes.IsNull(operand)
    if type(node.expression) is not exp.Boolean:
        return nodes.Same(operand, expression(node.expression, scope))
    return nodes.IsTrue(operand if node.expression.this else nodes.Not(operand))


@expression.reads(exp.NullSafeEQ, "this", "expression")
def _same(node: exp.NullSafeEQ, scope: Scope) -> nodes.Expression:
    # "x IS y", and "x IS NOT DISTINCT FROM y". "x IS TRUE" is another: it holds for 5.
    return nodes.Same(expression(node.this, scope), expression(node.expression, scope))


@expression.reads(exp.NullSafeNEQ, "this", "expression")
def _not_same(node: exp.NullSafeNEQ, scope: Scope) -> nodes.Expression:
    return nodes.Not(nodes.Same(expression(node.this, scope), expression(node.expression, scope)))


# --- DynamoDB's functions ---------------------------------------------------------------------------------------

_ARITIES: dict[str, tuple[int, ...]] = {
    "size": (1,),
    "attribute_exists": (1,),
    "attribute_not_exists": (1,),
    "attribute_type": (1, 2),
    "begins_with": (2,),
    "contains": (2,),
}
_COUNTS = {(1,): "a column", (2,): "a column and a value", (1, 2): "a column, and perhaps a value"}


def _call(called: Any, arguments: list[exp.Expr], scope: Scope) -> nodes.Expression:
    if len(arguments) not in _ARITIES[called]:
        takes = _COUNTS[_ARITIES[called]]
        raise ProgrammingError(f"{called}() takes {takes}; it was given {len(arguments)} arguments.")
    first, *rest = arguments
    found, name_ = column(first, scope), unwrapped(first).this
    place = place_of(name_, name_)
    if found.qualifier is not None:
        place = nodes.Place(found.qualifier.start, place.end)
    return nodes.Call(called, found, value(rest[0], scope) if rest else None, place)


def native_call(node: exp.Expr, scope: Scope) -> nodes.Expression | None:
    """One of DynamoDB's own functions, ``None`` for any other."""
    if isinstance(node, exp.Contains):
        return _call("contains", [part for part in (node.this, node.args.get("expression")) if part], scope)
    if isinstance(node, exp.Anonymous) and isinstance(node.this, str) and node.this.lower() in _ARITIES:
        return _call(node.this.lower(), node.expressions, scope)
    return None


# --- IN ---------------------------------------------------------------------------------------------------------


@expression.reads(exp.In, "this", "expressions", "field", "query")
def _in(node: exp.In, scope: Scope) -> nodes.Expression:
    operands = tuple(expression(part, scope) for part in _parts(node.this))
    if node.args.get("query") and not _is_empty_set(node.args["query"], len(operands)):
        return nodes.InQuery(operands, subquery(node.args["query"], scope))
    items = _items(node, len(operands), scope)
    columns = tuple(operand for operand in operands if isinstance(operand, nodes.Column))
    values = isinstance(items, nodes.ParamList) or all(isinstance(each, VALUES) for row in items for each in row)
    if len(columns) == len(operands) and values:
        return nodes.In(columns, items)  # type: ignore[arg-type]
    listed = (items,) if isinstance(items, nodes.ParamList) else tuple(each for row in items for each in row)
    return nodes.Computed("IN of an expression", (*operands, *listed), gives="truth")


Items = Union[nodes.ParamList, "tuple[tuple[nodes.Expression, ...], ...]"]


def _items(node: exp.In, width: int, scope: Scope) -> Items:
    if node.args.get("query"):
        return ()
    found = [node.args["field"]] if node.args.get("field") else node.expressions
    if len(found) == 1 and type(found[0]) is exp.Placeholder and found[0].name in scope.lists:
        return nodes.ParamList(found[0].name, width)
    if node.args.get("field"):
        raise ProgrammingError("IN needs a list in parentheses, or a parameter whose value is a list.")
    return tuple(_row(row, width, scope) for row in _rows(found))


def _rows(found: list[exp.Expr]) -> list[exp.Expr]:
    """The rows of ``IN (…)``; those of ``IN (VALUES …)`` are a level deeper."""
    if len(found) != 1 or type(found[0]) is not exp.Values:
        return found
    expression.check(found[0])
    return found[0].expressions


def _row(node: exp.Expr, width: int, scope: Scope) -> tuple[nodes.Expression, ...]:
    parts = tuple(expression(part, scope) for part in _parts(node))
    if len(parts) != width:
        raise ProgrammingError(f"IN compares rows of {width} with a row of {len(parts)}.")
    return parts


def _parts(node: exp.Expr) -> list[exp.Expr]:
    node = unwrapped(node)
    if type(node) is not exp.Tuple:
        return [node]
    expression.check(node)
    return node.expressions


@expression.reads(exp.Tuple, "expressions")
def _row_value(node: exp.Tuple, scope: Scope) -> nodes.Expression:
    return nodes.Computed("A row value", tuple(expression(part, scope) for part in node.expressions))


@expression.reads(exp.Values, "expressions")
def _values(node: exp.Values, scope: Scope) -> nodes.Expression:
    raise unsupported("VALUES outside IN and FROM")


@lru_cache(maxsize=8)
def _empty_set(width: int) -> exp.Expr:
    ones = ", ".join(["1"] * width)
    text = f"SELECT 1 IN (SELECT {ones} FROM (SELECT {ones}) WHERE 1!=1)"
    query: exp.Expr = tree_of(tokens_of(text), text).expressions[0].args["query"]
    return query


def _is_empty_set(query: exp.Expr, width: int) -> bool:
    """Whether this is the query that SQLAlchemy's SQLite compiler writes for the empty list."""
    return query == _empty_set(width)


def _flat(node: exp.Expr, kind: type[exp.Binary]) -> Iterator[exp.Expr]:
    """The operands of a chain from left to right, without recursion: a thousand of them are ordinary."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        inner = unwrapped(part)
        if type(inner) is kind:
            expression.check(inner)
            waiting += [inner.right, inner.left]
        else:
            yield part
