"""ISO 8601 texts to dates and times: the form we write, and any other that a program in another language wrote."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Moment

_CALENDAR = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_WEEK = re.compile(r"(\d{4})-?W(\d\d)-?([1-7])")
_ORDINAL = re.compile(r"(\d{4})-?(\d{3})")
_TIME = re.compile(
    r"T?(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s?(?P<zone>[Zz]|(?P<sign>[+-])(?P<zone_hour>\d\d)(?::?(?P<zone_minute>\d\d))?)?"
)
_END_OF_DAY = re.compile(r"24(?::?00){0,2}(?:[.,]0+)?\s?(?=$|[Zz+-])")


def stored_text(text: str, moment: Moment, column: str) -> str:
    """The stored form of a date or time in any form; what it says too much is cut off, the time of a date for example.

    Without an offset it is UTC where the stored form is.

    :param column: the column's name, for the message.
    :raises DataError: the text is no such date or time of ISO 8601.
    """
    try:
        return _WRITERS[moment](text)
    except OverflowError:
        raise DataError(f"Column {column!r} was given a date and time outside the years 1 to 9999 in UTC.") from None
    except DataError:
        raise DataError(f"Column {column!r} holds a {moment.value} and was given a text that is none.") from None


def _datetime(text: str) -> str:
    found = parse_datetime(text)
    naive = found if found.tzinfo is None else found.astimezone(dt.timezone.utc).replace(tzinfo=None)
    return naive.isoformat("T", "microseconds")


def _time(text: str) -> str:
    """The time of a date and time, too."""
    found = parse_time(text) if _TIME.fullmatch(text) else parse_datetime(text).timetz()
    return in_utc(found).replace(tzinfo=None).isoformat("microseconds")


_WRITERS: dict[Moment, Callable[[str], str]] = {
    Moment.DATETIME: _datetime,
    Moment.UTC_DATETIME: lambda text: _datetime(text) + "Z",
    Moment.DATE: lambda text: parse_datetime(text).date().isoformat(),
    Moment.TIME: _time,
    Moment.UTC_TIME: lambda text: _time(text) + "Z",
}
_A_DAY = dt.date(2000, 1, 2)  # any day: it only carries a time of day to UTC


def in_utc(time: dt.time) -> dt.time:
    """A time of day in UTC; a naive one as it is."""
    if time.tzinfo is None:
        return time
    return dt.datetime.combine(_A_DAY, time).astimezone(dt.timezone.utc).timetz()


def parse_datetime(text: str) -> dt.datetime:
    """A date and time; a date alone is its midnight. It is aware if the text has an offset or ``Z``.

    :raises DataError: the text is no date and time of ISO 8601.
    """
    try:
        if text.endswith("Z"):  # the form we write; Python 3.10 does not read the Z
            return dt.datetime.fromisoformat(text[:-1]).replace(tzinfo=dt.timezone.utc)
        return dt.datetime.fromisoformat(text)
    except ValueError:
        day, divided, time = re.sub(r"[Tt ]", " ", text.strip(), count=1).partition(" ")
        return _with_time(parse_date(day), time) if divided else dt.datetime.combine(parse_date(day), dt.time())


def parse_date(text: str) -> dt.date:
    """A calendar, week or ordinal date.

    :raises DataError: the text is no date of ISO 8601.
    """
    try:
        day = _day(text)
    except (ValueError, OverflowError):
        day = None
    if day is None:
        raise DataError("A stored text is not an ISO 8601 date; the column's type says it should be.")
    return day


def _day(text: str) -> dt.date | None:
    if found := _CALENDAR.fullmatch(text):
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    if found := _WEEK.fullmatch(text):
        return dt.date.fromisocalendar(int(found[1]), int(found[2]), int(found[3]))
    if found := _ORDINAL.fullmatch(text):
        year, number = int(found[1]), int(found[2])
        day = dt.date(year, 1, 1) + dt.timedelta(days=number - 1)
        return day if day.year == year else None
    return None


def parse_time(text: str) -> dt.time:
    """A time of day, aware if the text has an offset. Digits after the microseconds are cut off.

    :raises DataError: the text is no time of ISO 8601.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise _no_time()
    micro = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    try:
        return dt.time(hour, minute, second, micro, _zone(found))
    except ValueError:
        raise _no_time() from None


def _zone(found: re.Match[str]) -> dt.tzinfo | None:
    if found["zone"] is None:
        return None
    if found["sign"] is None:
        return dt.timezone.utc
    offset = dt.timedelta(hours=int(found["zone_hour"]), minutes=int(found["zone_minute"] or 0))
    return dt.timezone(-offset if found["sign"] == "-" else offset)


def _with_time(day: dt.date, text: str) -> dt.datetime:
    if _END_OF_DAY.match(text):
        return dt.datetime.combine(day, parse_time("00" + text[2:])) + dt.timedelta(days=1)
    return dt.datetime.combine(day, parse_time(text))


def _no_time() -> DataError:
    return DataError("A stored text is not an ISO 8601 time; the column's type says it should be.")
