"""ARRAY columns: a native list, each element stored as its type is in a document."""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Dialect

from sqlalchemy_dynamorm.errors import DataError

Processor = Callable[[Any], Any]


class StoredArray(sqltypes.ARRAY[Any]):
    """L. Without ``dimensions`` a list in the list is one more dimension; ``None`` is the NULL type."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        element = self.item_type.dialect_impl(dialect).bind_processor(dialect) or _element(self.item_type)
        return lambda value: None if value is None else _list(value, element, self.dimensions)

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        element = self.item_type.dialect_impl(dialect).result_processor(dialect, coltype)
        if element is None and not self.as_tuple:
            return None
        read = element or _same
        into = tuple if self.as_tuple else list
        return lambda value: None if value is None else _mapped(value, read, self.dimensions, into)

    def literal_processor(self, dialect: Dialect) -> Processor | None:
        return None  # there is no text for a list: SQLAlchemy says so


def _element(type_: sqltypes.TypeEngine[Any]) -> Processor:
    """Elements as they are, of the type that they are declared with: a list is stored as one value, so nothing else
    would find out before they are read."""
    taken = next(
        (taken for affinity, taken in _TAKEN.items() if issubclass(type_._type_affinity or object, affinity)), None
    )
    if taken is None:
        return _same

    def element(value: Any) -> Any:
        if isinstance(value, taken):
            return value
        raise DataError(f"An ARRAY of {type(type_).__name__} has no elements of type {type(value).__name__}.")

    return element


_TAKEN: dict[Any, type[Any]] = {sqltypes.Integer: int, sqltypes.String: str}


def _same(value: Any) -> Any:
    return value


def _list(value: Any, element: Processor, dimensions: int | None) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise DataError(f"An ARRAY column takes a list; it does not take {type(value).__name__}.")
    found = _mapped(value, element, dimensions, list)
    assert isinstance(found, list)
    return found


def _mapped(value: Any, element: Processor, dimensions: int | None, into: Callable[[Any], Any]) -> Any:
    """The elements converted, in lists nested as deeply as the value is, or as the dimensions say."""
    deeper = None if dimensions is None else dimensions - 1
    return into(
        _mapped(each, element, deeper, into)
        if deeper != 0 and isinstance(each, list | tuple)
        else None
        if each is None
        else element(each)
        for each in value
    )
