"""The words of types in DDL: SQL's own, which ``plan/kinds.py`` reads back."""
# ruff: noqa: D102, N802 - the methods are SQLAlchemy's hooks: named by it, documented there

from __future__ import annotations

from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.sql.compiler import GenericTypeCompiler

from sqlalchemy_dynamorm.dialect.refusal import refuse


class TypeCompiler(GenericTypeCompiler):
    """SQLAlchemy's generic words, with UUID for all forms of Uuid."""

    def visit_uuid(self, type_: Any, **kw: Any) -> str:
        return "UUID"

    def visit_UUID(self, type_: Any, **kw: Any) -> str:
        return "UUID"

    # One word for the aware form of all of DateTime, DATETIME and TIMESTAMP, one for the naive form.

    def visit_DATETIME(self, type_: Any, **kw: Any) -> str:
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "DATETIME"

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "TIMESTAMP"

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        return "TIME WITH TIME ZONE" if type_.timezone else "TIME"

    def visit_JSON(self, type_: Any, **kw: Any) -> str:
        return "JSON"

    def visit_type_decorator(self, type_: Any, **kw: Any) -> str:
        if isinstance(type_, sqltypes.Interval):
            refuse("The type Interval", "it is not built yet; store a number of seconds in an Integer column")
        return str(super().visit_type_decorator(type_, **kw))

    def visit_INTERVAL(self, type_: Any, **kw: Any) -> str:
        refuse("The type INTERVAL", "it is not built yet; store a number of seconds in an Integer column")

    def visit_ARRAY(self, type_: Any, **kw: Any) -> str:
        refuse("The type ARRAY", "it is not built yet; store a list in a JSON column")
