"""Arithmetic with dates, times and intervals, which SQLite would get wrong without a word."""

from __future__ import annotations

from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.sql import operators

from sqlalchemy_dynamorm.dialect.refusal import refuse

_MOMENTS = (sqltypes.DateTime, sqltypes.Date, sqltypes.Time)
_ARITHMETIC = (operators.add, operators.sub, operators.mul, operators.truediv, operators.floordiv, operators.mod)


def refuse_arithmetic(binary: Any) -> None:
    """Refuse ``+`` and the like where a side is a date or time: its stored text is no number.

    Intervals alone are numbers, and are added and compared as such.

    :raises UnsupportedCompile: it is one.
    """
    if binary.operator in _ARITHMETIC and any(_is_moment(side) for side in (binary.left, binary.right)):
        refuse("Arithmetic with a date or time in a statement", "compute in Python what it is compared with")


def _is_moment(side: Any) -> bool:
    affinity = getattr(side.type, "_type_affinity", None)
    return affinity is not None and issubclass(affinity, _MOMENTS)
