"""The types of DynamoDB's sets, with the operators it has for them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators

from sqlalchemy_dynamorm.errors import DataError

Processor = Callable[[Any], Any]


class _SetType(sqltypes.TypeEngine[set[Any]]):
    """A Python set. An empty one is no attribute, so it comes back as ``None``."""

    hashable = False
    # SQLAlchemy 2.1 asks for it, and 2.0 has none.
    operator_classes: ClassVar[Any] = getattr(getattr(operators, "OperatorClass", None), "ANY", None)
    _members: ClassVar[tuple[type, ...]]

    class Comparator(sqltypes.TypeEngine.Comparator[Any]):
        """What a WHERE asks of a set, and what an UPDATE does to it."""

        def contains(self, other: Any, **kw: Any) -> sa.ColumnElement[bool]:
            """Whether the value is a member: DynamoDB's ``contains``."""
            # SQLAlchemy hands on the options of LIKE's contains(), at their defaults.
            if any(kw.values()):
                raise DataError(f"contains() of a set takes a member alone, without {', '.join(sorted(kw))}.")
            return sa.func.contains(self.expr, other, type_=sa.Boolean())

        def add(self, *members: Any) -> sa.ColumnElement[Any]:
            """The set with these members, in ``update().values()``; it is made where there is none."""
            return sa.func.set_add(self.expr, sa.literal(set(members), self.type), type_=self.type)

        def discard(self, *members: Any) -> sa.ColumnElement[Any]:
            """The set without these members, in ``update().values()``."""
            return sa.func.set_remove(self.expr, sa.literal(set(members), self.type), type_=self.type)

    comparator_factory = Comparator

    @property
    def python_type(self) -> type[set[Any]]:
        return set

    def bind_processor(self, dialect: Dialect) -> Processor:
        return self._checked

    def _checked(self, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, set | frozenset):
            raise DataError(f"A {type(self).__name__} column takes a set; it does not take {type(value).__name__}.")
        for member in value:
            if not isinstance(member, self._members) or isinstance(member, bool):
                raise DataError(f"A {type(self).__name__} has no members of type {type(member).__name__}.")
        return value


class StringSet(_SetType):
    """SS: a set of ``str``."""

    __visit_name__ = "STRING_SET"
    _members = (str,)


class NumberSet(_SetType):
    """NS: a set of ``int`` and ``Decimal``; a float is stored as the decimal number that it prints as."""

    __visit_name__ = "NUMBER_SET"
    _members = (int, float, Decimal)


class BinarySet(_SetType):
    """BS: a set of ``bytes``."""

    __visit_name__ = "BINARY_SET"
    _members = (bytes,)
