"""``python -m sqlalchemy_dynamorm reconcile``: guards and counters of all declared tables, compared with the rows."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.dialect.declared import declare
from sqlalchemy_dynamorm.errors import ProgrammingError

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection
    from sqlalchemy_dynamorm.run.reconcile import Report


def metadata_of(place: str) -> sa.MetaData:
    """The metadata at ``module:name``, or ``module:Base.metadata``; a declarative base stands for its own.

    :raises ProgrammingError: there is none.
    """
    module, _, name = place.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = attrgetter(name or "metadata")(importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise ProgrammingError(f"There is no metadata at {place!r}: {error}.") from None
    metadata = getattr(found, "metadata", found)
    if not isinstance(metadata, sa.MetaData):
        raise ProgrammingError(f"{place!r} is a {type(found).__name__}; give a MetaData or a declarative base.")
    return metadata


def reconcile(url: str, place: str, *, apply: bool, say: Callable[[str], None], progress: Callable[[str], None]) -> int:
    """Compare every declared table that has guards or a counter, and say what is found.

    :return: 1 where rows have the same unique values, which only their owner can decide; else 0.
    """
    from sqlalchemy_dynamorm.run.reconcile import reconcile as compared

    def told(report: Report) -> None:
        progress(f"{report.table.name}: {report.rows} rows")

    metadata = metadata_of(place)
    engine = sa.create_engine(url)
    try:
        client = cast("Connection", engine.raw_connection().dbapi_connection).client
        system = client.settings.system_table
        if system is None:
            raise ProgrammingError("This engine has no system table (system_table=none), so there is nothing to mend.")
        dialect = cast(DynamoDBDialect, engine.dialect)
        tables = [declare(table, dialect, table.schema) for table in metadata.sorted_tables]
        kept = [table for table in tables if table.uniques or table.counted]
        reports = [client.value(compared(table, system, apply=apply, progress=told)) for table in kept]
    finally:
        engine.dispose()
    for report in reports:
        for line in _lines(report, apply=apply):
            say(line)
    return int(any(report.duplicates for report in reports))


def _lines(report: Report, *, apply: bool) -> Iterator[str]:
    name, done = report.table.name, "mended" if apply else "to mend"
    counter = "".join(f"; the counter of {column}, brought to {at}" for column, at in report.counters.items())
    yield f"{name}: {report.rows} rows; {done}: {report.missing} guards missing, {report.stale} stale{counter}"
    for columns, one, other in report.duplicates:
        yield f"{name}: two rows have the same ({', '.join(columns)}): {one} and {other}"
