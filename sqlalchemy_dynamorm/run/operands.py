"""What a column is compared with: more than what it may store."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy_dynamorm.plan.schema import Column, Kind


def compared(column: Column, value: Any) -> Column:
    """The column as a value is compared with it.

    An integer column stores no fraction, but ``n > 0.5`` has a meaning, and ``n = 0.5`` is true of no item.
    """
    fraction = column.kind is Kind.INTEGER and isinstance(value, float | Decimal)
    return replace(column, kind=Kind.NUMBER) if fraction else column
