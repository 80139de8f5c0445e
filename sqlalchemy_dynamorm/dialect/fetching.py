"""``fetch()`` with ties or percent and DISTINCT ON, which SQLite has not, as conditions on window functions.

This is how SQLAlchemy's own dialects write a LIMIT for databases that have none: the SELECT becomes a query in FROM
with the position of each row, and the rows are chosen by it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.util import unwrap_label_reference

from sqlalchemy_dynamorm.dialect.refusal import refuse

_POSITION, _RANK, _COUNT, _FIRST = (f"dynamorm_{name}" for name in ("position", "rank", "count", "first"))


def by_position(select: Any) -> Any:
    """The SELECT that gives the same rows; itself where it asks for none of this."""
    options = {name for name, value in (select._fetch_clause_options or {}).items() if value}
    if select._distinct_on:
        return _distinct_on(select, options)
    return _fetched(select, options) if options else select


def _fetched(select: Any, options: set[str]) -> Any:
    """The rows up to a number or a part of them, and those that are tied with the last."""
    order = _order(select)
    if select._distinct:
        refuse("DISTINCT beside fetch() with ties or percent", "fetch from a subquery of the DISTINCT")
    if "with_ties" in options and not order:
        refuse("fetch() with ties and without ORDER BY", "nothing says what is tied; add order_by()")
    inner = _inner(
        select,
        sa.func.row_number().over(order_by=order or None).label(_POSITION),
        sa.func.rank().over(order_by=order or None).label(_RANK),
        sa.func.count().over().label(_COUNT),
    )
    position, last, every = (inner.c[name] for name in (_POSITION, _RANK, _COUNT))
    count, offset = select._fetch_clause, select._offset_clause
    reached = (last if "with_ties" in options else position) - (0 if offset is None else offset)
    # The last of n percent of the rows, rounded up, is the one before which there are less than n percent.
    among = (reached - 1) * 100 < count * every if "percent" in options else reached <= count
    outer = _outer(select, inner).where(among, count > 0)
    return outer if offset is None else outer.where(position > offset)


def _distinct_on(select: Any, options: set[str]) -> Any:
    """The first row by ORDER BY of all that have these values."""
    if options:
        refuse("DISTINCT ON beside fetch() with ties or percent", "fetch from a subquery of the DISTINCT ON")
    order = _order(select)
    inner = _inner(
        select,
        sa.func.row_number().over(order_by=order or None).label(_POSITION),
        sa.func.row_number().over(partition_by=list(select._distinct_on), order_by=order or None).label(_FIRST),
    )
    outer = _outer(select, inner).where(inner.c[_FIRST] == 1)
    return outer.limit(_either(select._limit_clause, select._fetch_clause)).offset(select._offset_clause)


def _either(limit: Any, fetch: Any) -> Any:
    return fetch if limit is None else limit


def _order(select: Any) -> list[Any]:
    return [unwrap_label_reference(term) for term in select._order_by_clause.clauses]  # type: ignore[no-untyped-call]


def _inner(select: Any, *positions: Any) -> Any:
    """The SELECT without what is made of it, with the positions of its rows."""
    if select._for_update_arg is not None:
        refuse("FOR UPDATE beside DISTINCT ON and fetch() with ties or percent", "lock the rows by their keys")
    bare = select._generate()
    bare._distinct, bare._distinct_on = False, ()
    return bare.fetch(None).limit(None).offset(None).order_by(None).add_columns(*positions).subquery()


def _outer(select: Any, inner: Any) -> Any:
    """The columns of the SELECT, in its order."""
    shown = [column for column in inner.c if column.key not in (_POSITION, _RANK, _COUNT, _FIRST)]
    return sa.select(*shown).order_by(inner.c[_POSITION])
