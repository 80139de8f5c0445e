"""A condition of SQL to a predicate: negation pushed to the leaves, three-valued logic made two-valued.

In SQL a condition is true, false or unknown, and WHERE keeps what is true. DynamoDB knows only true and false, and
``x <> :v`` is true there where ``x`` is missing. So a condition is translated by two functions, :func:`when_true`
and :func:`when_false`; each leaf they give holds exactly when SQL's condition is known to be true (or false).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.predicates import (
    NEVER,
    ColumnComparison,
    Comparison,
    Constant,
    FunctionTest,
    Membership,
    Operator,
    Pattern,
    Predicate,
    Presence,
    SizeComparison,
    ValueTest,
    every,
    some,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.sql import nodes

Resolve = Callable[[nodes.Column], Column]

NEGATED: dict[Operator, Operator] = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
MIRRORED: dict[Operator, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
VALUES = (nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp)


def when_true(condition: nodes.Expression, resolve: Resolve) -> Predicate:
    """The predicate that holds exactly where the condition is true.

    :param resolve: a column as written to the table's column; raises what it does not know.
    :raises Unsupported: an expression that is no condition, or is not handled yet, by name.
    """
    match condition:
        case nodes.And(parts):
            return every(tuple(when_true(part, resolve) for part in parts))
        case nodes.Or(parts):
            return some(tuple(when_true(part, resolve) for part in parts))
        case nodes.Not(operand):
            return when_false(operand, resolve)
        case nodes.IsTrue(operand):
            return when_true(operand, resolve)
        case _:
            return _leaf(condition, resolve, negated=False)


def when_false(condition: nodes.Expression, resolve: Resolve) -> Predicate:
    """The predicate that holds exactly where the condition is false; see :func:`when_true`."""
    match condition:
        case nodes.And(parts):
            return some(tuple(when_false(part, resolve) for part in parts))
        case nodes.Or(parts):
            return every(tuple(when_false(part, resolve) for part in parts))
        case nodes.Not(operand):
            return when_true(operand, resolve)
        case nodes.IsTrue(operand):
            return _not_true(operand, resolve)
        case _:
            return _leaf(condition, resolve, negated=True)


def _not_true(operand: nodes.Expression, resolve: Resolve) -> Predicate:
    """``NOT (operand IS TRUE)``: false or unknown."""
    inner = operand.operand if isinstance(operand, nodes.Not) else operand
    match inner:
        case nodes.Column():
            column = inner
        case nodes.Compare(_, nodes.Column() as column, nodes.Literal(value)) if value is not None:
            pass
        case _:
            raise Unsupported("IS NOT TRUE of this is no condition of DynamoDB's; write it with IS NULL and OR.")
    return some((when_false(operand, resolve), Presence(_read(column, resolve), False)))


def _leaf(condition: nodes.Expression, resolve: Resolve, *, negated: bool) -> Predicate:
    match condition:
        case nodes.Compare(op, left, right):
            return _comparison(NEGATED[op] if negated else op, left, right, resolve)
        case nodes.Same(left, right):
            return _sameness(left, right, resolve, negated=negated)
        case nodes.Call():
            return _function(condition, resolve, negated=negated)
        case nodes.Between(operand, low, high):
            lower = _comparison("<" if negated else ">=", operand, low, resolve)
            upper = _comparison(">" if negated else "<=", operand, high, resolve)
            return (some if negated else every)((lower, upper))
        case nodes.In(columns, items):
            return Membership(tuple(_read(column, resolve) for column in columns), items, negated)
        case nodes.Like(operand, pattern, escape):
            return Pattern(_text_column(operand, resolve), pattern, escape, negated)
        case nodes.IsNull(operand):
            return _null_test(operand, resolve, negated=negated)
        case nodes.Column():
            return _truth(_read(condition, resolve), negated=negated)
        case nodes.Literal(value) if value is None or isinstance(value, int):
            return Constant(value is not None and bool(value) is not negated)
        case _:
            raise Unsupported(f"{_described(condition)} is no condition of DynamoDB's.")


def _truth(column: Column, *, negated: bool) -> Predicate:
    """A bare column: a Boolean says it itself, and a number is true where it is not 0."""
    flag, zero = Comparison(column, "=", nodes.Literal(not negated)), nodes.Literal(0)
    match column.kind:
        case Kind.BOOLEAN:
            return flag
        case Kind.INTEGER | Kind.DECIMAL | Kind.FLOAT | Kind.NUMBER:
            return Comparison(column, "=" if negated else "<>", zero)
        case Kind.ANY:
            # "<>" would also hold for values of other types.
            operators: tuple[Operator, ...] = ("=",) if negated else ("<", ">")
            return some((flag, *(Comparison(column, op, zero) for op in operators)))
        case kind:
            raise Unsupported(
                f"The column {column.name!r} holds {kind.value} values, which are neither true nor false; "
                "compare it with a value."
            )


def _comparison(op: Operator, left: nodes.Expression, right: nodes.Expression, resolve: Resolve) -> Predicate:
    if isinstance(left, VALUES):
        if isinstance(right, VALUES):
            return ValueTest(op, left, right)
        return _comparison(MIRRORED[op], right, left, resolve)
    if isinstance(left, nodes.Call) and isinstance(right, VALUES):
        return _function_compared(left, op, right, resolve)
    if isinstance(left, nodes.Column) and isinstance(right, VALUES):
        return Comparison(_read(left, resolve), op, right)
    if isinstance(left, nodes.Column) and isinstance(right, nodes.Column):
        return _columns(_read(left, resolve), op, _read(right, resolve))
    raise Unsupported(f"Comparing {_described(left)} with {_described(right)} is no condition of DynamoDB's.")


def _text_column(operand: nodes.Expression, resolve: Resolve) -> Column:
    if not isinstance(operand, nodes.Column):
        raise Unsupported(
            f"LIKE on {_described(operand)} is no condition of DynamoDB's; its left side must be a column."
        )
    column = resolve(operand)
    if column.kind not in (Kind.STRING, Kind.ANY):
        raise Unsupported(f"LIKE is for text; the column {column.name!r} holds {column.kind.value} values.")
    return column


def _null_test(operand: nodes.Expression, resolve: Resolve, *, negated: bool) -> Predicate:
    if isinstance(operand, nodes.Column):
        return Presence(_read(operand, resolve), negated)
    if isinstance(operand, VALUES):
        return ValueTest("is not null" if negated else "is null", operand)
    raise Unsupported(f"IS NULL on {_described(operand)} is no condition of DynamoDB's.")


def _read(written: nodes.Column, resolve: Resolve) -> Column:
    """The column as a condition reads it: of a JSON column, JSON null is a value."""
    column = resolve(written)
    return replace(column, nulls=True) if column.kind is Kind.DOCUMENT else column


def _columns(left: Column, op: Operator, right: Column) -> Predicate:
    if left == right:  # the service refuses to compare an attribute with itself
        return Presence(left, True) if op in ("=", "<=", ">=") else NEVER
    check_comparable(left, right)
    return ColumnComparison(left, op, right)


def check_comparable(left: Column, right: Column) -> None:
    """Refuse to compare columns whose values are of different types.

    :raises ProgrammingError: they are.
    """
    if Kind.ANY not in (left.kind, right.kind) and _stored_as(left) != _stored_as(right):
        raise ProgrammingError(
            f"The columns {left.name!r} and {right.name!r} hold {left.kind.value} and {right.kind.value} values, which "
            "are never equal and have no order; compare columns that are stored alike, or CAST one of them."
        )


def _stored_as(column: Column) -> object:
    epoch = column.kind in (Kind.EPOCH, Kind.EPOCH_MS)
    return column.moment, column.kind if epoch else column.kind.key_type or column.kind


def _sameness(left: nodes.Expression, right: nodes.Expression, resolve: Resolve, *, negated: bool) -> Predicate:
    """``left IS [NOT] DISTINCT FROM right``, never unknown: NULL is the same as NULL alone."""
    if right == _NULL:
        return _null_test(left, resolve, negated=negated)
    if left == _NULL:
        return _null_test(right, resolve, negated=negated)
    if isinstance(left, nodes.Column) and isinstance(right, nodes.Column) and resolve(left) == resolve(right):
        return Constant(not negated)
    left_null, right_null = _is_null(left, resolve, True), _is_null(right, resolve, True)
    if not negated:
        return some((_comparison("=", left, right, resolve), every((left_null, right_null))))
    left_there, right_there = _is_null(left, resolve, False), _is_null(right, resolve, False)
    different = _comparison("<>", left, right, resolve)
    return some((different, every((left_null, right_there)), every((left_there, right_null))))


_NULL = nodes.Literal(None)


def _is_null(operand: nodes.Expression, resolve: Resolve, null: bool) -> Predicate:
    """``operand IS [NOT] NULL``, decided where the schema or the text says."""
    test = _null_test(operand, resolve, negated=not null)
    constant = isinstance(operand, nodes.Literal) or (isinstance(test, Presence) and not test.column.nullable)
    return Constant(not null) if constant else test


def _described(expression: nodes.Expression) -> str:
    match expression:
        case nodes.Call(name):
            return f"{name}()"
        case nodes.CountRows():
            return "an aggregate (COUNT)"
        case nodes.Computed(what):
            return what
        case nodes.Subquery(_, exists):
            return "EXISTS (SELECT …)" if exists else "a query"
        case nodes.InQuery():
            return "IN (SELECT …)"
        case nodes.Param():
            return "a bound value"
        case nodes.Literal():
            return "a constant"
        case _:
            return "an expression"


# --- DynamoDB's functions ---------------------------------------------------------------------------------------

_MEASURED = (
    *(Kind.STRING, Kind.BINARY, Kind.DOCUMENT, Kind.LIST, Kind.ANY),
    *(Kind.STRING_SET, Kind.NUMBER_SET, Kind.BINARY_SET),
)


def _function(call: nodes.Call, resolve: Resolve, *, negated: bool) -> Predicate:
    match call.name:
        case "begins_with" | "contains":
            return FunctionTest(call.name, measured(call, resolve), call.operand, negated)
        case "attribute_exists" | "attribute_not_exists":
            return FunctionTest(
                "attribute_exists",
                as_stored(call, resolve),
                negated=negated is (call.name == "attribute_exists"),
            )
        case "attribute_type" if call.operand is not None:
            return FunctionTest("attribute_type", as_stored(call, resolve), call.operand, negated)
        case _:
            raise Unsupported(f"{call.name}() of a column alone is no condition; compare it with a value.")


def _function_compared(call: nodes.Call, op: Operator, operand: nodes.Value, resolve: Resolve) -> Predicate:
    if call.name == "size":
        return SizeComparison(measured(call, resolve), op, operand)
    if call.name == "attribute_type" and call.operand is None and op in ("=", "<>"):
        return FunctionTest("attribute_type", as_stored(call, resolve), operand, op == "<>")
    raise Unsupported(
        f"{call.name}() {op} a value is no condition of DynamoDB's; write the function alone, or NOT before it."
    )


def measured(call: nodes.Call, resolve: Resolve) -> Column:
    """The column of a function that is of some types alone.

    :raises ProgrammingError: the column is declared with another.
    """
    column = _read(call.column, resolve)
    if column.kind not in _MEASURED:
        raise ProgrammingError(
            f"{call.name}() is for text, binary values, documents and sets; the column {column.name!r} holds "
            f"{column.kind.value} values."
        )
    return column


def as_stored(call: nodes.Call, resolve: Resolve) -> Column:
    """The column whatever its items store, for the functions that ask just that."""
    return replace(resolve(call.column), kind=Kind.ANY, nulls=True)
