"""What an UPDATE does to one attribute: as a clause of an UpdateExpression, and to a stored value here.

An edit that is relative (``x = x + 1``) is exact only on the values that it fits, so its clause carries a condition.
Two edits of one transaction are composed, so that ``+1`` and ``+1`` is ``+2`` of whatever is stored at commit.
"""
# ruff: noqa: D102 - what the methods of all edits mean stands at the protocol

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from typing import Any, ClassVar, Protocol

from sqlalchemy_dynamorm.errors import DataError, UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.numbers import rounded
from sqlalchemy_dynamorm.run.paths import Path, changed, parent
from sqlalchemy_dynamorm.run.values import WireValue, decode, encode

_EXACT = Context(prec=38, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact])


class Edit(Protocol):
    """What becomes of one attribute.

    :ivar relative: what it makes depends on what is stored.
    :ivar once: done twice it does more than done once, so it is sent with a token.
    :ivar writable: it can be written as clauses at all.
    """

    @property
    def relative(self) -> bool: ...
    @property
    def once(self) -> bool: ...
    @property
    def writable(self) -> bool: ...

    def fits(self, wire: WireValue | None) -> bool:
        """Whether the clause does to this stored value what :meth:`of` does."""

    def of(self, wire: WireValue | None) -> WireValue | None:
        """The value after; ``None`` is no attribute."""

    def after(self, earlier: Edit) -> Edit | None:
        """A relative one and this as one, ``None`` where no clause says that."""

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        """Its actions, each with the clause (SET, REMOVE, ADD or DELETE) it belongs to."""

    def condition(self, name: str, placeholders: Placeholders) -> str | None:
        """The condition that it :meth:`fits`."""


Edits = Mapping[str, Edit]
"""By attribute."""


@dataclass(frozen=True, slots=True)
class Assign:
    """SET to a value, or REMOVE."""

    wire: WireValue | None
    relative: ClassVar[bool] = False
    once: ClassVar[bool] = False
    writable: ClassVar[bool] = True

    def fits(self, wire: WireValue | None) -> bool:
        return True

    def of(self, wire: WireValue | None) -> WireValue | None:
        return self.wire

    def after(self, earlier: Edit) -> Edit:
        return self

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        if self.wire is None:
            return [("REMOVE", name)]
        return [("SET", f"{name} = {placeholders.value(self.wire)}")]

    def condition(self, name: str, placeholders: Placeholders) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Relative:
    relative: ClassVar[bool] = True
    once: ClassVar[bool] = True
    writable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Add(_Relative):
    """``x = x + number``; of no attribute ``base + number``, where there is a base."""

    column: Column
    number: Decimal
    base: Decimal | None = None

    @property
    def writable(self) -> bool:  # type: ignore[override]
        """The sum needs no rounding: the service would not do it."""
        scale = self.column.scale
        return scale is None or all(rounded(each, scale) == each for each in (self.number, self.base or Decimal(0)))

    def fits(self, wire: WireValue | None) -> bool:
        return self.writable and (self.base is not None if wire is None else "N" in wire)

    def of(self, wire: WireValue | None) -> WireValue | None:
        start = self.base if is_null(wire, self.column) else number_of(wire, self.column)
        if start is None:
            return None
        number, scale = total(start, self.number, self.column), self.column.scale
        return encode(number if scale is None else rounded(number, scale), self.column)

    def after(self, earlier: Edit) -> Edit | None:
        if not isinstance(earlier, Add):
            return None
        return Add(self.column, total(earlier.number, self.number, self.column), earlier.base)

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        start = (
            name if self.base is None else f"if_not_exists({name}, {placeholders.value(_n(self.base, self.column))})"
        )
        return [("SET", f"{name} = {start} + {placeholders.value(_n(self.number, self.column))}")]

    def condition(self, name: str, placeholders: Placeholders) -> str:
        return _typed(name, "N", placeholders, missing=self.base is not None)


