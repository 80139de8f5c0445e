from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.errors import Unsupported

A_DAY = dt.timedelta(days=1)
TABLE = sa.table("t", sa.column("at", sa.DateTime), sa.column("day", sa.Date), sa.column("took", sa.Interval))
AT, DAY, TOOK = TABLE.c.at, TABLE.c.day, TABLE.c.took


@pytest.mark.parametrize("expression", [AT + A_DAY, AT - AT, DAY - DAY, AT - TOOK, TOOK + AT], ids=str)
def test_arithmetic_with_dates_is_refused(expression: Any) -> None:
    with pytest.raises(Unsupported, match="Arithmetic with a date or time"):
        sa.select(expression).compile(dialect=Boto3Dialect())


@pytest.mark.parametrize("expression", [TOOK + A_DAY, dt.datetime.now(dt.timezone.utc) > AT], ids=str)
def test_intervals_and_comparisons_are_not(expression: Any) -> None:
    assert str(sa.select(expression).compile(dialect=Boto3Dialect())).startswith("SELECT ")
