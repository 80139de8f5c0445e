"""The one range that a key condition may have: the tightest that the WHERE's bounds say, as DynamoDB writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy_dynamorm.plan.predicates import Comparison, Pattern, Predicate
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.evaluate import normalised
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.keys import key_value
from sqlalchemy_dynamorm.run.packing import ABOVE, begun, packed_value, prefix
from sqlalchemy_dynamorm.run.patterns import like
from sqlalchemy_dynamorm.run.values import Item, WireValue, same_type_order


@dataclass(frozen=True, slots=True)
class KeyRange:
    """A condition on one range attribute.

    :ivar operator: ``BETWEEN``, ``begins_with`` or a comparison; empty where every key is in it.
    :ivar said: the parts of the WHERE that it says exactly, so that they need no check.
    """

    operator: str = ""
    column: Column | None = None
    wires: tuple[WireValue, ...] = ()
    said: tuple[Predicate, ...] = ()

    def text(self, placeholders: Placeholders) -> str:
        """The condition; empty where there is none."""
        if self.column is None:
            return ""
        name = placeholders.name(self.column.name)
        values = [placeholders.value(wire) for wire in self.wires]
        match self.operator:
            case "BETWEEN":
                return f"{name} BETWEEN {values[0]} AND {values[1]}"
            case "begins_with":
                return f"begins_with({name}, {values[0]})"
            case operator:
                return f"{name} {operator} {values[0]}"


@dataclass(frozen=True, slots=True)
class _End:
    part: Comparison
    value: Any
    wire: WireValue

    @property
    def strict(self) -> bool:
        return self.part.op in ("<", ">")


def key_range(parts: Sequence[Comparison | Pattern], values: Bound) -> KeyRange | None:
    """The range that all these parts leave, or ``None`` where they leave nothing."""
    ends: list[_End] = []
    said: list[Predicate] = []
    for part in parts:
        if isinstance(part, Pattern):
            return _prefix(part, values)
        value = values(part.operand)
        if value in ("", b"") and part.op[0] == ">":
            said.append(part)  # a key is never empty, so every key is above it
            continue
        wire = key_value(value, part.column, "sort")
        if wire is None:
            return None
        ends.append(_End(part, normalised(value, part.column), wire))
    low = _tightest([end for end in ends if end.part.op[0] == ">"], 1)
    high = _tightest([end for end in ends if end.part.op[0] == "<"], -1)
    if low is None or high is None:
        return _one_ended(low or high, (*said, *(end.part for end in ends)))
    order = _order(low, high)
    if order > 0 or (order == 0 and (low.strict or high.strict)):
        return None  # the service refuses BETWEEN with its bounds the wrong way round
    # BETWEEN takes its ends in, so a strict bound at one of them is still to be checked.
    said += [end.part for end in ends if not (end.strict and 0 in (_order(end, low), _order(end, high)))]
    return KeyRange("BETWEEN", low.part.column, (low.wire, high.wire), tuple(said))


def within(table: Table, fixed: Item, ranged: KeyRange) -> KeyRange:
    """The range of a packed sort key whose first columns have these values, and whose next is in that range.

    It takes the ends of the next column's range in, so that what excludes one is not said by it.
    """
    low = high = prefix(list(fixed.items()))
    wires = ranged.wires
    if ranged.column is not None and ranged.operator == "begins_with":
        low = high = low + begun(wires[0])
    elif ranged.column is not None:
        ends = [low + packed_value(ranged.column.name, wire) for wire in wires]
        low = low if ranged.operator in ("<", "<=") else ends[0]
        high = high if ranged.operator in (">", ">=") else ends[-1]
    said = tuple(part for part in ranged.said if not (isinstance(part, Comparison) and part.op in ("<", ">")))
    if not low and not high:
        return KeyRange(said=said)
    sort = table.by_name[table.key[1]]
    if low == high:
        return KeyRange("begins_with", sort, ({"B": low},), said)
    if not low:
        return KeyRange("<=", sort, ({"B": high + ABOVE},), said)
    return KeyRange("BETWEEN", sort, ({"B": low}, {"B": high + ABOVE}), said)


def _one_ended(end: _End | None, said: tuple[Predicate, ...]) -> KeyRange:
    if end is None:
        return KeyRange(said=said)
    return KeyRange(end.part.op, end.part.column, (end.wire,), said)


def _order(left: _End, right: _End) -> int:
    return same_type_order(left.value, right.value) or 0


def _tightest(ends: Sequence[_End], sign: int) -> _End | None:
    """The highest lower bound (``sign`` 1) or the lowest upper one (-1); of equal ones the strict."""
    found: _End | None = None
    for end in ends:
        order = 1 if found is None else sign * _order(end, found)
        if order > 0 or (order == 0 and end.strict):
            found = end
    return found


def _prefix(pattern: Pattern, values: Bound) -> KeyRange | None:
    text = values(pattern.pattern)
    if text is None:
        return None
    read = like(text, pattern.escape)
    if read.form in ("contains", "any") or not read.text:
        return KeyRange()
    said = (pattern,) if read.form in ("prefix", "equals") else ()
    operator = "=" if read.form == "equals" else "begins_with"
    return KeyRange(operator, pattern.column, ({"S": read.text},), said)
