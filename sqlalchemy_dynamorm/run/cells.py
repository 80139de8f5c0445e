"""The msgspec types that an item's attributes are decoded by: one *cell* a column.

A cell takes the column's wire type, or NULL, and forbids any other, so an unexpected type is an error and is never
read as NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from sqlalchemy_dynamorm.errors import InternalError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.epoch import to_text
from sqlalchemy_dynamorm.run.values import JSON_NULL, whole

Pick = Callable[[list[Any]], Iterable[Any]]
"""Item structs to one column's values."""


def _cell(wire_type: str, python_type: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        f"Cell{wire_type}",
        [(wire_type, python_type, None), ("NULL", bool, None)],
        forbid_unknown_fields=True,
        frozen=True,
        gc=False,
    )


# ``int | Decimal`` because a lax ``int`` reads "9007199254740993.0" through a float and loses a digit.
_CELLS: dict[Kind, tuple[str, type[msgspec.Struct]]] = {
    Kind.STRING: ("S", _cell("S", str)),
    Kind.INTEGER: ("N", _cell("N", int | Decimal)),
    Kind.NUMBER: ("N", _cell("N", int | Decimal)),
    Kind.DECIMAL: ("N", _cell("N", Decimal)),
    Kind.FLOAT: ("N", _cell("N", float)),
    Kind.BOOLEAN: ("BOOL", _cell("BOOL", bool)),
    Kind.BINARY: ("B", _cell("B", bytes)),
    Kind.EPOCH: ("N", _cell("N", Decimal)),
    Kind.EPOCH_MS: ("N", _cell("N", Decimal)),
    Kind.STRING_SET: ("SS", _cell("SS", list[str])),
    Kind.NUMBER_SET: ("NS", _cell("NS", list[int | Decimal])),
    Kind.BINARY_SET: ("BS", _cell("BS", list[bytes])),
}

_N = TypeVar("_N")


class _Cell(msgspec.Struct, Generic[_N], forbid_unknown_fields=True, frozen=True, gc=False):
    """Any value. Structs take a third of the time of dicts (a page of 1000 documents): nothing to collect."""

    S: str | UnsetType = UNSET
    N: _N | UnsetType = UNSET
    BOOL: bool | UnsetType = UNSET
    M: dict[str, _Cell[_N]] | UnsetType = UNSET
    L: list[_Cell[_N]] | UnsetType = UNSET
    B: bytes | UnsetType = UNSET
    SS: list[str] | UnsetType = UNSET
    NS: list[_N] | UnsetType = UNSET
    BS: list[bytes] | UnsetType = UNSET
    NULL: bool | UnsetType = UNSET


class _Document(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """The value of a DOCUMENT column: what JSON has. Within it other writers' sets and binary are read too."""

    S: str | UnsetType = UNSET
    N: int | float | UnsetType = UNSET
    BOOL: bool | UnsetType = UNSET
    M: dict[str, _Cell[int | float]] | UnsetType = UNSET
    L: list[_Cell[int | float]] | UnsetType = UNSET
    NULL: bool | UnsetType = UNSET


class _List(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """The value of a LIST column."""

    L: list[_Cell[int | Decimal]] | UnsetType = UNSET
    NULL: bool | UnsetType = UNSET


_NATIVE_CELLS: dict[Kind, Any] = {Kind.DOCUMENT: _Document, Kind.LIST: _List, Kind.ANY: _Cell[int | Decimal]}


def _native(cell: Any) -> Any:
    """The Python value of a cell, the frequent types first."""
    if (text := cell.S) is not UNSET:
        return text
    if (number := cell.N) is not UNSET:
        return whole(number) if isinstance(number, Decimal) else number
    if (flag := cell.BOOL) is not UNSET:
        return flag
    if (members := cell.M) is not UNSET:
        return {name: _native(each) for name, each in members.items()}
    if (elements := cell.L) is not UNSET:
        return [_native(each) for each in elements]
    return None if cell.NULL is not UNSET else _rare(cell)


def _rare(cell: _Cell[Any]) -> Any:
    if cell.B is not UNSET:
        return cell.B
    if cell.SS is not UNSET:
        return set(cell.SS)
    if cell.NS is not UNSET:
        return {whole(number) if isinstance(number, Decimal) else number for number in cell.NS}
    if cell.BS is not UNSET:
        return set(cell.BS)
    raise InternalError("an item holds an attribute value without a type; report it")


def _renamable(column: Column) -> bool:
    """msgspec takes no field name that JSON would have to escape."""
    return not any(char in '"\\' or char < " " for char in column.name)


def slots(fields: tuple[Column, ...]) -> list[str]:
    """The struct field of each column: columns of one attribute (one shown, one for a condition) have one."""
    names = [column.name for column in fields]
    return [f"f{names.index(name)}" for name in names]


def row_type(fields: tuple[Column, ...]) -> type[msgspec.Struct] | None:
    """The struct type of an item, a field for each attribute, others skipped (see :func:`slots`).

    ``None`` where there can be none: an odd name, or an attribute that is read as two kinds.
    """
    if not all(map(_renamable, fields)):
        return None
    columns: dict[str, tuple[Any, Any]] = {}
    for slot, column in zip(slots(fields), fields, strict=True):
        cell = _CELLS[column.kind][1] if column.kind in _CELLS else _NATIVE_CELLS[column.kind]
        if columns.setdefault(slot, (cell, cell() if column.kind in _CELLS else None))[0] is not cell:
            return None
    names = {slot: column.name for slot, column in zip(slots(fields), fields, strict=True)}
    return msgspec.defstruct("Item", [(slot, *cell) for slot, cell in columns.items()], rename=names, gc=False)


def pick(field: str, column: Column) -> Pick:
    """What takes the column's values out of item structs, in C for the scalars."""
    if column.kind is Kind.LIST:
        return _lists(attrgetter(field))
    if column.kind not in _CELLS:
        return _natives(attrgetter(field), JSON_NULL if column.nulls else None)
    get = attrgetter(f"{field}.{_CELLS[column.kind][0]}")
    if column.kind in (Kind.INTEGER, Kind.NUMBER):
        return _integers(get)
    convert = _conversion(column)
    if convert is not None:
        return lambda items: [None if value is None else convert(value) for value in map(get, items)]
    return lambda items: map(get, items)


def _conversion(column: Column) -> Callable[[Any], Any] | None:
    """What makes the value of what msgspec decoded, where that is another."""
    match column.kind:
        case Kind.EPOCH | Kind.EPOCH_MS:
            return lambda number: to_text(number, column)
        case Kind.NUMBER_SET:
            return lambda numbers: {whole(each) if isinstance(each, Decimal) else each for each in numbers}
        case Kind.STRING_SET | Kind.BINARY_SET:
            return set
        case _:
            return None


def _lists(get: attrgetter[Any]) -> Pick:
    return lambda items: [
        None if cell is None or cell.L is UNSET else [_native(each) for each in cell.L] for cell in map(get, items)
    ]


def _integers(get: attrgetter[Any]) -> Pick:
    def take(items: list[Any]) -> list[Any]:
        values = list(map(get, items))
        if Decimal in set(map(type, values)):  # "1.0", "1E+2", or a fraction
            return [whole(value) if isinstance(value, Decimal) else value for value in values]
        return values

    return take


def _natives(get: attrgetter[Any], null: Any) -> Pick:
    if null is None:
        return lambda items: [None if cell is None else _native(cell) for cell in map(get, items)]
    return lambda items: [
        None if cell is None else null if cell.NULL is not UNSET else _native(cell) for cell in map(get, items)
    ]
