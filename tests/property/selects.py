"""SELECTs as hypothesis draws them: joins, groups, windows, set operations, CTEs, orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.selectable import SelectStatementGrouping

from tests.property import databases
from tests.property.expressions import KINDS, Element, Maker, Scope, What


@dataclass(frozen=True)
class Asked:
    """A statement.

    :ivar ordered: its ORDER BY leaves no choice, but between rows that are equal.
    """

    statement: Any
    ordered: bool


@dataclass(frozen=True)
class Shaped:
    """A statement as far as it is drawn.

    :ivar count: how many result columns it has, ``c0`` and so on; 0 where it cannot be ordered by them.
    :ivar scope: what ORDER BY may compute with.
    """

    statement: Any
    count: int
    scope: Scope | None = None


@compiles(SelectStatementGrouping, "sqlite")
def _part(element: Any, compiler: Any, **kw: Any) -> str:
    """SQLite, the oracle, has no parentheses around a part of UNION."""
    return f"SELECT * FROM ({compiler.process(element.element, **kw)})"


@st.composite
def selects(draw: st.DrawFn) -> Asked:
    """A SELECT of any shape."""
    return _Selects(Maker(draw)).any()


class _Selects:
    def __init__(self, make: Maker) -> None:
        self._make = make

    def any(self) -> Asked:
        shape = self._make.one_of(
            self._plain, self._grouped, self._windowed, self._compound, self._of_subquery, self._shown
        )
        return self._finished(shape())

    # ---- FROM

    def _table(self) -> tuple[Any, Scope]:
        table = self._make.one_of(*databases.TABLES)
        table = table.alias(self._make.name()) if self._make.chance(4) else table
        return table, Scope.of(table)

    def _from(self) -> tuple[Any, Scope]:
        """One table, or two or three that are joined, one of them perhaps with itself."""
        selectable, scope = self._table()
        for _ in range(self._make.one_of(0, 0, 1, 1, 2)):
            table = self._make.one_of(*databases.TABLES).alias(self._make.name())
            other = Scope.of(table)
            how = self._make.one_of("inner", "inner", "outer", "cross")
            on = sa.true() if how == "cross" else self._on(scope, other)
            selectable = sa.join(selectable, table, on, isouter=how == "outer")
            scope = scope.and_(other)
        return selectable, scope

    def _on(self, left: Scope, right: Scope) -> Element:
        what: What = self._make.one_of("int", "int", "text", "day", "wide")
        if not (left.columns[what] and right.columns[what]):
            what = "int"
        on: Element = self._make.column(what, left) == self._make.column(what, right)
        if self._make.chance(4):
            both = left.and_(right)
            self._make.subqueries, kept = 0, self._make.subqueries
            on = self._make.one_of(sa.and_, sa.or_)(on, self._make.condition(both, 0))
            self._make.subqueries = kept
        return on

    def _where(self, selected: sa.Select[Any], scope: Scope) -> sa.Select[Any]:
        return selected.where(self._make.condition(scope)) if self._make.one_of(True, True, False) else selected

    # ---- shapes: the statement and its outputs' types

    def _whats(self) -> list[What]:
        return [self._make.one_of(*KINDS) for _ in range(self._make.one_of(1, 2, 3))]

    def _outputs(self, whats: Sequence[What], scope: Scope) -> list[Any]:
        return [self._make.expression(what, scope, 2).label(f"c{at}") for at, what in enumerate(whats)]

    def _shown(self) -> Shaped:
        """Columns of any type, wide numbers and documents too, in no order."""
        selectable, scope = self._from()
        shown = [*scope.columns["wide"], *scope.notes]
        if not shown:
            return self._plain()
        keys = [self._make.column(self._make.one_of(*KINDS), scope) for _ in range(self._make.one_of(0, 1))]
        outputs = [each.label(f"c{at}") for at, each in enumerate([self._make.one_of(*shown), *keys])]
        selected = self._where(sa.select(*outputs).select_from(selectable), scope)
        how = self._make.one_of("all", "distinct", "grouped")
        if how == "grouped":
            counted = selected.add_columns(sa.func.count(outputs[0].element.distinct()), sa.func.count())
            selected = counted.group_by(*[each.element for each in outputs])
        return Shaped(selected.distinct() if how == "distinct" else selected, 0)

    def _plain(self, whats: Sequence[What] | None = None) -> Shaped:
        selectable, scope = self._from()
        outputs = self._outputs(whats or self._whats(), scope)
        selected = self._where(sa.select(*outputs).select_from(selectable), scope)
        if self._make.chance(4):
            return Shaped(selected.distinct(), len(outputs))
        return Shaped(selected, len(outputs), scope)

    def _grouped(self, whats: Sequence[What] | None = None) -> Shaped:
        selectable, scope = self._from()
        whats = whats or self._whats()
        keys = [self._key(what, scope) for what in whats[1:]]
        aggregate = self._make.aggregate(whats[0], scope, 1)
        outputs = [each.label(f"c{at}") for at, each in enumerate([aggregate, *keys])]
        selected = self._where(sa.select(*outputs).select_from(selectable), scope)
        if keys:
            selected = selected.group_by(*keys)
            if self._make.chance(2):
                what: What = self._make.one_of("int", "dec")
                having = self._make.aggregate(what, scope)
                selected = selected.having(self._make._compared(having, self._make.literal(what)))
        return Shaped(selected, len(outputs))

    def _key(self, what: What, scope: Scope) -> Element:
        """What to group by. SQLAlchemy writes true as 1 for SQLite, which would be the first output column."""
        found = self._make.expression(what, scope, self._make.one_of(0, 0, 1))
        return self._make.column(what, scope) if isinstance(found, sa.True_ | sa.False_) else found

    def _windowed(self) -> Shaped:
        selectable, scope = self._from()
        outputs = [self._window(scope).label("c0"), *[each.label(f"c{at}") for at, each in enumerate(scope.rows, 1)]]
        return Shaped(self._where(sa.select(*outputs).select_from(selectable), scope), len(outputs), scope)

    def _window(self, scope: Scope) -> Any:
        make = self._make
        what = make.one_of("int", "dec")
        of = make.column(what, scope)
        ranked = make.column(make.one_of(*KINDS), scope)
        partition = [make.column(make.one_of(*KINDS), scope)] if make.one_of(True, False) else []
        total = [*([sa.desc(ranked)] if make.one_of(True, False) else []), *scope.rows]
        shape = make.one_of("number", "rank", "dense", "lag", "lead", "first", "sum", "frame", "count", "average")
        if shape in ("rank", "dense"):
            function = sa.func.rank() if shape == "rank" else sa.func.dense_rank()
            return function.over(partition_by=partition, order_by=ranked)
        functions: dict[str, Any] = {
            "number": sa.func.row_number(),
            "lag": sa.func.lag(of, 1, type_=of.type),
            "lead": sa.func.lead(of, type_=of.type),
            "first": sa.func.first_value(of, type_=of.type),
            "count": sa.func.count(of),
            "average": sa.func.avg(of, type_=sa.Numeric()),
        }
        frame = {"rows": make.one_of((-1, 1), (None, 0), (0, None))} if shape == "frame" else {}
        return functions.get(shape, sa.func.sum(of)).over(partition_by=partition, order_by=total, **frame)

    def _compound(self, whats: Sequence[What] | None = None, depth: int = 1) -> Shaped:
        whats = whats or self._whats()
        parts = [self._compound_part(whats, depth) for _ in range(self._make.one_of(2, 2, 3))]
        how = self._make.one_of(sa.union_all, sa.union, sa.intersect, sa.except_)
        return Shaped(how(*parts), len(whats))

    def _compound_part(self, whats: Sequence[What], depth: int) -> Any:
        shape = self._make.one_of("plain", "plain", "grouped", "limited", "compound" if depth else "plain")
        if shape == "compound":
            return self._compound(whats, depth - 1).statement
        part = self._grouped(whats) if shape == "grouped" else self._plain(whats)
        return self._limited(part).statement if shape == "limited" else part.statement

    def _of_subquery(self) -> Shaped:
        """From a subquery or a CTE, perhaps used twice, perhaps joined to a table."""
        inner = self._make.one_of(self._plain, self._grouped, self._compound)().statement
        name = self._make.name()
        source = inner.cte(name) if self._make.one_of(True, False) else inner.subquery(name)
        selectable, scope = source, Scope.of(source)
        if self._make.chance(2):
            other = source.alias(self._make.name()) if self._make.chance(3) else self._table_alias()
            on = self._on(scope, Scope.of(other))
            selectable = sa.join(source, other, on, isouter=self._make.one_of(False, True))
            scope = scope.and_(Scope.of(other))
        outputs = self._outputs(self._whats(), scope)
        return Shaped(self._where(sa.select(*outputs).select_from(selectable), scope), len(outputs), scope)

    def _table_alias(self) -> Any:
        return self._make.one_of(*databases.TABLES).alias(self._make.name())

    # ---- ORDER BY, LIMIT, OFFSET

    def _finished(self, shaped: Shaped) -> Asked:
        how = self._make.one_of("no", "some", "all", "all")
        if how == "no" or not shaped.count:
            return Asked(shaped.statement, ordered=False)
        if how == "some":
            return Asked(shaped.statement.order_by(self._way(sa.literal_column("c0"))), ordered=False)
        if shaped.scope is not None and self._make.chance(3):
            first = self._way(self._ordering(shaped.scope))
            shaped = Shaped(shaped.statement.order_by(first), shaped.count, shaped.scope)
        return Asked(self._limited(shaped).statement, ordered=True)

    def _ordering(self, scope: Scope) -> Element:
        """What to order by. A constant would be the place of an output column."""
        found = self._make.expression(self._make.one_of(*KINDS), scope, 2)
        return sa.func.coalesce(found, found) if isinstance(found, sa.BindParameter) else found

    def _limited(self, shaped: Shaped) -> Shaped:
        """It, in an order that leaves no choice, and perhaps a part of it."""
        names = [f"c{at}" for at in self._make.draw(st.permutations(range(shaped.count)))]
        selected = shaped.statement.order_by(*[self._way(sa.literal_column(name)) for name in names])
        if self._make.chance(2):
            selected = selected.limit(self._make.one_of(3, 1, 0, 10))
            if self._make.chance(2):
                selected = selected.offset(self._make.one_of(1, 2, 0, 5))
        return Shaped(selected, shaped.count)

    def _way(self, of: Element) -> Any:
        way = self._make.one_of(sa.asc, sa.desc)(of)
        return self._make.one_of(lambda each: each, sa.nulls_first, sa.nulls_last)(way)
