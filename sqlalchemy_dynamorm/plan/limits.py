"""What DynamoDB takes of a table's indexes, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.schema import Index

# Source: the DynamoDB developer guide, "Quotas"; the first can be raised on request, which moves the refusal there.
MAX_GLOBAL, MAX_LOCAL, MAX_HASH, MAX_RANGE, MAX_INCLUDED, MAX_INCLUDED_IN_ALL = 20, 5, 4, 4, 20, 100


def check_indexes(table: str, made: Sequence[Index], sort: str | None) -> None:
    """Check the indexes that a table is made with.

    :param table: its name, for messages.
    :param sort: its sort key.
    :raises ProgrammingError: a local index without a sort key, too many indexes or included columns.
    """
    where = f"Table {table!r}"
    local = [each for each in made if each.local]
    if local and sort is None:
        raise ProgrammingError(
            f"{where} has a local index and no sort key; DynamoDB wants a primary key of two columns."
        )
    counts = (
        (len(made) - len(local), MAX_GLOBAL, "global indexes"),
        (len(local), MAX_LOCAL, "local indexes"),
        (sum(len(each.include) for each in made), MAX_INCLUDED_IN_ALL, "included columns over all indexes"),
    )
    for count, most, what in counts:
        if count > most:
            raise ProgrammingError(f"{where} has {count} {what}; DynamoDB takes {most}.")
