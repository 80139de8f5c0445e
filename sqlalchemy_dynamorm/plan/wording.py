"""Predicates and values in SQL's words, for EXPLAIN and messages."""

from __future__ import annotations

from sqlalchemy_dynamorm.plan.predicates import (
    All,
    ColumnComparison,
    Comparison,
    Constant,
    FunctionTest,
    Membership,
    Pattern,
    PlaceTest,
    Predicate,
    Presence,
    SizeComparison,
    Some,
    ValueTest,
)
from sqlalchemy_dynamorm.sql import nodes


def show(predicate: Predicate) -> str:
    """A predicate in SQL's words."""
    match predicate:
        case All(parts):
            return " AND ".join(f"({show(part)})" if isinstance(part, Some) else show(part) for part in parts)
        case Some(parts):
            return " OR ".join(show(part) for part in parts)
        case Comparison() | ColumnComparison() | SizeComparison():
            return _compared(predicate)
        case FunctionTest(name, column, operand, negated):
            second = "" if operand is None else f", {value(operand)}"
            return f"{'NOT ' if negated else ''}{name}({column.name}{second})"
        case Membership(columns, items, negated):
            names = ", ".join(column.name for column in columns)
            left = names if len(columns) == 1 else f"({names})"
            listed = f":{items.name}" if isinstance(items, nodes.ParamList) else f"({len(items)} values)"
            return f"{left} {'NOT ' if negated else ''}IN {listed}"
        case Pattern(column, pattern, _, negated):
            return f"{column.name} {'NOT ' if negated else ''}LIKE {value(pattern)}"
        case PlaceTest():
            return _place(predicate)
        case Presence(column, present):
            return f"{column.name} IS {'NOT ' if present else ''}NULL"
        case Constant() | ValueTest():
            return _of_values(predicate)


def _of_values(part: Constant | ValueTest) -> str:
    if isinstance(part, Constant):
        return "true" if part.holds else "false"
    return f"{value(part.left)} {part.op}" + (f" {value(part.right)}" if part.right is not None else "")


def _place(test: PlaceTest) -> str:
    """A place in a document; values of other types than the one that is meant are sent too, and checked here."""
    path = "".join(f"[{value(each)}]" for each in test.path)
    second = "" if test.operand is None else f" {value(test.operand)}"
    return f"{test.column.name}{path} {test.op}{second}"


def _compared(part: Comparison | ColumnComparison | SizeComparison) -> str:
    match part:
        case ColumnComparison(left, op, right):
            return f"{left.name} {op} {right.name}"
        case SizeComparison(column, op, operand):
            return f"size({column.name}) {op} {value(operand)}"
        case Comparison(column, op, operand):
            return f"{column.name} {op} {value(operand)}"


def value(operand: nodes.Value) -> str:
    """An operand in SQL's words."""
    match operand:
        case nodes.Excluded():
            return f"excluded.{operand.column}"
        case nodes.Param(name):
            return f":{name}"
        case nodes.Literal(constant):
            return "NULL" if constant is None else repr(constant)
        case nodes.Concat(parts):
            return " || ".join(value(part) for part in parts)
        case nodes.CurrentTimestamp():
            return "CURRENT_TIMESTAMP"
        case nodes.Document(constant):
            return repr(constant)
        case nodes.NextValue(sequence):
            return f"nextval({sequence.name})"
