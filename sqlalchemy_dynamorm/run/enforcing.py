"""What a table's rows must hold before a constraint of them can be declared: unique values, a value in each row, and
the condition of a CHECK.

Everything is looked at before anything is changed, as SQL does it. Rows that other programs write meanwhile, which do
not know of the constraint yet, are theirs to check: on a table in use declare it in the programs first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import CheckViolation, NotNullViolation, UniqueViolation
from sqlalchemy_dynamorm.plan.checks import rules
from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.plan.schema import CheckConstraint, Table
from sqlalchemy_dynamorm.run.bind import present
from sqlalchemy_dynamorm.run.checking import Judge, called, judges
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.reconcile import Report, reconcile
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.waiting import Patience
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class Enforcing:
    """A change of what is declared, and the table whose rows must hold it.

    :ivar system: the system table's physical name.
    """

    before: nodes.CreateTable
    after: nodes.CreateTable
    physical: str
    system: str
    separator: str

    def table(self, node: nodes.CreateTable) -> Table:
        """A definition as the table that is there."""
        return replace(table_of(node, self.separator), physical=self.physical, system=self.system)


def enforce(change: Enforcing, patience: Patience) -> Asking[None]:
    """Check the rows, and make the guards of unique constraints that are new.

    :raises NotNullViolation: rows have no value in a column that becomes NOT NULL.
    :raises CheckViolation: of rows the condition of a CHECK constraint is false.
    :raises UniqueViolation: rows have the same values in the columns of a unique constraint.
    """
    table = change.table(change.after)
    for name in _not_null(change):
        yield from _check_values(table, name)
    yield from _check_conditions(table, change.table(change.before).checks)
    known = {frozenset(unique.columns) for unique in change.table(change.before).uniques}
    new = tuple(unique for unique in table.uniques if frozenset(unique.columns) not in known)
    if new:
        yield from _make_guards(replace(table, uniques=new), change.system, patience)


def _not_null(change: Enforcing) -> Iterator[str]:
    before = {column.name for column in change.before.columns if column.not_null}
    for column in change.after.columns:
        if column.not_null and column.name not in {*before, *change.after.primary_key}:
            yield column.name


def _check_values(table: Table, column: str) -> Asking[None]:
    params: dict[str, Any] = {
        "TableName": table.physical,
        "Select": "COUNT",
        "FilterExpression": "attribute_not_exists(#0) OR attribute_type(#0, :0)",
        "ExpressionAttributeNames": {"#0": column},
        "ExpressionAttributeValues": {":0": {"S": "NULL"}},
        "ConsistentRead": True,
    }
    after: Item | None = {}
    while after is not None:
        body = yield Request("Scan", {**params, **({"ExclusiveStartKey": after} if after else {})})
        if msgspec.json.decode(body)["Count"]:
            raise NotNullViolation(
                f"Rows of {table.name!r} have no value in {column!r}, so it cannot be NOT NULL; nothing was changed. "
                "Leave NOT NULL out, give those rows a value, then "
                f"ALTER TABLE {table.name} ALTER COLUMN {column} SET NOT NULL.",
                table=table.physical,
            )
        after = last_key(body)


def _check_conditions(table: Table, known: Sequence[CheckConstraint]) -> Asking[None]:
    """Judge all rows by the CHECK constraints that are new, in one reading of them."""
    conditions = {each.condition for each in known}
    new = judges(table, [rule for rule in rules(table) if rule.constraint.condition not in conditions])
    if not new:
        return
    now, counts = present(), [0] * len(new)
    after: Item | None = {}
    while after is not None:
        body = yield _page(table, new, after)
        items = wire_items(body)
        counts = [count + sum(judge.violated(items, now)) for judge, count in zip(new, counts, strict=True)]
        after = last_key(body)
    for judge, count in zip(new, counts, strict=True):
        if count:
            raise CheckViolation(
                f"{called(judge.rule.constraint, table)} is false of {count} of its rows, so it was not added; nothing "
                "was changed. Correct or delete those rows first.",
                table=table.physical,
            )


def _page(table: Table, judges: Sequence[Judge], after: Item) -> Request:
    """A page of all rows, of what these judges read of them."""
    placeholders = Placeholders()
    read = placeholders.projection(sorted({name for judge in judges for name in judge.rule.columns}))
    params: dict[str, Any] = {"TableName": table.physical, "ConsistentRead": True, **read}
    return Request("Scan", placeholders.into({**params, **({"ExclusiveStartKey": after} if after else {})}))


def _make_guards(table: Table, system: str, patience: Patience) -> Asking[None]:
    def progress(report: Report) -> None:
        patience.tell(f"{table.physical}: unique values of {report.rows} rows")

    for apply in (False, True):
        report = yield from reconcile(_uncounted(table), system, apply=apply, progress=progress)
        if report.duplicates:
            names = dict.fromkeys(", ".join(columns) for columns, _, _ in report.duplicates)
            raise UniqueViolation(
                f"{len(report.duplicates)} rows of {table.name!r} have values that another row has in the columns of a "
                f"unique constraint ({'; '.join(names)}); the constraint was not added. Change or delete them first.",
                table=table.physical,
            )


def _uncounted(table: Table) -> Table:
    """The table without numbered columns: their counters are no business of a constraint."""
    return replace(table, columns=tuple(replace(column, autoincrement=False) for column in table.columns))
