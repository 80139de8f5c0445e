"""Statements that write as hypothesis draws them: with functions, queries and other tables in all their parts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from tests.property import databases
from tests.property.expressions import KINDS, Element, Maker, Scope, What, what_of

NEW = 1000


@st.composite
def changes(draw: st.DrawFn) -> Any:
    """An UPDATE, DELETE or INSERT of any shape; what is inserted has ids from :data:`NEW` up."""
    return _Changes(Maker(draw)).any()


class _Changes:
    def __init__(self, make: Maker) -> None:
        self._make = make

    def any(self) -> Any:
        shapes = (self._update, self._update, self._delete, self._update_from, self._insert_select, self._insert)
        return self._make.one_of(*shapes)()

    def _table(self) -> tuple[sa.Table, Scope]:
        table: sa.Table = self._make.one_of(*databases.TABLES)
        return table, Scope.of(table)

    def _where(self, scope: Scope) -> Element:
        return self._make.condition(scope) if self._make.chance(4) is False else sa.true()

    def _values(self, table: sa.Table, scope: Scope) -> dict[str, Any]:
        columns = [each for each in table.c if not each.primary_key and what_of(each) in KINDS]
        chosen = {self._make.one_of(*columns).name for _ in range(self._make.one_of(1, 1, 2))}
        return {name: self._given(table.c[name], scope) for name in sorted(chosen)}

    def _given(self, column: Any, scope: Scope) -> Any:
        what = what_of(column)
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

    def _insert_select(self) -> Any:
        """Into people, of rows of whatever table, each with an id of its own."""
        source = databases.people.alias(self._make.name())
        scope = Scope.of(source)
        values = self._values(databases.people, scope)
        selected = sa.select(
            source.c.id + NEW, *(sa.type_coerce(each, databases.people.c[name].type) for name, each in values.items())
        )
        selected = selected.where(source.c.id < NEW, self._where(scope))
        return sa.insert(databases.people).from_select(["id", *values], selected)

    def _insert(self) -> Any:
        nothing = Scope.of()
        rows = [{"id": NEW + at, **self._values(databases.people, nothing)} for at in range(self._make.one_of(1, 2))]
        names = sorted({name for row in rows for name in row})
        return sa.insert(databases.people).values([{name: row.get(name) for name in names} for row in rows])
