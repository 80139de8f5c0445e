"""What a place in a document is asked in an expression, so that no row is lost on which SQLite finds a condition true.

SQLite extracts a flag as 0 or 1 and an object or a list as its JSON text, casts as it likes (``CAST('5 apples' AS
INTEGER)`` is 5), and has an order of values of different types. So what is asked is true also of values of all other
types than the one that is meant, unless the value asked for can be nothing else. As a rule there are none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from sqlalchemy_dynamorm.plan.predicates import PlaceTest
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.paths import Segment, parse
from sqlalchemy_dynamorm.run.patterns import like
from sqlalchemy_dynamorm.run.values import Json, WireValue, encode

Alternatives = tuple[str, ...]
Write = Callable[[WireValue], str]
"""Gives a value its placeholder."""

_DOUBLE = 2**53  # up to here a double is exact to the unit
_ROUNDED = Decimal("1e-14")  # a double has over 15 digits: this is more than it can be off


def place_alternatives(test: PlaceTest, values: Bound, name: Callable[[str], str], write: Write) -> Alternatives | bool:
    """Expressions of which one must hold; ``True`` where nothing can be asked, ``False`` where no row can satisfy it.

    :param name: gives an attribute's name its placeholder.
    """
    place = _document_path(test, values, name)
    if place is None:
        return True
    there = f"attribute_exists({place})"
    if test.operand is None:
        return (there,)
    given = values(test.operand)
    if given is None:
        return False
    if test.read_as == "document":
        return _document(place, test.op, given, write)
    if isinstance(given, str) and test.read_as in ("any", "text"):
        return _text(place, test, given, write)
    if isinstance(given, int | float | Decimal) and test.read_as != "text" and isfinite(given):
        return _flag(place, given, write) if given is True and test.op == "=" else _number(place, test, given, write)
    return (there,)


def _document_path(test: PlaceTest, values: Bound, name: Callable[[str], str]) -> str | None:
    """The path as an expression has it; ``None`` for one from the end of a list, which it cannot say."""
    segments: list[Segment] = [segment for path in test.path for segment in parse(values(path))]
    if any(isinstance(segment, int) and segment < 0 for segment in segments):
        return None
    steps = (f"[{segment}]" if isinstance(segment, int) else f".{name(segment)}" for segment in segments)
    return name(test.column.name) + "".join(steps)


def _others(place: str, wire_type: str, write: Write) -> str:
    """It holds values of any other type."""
    return f"(attribute_exists({place}) AND NOT attribute_type({place}, {write({'S': wire_type})}))"


def _document(place: str, op: str, given: Any, write: Write) -> Alternatives | bool:
    """As JSON: what is not there is the text ``null``, so only a value that is something else says that it is."""
    if op != "=" or not isinstance(given, Json) or given.value is None or _holds_fraction(given.value):
        return True
    wire = encode(given, Column("value", Kind.ANY))
    return True if wire is None else (f"{place} = {write(wire)}",)


def _holds_fraction(value: Any) -> bool:
    if isinstance(value, dict | list | tuple):
        return any(map(_holds_fraction, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float | Decimal)


def _text(place: str, test: PlaceTest, given: str, write: Write) -> Alternatives:
    if test.op == "LIKE":
        return _like(place, given, test.escape, write)
    asked = f"{place} {test.op} {write({'S': given})}"
    if test.op == "<>":
        return (f"(attribute_exists({place}) AND {asked})",)
    if test.op == "=" and not _may_be_of_others(given):
        return (asked,)
    return asked, _others(place, "S", write)


def _like(place: str, pattern: str, escape: str | None, write: Write) -> Alternatives:
    read = like(pattern, escape)
    if not read.text:
        return (f"attribute_exists({place})",)
    if read.form == "contains":
        return f"contains({place}, {write({'S': read.text})})", _others(place, "S", write)
    asked = _prefixed(place, read.text, write)
    return (asked, _others(place, "S", write)) if _may_be_of_others(read.text) else (asked,)


_LAST, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)


def _prefixed(place: str, prefix: str, write: Write) -> str:
    """A text that begins so, as a range: ministack refuses begins_with() of an item that has no text there."""
    following = ord(prefix[-1]) + 1
    following = _SURROGATES.stop if following in _SURROGATES else following
    low = f"{place} >= {write({'S': prefix})}"
    if following > _LAST:
        return low
    return f"({low} AND {place} < {write({'S': prefix[:-1] + chr(following)})})"


def _may_be_of_others(text: str) -> bool:
    """Whether the text of a number, a flag, an object or a list may be this, or begin so."""
    return not text or text[0] in "0123456789.+-[{"


def _flag(place: str, given: bool, write: Write) -> Alternatives:
    return f"{place} = {write({'BOOL': given})}", _others(place, "BOOL", write)


def _number(place: str, test: PlaceTest, given: float | Decimal, write: Write) -> Alternatives:
    """The range around a number that a cast or a double may make that number of."""
    number = Decimal(float.__repr__(given)) if isinstance(given, float) else Decimal(given)
    if test.op in ("<>", "LIKE") or abs(number) >= _DOUBLE:
        return (f"attribute_exists({place})",)
    slack = Decimal(1) if test.read_as == "integer" else abs(number) * _ROUNDED
    column = Column("value", Kind.NUMBER)
    low, high = (write(encode(bound, column) or {}) for bound in (number - slack, number + slack))
    asked = {"<": f"{place} < {high}", ">": f"{place} > {low}"}.get(test.op)
    asked = asked or {"<=": f"{place} <= {high}", ">=": f"{place} >= {low}"}.get(test.op)
    return asked or f"{place} BETWEEN {low} AND {high}", _others(place, "N", write)
