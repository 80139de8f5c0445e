"""DynamoDB's own functions in a statement that SQLite runs: they ask what type is stored, which SQLite's values forget.

So each column that they ask about is read once more as it is stored, into a table beside that of its place in FROM, row
by row. In the text the function is given that value: ``(SELECT "a" FROM stored WHERE rowid = t.rowid)`` for ``t.a``.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.conditions import as_stored, measured
from sqlalchemy_dynamorm.plan.predicates import FunctionTest
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.scopes import Block, Occurrence
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.rewriting import quoted

_OF_SOME_TYPES = ("size", "begins_with", "contains")


def asked(call: nodes.Call, block: Block) -> tuple[Occurrence, Column]:
    """The place in FROM and the column that a function is of.

    :raises ProgrammingError: it is not for values of the column's type.
    :raises Unsupported: the column is that of a query in FROM, or of either side of a join.
    """
    found = block.resolve(call.column).bases
    if len(found) != 1 or not block.reads(call.column):
        raise Unsupported(
            f"{call.name}() of {call.column.name!r}, which is no column of a table in this FROM: DynamoDB's functions "
            "ask what is stored there; write it where the table is read."
        )
    occurrence, column = found[0]
    if call.name in _OF_SOME_TYPES:
        measured(call, lambda _: column)
    return occurrence, column


def tested(call: nodes.Call, column: Column) -> FunctionTest | None:
    """What a function looks for, to be checked before SQLite is given it."""
    if call.operand is None or call.name not in ("begins_with", "contains", "attribute_type"):
        return None
    kept = column if call.name in _OF_SOME_TYPES else as_stored(call, lambda _: column)
    return FunctionTest(call.name, kept, call.operand)


def value_of(occurrence: Occurrence, column: str, names: Mapping[str, str]) -> str:
    """The text of what a measured column stores.

    :param names: what SQLite calls names that it would confuse.
    """
    row = f"{quoted(names.get(occurrence.called, occurrence.called))}.rowid"
    value = quoted(names.get(column, column))
    return f"(SELECT {value} FROM {quoted(occurrence.stored)} AS dynamorm_stored WHERE rowid = {row})"
