"""UPDATEs and DELETEs as hypothesis draws them: conditions and values with functions, queries and other tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from tests.property import databases
from tests.property.expressions import KINDS, Element, Maker, Scope, What, _what

_SETTABLE: dict[What, tuple[str, ...]] = {"int": ("age", "boss", "person", "weight"), "text": ("name", "label")}


@st.composite
def changes(draw: st.DrawFn) -> Any:
    """An UPDATE or DELETE of any shape."""
    return _Changes(Maker(draw)).any()


class _Changes:
    def __init__(self, make: Maker) -> None:
        self._make = make

    def any(self) -> Any:
        return self._make.one_of(self._update, self._update, self._delete, self._update_from)()

    def _table(self) -> tuple[sa.Table, Scope]:
        table: sa.Table = self._make.one_of(*databases.TABLES)
        return table, Scope.of(table)

    def _where(self, scope: Scope) -> Element:
        return self._make.condition(scope) if self._make.chance(4) is False else sa.true()

    def _values(self, table: sa.Table, scope: Scope) -> dict[str, Any]:
        columns = [each for each in table.c if not each.primary_key and _what(each) is not None]
        chosen = {self._make.one_of(*columns).name for _ in range(self._make.one_of(1, 1, 2))}
        return {name: self._given(table.c[name], scope) for name in sorted(chosen)}

    def _given(self, column: Any, scope: Scope) -> Any:
        what = _what(column)
        assert what in KINDS
        return self._make.value(what) if self._make.chance(6) else self._make.expression(what, scope, 2)

    def _update(self) -> Any:
        table, scope = self._table()
        return sa.update(table).where(self._where(scope)).values(self._values(table, scope))

    def _delete(self) -> Any:
        table, scope = self._table()
        return sa.delete(table).where(self._where(scope))

    def _update_from(self) -> Any:
        """Of a row that joins several others only one decides, and nobody says which: they all give one value."""
        table, scope = self._table()
        other = self._make.one_of(*databases.TABLES).alias(self._make.name())
        what: What = self._make.one_of("int", "text")
        joined = self._make.column(what, scope) == self._make.column(what, Scope.of(other))
        where = sa.and_(joined, self._make.condition(scope.and_(Scope.of(other)), 0))
        return sa.update(table).where(where).values(self._values(table, scope))
