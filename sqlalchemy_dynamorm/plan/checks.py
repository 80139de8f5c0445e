"""CHECK constraints: what of a row violates each, as a predicate, or else as a SELECT that SQLite runs on the row.

A condition is judged as a WHERE is, exactly where it is a predicate. One that is not of the row alone, or that is of
another database's SQL, is not enforced; :attr:`CheckRule.why` says why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy_dynamorm.errors import NotSupportedError, ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.analysis import of_several_rows
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.local import plan_local
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import (
    All,
    Comparison,
    FunctionTest,
    Membership,
    Predicate,
    SizeComparison,
    Some,
    columns_of,
)
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import CheckConstraint, Column, Kind, Moment, Table
from sqlalchemy_dynamorm.plan.steps import CheckRule, LocalPlan
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.rewriting import quoted


def rules(table: Table, changed: frozenset[str] | None = None) -> tuple[CheckRule, ...]:
    """The CHECK constraints that may be violated where these columns change; ``None`` for all, of a new row."""
    found = tuple(_rule(table, each) for each in table.checks)
    return found if changed is None else tuple(rule for rule in found if rule.columns & changed)


def _rule(table: Table, constraint: CheckConstraint) -> CheckRule:
    try:
        violated = _violated(table, constraint.condition)
    except (ProgrammingError, NotSupportedError) as error:
        return CheckRule(constraint, frozenset(), why=str(error))
    columns = violated.feeds[0].columns if isinstance(violated, LocalPlan) else columns_of(violated)
    return CheckRule(constraint, frozenset(column.name for column in columns), violated)


def compared(rule: CheckRule) -> Column | None:
    """The one column that a condition only compares with numbers: of a sum of it the condition is one of it, too."""
    if rule.violated is None or isinstance(rule.violated, LocalPlan):
        return None
    leaves = tuple(_leaves(rule.violated))
    columns = {leaf.column for leaf in leaves if isinstance(leaf, Comparison) and _is_number(leaf.operand)}
    alone = len(columns) == 1 and all(isinstance(leaf, Comparison) and _is_number(leaf.operand) for leaf in leaves)
    column = columns.pop() if alone else None
    return column if column is not None and column.kind in (Kind.INTEGER, Kind.DECIMAL) else None


def _is_number(value: nodes.Value) -> bool:
    return isinstance(value, nodes.Literal) and isinstance(value.value, int | Decimal)


def _violated(table: Table, condition: str) -> Predicate | LocalPlan:
    """Where a condition is false: one that is NULL holds."""
    called = table.name.rpartition(".")[2]
    # On a line of its own, for what may end in a comment.
    text = f"SELECT ({condition}\n) IS FALSE FROM {quoted(called)}"
    query = read(text)
    if not isinstance(query, nodes.Select) or len(query.outputs) != 1:
        raise Unsupported("It is not one condition.")
    (output,) = query.outputs
    assert isinstance(output, nodes.Output)
    assert isinstance(query.source, nodes.TableName)
    _check_of_row(output.expression)
    predicate = _predicate(output.expression, Names(table, query.source))
    if predicate is not None:
        return predicate
    return plan_local(query, text, lambda _: table, PlanOptions(), "a CHECK constraint is judged", {}, frozenset())


def _check_of_row(expression: nodes.Expression) -> None:
    """:raises Unsupported: it is not of the row alone, or means another thing elsewhere."""
    if of_several_rows(expression):
        raise Unsupported("An aggregate or a window is of several rows, and a CHECK of one.")
    for part in _all_in(expression):
        match part:
            case nodes.Subquery() | nodes.InQuery():
                raise Unsupported("A query in a CHECK is of other rows, which may change without it.")
            case nodes.Param() | nodes.NextValue() | nodes.In(_, nodes.ParamList()):
                raise Unsupported("A parameter or a number of a sequence in a CHECK is none of the row's values.")
            case nodes.Like(_, nodes.Literal(str() as pattern), None) if "\\" in pattern:
                raise Unsupported("A backslash in LIKE without ESCAPE means different things; write ESCAPE '\\'.")


def _all_in(expression: nodes.Expression) -> Iterator[nodes.Expression]:
    yield expression
    for part in nodes.parts_of(expression):
        yield from _all_in(part)


# --- as a predicate ---------------------------------------------------------------------------------------------


def _predicate(condition: nodes.Expression, names: Names) -> Predicate | None:
    """The predicate that a condition is, ``None`` where SQLite has to judge."""
    try:
        found = when_true(condition, names.resolve)
    except Unsupported:
        return None
    return found if all(map(_is_exact, _leaves(found))) else None


def _leaves(predicate: Predicate) -> Iterator[Predicate]:
    if isinstance(predicate, All | Some):
        for part in predicate.parts:
            yield from _leaves(part)
    else:
        yield predicate


def _is_exact(leaf: Predicate) -> bool:
    """Whether columns are compared with values of their own kind alone: others SQLite converts, and we do not."""
    match leaf:
        case Comparison(column, _, operand):
            return _is_of(operand, column)
        case Membership(columns, items) if not isinstance(items, nodes.ParamList):
            return all(_is_of(value, column) for row in items for value, column in zip(row, columns, strict=True))
        case SizeComparison(column, _, operand):
            return _is_of(operand, Column(column.name, Kind.INTEGER))
        case FunctionTest("begins_with" | "contains", column, operand) if operand is not None:
            return _is_of(operand, column)
        case _:
            return True


_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.NUMBER)
_TEXTS = (Kind.STRING, Kind.EPOCH, Kind.EPOCH_MS)


def _is_of(value: nodes.Value, column: Column) -> bool:
    match value:
        case nodes.Literal(None):
            return True
        case nodes.Literal(bool()):
            return column.kind is Kind.BOOLEAN
        case nodes.Literal(str()) | nodes.Concat():
            return column.kind in _TEXTS
        case nodes.Literal(bytes()):
            return column.kind is Kind.BINARY
        case nodes.Literal():
            return column.kind in _NUMBERS
        case nodes.CurrentTimestamp():
            return column.moment in (Moment.DATETIME, Moment.UTC_DATETIME)
        case _:
            return False
