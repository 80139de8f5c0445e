"""Which indexes a statement may use: those whose hash key it gives and that lose none of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy_dynamorm.errors import Error, NotSupportedError, ProgrammingError, UndefinedIndex
from sqlalchemy_dynamorm.plan.key_conditions import key_query
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.predicates import (
    All,
    ColumnComparison,
    Comparison,
    Membership,
    Pattern,
    Predicate,
    Presence,
    SizeComparison,
    Some,
)
from sqlalchemy_dynamorm.plan.schema import Index, Table
from sqlalchemy_dynamorm.plan.steps import Query


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an index may not be used, and the error that says so to one who asks for it."""

    why: str
    error: type[Error] = ProgrammingError


def index_query(
    table: Table, index: Index, parts: Sequence[Predicate], wanted: frozenset[str], options: PlanOptions
) -> Query | Refusal:
    """The Query of an index, or why it may not be used.

    :param wanted: every column that is shown, checked or sorted by.
    """
    if options.consistent_read == "true" and not index.local:
        why = "consistent_read=true, and a global index is never strongly consistent"
        return Refusal(why, NotSupportedError)
    query = key_query(index.hash, index.range, parts, index)
    if query is None:
        return Refusal(f"its hash key ({', '.join(index.hash)}) is not given")
    if (table.physical, index.physical) in options.aside:
        return Refusal("the service says that it is not there or still being built", UndefinedIndex)
    for name in index.range:
        if not _always_there(table, name, parts):
            return Refusal(f"items without {name!r} are not in it, and the WHERE does not exclude them")
    covered = index.projection == "ALL" or wanted <= {*index.key, *table.key, *index.include}
    verify = options.index_read == "verify" and not index.local
    return replace(query, complete=not covered or verify, verify=verify)


def hinted_query(table: Table, parts: Sequence[Predicate], wanted: frozenset[str], options: PlanOptions) -> Query:
    """The Query of the index that the statement names.

    :raises UndefinedIndex: the table has no such index; the message names those it has.
    :raises ProgrammingError: the WHERE does not give its hash key, or rows that it keeps are not in the index.
    :raises NotSupportedError: it is a global index, and ``consistent_read=true``.
    """
    index = next((one for one in table.indexes if options.index in (one.name, one.physical)), None)
    if index is None:
        names = ", ".join(repr(one.name) for one in table.indexes)
        known = f"it has {names}" if names else "it has none"
        raise UndefinedIndex(f"{table.name!r} has no index {options.index!r}; {known}.", table=table.physical)
    found = index_query(table, index, parts, wanted, options)
    if isinstance(found, Query):
        return found
    raise found.error(
        f"The index {index.name!r} cannot be used as the hint says: {found.why}. "
        "Leave the hint out, or change the statement.",
        table=table.physical,
    )


def _always_there(table: Table, name: str, parts: Sequence[Predicate]) -> bool:
    column = table.column(name)
    if column is not None and not column.nullable:
        return True
    return any(_rejects_null(part, name) for part in parts)


def _rejects_null(part: Predicate, name: str) -> bool:
    match part:
        case Comparison(column) | SizeComparison(column) | Pattern(column):
            return column.name == name
        case ColumnComparison(left, _, right):
            return name in (left.name, right.name)
        case Presence(column, present):
            return present and column.name == name
        case Membership(columns, _, negated):
            return not negated and name in {column.name for column in columns}
        case All(parts):
            return any(_rejects_null(one, name) for one in parts)
        case Some(parts):
            return all(_rejects_null(one, name) for one in parts)
        case _:
            return False
