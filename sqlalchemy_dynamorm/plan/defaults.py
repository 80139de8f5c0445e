"""DEFAULT values as the column's type has them: ``DEFAULT '5'`` of an INTEGER column is the number five."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.sql import nodes

_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def default_of(column: str, kind: Kind, written: nodes.Value | None) -> nodes.Value | None:
    """What the DEFAULT of a column is.

    :param column: its name, for the message.
    :param written: a constant or CURRENT_TIMESTAMP; NULL is no default.
    :raises Unsupported: it is no value of the column's kind.
    """
    if not isinstance(written, nodes.Literal):
        return written
    if written.value is None:
        return None
    try:
        found = _CONVERTERS.get(kind, nodes.Literal)(written.value)
    except (ValueError, InvalidOperation):
        found = None
    if found is None:
        raise Unsupported(
            f"The DEFAULT of the column {column!r} is no {kind.value} value, which its type says it is; correct it."
        )
    return found


def _text(value: Any) -> nodes.Value | None:
    if isinstance(value, bool):
        return nodes.Literal("true" if value else "false")
    if isinstance(value, bytes):
        return None
    return nodes.Literal(str(value))


def _integer(value: Any) -> nodes.Value | None:
    number = _decimal(value)
    return nodes.Literal(int(number)) if number is not None and number == number.to_integral_value() else None


def _number(value: Any) -> nodes.Value | None:
    number = _decimal(value)
    return nodes.Literal(number) if number is not None and number.is_finite() else None


def _decimal(value: Any) -> Decimal | None:
    return None if isinstance(value, bytes) else Decimal(value)


def _boolean(value: Any) -> nodes.Value | None:
    found = _TRUTHS.get(str(value).lower())
    return None if found is None else nodes.Literal(found)


def _binary(value: Any) -> nodes.Value | None:
    if isinstance(value, bytes):
        return nodes.Literal(value)
    return nodes.Literal(value.encode()) if isinstance(value, str) else None


def _document(value: Any) -> nodes.Value | None:
    if not isinstance(value, str):
        return nodes.Literal(value)
    json.loads(value)
    return nodes.Document(value)


_CONVERTERS: dict[Kind, Callable[[Any], nodes.Value | None]] = {
    Kind.STRING: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _number,
    Kind.FLOAT: _number,
    Kind.BOOLEAN: _boolean,
    Kind.BINARY: _binary,
    Kind.DOCUMENT: _document,
}
