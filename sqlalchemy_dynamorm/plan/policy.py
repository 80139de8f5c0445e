"""The scan policy: a statement that reads a whole table to answer for a part of it needs leave.

A table that is asked for whole (no WHERE, or one that is always true; ordered, counted) is what it says.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.plan.access import Choice
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Predicate, columns_of, conjuncts
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import ReadPlan, Scan


class ScanWarning(UserWarning):
    """A statement reads a whole table to answer for a part of it (``scan=warn``)."""


def check_scan(
    table: Table, where: Predicate, choice: Choice, options: PlanOptions, order: Iterable[Column], *, limited: bool
) -> None:
    """Ask the policy whether this choice may be run.

    :param order: the columns that are sorted locally.
    :param limited: a LIMIT keeps only some of the rows.
    :raises ScanRefused: under ``scan=refuse``; the message names the index that would serve and how to allow it.
    """
    sorted_part = [*order] if limited else []
    if not isinstance(choice.access, Scan) or options.scan == "allow" or not (any(columns_of(where)) or sorted_part):
        return
    _refuse(_refusal(table, where, choice, sorted_part, []), table, options)


def refuse_scan(table: Table, plan: ReadPlan, options: PlanOptions, joined: Iterable[str]) -> None:
    """Refuse a Scan for the local step of a statement that wants a part of the rows, or warn of it.

    :param joined: the columns that rows of other tables are joined by.
    :raises ScanRefused: as :func:`check_scan`.
    """
    columns = [column for column in joined if table.by_name[column].kind.key_type is not None]
    _refuse(_refusal(table, plan.where, plan, [], columns), table, options)


def _refuse(message: str, table: Table, options: PlanOptions) -> None:
    if options.scan == "warn":
        warnings.warn(message, ScanWarning, stacklevel=2)
    else:
        raise errors.ScanRefused(message, table=table.physical, operation="Scan")


def _refusal(table: Table, where: Predicate, found: Choice | ReadPlan, order: list[Column], joined: list[str]) -> str:
    reason = found.reason if any(columns_of(where)) else "no key or index serves it"
    lines = [
        f"This statement would read all of {table.name!r} to answer for a part of it: {reason}"
        + (", and an ORDER BY with LIMIT needs all rows." if order else ".")
    ]
    if found.passed_over:
        lines.append("Indexes passed over: " + "; ".join(found.passed_over) + ".")
    columns = _servable(where, order) or joined[:1]
    if columns:
        lines.append(_suggestion(table, columns))
    lines.append(
        "To allow it: execution_options(dynamodb_scan='allow') on the statement, or scan=allow in the engine's URL."
    )
    return " ".join(lines)


def _servable(where: Predicate, order: list[Column]) -> list[str]:
    equal = [
        column.name for part in conjuncts(where) for column in _equal_columns(part) if column.kind.key_type is not None
    ]
    # An item without a range column is not in an index, which then serves no ORDER BY.
    ordered = [column for column in order if column.kind.key_type is not None and not column.nullable]
    tail = [column.name for column in ordered if column.name not in equal]
    return [*dict.fromkeys(equal), *tail[:1]] if equal else []


def _equal_columns(part: Predicate) -> tuple[Column, ...]:
    if isinstance(part, Comparison) and part.op == "=":
        return (part.column,)
    if isinstance(part, Membership) and not part.negated and len(part.columns) == 1:
        return part.columns
    return ()


def _suggestion(table: Table, columns: list[str]) -> str:
    bare = table.name.rpartition(".")[2]
    index = f"ix_{bare}_{'_'.join(columns)}"
    quoted = ", ".join(f'"{name}"' for name in columns)
    attributes = ", ".join(f"{bare}.c.{name}" for name in columns)
    return (
        f'An index would serve it: Index("{index}", {attributes}), '
        f'in a migration op.create_index("{index}", "{bare}", [{quoted}]).'
    )
