"""``foreign_keys=check``: which foreign keys a statement must keep, and which it cannot and so does not run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.scopes import Tables
from sqlalchemy_dynamorm.sql import nodes


def enforced(tables: Tables, options: PlanOptions) -> Tables:
    """What tables' names stand for, with their foreign keys where these are checked, and without where not."""
    if options.foreign_keys == "check":
        return tables

    def unchecked(name: nodes.TableName) -> Table:
        table = tables(name)
        return replace(table, references=(), referrers=()) if table.references or table.referrers else table

    return unchecked


def check_references(table: Table, written: Iterable[str] | None = None) -> None:
    """Refuse to write columns of a foreign key that cannot be checked.

    :param written: the columns that an UPDATE sets; ``None`` for all.
    :raises Unsupported: its parent cannot be looked for by key, and why.
    """
    names = None if written is None else {*written}
    for reference in table.references:
        if reference.parent is None and (names is None or names & {*reference.columns}):
            raise Unsupported(
                f"The foreign key of {table.name!r} over {', '.join(reference.columns)} cannot be checked: "
                f"{reference.why}. {_WAY_OUT}"
            )


def check_referrers(table: Table) -> None:
    """Refuse to delete rows, or to change their keys, where it cannot be checked that nothing refers to them.

    It can where the one row that may is known by its key: commit checks that it is not there. Several can only be
    looked for, and one may come between the look and the commit (docs/decisions/0014).

    :raises Unsupported: others may refer to them, and who.
    """
    several = sorted({each.name for each in table.referrers if each.child is None})
    if several:
        raise Unsupported(
            f"Rows of {', '.join(several)} may refer to what is deleted of {table.name!r}, or gets another key, and "
            "that cannot be checked: they can be looked for, and a new one may come between the look and the commit. "
            f"Delete those rows first. {_WAY_OUT}"
        )


_WAY_OUT = "To write it unchecked: execution_options(dynamodb_foreign_keys='declare')."
