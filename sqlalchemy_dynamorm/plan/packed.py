"""A primary key of three and more columns: all but the first are packed, in order, in one hidden sort key.

The hidden attribute's name says what it packs, so that DescribeTable tells the whole key of a table that nobody
declared: ``__dynamorm_sort__.b.c``. How values are packed: :mod:`~sqlalchemy_dynamorm.run.packing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote

from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Kind, Table
from sqlalchemy_dynamorm.plan.steps import Access, Query

_PREFIX = "__dynamorm_sort__"
MAX_NAME = 255
"""Bytes of a key attribute's name (DynamoDB developer guide, "Quotas")."""


def packed_column(names: Sequence[str]) -> Column:
    """The hidden sort key that packs these columns, in this order."""
    escaped = (quote(name, safe="").replace(".", "%2E") for name in names)
    return Column(".".join([_PREFIX, *escaped]), Kind.BINARY, nullable=False, hidden=True)


def key_order(names: Sequence[str], partition: str | None, sort: str | None) -> tuple[str, ...]:
    """A primary key's columns, partition key first, then as written but for ``sort``, which goes before the others."""
    first = partition or next(name for name in names if name != sort)
    rest = [name for name in names if name != first]
    return (first, *sorted(rest, key=lambda name: name != sort))


def key_attributes(names: Sequence[str]) -> tuple[str, str | None, tuple[Column, ...], tuple[str, ...]]:
    """What holds a primary key of these columns: the partition key, the sort key, hidden columns, and packed names."""
    if not names:
        return HIDDEN_KEY, None, (Column(HIDDEN_KEY, Kind.STRING, nullable=False, hidden=True),), ()
    if len(names) < 3:
        return names[0], names[1] if len(names) == 2 else None, (), ()
    packed = tuple(names[1:])
    hidden = packed_column(packed)
    return names[0], hidden.name, (hidden,), packed


def packed_names(attribute: str) -> tuple[str, ...]:
    """The columns that an attribute of that name packs; none where it is an ordinary one."""
    prefix, *names = attribute.split(".")
    return tuple(map(unquote, names)) if prefix == _PREFIX else ()


def too_long(names: Sequence[str]) -> str | None:
    """Why no hidden sort key can be named after these columns, ``None`` where one can."""
    size = len(packed_column(names).name.encode())
    if len(names) < 2 or size <= MAX_NAME:
        return None
    return f"the names of its key columns are too long together: {size} bytes with their separators, of {MAX_NAME}"


def verified(table: Table, access: Access) -> tuple[Column, ...]:
    """What a read decodes besides, to see that no other writer changed a packed column in place.

    Nothing where an index is read that does not hold all of it.
    """
    partial = isinstance(access, Query) and access.index is not None and access.index.projection != "ALL"
    if not table.packed or table.sort is None or (partial and not access.complete):  # type: ignore[union-attr]
        return ()
    return tuple(table.by_name[name] for name in (*table.packed, table.sort))
