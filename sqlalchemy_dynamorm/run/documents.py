"""Values by their Python type alone: documents, what they hold, and sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.numbers import number_text
from sqlalchemy_dynamorm.run.wire import MAX_LEVELS, WireValue


@dataclass(frozen=True, slots=True)
class Json:
    """Store this Python value as a native document; ``Json(None)`` is JSON null, the NULL type."""

    value: Any


def native(value: Any, column: Column, level: int) -> WireValue:
    """The wire value by the Python type alone.

    :param level: 1 for the attribute, 2 for what is in it, and so on.
    :raises DataError: it is too deep, or holds what has no wire type.
    """
    if level > MAX_LEVELS:
        raise DataError(
            f"column {column.name!r} was given a document of more than {MAX_LEVELS} levels, DynamoDB's limit; "
            "flatten it, or store it as text"
        )
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": unicode(value, column)}
    if isinstance(value, (int, float, Decimal)):
        return {"N": number_text(value, column)}
    if isinstance(value, Mapping):
        return {"M": {_name(key, column): native(each, column, level + 1) for key, each in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"L": [native(each, column, level + 1) for each in value]}
    return native(value.value, column, level) if isinstance(value, Json) else _rare(value, column)


def _rare(value: Any, column: Column) -> WireValue:
    """What is in no JSON document."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"B": bytes(value)}
    if isinstance(value, (set, frozenset)):
        return _set(value, column)
    raise wrong_type(value, column)


def _name(key: Any, column: Column) -> str:
    if isinstance(key, str):
        return unicode(key, column)
    raise DataError(
        f"column {column.name!r} was given a document with a key of type {type(key).__name__}: keys are strings"
    )


def _set(value: Iterable[Any], column: Column) -> WireValue:
    members = {_member(each, column) for each in value}
    types = {wire_type for wire_type, _ in members}
    if len(types) == 1:
        return typed_set(value, types.pop(), column)
    problem = "an empty set within a document" if not types else "a set that mixes strings, numbers and binary"
    raise DataError(f"column {column.name!r} was given {problem}: a set has members, all of one type; use a list")


def typed_set(value: Iterable[Any], wire_type: str, column: Column) -> WireValue:
    """The members as a set of that wire type, in their order.

    :raises DataError: there is one of another type.
    """
    members = {_member(each, column) for each in value}
    if any(found != wire_type for found, _ in members):
        raise DataError(
            f"column {column.name!r} is declared {column.kind.value} and was given a set with members of another type"
        )
    return {wire_type: sorted(member for _, member in members)}


def _member(value: Any, column: Column) -> tuple[str, Any]:
    if isinstance(value, str):
        return "SS", unicode(value, column)
    if isinstance(value, bytes):
        return "BS", bytes(value)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "NS", number_text(value, column)
    raise DataError(
        f"column {column.name!r} was given a set with a member of type {type(value).__name__}: "
        "members are strings, numbers or bytes"
    )


def unicode(value: str, column: Column) -> str:
    """The text, which must have a UTF-8 form. :raises DataError: it has a lone surrogate."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"column {column.name!r} was given text with a lone surrogate, which has no UTF-8 form; "
                "replace such characters, or store bytes in a binary column"
            ) from None
    return str.__str__(value)  # of a subclass, an enum's member for example, the text itself


def wrong_type(value: Any, column: Column) -> DataError:
    """The error for a value of a type that the column does not take."""
    if column.kind is Kind.BOOLEAN and type(value) is int:
        return DataError(f"column {column.name!r} is declared boolean and was given an int other than 0 and 1")
    return DataError(
        f"column {column.name!r} is declared {column.kind.value} and was given a value of type "
        f"{type(value).__name__}; convert it, or declare the column with a type that takes it"
    )
