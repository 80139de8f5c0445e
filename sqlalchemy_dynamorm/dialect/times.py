"""Dates and times as text of a fixed width, so that the order of the texts is the order of the times.

``2024-05-06T07:08:09.000000`` is a naive value, ``…Z`` an aware one, in UTC.
"""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Dialect

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.run.isotime import in_utc, parse_datetime, parse_time

Processor = Callable[[Any], Any]
_MICROSECOND = dt.timedelta(microseconds=1)


class StoredDateTime(sqltypes.DateTime):
    """S. With ``timezone=True`` values are aware, and stored in UTC; without, they are naive.

    A value of the other sort is taken as PostgreSQL takes it in a session whose time zone is UTC: an aware value
    for a naive column is its time in UTC, and a naive one for an aware column is in UTC.
    """

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _write_aware_datetime if self.timezone else _write_naive_datetime

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _read_aware_datetime if self.timezone else _read_naive_datetime

    def literal_processor(self, dialect: Dialect) -> Processor:
        return _quoted(self.bind_processor(dialect))


def _write_naive_datetime(value: Any) -> str | None:
    if value is None:
        return None
    moment = dt.datetime.combine(value, dt.time()) if type(value) is dt.date else value
    return _utc_text(moment, "DateTime()")


def _write_aware_datetime(value: Any) -> str | None:
    if value is None:
        return None
    return _utc_text(value, "DateTime(timezone=True)") + "Z"


def _utc_text(value: Any, declared: str) -> str:
    if not isinstance(value, dt.datetime):
        raise _wrong_type(value, dt.datetime, declared)
    moment = value if value.utcoffset() is None else value.astimezone(dt.timezone.utc)
    return moment.replace(tzinfo=None).isoformat("T", "microseconds")


def _read_naive_datetime(value: Any) -> dt.datetime | None:
    """A text with an offset, by another writer, is its UTC time."""
    if value is None:
        return None
    moment = parse_datetime(_text(value))
    return moment if moment.tzinfo is None else moment.astimezone(dt.timezone.utc).replace(tzinfo=None)


def _read_aware_datetime(value: Any) -> dt.datetime | None:
    """A text without an offset, by another writer, is taken as UTC."""
    if value is None:
        return None
    moment = parse_datetime(_text(value))
    return moment.replace(tzinfo=dt.timezone.utc) if moment.tzinfo is None else moment.astimezone(dt.timezone.utc)


class StoredDate(sqltypes.Date):
    """S. Of a datetime it takes the date, as SQLite's, PostgreSQL's and MySQL's do: ``default=datetime.now``."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _write_date

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _read_date

    def literal_processor(self, dialect: Dialect) -> Processor:
        return _quoted(_write_date)


def _write_date(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    _check(value, dt.date, "Date()", aware=False)
    return str(value.isoformat())


def _read_date(value: Any) -> dt.date | None:
    """The date of a date and time, too."""
    if value is None:
        return None
    text = _text(value)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return parse_datetime(text).date()


class StoredTime(sqltypes.Time):
    """S. With ``timezone=True`` values are aware, and stored in UTC; without, they are naive."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _write_aware_time if self.timezone else _write_naive_time

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _read_aware_time if self.timezone else _read_naive_time

    def literal_processor(self, dialect: Dialect) -> Processor:
        return _quoted(self.bind_processor(dialect))


class StoredInterval(sqltypes.Interval):
    """N, seconds, exact to the microsecond."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _seconds

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        return _timedelta

    def literal_processor(self, dialect: Dialect) -> Processor:
        return lambda value: format(_seconds(value), "f")


def _seconds(value: Any) -> Decimal | None:
    if value is None:
        return None
    if not isinstance(value, dt.timedelta):
        raise DataError(f"An Interval column takes a timedelta; it does not take {type(value).__name__}.")
    return Decimal(value // _MICROSECOND).scaleb(-6)


def _timedelta(value: Any) -> dt.timedelta | None:
    """What is smaller than a microsecond is cut off."""
    if value is None:
        return None
    try:
        return dt.timedelta(microseconds=int(Decimal(value).scaleb(6)))
    except (ArithmeticError, TypeError, ValueError):
        raise DataError("A value that is no number of seconds is stored where the type is Interval.") from None


class TTL(sqltypes.TypeDecorator[dt.datetime]):
    """When an item expires: an aware datetime, stored as whole seconds since 1970, as DynamoDB's TTL wants them.

    What is smaller than a second is cut off. A table has one such column, and it declares the table's TTL.
    """

    impl = sqltypes.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value.replace(microsecond=0) if isinstance(value, dt.datetime) else value


def _write_naive_time(value: Any) -> str | None:
    if value is None:
        return None
    _check(value, dt.time, "Time()", aware=False)
    return str(value.isoformat("microseconds"))


def _write_aware_time(value: Any) -> str | None:
    if value is None:
        return None
    _check(value, dt.time, "Time(timezone=True)", aware=True)
    return in_utc(value).replace(tzinfo=None).isoformat("microseconds") + "Z"


def _read_naive_time(value: Any) -> dt.time | None:
    if value is None:
        return None
    time = parse_time(_text(value))
    return time if time.tzinfo is None else in_utc(time).replace(tzinfo=None)


def _read_aware_time(value: Any) -> dt.time | None:
    if value is None:
        return None
    time = parse_time(_text(value))
    return time.replace(tzinfo=dt.timezone.utc) if time.tzinfo is None else in_utc(time)


def _check(value: Any, kind: type, declared: str, *, aware: bool) -> None:
    if not isinstance(value, kind):
        raise _wrong_type(value, kind, declared)
    if isinstance(value, dt.time) and (value.utcoffset() is not None) != aware:
        raise DataError(
            f"A {declared} column takes aware values, with a UTC offset, and was given a naive one; add its tzinfo."
            if aware
            else f"A {declared} column takes naive values and was given an aware one; declare timezone=True, or "
            "convert it and drop its tzinfo."
        )


def _wrong_type(value: Any, kind: type, declared: str) -> DataError:
    return DataError(f"A {declared} column takes a {kind.__name__}; it does not take {type(value).__name__}.")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise DataError(f"A {type(value).__name__} is stored where the column's type says a date or time is, as text.")


def _quoted(write: Processor) -> Processor:
    return lambda value: f"'{write(value)}'"
