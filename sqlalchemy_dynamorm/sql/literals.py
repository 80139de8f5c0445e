"""The constants of SQL's text."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from sqlalchemy_dynamorm.errors import SQLSyntaxError

_INTEGER = re.compile(r"[0-9]{1,4000}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?", re.ASCII)


def number(text: str) -> int | Decimal:
    """An integer as int, anything with a point or an exponent as the exact Decimal.

    :raises SQLSyntaxError: it is no number, or one beyond all bounds.
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise SQLSyntaxError("A number in the statement is malformed or far out of range; pass it as a parameter.")


def negative(text: str) -> int | Decimal:
    """As :func:`number`, with a minus before it; never rounded, as ``-Decimal`` would be."""
    found = number(text)
    return -found if isinstance(found, int) else found.copy_negate()


def blob(digits: str) -> bytes:
    """The bytes of ``X'…'``.

    :raises SQLSyntaxError: they are not pairs of hexadecimal digits.
    """
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits):
        raise SQLSyntaxError("X'…' needs pairs of hexadecimal digits.")
    return bytes.fromhex(digits)
