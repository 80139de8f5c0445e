"""Numbers: to the text that DynamoDB stores, exactly or with an error that names the column, and back.

Equal numbers have equal text, and none passes through a binary float. Source of the limits: the DynamoDB developer
guide, "Supported data types and naming rules".
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Any

from sqlalchemy_dynamorm.errors import UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column

_LARGEST, _SMALLEST = 125, -130  # powers of ten: 9.99…E+125 and 1E-130
_EXACT = Context(prec=38, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact])
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)  # holds all digits of what DynamoDB can hold, and a scale


def number_text(value: float | Decimal, column: Column) -> str:
    """The text of a number: in full, without exponent and without superfluous zeros.

    :raises UnsupportedValue: DynamoDB can't hold it exactly.
    """
    if isinstance(value, int) and -(10**38) < value < 10**38:
        return str(int(value))
    number = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise UnsupportedValue(
            f"column {column.name!r} was given NaN or an infinity, which DynamoDB has no number for; use NULL"
        )
    if number.is_zero():
        return "0"
    if not _SMALLEST <= number.adjusted() <= _LARGEST:
        raise UnsupportedValue(
            f"column {column.name!r} was given a number outside DynamoDB's range, 1E-130 to 9.99E+125 "
            "(positive or negative); scale it, or store text"
        )
    try:
        return format(_EXACT.normalize(number), "f")
    except Inexact:
        raise UnsupportedValue(
            f"column {column.name!r} was given a number of more than 38 significant digits, DynamoDB's limit; "
            "round it, or store text"
        ) from None


def rounded(value: Any, scale: int) -> Any:
    """A number with at most ``scale`` digits after the point, halves away from zero, as SQL rounds what it stores.

    Anything else is what it was.
    """
    if isinstance(value, float):
        value = Decimal(float.__repr__(value))
    if not isinstance(value, Decimal) or not value.is_finite() or value.adjusted() > _LARGEST:
        return value
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return value if -exponent <= scale else value.quantize(Decimal(1).scaleb(-scale), context=_WIDE)


def whole(text: str | Decimal) -> int | Decimal:
    """A number exactly: ``int`` if it is integral, else ``Decimal``."""
    try:
        return int(text) if isinstance(text, str) else _integral(text)
    except ValueError:
        return _integral(Decimal(text))


def _integral(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def json_number(text: str) -> int | float:
    """A number as ``json.loads`` gives it."""
    try:
        return int(text)
    except ValueError:
        return float(text)
