"""A condition that DynamoDB cannot be asked, as one that it can, and that holds at least wherever the first is true.

SQLite judges the rows by the whole condition, so a wider one may go to the service in its place: fewer rows come back.
It is what becomes of the places in documents, since JSON_EXTRACT and CAST say more than a document path can.
"""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.conditions import MIRRORED, NEGATED, VALUES, Resolve, when_true
from sqlalchemy_dynamorm.plan.kinds import kind_of, type_name
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Operator, PlaceTest, Predicate, ReadAs, every, some
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.sql import nodes


def widened(condition: nodes.Expression, resolve: Resolve) -> Predicate:
    """A predicate that holds wherever the condition is true; ``ALWAYS`` where nothing narrower is known.

    :param resolve: as of :func:`~.conditions.when_true`.
    """
    match condition:
        case nodes.And(parts):
            return every(tuple(widened(part, resolve) for part in parts))
        case nodes.Or(parts):
            return some(tuple(widened(part, resolve) for part in parts))
    try:
        return when_true(condition, resolve)
    except Unsupported:  # SQLite computes it
        return _of_place(condition, resolve, negated=False) or ALWAYS


def _of_place(condition: nodes.Expression, resolve: Resolve, *, negated: bool) -> Predicate | None:
    """A condition on a place in a document, or the negation of one; ``None`` for any other."""
    match condition:
        case nodes.Not(operand):
            return _of_place(operand, resolve, negated=not negated)
        case nodes.IsTrue(operand) if not negated:
            return _of_place(operand, resolve, negated=False)
        case nodes.Compare(op, left, right):
            return _compared(NEGATED[op] if negated else op, left, right, resolve)
        case nodes.Between(operand, low, high) if not negated:
            bounds = (_compared(">=", operand, low, resolve), _compared("<=", operand, high, resolve))
            return None if None in bounds else every(tuple(bound for bound in bounds if bound is not None))
        case nodes.Like(operand, pattern, escape) if not negated:
            place = _place(operand, resolve)
            return None if place is None else PlaceTest(*place, "LIKE", pattern, escape)
        case nodes.IsNull(operand):
            return _there(operand, resolve) if negated else None
        case nodes.Computed("IN of an expression", (operand, *_)) if not negated:
            return _there(operand, resolve)
        case nodes.Computed():
            return _compared("=", condition, nodes.Literal(not negated), resolve)
        case _:
            return None


def _compared(op: Operator, left: nodes.Expression, right: nodes.Expression, resolve: Resolve) -> PlaceTest | None:
    if isinstance(left, VALUES):
        op, left, right = MIRRORED[op], right, left
    place = _place(left, resolve)
    return PlaceTest(*place, op, right) if place is not None and isinstance(right, VALUES) else None


def _there(operand: nodes.Expression, resolve: Resolve) -> PlaceTest | None:
    """Something is at a place; ``None`` where the operand is its JSON text, which of nothing is ``null``."""
    place = _place(operand, resolve)
    return None if place is None or place[2] == "document" else PlaceTest(*place, "IS NOT NULL")


def _place(expression: nodes.Expression, resolve: Resolve) -> tuple[Column, tuple[nodes.Value, ...], ReadAs] | None:
    """The column, the path, and what the value there is read as; ``None`` for what is no place."""
    read_as: ReadAs = "any"
    match expression:
        case nodes.Computed("json_quote()", (inner,)):
            read_as, expression = "document", inner
        case nodes.Computed(what, (inner,)) if what.startswith(nodes.CAST):
            found = _read_as(what[len(nodes.CAST) :])
            if found is None:
                return None
            read_as, expression = found, inner
    path = _path(expression, resolve)
    return None if path is None else (*path, read_as)


def _read_as(written: str) -> ReadAs | None:
    """What a cast to this type makes of a value; ``None`` where that is another text, as of a date."""
    name = type_name(written)
    return None if name.name.startswith(("DATE", "TIME")) else _READ_AS.get(kind_of(name))


_READ_AS: dict[Kind, ReadAs] = {
    Kind.STRING: "text",
    Kind.INTEGER: "integer",
    Kind.BOOLEAN: "number",
    Kind.DECIMAL: "number",
    Kind.FLOAT: "number",
}


def _path(expression: nodes.Expression, resolve: Resolve) -> tuple[Column, tuple[nodes.Value, ...]] | None:
    """``json_extract(column, path)``, also of what was extracted before, which SQLAlchemy puts into json_quote()."""
    match expression:
        case nodes.Computed("json_extract()", (nodes.Column() as written, path)) if isinstance(path, VALUES):
            column = resolve(written)
            return (column, (path,)) if column.kind is Kind.DOCUMENT else None
        case nodes.Computed("json_extract()", (nodes.Computed("json_quote()", (inner,)), path)):
            outer = _path(inner, resolve)
            return (outer[0], (*outer[1], path)) if outer is not None and isinstance(path, VALUES) else None
        case _:
            return None
