"""The words of types in DDL: SQL's own, which ``plan/kinds.py`` reads back."""
# ruff: noqa: D102, N802 - the methods are SQLAlchemy's hooks: named by it, documented there

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy import types as sqltypes
from sqlalchemy.sql.compiler import GenericTypeCompiler

from sqlalchemy_dynamorm.dialect.refusal import Misdeclared, refuse
from sqlalchemy_dynamorm.dialect.times import TTL


class TypeCompiler(GenericTypeCompiler):
    """SQLAlchemy's generic words, with UUID for all forms of Uuid."""

    def visit_uuid(self, type_: Any, **kw: Any) -> str:
        return "UUID"

    def visit_UUID(self, type_: Any, **kw: Any) -> str:
        return "UUID"

    # One word for the aware form of all of DateTime, DATETIME and TIMESTAMP, one for the naive form.

    def visit_DATETIME(self, type_: Any, type_expression: Any = None, **kw: Any) -> str:
        return _moment(type_, "DATETIME", type_expression)

    def visit_TIMESTAMP(self, type_: Any, type_expression: Any = None, **kw: Any) -> str:
        return _moment(type_, "TIMESTAMP", type_expression)

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        return "TIME WITH TIME ZONE" if type_.timezone else "TIME"

    def visit_JSON(self, type_: Any, **kw: Any) -> str:
        return "JSON"

    def visit_JSONB(self, type_: Any, **kw: Any) -> str:
        return "JSON"

    def visit_DOUBLE_PRECISION(self, type_: Any, **kw: Any) -> str:
        return "DOUBLE PRECISION"

    def visit_type_decorator(self, type_: Any, **kw: Any) -> str:
        if isinstance(type_, TTL):
            return "TTL"
        return "INTERVAL" if isinstance(type_, sqltypes.Interval) else str(super().visit_type_decorator(type_, **kw))

    def visit_interval(self, type_: Any, **kw: Any) -> str:
        return "INTERVAL"

    def visit_ARRAY(self, type_: Any, **kw: Any) -> str:
        """With the word of its elements' type, without its arguments."""
        word = str(self.process(type_.item_type)).partition("(")[0]
        return f"ARRAY({_ONE_WORD.get(word, word)})"

    def visit_STRING_SET(self, type_: Any, **kw: Any) -> str:
        return "STRING_SET"

    def visit_NUMBER_SET(self, type_: Any, **kw: Any) -> str:
        return "NUMBER_SET"

    def visit_BINARY_SET(self, type_: Any, **kw: Any) -> str:
        return "BINARY_SET"

    def visit_unsupported_compilation(self, element: Any, err: Exception, **kw: Any) -> NoReturn:
        refuse(
            f"The type {type(element).__name__} of {type(element).__module__.rpartition('.')[0]}",
            "DynamoDB has none like it. Give the column a type of sqlalchemy's own, and the other database its own "
            "with with_variant()",
        )


_ONE_WORD = {
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "TIME WITH TIME ZONE": "TIMETZ",
    "DOUBLE PRECISION": "DOUBLE",
}
FORMATS = {None: None, "iso": None, "epoch": "EPOCH", "epoch_ms": "EPOCH_MS"}
"""What ``Column(DateTime, dynamodb_format=…)`` takes, and the type's word for it."""


def _moment(type_: Any, plain: str, column: Any) -> str:
    """The word of a date and time: ``dynamodb_format`` of the column chooses a number in place of text."""
    word = FORMATS[None if column is None else column_format(column)] or ("TIMESTAMP" if type_.timezone else plain)
    return f"{word} WITH TIME ZONE" if type_.timezone else word


def column_format(column: Any) -> str | None:
    """The option ``dynamodb_format`` of a column.

    :raises Misdeclared: there is no such format.
    """
    given: str | None = column.dialect_options["dynamodb"]["format"]
    if given not in FORMATS:
        raise Misdeclared(f"dynamodb_format of the column {column.name!r} is iso, epoch or epoch_ms, not {given!r}.")
    return given
