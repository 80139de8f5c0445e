"""The order of rows that a statement does not order and DynamoDB does not either: that of the primary key.

A Scan, a BatchGetItem and Queries side by side give rows as their keys hash, so a table that grows shuffles them. SQL
allows that, but people read what comes in the order of the key in SQLite and MySQL, and tests compare it.
"""

from __future__ import annotations

from sqlalchemy_dynamorm.plan.steps import BatchGetItem, Field, Query, ReadPlan, Scan


def key_order(plan: ReadPlan) -> tuple[int, ...]:
    """Where the key's columns stand in the result, to sort its rows by them when all have been read.

    Empty where the rows have an order already, and where the result does not hold the whole key. A LIMIT keeps the
    first rows that come, so that pages of it fit together; those it keeps are sorted.
    """
    table = plan.table
    if table is None or plan.sort or plan.count or _has_order(plan):
        return ()
    shown = [
        plan.projection.fields[each.position] if isinstance(each, Field) else None for each in plan.projection.outputs
    ]
    keys = [table.by_name[name] for name in table.key_columns]
    return tuple(map(shown.index, keys)) if all(key in shown for key in keys) else ()


def _has_order(plan: ReadPlan) -> bool:
    """Whether the access gives an order: one partition's, of the range attributes."""
    match plan.access:
        case Query() as query if query.single:
            return not query.of_global_index or bool(query.index and query.index.range)
        case Query() | Scan() | BatchGetItem():
            return False
    return True
