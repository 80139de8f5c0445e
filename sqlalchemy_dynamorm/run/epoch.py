"""Moments that are stored as a number since 1970, and are text on this side, as those that are stored as text.

No digit is lost: a number of seconds has a fraction where the moment has microseconds.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Moment
from sqlalchemy_dynamorm.run.isotime import parse_datetime, stored_text

_START = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - both sides of the difference are naive, in UTC
_MICROSECOND = dt.timedelta(microseconds=1)
_DIGITS = {Kind.EPOCH: 6, Kind.EPOCH_MS: 3}


def to_number(text: str, column: Column) -> Decimal:
    """The number of a date and time in any form of ISO 8601; one without an offset is in UTC.

    :raises DataError: the text is none.
    """
    moment = parse_datetime(stored_text(text, Moment.DATETIME, column.name))
    return Decimal((moment - _START) // _MICROSECOND).scaleb(-_DIGITS[column.kind])


def to_text(number: Any, column: Column) -> str:
    """The text of a number; what is smaller than a microsecond is cut off.

    :raises DataError: it is before the year 1 or after 9999.
    """
    try:
        moment = _START + dt.timedelta(microseconds=int(Decimal(number).scaleb(_DIGITS[column.kind])))
    except OverflowError:
        raise DataError(
            f"column {column.name!r} is declared {column.kind.value}, and an item stores a number outside the years 1 "
            "to 9999; correct the item"
        ) from None
    return moment.isoformat("T", "microseconds") + ("Z" if column.moment is Moment.UTC_DATETIME else "")