@dataclass(frozen=True, slots=True)
class Fill(_Relative):
    """``x = coalesce(x, value)``."""

    column: Column
    wire: WireValue
    once: ClassVar[bool] = False

    def fits(self, wire: WireValue | None) -> bool:
        return wire is None or not is_null(wire, self.column)

    def of(self, wire: WireValue | None) -> WireValue | None:
        return self.wire if is_null(wire, self.column) else wire

    def after(self, earlier: Edit) -> Edit | None:
        return earlier if isinstance(earlier, Add | Fill | Extend) else None

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        return [("SET", f"{name} = if_not_exists({name}, {placeholders.value(self.wire)})")]

    def condition(self, name: str, placeholders: Placeholders) -> str | None:
        if self.column.kind is Kind.DOCUMENT:
            return None
        return f"NOT attribute_type({name}, {placeholders.value({'S': 'NULL'})})"


@dataclass(frozen=True, slots=True)
class Extend(_Relative):
    """``x = list_append(x, items)``, or before it; of no attribute that of ``base``, where there is one."""

    column: Column
    items: tuple[WireValue, ...]
    front: bool
    base: tuple[WireValue, ...] | None = None

    def fits(self, wire: WireValue | None) -> bool:
        return self.base is not None if wire is None else "L" in wire

    def of(self, wire: WireValue | None) -> WireValue | None:
        if is_null(wire, self.column) or wire is None:
            stored = self.base
        else:
            stored = _held_by(wire, "L", self.column)
        if stored is None:
            return None
        return {"L": [*self.items, *stored] if self.front else [*stored, *self.items]}

    def after(self, earlier: Edit) -> Edit | None:
        if not isinstance(earlier, Extend) or earlier.front is not self.front:
            return None
        items = (*self.items, *earlier.items) if self.front else (*earlier.items, *self.items)
        return Extend(self.column, items, self.front, earlier.base)

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        stored = name
        if self.base is not None:
            stored = f"if_not_exists({name}, {placeholders.value({'L': list(self.base)})})"
        items = placeholders.value({"L": list(self.items)})
        first, second = (items, stored) if self.front else (stored, items)
        return [("SET", f"{name} = list_append({first}, {second})")]

    def condition(self, name: str, placeholders: Placeholders) -> str:
        return _typed(name, "L", placeholders, missing=self.base is not None)


@dataclass(frozen=True, slots=True)
class Members(_Relative):
    """Members put into a set, or taken out of it; no attribute is the empty set."""

    column: Column
    type: str
    members: tuple[Any, ...]
    remove: bool
    once: ClassVar[bool] = False

    def fits(self, wire: WireValue | None) -> bool:
        return wire is None or self.type in wire

    def of(self, wire: WireValue | None) -> WireValue | None:
        stored = () if wire is None or "NULL" in wire else _held_by(wire, self.type, self.column)
        found = set(stored) - set(self.members) if self.remove else {*stored, *self.members}
        return {self.type: sorted(found)} if found else None

    def after(self, earlier: Edit) -> Edit | None:
        if not isinstance(earlier, Members) or (earlier.type, earlier.remove) != (self.type, self.remove):
            return None
        return Members(self.column, self.type, tuple(sorted({*earlier.members, *self.members})), self.remove)

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        members = placeholders.value({self.type: list(self.members)})
        return [("DELETE" if self.remove else "ADD", f"{name} {members}")]

    def condition(self, name: str, placeholders: Placeholders) -> str:
        return _typed(name, self.type, placeholders, missing=True)


