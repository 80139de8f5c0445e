"""Values and conditions to text, and the quoting of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, get_args

from sqlalchemy_dynamorm.errors import Unsupported, UnsupportedValue
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reserved import RESERVED

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def write_expression(node: nodes.Expression | nodes.ParamList) -> str:
    """The text of a value or a condition.

    :raises UnsupportedValue: a constant has no text: NaN, an infinity.
    :raises Unsupported: what only SQLite computes, of which just the original text is kept.
    """
    writer = _WRITERS.get(type(node))
    if writer is None:
        raise Unsupported(f"{getattr(node, 'what', type(node).__name__)} has no text that is written anew.")
    return writer(node)


def name(text: str) -> str:
    """A name, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.upper() not in RESERVED:
        return text
    return '"' + text.replace('"', '""') + '"'


def names(items: Iterable[str]) -> str:
    """Names with commas between."""
    return ", ".join(name(item) for item in items)


# --- values -----------------------------------------------------------------------------------------------------


def _literal(node: nodes.Literal) -> str:
    value = node.value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    if isinstance(value, str):
        return string(value)
    return _decimal(value) if isinstance(value, Decimal) else str(value)


def string(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise UnsupportedValue("A number that is not finite has no text in SQL.")
    text = str(value)
    # Without a point or an exponent it would be read as an integer.
    return text if "." in text or "E" in text else f"{text}E+0"


def _concat(node: nodes.Concat) -> str:
    return " || ".join(write_expression(part) for part in node.parts)


def _column(node: nodes.Column) -> str:
    return ".".join(name(part) for part in (node.schema, node.table, node.name) if part is not None)


def _sequence(node: nodes.TableName) -> str:
    return name(node.name) if node.schema is None else f"{name(node.schema)}.{name(node.name)}"


# --- conditions -------------------------------------------------------------------------------------------------


def _operand(node: nodes.Expression) -> str:
    return f"({write_expression(node)})" if isinstance(node, _CONDITIONS) else write_expression(node)


def _compare(node: nodes.Compare) -> str:
    return f"{_operand(node.left)} {node.op} {_operand(node.right)}"


def _same(node: nodes.Same, no: str = "NOT ") -> str:
    return f"{_operand(node.left)} IS {no}DISTINCT FROM {_operand(node.right)}"


def _call(node: nodes.Call) -> str:
    operand = "" if node.operand is None else f", {write_expression(node.operand)}"
    return f"{node.name}({_column(node.column)}{operand})"


def _between(node: nodes.Between, no: str = "") -> str:
    return f"{_operand(node.operand)} {no}BETWEEN {write_expression(node.low)} AND {write_expression(node.high)}"


def _in(node: nodes.In, no: str = "") -> str:
    columns = ", ".join(write_expression(column) for column in node.columns)
    left = columns if len(node.columns) == 1 else f"({columns})"
    if isinstance(node.items, nodes.ParamList):
        return f"{left} {no}IN ({write_expression(node.items)})"
    return f"{left} {no}IN ({', '.join(_row(row) for row in node.items)})"


def _row(row: tuple[nodes.Value, ...]) -> str:
    values = ", ".join(write_expression(value) for value in row)
    return values if len(row) == 1 else f"({values})"


def _like(node: nodes.Like, no: str = "") -> str:
    escape = "" if node.escape is None else f" ESCAPE {string(node.escape)}"
    return f"{_operand(node.operand)} {no}LIKE {write_expression(node.pattern)}{escape}"


def _is_null(node: nodes.IsNull, no: str = "") -> str:
    return f"{_operand(node.operand)} IS {no}NULL"


def _is_true(node: nodes.IsTrue, no: str = "") -> str:
    return f"{_operand(node.operand)} IS {no}TRUE"


_NEGATED: dict[type[Any], Callable[[Any, str], str]] = {
    nodes.Between: _between,
    nodes.In: _in,
    nodes.Like: _like,
    nodes.IsNull: _is_null,
    nodes.IsTrue: _is_true,
}


def _not(node: nodes.Not) -> str:
    if isinstance(node.operand, nodes.Same):
        return _same(node.operand, "")
    negated = _NEGATED.get(type(node.operand))
    return negated(node.operand, "NOT ") if negated else f"NOT {_operand(node.operand)}"


def _and(node: nodes.And) -> str:
    return " AND ".join(_operand(part) if isinstance(part, nodes.Or) else write_expression(part) for part in node.parts)


def _or(node: nodes.Or) -> str:
    return " OR ".join(write_expression(part) for part in node.parts)


_CONDITIONS: tuple[type[Any], ...] = get_args(nodes.Condition)

_WRITERS: dict[type[Any], Callable[[Any], str]] = {
    nodes.Param: lambda node: f":{node.name}",
    nodes.Excluded: lambda node: f"excluded.{name(node.column)}",
    nodes.ParamList: lambda node: f":{node.name}",
    nodes.Literal: _literal,
    nodes.Concat: _concat,
    nodes.CurrentTimestamp: lambda node: "CURRENT_TIMESTAMP",
    nodes.NextValue: lambda node: f"nextval({_sequence(node.sequence)})",
    nodes.Document: lambda node: string(node.text),
    nodes.Column: _column,
    nodes.CountRows: lambda node: "count(*)",
    nodes.Call: _call,
    nodes.Compare: _compare,
    nodes.Same: _same,
    nodes.Between: _between,
    nodes.In: _in,
    nodes.Like: _like,
    nodes.IsNull: _is_null,
    nodes.IsTrue: _is_true,
    nodes.Not: _not,
    nodes.And: _and,
    nodes.Or: _or,
}
