# ruff: noqa: DTZ001 - naive values are what these texts are about

from __future__ import annotations

import datetime as dt

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Moment
from sqlalchemy_dynamorm.run.isotime import parse_date, parse_datetime, parse_time, stored_text

UTC = dt.timezone.utc
CET = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20240506T070809", dt.datetime(2024, 5, 6, 7, 8, 9)),
        ("2024-W19-1T07:08", dt.datetime(2024, 5, 6, 7, 8)),
        ("2024-127 07", dt.datetime(2024, 5, 6, 7)),
        ("2024-05-06T07:08:09,1234567", dt.datetime(2024, 5, 6, 7, 8, 9, 123456)),
        ("2024-05-06T24:00:00", dt.datetime(2024, 5, 7)),
        ("2024-05-06", dt.datetime(2024, 5, 6)),
        ("2024-05-06t07:08:09.5z", dt.datetime(2024, 5, 6, 7, 8, 9, 500000, tzinfo=UTC)),
        ("2024-05-06T07:08:09.5-0130", dt.datetime(2024, 5, 6, 8, 38, 9, 500000, tzinfo=UTC)),
    ],
)
def test_other_forms_of_iso_8601_are_read(text: str, value: dt.datetime) -> None:
    assert parse_datetime(text) == value
    assert parse_datetime(text).tzinfo is None or value.tzinfo is not None


@pytest.mark.parametrize("text", ["", "2024", "2024-366T", "2023-366", "2024-02-30", "2024-05-06T25:00", "x"])
def test_other_texts_are_no_datetimes(text: str) -> None:
    with pytest.raises(DataError, match="ISO 8601") as caught:
        parse_datetime(text)
    assert text == "" or f"'{text}'" not in str(caught.value)


def test_dates_and_times_alone_are_read() -> None:
    assert parse_date("2024W191") == dt.date(2024, 5, 6)
    assert parse_time("T0708+01") == dt.time(7, 8, tzinfo=CET)


@pytest.mark.parametrize(
    ("moment", "text", "stored"),
    [
        (Moment.DATETIME, "2024-05-06 07:08:09", "2024-05-06T07:08:09.000000"),
        (Moment.DATETIME, "2024-05-06", "2024-05-06T00:00:00.000000"),
        (Moment.DATETIME, "2024-05-06T07:08:09+01:00", "2024-05-06T06:08:09.000000"),
        (Moment.UTC_DATETIME, "2024-05-06T07:08:09.5+01:00", "2024-05-06T06:08:09.500000Z"),
        (Moment.UTC_DATETIME, "2024-05-06T07:08:09", "2024-05-06T07:08:09.000000Z"),
        (Moment.DATETIME, "0001-01-01", "0001-01-01T00:00:00.000000"),
        (Moment.UTC_DATETIME, "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        (Moment.DATE, "2024-05-06T07:08:09.000001", "2024-05-06"),
        (Moment.DATE, "20240506", "2024-05-06"),
        (Moment.TIME, "07:08", "07:08:00.000000"),
        (Moment.TIME, "2024-05-06T07:08:09.5", "07:08:09.500000"),
        (Moment.UTC_TIME, "00:30+01:00", "23:30:00.000000Z"),
        (Moment.UTC_TIME, "2024-05-06T07:08:09.5", "07:08:09.500000Z"),
    ],
)
def test_each_moment_has_one_stored_form(moment: Moment, text: str, stored: str) -> None:
    assert stored_text(text, moment, "c") == stored
    assert stored_text(stored, moment, "c") == stored


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("text", ["", "soon", "2024-13-01", "25:00"])
def test_another_text_is_refused_by_column_and_kind(moment: Moment, text: str) -> None:
    with pytest.raises(DataError, match=f"'c' holds a {moment.value} ") as caught:
        stored_text(text, moment, "c")
    assert not text or text not in str(caught.value)


def test_a_moment_outside_the_years_is_refused() -> None:
    with pytest.raises(DataError, match="outside the years"):
        stored_text("0001-01-01T00:00:00+01:00", Moment.UTC_DATETIME, "c")