@dataclass(frozen=True, slots=True)
class Places(_Relative):
    """Parts of a document set, or removed (``None``)."""

    places: tuple[tuple[Path, WireValue | None], ...]

    @property
    def once(self) -> bool:  # type: ignore[override]
        """An index may mean another place, once a list has grown or shrunk."""
        return any(isinstance(segment, int) for path, _ in self.places for segment in path)

    def fits(self, wire: WireValue | None) -> bool:
        return self.writable and all(self._held(parent(wire, path), path, new) for path, new in self.places)

    def _held(self, holder: WireValue | None, path: Path, new: WireValue | None) -> bool:
        if holder is None:
            return False
        last = path[-1]
        if isinstance(last, str):
            return "M" in holder
        return "L" in holder and (new is None or last <= len(holder["L"]))

    @property
    def writable(self) -> bool:  # type: ignore[override]
        """Whether no place lies in another, and none is counted in a list that another makes longer or shorter."""
        paths = [path for path, _ in self.places]
        if any(isinstance(segment, int) and segment < 0 for path in paths for segment in path):
            return False
        alone = len(paths) == 1 or not any(isinstance(segment, int) for path in paths for segment in path)
        return alone and not any(
            one[: len(other)] == other for at, one in enumerate(paths) for to, other in enumerate(paths) if at != to
        )

    def of(self, wire: WireValue | None) -> WireValue | None:
        if wire is None:
            return None
        for path, new in self.places:
            wire = changed(wire, path, new)
        return wire

    def after(self, earlier: Edit) -> Edit | None:
        both = Places((*earlier.places, *self.places)) if isinstance(earlier, Places) else None
        return both if both is not None and both.writable else None

    def actions(self, name: str, placeholders: Placeholders) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for path, new in self.places:
            place = _written(name, path, placeholders)
            found.append(("REMOVE", place) if new is None else ("SET", f"{place} = {placeholders.value(new)}"))
        return found

    def condition(self, name: str, placeholders: Placeholders) -> str:
        parts = dict.fromkeys(part for path, new in self.places for part in _holds(name, path, new, placeholders))
        return " AND ".join(parts)


def _typed(name: str, wire_type: str, placeholders: Placeholders, *, missing: bool) -> str:
    """The condition that an attribute is of a type, or is not there."""
    typed = f"attribute_type({name}, {placeholders.value({'S': wire_type})})"
    return f"(attribute_not_exists({name}) OR {typed})" if missing else typed


def _written(name: str, path: Path, placeholders: Placeholders) -> str:
    steps = (f".{placeholders.name(each)}" if isinstance(each, str) else f"[{each}]" for each in path)
    return name + "".join(steps)


def _holds(name: str, path: Path, new: WireValue | None, placeholders: Placeholders) -> list[str]:
    """The conditions that what holds a place is an object, or a list that is long enough."""
    holder, last = _written(name, path[:-1], placeholders), path[-1]
    if isinstance(last, str):
        return [f"attribute_type({holder}, {placeholders.value({'S': 'M'})})"]
    found = [f"attribute_type({holder}, {placeholders.value({'S': 'L'})})"]
    if new is not None:
        found.append(f"size({holder}) >= {placeholders.value({'N': str(last)})}")
    return found


def is_null(wire: WireValue | None, column: Column) -> bool:
    """Whether a stored value is NULL: no attribute, and the NULL type but in a JSON column."""
    return wire is None or ("NULL" in wire and column.kind is not Kind.DOCUMENT)


def _held_by(wire: WireValue, wire_type: str, column: Column) -> Any:
    if wire_type in wire:
        return wire[wire_type]
    what = "list" if wire_type == "L" else "such set"
    raise DataError(f"The column {column.name!r} of an item holds no {what}, but {next(iter(wire))}.")


def number_of(wire: WireValue | None, column: Column) -> Decimal:
    """The number that is stored.

    :raises DataError: another type is.
    """
    found = decode(wire, replace(column, kind=Kind.DECIMAL))
    assert isinstance(found, Decimal)
    return found


def total(first: Decimal, second: Decimal, column: Column) -> Decimal:
    """The exact sum.

    :raises UnsupportedValue: it has more than 38 digits.
    """
    return exact("+", first, second, column)


def exact(op: str, left: Decimal, right: Decimal, column: Column) -> Decimal:
    """The exact result of ``+``, ``-`` or ``*``.

    :raises UnsupportedValue: it has more than 38 digits.
    """
    try:
        match op:
            case "+":
                return _EXACT.add(left, right)
            case "-":
                return _EXACT.subtract(left, right)
            case _:
                return _EXACT.multiply(left, right)
    except Inexact:
        raise UnsupportedValue(
            f"What SET computes for column {column.name!r} has more than 38 significant digits, DynamoDB's limit; "
            "round it in Python."
        ) from None


def _n(number: Decimal, column: Column) -> WireValue:
    wire = encode(number, column)
    assert wire is not None
    return wire
