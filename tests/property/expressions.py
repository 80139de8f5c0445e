"""Typed expressions and conditions over the columns in scope, as hypothesis draws them.

Every expression means the same here and in SQLite and is exact there. What is left out on purpose: text of a Decimal
(SQLite makes the number 5 of NUMERIC 5.00), and sums of quotients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa
from hypothesis import strategies as st

from tests.property import databases, documents, moments, patterns
from tests.property.databases import VALUES

What = Literal["int", "dec", "text", "flag", "day", "moment", "wide"]
Element = sa.ColumnElement[Any]

KINDS: tuple[What, ...] = ("int", "dec", "text", "flag", "day", "moment")
"""Those that are computed with; ``wide`` numbers are shown and compared for equality alone."""
TYPES: dict[What, Any] = {
    "int": sa.Integer,
    "dec": sa.Numeric,
    "text": sa.String,
    "flag": sa.Boolean,
    "day": sa.Date,
    "moment": sa.DateTime,
    "wide": databases.Wide,
}


@dataclass(frozen=True)
class Scope:
    """The columns that can be named, by what they are.

    :ivar rows: columns whose values tell the rows apart, or at least tell apart all that is not equal.
    :ivar notes: JSON columns.
    """

    columns: dict[What, list[Element]]
    rows: tuple[Element, ...]
    notes: tuple[Any, ...] = ()

    @classmethod
    def of(cls, *selectables: sa.FromClause) -> Scope:
        """The scope of a FROM."""
        columns: dict[What, list[Element]] = {what: [] for what in TYPES}
        rows: list[Element] = []
        notes: list[Any] = []
        for selectable in selectables:
            for column in selectable.c:
                what = what_of(column)
                if what is None:
                    notes.append(column)
                else:
                    columns[what].append(column)
            rows += list(selectable.primary_key) or [column for column in selectable.c if what_of(column) in KINDS]
        return cls(columns, tuple(rows), tuple(notes))

    def and_(self, other: Scope) -> Scope:
        """Both."""
        columns = {what: [*self.columns[what], *other.columns[what]] for what in TYPES}
        return Scope(columns, (*self.rows, *other.rows), (*self.notes, *other.notes))


def what_of(column: Any) -> What | None:
    """What a column holds; ``None`` for JSON."""
    return next((what for what in TYPES if isinstance(column.type, TYPES[what])), None)


@dataclass
class Maker:
    """Draws expressions.

    :ivar subqueries: how many more subqueries may stand in the statement.
    """

    draw: st.DrawFn
    subqueries: int = 2
    _names: int = field(default=0)

    def one_of(self, *choices: Any) -> Any:
        """One of them; the first is the simplest."""
        return choices[self.draw(st.integers(0, len(choices) - 1))]

    def chance(self, times: int) -> bool:
        """True once in so many times."""
        return self.draw(st.integers(0, times - 1)) == times - 1

    def name(self) -> str:
        """A new name."""
        self._names += 1
        return f"x{self._names}"

    # ---- expressions

    def literal(self, what: What) -> Element:
        """A bound value."""
        return sa.literal(self.value(what), TYPES[what]())

    def value(self, what: What) -> Any:
        """A value, seldom NULL."""
        return None if self.chance(20) else self.one_of(*VALUES[TYPES[what]])

    def column(self, what: What, scope: Scope) -> Element:
        """A column, or a value where there is none."""
        columns = scope.columns[what]
        return self.one_of(*columns) if columns else self.literal(what)

    def expression(self, what: What, scope: Scope, depth: int = 1) -> Element:
        """An expression of that type."""
        if depth == 0 or not self.chance(3):
            return self.literal(what) if self.chance(8) else self.column(what, scope)
        made: Element = self.one_of(*self._makers(what, scope))(scope, depth - 1)
        return made

    def _makers(self, what: What, scope: Scope) -> Sequence[Callable[[Scope, int], Element]]:
        def of(make: Callable[[What, Scope, int], Element]) -> Callable[[Scope, int], Element]:
            return lambda scope, depth: make(what, scope, depth)

        def other(make: Callable[[Maker, Scope], Element]) -> Callable[[Scope, int], Element]:
            return lambda scope, depth: make(self, scope)

        def place(make: Callable[[Maker, Scope], Element]) -> tuple[Callable[[Scope, int], Element], ...]:
            return (other(make),) if scope.notes else ()

        general = (of(self._coalesce), of(self._case), of(self._nullif), of(self._scalar))
        own: dict[What, tuple[Callable[[Scope, int], Element], ...]] = {
            "int": (self._integer, self._integer_function, other(moments.integer), *place(documents.integer)),
            "dec": (self._decimal, self._decimal_function, *place(documents.decimal)),
            "text": (self._text, self._text_function, other(moments.text), *place(documents.text)),
            "flag": (self.condition,),
            "day": (other(moments.day),),
        }
        return (*own.get(what, ()), *general)

    def _integer(self, scope: Scope, depth: int) -> Element:
        left, right = self.expression("int", scope, depth), self.expression("int", scope, depth)
        found: Element = self.one_of(
            left + right, left - right, left * self.one_of(2, 3, -1), -left, left % 3, left // 2
        )
        return found

    def _integer_function(self, scope: Scope, depth: int) -> Element:
        text, number = self.expression("text", scope, depth), self.expression("dec", scope, depth)
        found: Element = self.one_of(
            sa.func.length(text, type_=sa.Integer),
            sa.func.instr(text, "b", type_=sa.Integer),
            sa.func.abs(self.expression("int", scope, depth), type_=sa.Integer),
            sa.cast(number, sa.Integer),
            sa.cast(text, sa.Integer),
            moments.number(self, scope),
        )
        return found

    def _decimal(self, scope: Scope, depth: int) -> Element:
        left = self.expression("dec", scope, depth)
        right = self.expression(self.one_of("dec", "int"), scope, depth)
        found: Element = self.one_of(left + right, left - right, left * self.one_of(2, 4), -left)
        return found

    def _decimal_function(self, scope: Scope, depth: int) -> Element:
        number = self.expression("dec", scope, depth)
        found: Element = self.one_of(
            sa.func.abs(number, type_=sa.Numeric()),
            sa.func.round(number, 1, type_=sa.Numeric()),
            sa.cast(self.expression("int", scope, depth), sa.Numeric()),
            number / self.one_of(2, 4, 0),
        )
        return found

    def _text(self, scope: Scope, depth: int) -> Element:
        found: Element = self.expression("text", scope, depth) + self.expression("text", scope, depth)
        return found

    def _text_function(self, scope: Scope, depth: int) -> Element:
        text, string = self.expression("text", scope, depth), sa.String
        found: Element = self.one_of(
            sa.func.lower(text, type_=string),
            sa.func.upper(text, type_=string),
            sa.func.substr(text, 1, 1, type_=string),
            sa.func.trim(text, type_=string),
            sa.func.replace(text, "a", "b", type_=string),
            sa.cast(self.expression("int", scope, depth), string),
        )
        return found

    def _coalesce(self, what: What, scope: Scope, depth: int) -> Element:
        parts = [self.expression(what, scope, depth) for _ in range(2)]
        return sa.func.coalesce(*parts, type_=TYPES[what]())

    def _case(self, what: What, scope: Scope, depth: int) -> Element:
        then, other = self.expression(what, scope, depth), self.expression(what, scope, depth)
        condition = self.condition(scope, depth)
        return sa.case((condition, then), else_=other) if self.one_of(True, False) else sa.case((condition, then))

    def _nullif(self, what: What, scope: Scope, depth: int) -> Element:
        return sa.func.nullif(self.expression(what, scope, depth), self.expression(what, scope, 0), type_=TYPES[what]())

    # ---- conditions

    def condition(self, scope: Scope, depth: int = 2) -> Element:
        """A condition."""
        if depth > 0 and self.chance(3):
            return self._combined(scope, depth - 1)
        made: Element = self.one_of(
            self._comparison,
            self._comparison,
            self._null,
            self._listed,
            self._between,
            lambda scope: patterns.condition(self, scope),
            lambda scope: documents.condition(self, scope) if scope.notes else self._listed(scope),
            self._flag,
            self._distinct_from,
            self._exists,
            self._in_select,
            self._row,
            self._of_columns,
            self._of_expressions,
            self._wide,
        )(scope)
        return made

    def _combined(self, scope: Scope, depth: int) -> Element:
        left = self.condition(scope, depth)
        shape = self.one_of("and", "or", "not")
        if shape == "not":
            return sa.not_(left)
        return {"and": sa.and_, "or": sa.or_}[shape](left, self.condition(scope, depth))

    def _compared(self, left: Element, right: Any, *, ordered: bool = True) -> Element:
        op = self.one_of("eq", "ne", *(("lt", "le", "gt", "ge") if ordered else ()))
        found: Element = getattr(left, f"__{op}__")(right)
        return found

    def _kind(self, scope: Scope) -> What:
        what: What = self.one_of(*[what for what in KINDS if scope.columns[what]] or KINDS)
        return what

    def _comparison(self, scope: Scope) -> Element:
        what = self._kind(scope)
        column = self.column(what, scope)
        if self.chance(6):
            return self._compared(self.literal(what), column)
        return (
            self._compared(column, self.value(what), ordered=what != "flag")
            if what == "flag"
            else self._compared(column, self.literal(what))
        )

    def _of_columns(self, scope: Scope) -> Element:
        what = self._kind(scope)
        other: What = self.one_of("int", "dec") if what in ("int", "dec") else what
        return self._compared(self.column(what, scope), self.column(other, scope))

    def _of_expressions(self, scope: Scope) -> Element:
        what = self._kind(scope)
        return self._compared(self.expression(what, scope, 2), self.expression(what, scope, 1))

    def _null(self, scope: Scope) -> Element:
        column = self.column(self._kind(scope), scope)
        found: Element = self.one_of(column.is_(None), column.is_not(None))
        return found

    def _listed(self, scope: Scope) -> Element:
        what = self._kind(scope)
        column = self.column(what, scope)
        values = [self.value(what) for _ in range(self.one_of(1, 2, 3, 0))]
        found: Element = self.one_of(column.in_(values), column.not_in(values))
        return found

    def _between(self, scope: Scope) -> Element:
        what: What = self.one_of("int", "dec", "text", "day", "moment")
        low, high = self.literal(what), self.one_of(self.literal, lambda what: self.column(what, scope))(what)
        found: Element = self.column(what, scope).between(low, high)
        return sa.not_(found) if self.chance(4) else found

    def _flag(self, scope: Scope) -> Element:
        if not scope.columns["flag"]:
            return self.one_of(sa.true(), sa.false())  # type: ignore[no-any-return]
        flag = self.column("flag", scope)
        found: Element = self.one_of(flag, sa.not_(flag), flag.is_(True), flag.is_not(False), flag == sa.false())
        return found

    def _distinct_from(self, scope: Scope) -> Element:
        what = self._kind(scope)
        column, other = self.column(what, scope), self.one_of(self.literal, lambda what: self.column(what, scope))(what)
        found: Element = self.one_of(column.is_distinct_from(other), column.is_not_distinct_from(other))
        return found

    def _wide(self, scope: Scope) -> Element:
        if not scope.columns["wide"]:
            return self._null(scope)
        column, other = self.column("wide", scope), self.column("wide", scope)
        value, more = self.literal("wide"), self.value("wide")
        found: Element = self.one_of(
            column == value,
            column != value,
            column.in_([self.value("wide"), more]),
            column.not_in([more]),
            column.is_(None),
            column.is_distinct_from(value),
            column == other,
            column != other,
        )
        return sa.not_(found) if self.chance(4) else found

    # ---- subqueries

    def _inner(self) -> tuple[Any, Scope]:
        table = self.one_of(*databases.TABLES).alias(self.name())
        return table, Scope.of(table)

    def _spent(self) -> bool:
        """Whether there are subqueries enough."""
        self.subqueries -= 1
        return self.subqueries < 0

    def _where(self, inner: Scope, outer: Scope) -> Element:
        """A condition of a subquery, often correlated."""
        alone = self.condition(inner, 0)
        if self.chance(3):
            return alone
        what: What = self.one_of("int", "text")
        correlated: Element = self.column(what, inner) == self.column(what, outer)
        return self.one_of(correlated, sa.and_(correlated, alone))  # type: ignore[no-any-return]

    def _exists(self, scope: Scope) -> Element:
        if self._spent():
            return self._comparison(scope)
        table, inner = self._inner()
        found = sa.exists(sa.select(sa.literal(1)).select_from(table).where(self._where(inner, scope)))
        return sa.not_(found) if self.chance(3) else found

    def _in_select(self, scope: Scope) -> Element:
        what: What = self.one_of("int", "text", "dec")
        if self._spent() or not scope.columns[what]:
            return self._listed(scope)
        table, inner = self._inner()
        selected = sa.select(self.column(what, inner)).select_from(table)
        if not self.chance(3):
            selected = selected.where(self._where(inner, scope))
        column = self.column(what, scope)
        found: Element = self.one_of(column.in_(selected), column.not_in(selected))
        return found

    def _row(self, scope: Scope) -> Element:
        """A row IN a list of rows or IN a query."""
        whats: list[What] = [self.one_of("int", "text"), self.one_of("int", "text", "dec", "day")]
        row = sa.tuple_(*[self.column(what, scope) for what in whats])
        if self._spent() or self.one_of(True, False):
            rows = [tuple(self.value(what) for what in whats) for _ in range(self.one_of(1, 2, 0))]
            return self.one_of(row.in_, row.not_in)(rows)  # type: ignore[no-any-return]
        table, inner = self._inner()
        selected = sa.select(*[self.column(what, inner) for what in whats]).select_from(table)
        if not self.chance(3):
            selected = selected.where(self._where(inner, scope))
        return self.one_of(row.in_, row.not_in)(selected)  # type: ignore[no-any-return]

    def _scalar(self, what: What, scope: Scope, depth: int) -> Element:
        if self._spent():
            return self.column(what, scope)
        table, inner = self._inner()
        aggregate = self.aggregate(what, inner)
        return sa.select(aggregate).select_from(table).where(self._where(inner, scope)).scalar_subquery()

    def aggregate(self, what: What, scope: Scope, depth: int = 0) -> Element:
        """An aggregate of that type."""
        of = self.expression(what, scope, depth)
        extremes = (sa.func.min(of, type_=TYPES[what]()), sa.func.max(of, type_=TYPES[what]()))
        if what not in ("int", "dec"):
            return self.one_of(*extremes)  # type: ignore[no-any-return]
        summed = self.column(what, scope)
        sums = (sa.func.sum(summed, type_=TYPES[what]()), sa.func.sum(summed.distinct(), type_=TYPES[what]()))
        if what == "dec":
            return self.one_of(*extremes, *sums, sa.func.avg(summed, type_=sa.Numeric()))  # type: ignore[no-any-return]
        other = self.column(self._kind(scope), scope)
        counts = (sa.func.count(), sa.func.count(other), sa.func.count(other.distinct()))
        return self.one_of(*counts, *extremes, *sums)  # type: ignore[no-any-return]
