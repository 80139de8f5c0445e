"""Rows judged by CHECK constraints: before anything is sent of an INSERT, and of an UPDATE on the row as it is set."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy_dynamorm.errors import CheckViolation, Error, UnsupportedValue
from sqlalchemy_dynamorm.plan.checks import compared, rules
from sqlalchemy_dynamorm.plan.conditions import NEGATED
from sqlalchemy_dynamorm.plan.predicates import All, Comparison, Predicate, Some, columns_of, every, some
from sqlalchemy_dynamorm.plan.schema import CheckConstraint, Column, Table
from sqlalchemy_dynamorm.plan.steps import CheckRule, LocalPlan
from sqlalchemy_dynamorm.run.bind import Bound, present
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.edits import Add, Edits, total
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.local import computed_of
from sqlalchemy_dynamorm.run.values import Item, whole
from sqlalchemy_dynamorm.run.writing import Check
from sqlalchemy_dynamorm.sql import nodes

LOGGER = logging.getLogger("sqlalchemy_dynamorm")
_SHOWN = 200
"""Characters of a condition that a message shows: a list of values may be long."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A CHECK constraint with what decodes its columns, made once and used on any rows."""

    table: Table
    rule: CheckRule
    fields: tuple[Column, ...] = field(init=False)
    decoder: RowDecoder = field(init=False)

    def __post_init__(self) -> None:
        violated = self.rule.violated
        assert violated is not None
        read = violated.feeds[0].columns if isinstance(violated, LocalPlan) else tuple(columns_of(violated))
        object.__setattr__(self, "fields", tuple(dict.fromkeys(read)))
        object.__setattr__(self, "decoder", RowDecoder(self.fields))

    def violated(self, items: Sequence[Item], now: str) -> list[bool]:
        """Of each item, whether the condition is false of it.

        :param now: the moment of the statement.
        :raises UnsupportedValue: a number that SQLite could only compute with inexactly.
        :raises DataError: it cannot be computed of an item.
        """
        rows, values = [self.decoder.row(item) for item in items], Bound({}, now)
        if isinstance(self.rule.violated, LocalPlan):
            # One table without ORDER BY: SQLite gives its rows as they were put in.
            return [bool(violated) for found in computed_of(self.rule.violated, rows, values) for (violated,) in found]
        assert self.rule.violated is not None
        test = checker(self.rule.violated, self.fields, values)
        return [test(row) for row in rows]

    def kept(self, edits: Edits, values: Bound) -> Check | None:
        """What the stored number must satisfy not to violate the constraint once it is increased: a condition of the
        write, so that nothing is to be read or pinned. ``None`` where that is not what is done, or not all it is of.

        :param edits: what is done to the row.
        """
        column = compared(self.rule)
        edit = None if column is None else edits.get(column.name)
        if column is None or not isinstance(edit, Add) or edit.base is not None or not edit.writable:
            return None
        assert self.rule.violated is not None
        assert not isinstance(self.rule.violated, LocalPlan)
        try:
            return Check(_before(self.rule.violated, edit), values, constraint=True)
        except UnsupportedValue:  # a bound of more than 38 digits
            return None

    def violation(self) -> CheckViolation:
        """The error that it is violated."""
        what = called(self.rule.constraint, self.table)
        return CheckViolation(f"{what}: the row does not satisfy it.", table=self.table.physical)


def _before(violated: Predicate, edit: Add) -> Predicate:
    """Where a predicate will not hold of a number that is there, once it is increased."""
    match violated:
        case All(parts):
            return some(tuple(_before(part, edit) for part in parts))
        case Some(parts):
            return every(tuple(_before(part, edit) for part in parts))
        case Comparison(column, op, nodes.Literal(int() | Decimal() as value)):
            bound = total(Decimal(value), -edit.number, column)
            return Comparison(column, NEGATED[op], nodes.Literal(whole(bound)))
        case _:
            raise AssertionError("the planner says that it is of comparisons alone")


def called(constraint: CheckConstraint, table: Table) -> str:
    """A constraint as messages name it."""
    name = f" {constraint.name!r}" if constraint.name else ""
    condition = constraint.condition
    shown = condition if len(condition) <= _SHOWN else f"{condition[:_SHOWN]}…"
    return f"The CHECK constraint{name} on {table.name!r} ({shown})"


def judges(table: Table, rules: Iterable[CheckRule]) -> tuple[Judge, ...]:
    """The judges of the constraints that are enforced; why another one is not is logged, once a process."""
    found: list[Judge] = []
    for rule in rules:
        why = rule.why or _refused(table, rule)
        if why:
            _tell(table, rule.constraint, why)
        else:
            found.append(Judge(table, rule))
    return tuple(found)


def tell_of_unenforced(table: Table) -> None:
    """Log which of the constraints that a table is made with are not enforced; see :func:`judges`."""
    judges(table, rules(table))


def _refused(table: Table, rule: CheckRule) -> str:
    """Why a condition cannot be judged, which is tried on no row: this SQLite may lack a function; ``""`` if it can."""
    try:
        Judge(table, rule).violated([], present())
    except Error as error:
        return str(error)
    return ""


_told: set[tuple[str, CheckConstraint]] = set()


def _tell(table: Table, constraint: CheckConstraint, why: str) -> None:
    if (table.name, constraint) not in _told:
        _told.add((table.name, constraint))
        LOGGER.warning("%s is declared only, and not enforced. %s", called(constraint, table), why)


def violations(judges: Sequence[Judge], items: Sequence[Item], now: str) -> dict[int, CheckViolation]:
    """The items that violate a constraint, by their positions, each with the first that it violates."""
    found: dict[int, CheckViolation] = {}
    for judge in judges:
        for at, violated in enumerate(judge.violated(items, now)):
            if violated:
                found.setdefault(at, judge.violation())
    return found
