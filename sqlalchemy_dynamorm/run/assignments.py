"""SET with a statement's values: the edits that need no row, and on a row all of them, computed where they must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy_dynamorm.errors import DataError, IntegrityError, NotNullViolation
from sqlalchemy_dynamorm.plan.assignments import (
    Assignment,
    Compute,
    Default,
    Extend,
    Give,
    Increase,
    Members,
    Places,
    Take,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run import edits
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.computing import compute, decimal, members_given
from sqlalchemy_dynamorm.run.edits import Assign, Edit, Edits, is_null
from sqlalchemy_dynamorm.run.items import encoded, generated, kept
from sqlalchemy_dynamorm.run.paths import Path, parse
from sqlalchemy_dynamorm.run.scratch_values import document
from sqlalchemy_dynamorm.run.values import Item, WireValue, encode, encode_key
from sqlalchemy_dynamorm.sql import nodes

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.run.checking import Judge
    from sqlalchemy_dynamorm.run.writing import Check


@dataclass(frozen=True, slots=True)
class Done:
    """What is done to one item.

    :ivar edits: each fits the item as it was read.
    :ivar used: the attributes whose values decided what is done: they must still be what was read.
    :ivar kept: what CHECK constraints ask of the stored item, besides.
    """

    edits: Edits
    used: frozenset[str] = frozenset()
    kept: tuple[Check, ...] = ()

    def judged_by(self, names: frozenset[str]) -> Done:
        """The same, decided by these attributes too."""
        return replace(self, used=self.used | names)

    def without(self, names: Sequence[str]) -> Done:
        """The same, leaving these attributes alone."""
        return replace(self, edits={name: edit for name, edit in self.edits.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Setting:
    """What one set of values sets.

    :ivar edits: what needs no row to be known.
    :ivar computed: what is computed of the row.
    :ivar following: the computed columns that follow from what is set, and from what the row has.
    :ivar judges: of the CHECK constraints that are of what is set and of what the row has, too.
    :ivar kept: what those of one number that is increased ask of the stored row, by their positions.
    :ivar refused: why it can be done to no row, NULL for a NOT NULL column: where there is no row it is no error.
    """

    table: Table
    values: Bound
    edits: Edits
    computed: tuple[tuple[Column, Compute], ...]
    following: tuple[Column, ...] = ()
    judges: tuple[Judge, ...] = ()
    kept: tuple[Check | None, ...] = ()
    refused: IntegrityError | None = None

    @property
    def writable(self) -> bool:
        """Whether it can be sent without a look at the row."""
        looks = self.computed or self.following or self.refused or None in self.kept
        return not looks and all(edit.writable for edit in self.edits.values())

    def of(self, image: Item) -> Done:
        """What is done to an item.

        :raises DataError: a value that cannot be computed, or does not fit.
        :raises NotNullViolation: NULL for a column that is NOT NULL.
        :raises CheckViolation: a CHECK constraint would be false of it.
        """
        if self.refused is not None:
            raise self.refused
        found: dict[str, Edit] = {}
        used: set[str] = set()
        for name, edit in self.edits.items():
            fits = edit.fits(image.get(name))
            found[name] = edit if fits else Assign(self._required(name, edit.of(image.get(name))))
            if not fits:
                used.add(name)
        for column, change in self.computed:
            found[column.name] = Assign(self._computed(column, change, image))
            used.update(read.name for read in change.columns)
        for column in self.following:
            used.update(name for name in column.parts if not isinstance(self.edits.get(name), Assign))
            found[column.name] = Assign(generated(self.table, column, self._set(image, found, column.parts)))
        kept: list[tuple[Check, frozenset[str]]] = []
        for judge, check in zip(self.judges, self.kept, strict=True):
            if judge.violated([self._set(image, found, judge.rule.columns)], self.values.now)[0]:
                raise judge.violation()
            if check is not None and all(found[name] is self.edits[name] for name in judge.rule.columns):
                kept.append((check, judge.rule.columns))
            else:
                used.update(judge.rule.columns - self._settled)
        for name in used & found.keys():
            # What must be what was read needs no relative clause, which would be sent as a transaction.
            found[name] = Assign(found[name].of(image.get(name)))
        return Done(found, frozenset(used), tuple(check for check, names in kept if not names & used))

    @property
    def _settled(self) -> frozenset[str]:
        """The columns of which what they become does not follow from what they are, or is in ``used`` as it does."""
        made = {column.name for column, _ in self.computed} | {column.name for column in self.following}
        given = {name for name, edit in self.edits.items() if isinstance(edit, Assign)}
        return frozenset(made | given | {*self.table.key_columns})

    def _set(self, image: Item, found: Edits, names: frozenset[str]) -> Item:
        """These attributes of an item as they are when the edits are done."""
        wires = {name: found[name].of(image.get(name)) if name in found else image.get(name) for name in names}
        return {name: wire for name, wire in wires.items() if wire is not None}

    def _required(self, name: str, wire: WireValue | None) -> WireValue | None:
        return encoded(self.table, self.table.by_name[name], None) if wire is None and self._declared(name) else wire

    def _declared(self, name: str) -> bool:
        return name in self.table.by_name

    def _computed(self, column: Column, change: Compute, image: Item) -> WireValue | None:
        if isinstance(change.operand, nodes.Column) and change.columns[0].kind is column.kind:
            wire = image.get(change.columns[0].name)  # a copy, to the last digit
            if not is_null(wire, column) and column.name not in self.table.key_columns:
                return wire
        found = compute(change.operand, column, {read.name: read for read in change.columns}, image, self.values)
        return given(self.table, column, found)


def setting(
    table: Table,
    assignments: Sequence[Assignment],
    values: Bound,
    taken: Sequence[Any] = (),
    judges: Sequence[Judge] = (),
) -> Setting:
    """SET with one set of values.

    :param taken: what the SELECT that found the row computed for it.
    :param judges: of the CHECK constraints that it may violate.
    :raises DataError: a value that does not fit its column.
    """
    fixed: dict[str, Edit] = {}
    computed: list[tuple[Column, Compute]] = []
    refused: IntegrityError | None = None
    for each in assignments:
        column, change = each.column, each.change
        try:
            if isinstance(change, Take):
                fixed[column.name] = Assign(given(table, column, _taken(taken[change.at], column)))
            elif not isinstance(change, Compute):
                edit = _edit(table, column, change, values)
                if edit is not None:
                    fixed[column.name] = edit
            elif change.columns:
                computed.append((column, change))
            else:
                fixed[column.name] = Assign(given(table, column, compute(change.operand, column, {}, {}, values)))
        except NotNullViolation as error:
            refused = refused or error
    following = _following(table, {each.column.name for each in assignments}, fixed)
    known = [judge for judge in judges if all(isinstance(fixed.get(name), Assign) for name in judge.rule.columns)]
    refused = refused or _violation(known, fixed, values)
    left = tuple(judge for judge in judges if judge not in known)
    kept = tuple(judge.kept(fixed, values) for judge in left)
    return Setting(table, values, fixed, tuple(computed), following, left, kept, refused)


def _violation(judges: Sequence[Judge], fixed: Edits, values: Bound) -> IntegrityError | None:
    """That of the first of these constraints, of columns that are all given, which is violated."""
    wires = {name: edit.of(None) for name, edit in fixed.items() if isinstance(edit, Assign)}
    item = {name: wire for name, wire in wires.items() if wire is not None}
    return next((judge.violation() for judge in judges if judge.violated([item], values.now)[0]), None)


def _following(table: Table, named: set[str], fixed: dict[str, Edit]) -> tuple[Column, ...]:
    """The computed columns that follow from what is set and what the row has; what is set alone gives is filled in."""
    following = [column for column, parts in table.computed if parts & named]
    for column in [column for column in following if all(isinstance(fixed.get(name), Assign) for name in column.parts)]:
        following.remove(column)
        image = {name: fixed[name].of(None) for name in column.parts}
        known = {name: wire for name, wire in image.items() if wire is not None}
        fixed[column.name] = Assign(generated(table, column, known))
    return tuple(following)


def _taken(value: Any, column: Column) -> Any:
    """What SQLite computed, as the column takes it."""
    return document(value, column) if column.kind is Kind.DOCUMENT else value


def given(table: Table, column: Column, value: Any) -> WireValue | None:
    """The wire value of what a column is given; ``None`` removes the attribute. Key columns are checked as keys."""
    if column.name in table.key_columns:
        return encode_key(kept(value, column), column, "partition" if column.name == table.partition else "sort")
    return encoded(table, column, value)


def _edit(
    table: Table, column: Column, change: Give | Increase | Default | Extend | Members | Places, values: Bound
) -> Edit | None:
    """The edit; ``None`` where the values leave the column as it is."""
    match change:
        case Give(value):
            return Assign(given(table, column, values(value)))
        case Increase(terms, base):
            return _increase(table, column, terms, base, values)
        case Default(value):
            filling = values(value)
            wire = None if filling is None else encoded(table, column, filling)
            return None if wire is None else edits.Fill(column, wire)
        case Extend(items, front, base):
            return _extend(table, column, items, front, base, values)
        case Members(members, remove):
            return _members(column, values(members), remove)
        case Places(places):
            return _places(column, places, values)


def _increase(
    table: Table, column: Column, terms: tuple[tuple[int, nodes.Value], ...], base: nodes.Value | None, values: Bound
) -> Edit:
    numbers = [decimal(values(value), column) for _, value in terms]
    if any(number is None for number in numbers):
        return Assign(encoded(table, column, None))  # NULL in a sum makes it NULL
    number = Decimal(0)
    for (sign, _), term in zip(terms, numbers, strict=True):
        number = edits.exact("+" if sign > 0 else "-", number, term or Decimal(0), column)
    encode(number, column)  # what does not fit the column is refused before anything is sent
    return edits.Add(column, number, None if base is None else decimal(values(base), column))


def _extend(
    table: Table, column: Column, items: nodes.Value, front: bool, base: nodes.Value | None, values: Bound
) -> Edit:
    found = _list(column, values(items))
    if found is None:
        return Assign(encoded(table, column, None))
    return edits.Extend(column, found, front, None if base is None else _list(column, values(base)))


def _list(column: Column, value: Any) -> tuple[WireValue, ...] | None:
    wire = encode(value, column)
    if wire is None:
        return None
    if "L" not in wire:
        raise DataError(f"list_append() on column {column.name!r} takes a list; it was given another type.")
    return tuple(wire["L"])


def _members(column: Column, value: Any, remove: bool) -> Edit | None:
    many = members_given(value)
    wire = encode(many, column) if many else None
    if wire is None:
        return None
    ((wire_type, members),) = wire.items()
    if wire_type not in ("SS", "NS", "BS"):
        raise DataError(f"The column {column.name!r} holds no set; set_add() and set_remove() are for sets.")
    return edits.Members(column, wire_type, tuple(members), remove)


def _places(column: Column, places: tuple[tuple[nodes.Path, nodes.Value | None], ...], values: Bound) -> Edit:
    if column.kind not in (Kind.DOCUMENT, Kind.ANY):
        raise DataError(f"The column {column.name!r} holds {column.kind.value} values, which have no JSON paths.")
    found: list[tuple[Path, WireValue | None]] = []
    for texts, new in places:
        path = tuple(segment for text in texts for segment in parse(values(text)))
        if not path:
            raise DataError(f"The JSON path on column {column.name!r} is that of the whole document.")
        found.append((path, None if new is None else _part(column, values(new))))
    return edits.Places(tuple(found))


def _part(column: Column, value: Any) -> WireValue:
    return encode(value, Column(column.name, Kind.DOCUMENT)) or {"NULL": True}
