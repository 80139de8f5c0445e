"""Programs that hypothesis makes up: statements, savepoints, commits and rollbacks of one connection.

The same program runs here and on SQLite. What each step did is noted: rows, rowcount, or the class of the error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy import exc

metadata = sa.MetaData()
people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("team", sa.String, index=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("age", sa.Integer),
    sa.Column("paid", sa.Numeric()),
)
lines = sa.Table(
    "lines",
    metadata,
    sa.Column("shop", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("qty", sa.Integer),
    sa.Column("note", sa.String),
)
tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String, unique=True),
    sa.Column("x", sa.Integer),
    sa.Column("y", sa.Integer),
    sa.UniqueConstraint("x", "y"),
)
TABLES = (people, lines, tickets)

VALUES: dict[str, tuple[Any, ...]] = {
    "people.id": (1, 2, 3, 4),
    "people.team": (None, "a", "b"),
    "people.name": ("", "a", "ab", "é", "a", "ab", None),
    "people.age": (None, 0, 1, 2, -3),
    "people.paid": (None, Decimal(0), Decimal("1.25"), Decimal("-2.5")),
    "lines.shop": ("a", "b"),
    "lines.number": (1, 2, 10),
    "lines.qty": (None, 0, 1, 2),
    "lines.note": (None, "", "a", "ab"),
    "tickets.id": (1, 2, 3, 4),
    "tickets.code": (None, "", "p", "q", "r"),
    "tickets.x": (None, 1, 2),
    "tickets.y": (None, 1, 2),
}
SUMS: dict[str, tuple[Callable[[sa.Column[Any]], Any], ...]] = {
    "people.age": (
        lambda c: c + 1,
        lambda c: c - 2,
        lambda c: c * 3,
        lambda c: sa.func.coalesce(c, 0) + 1,
        lambda c: sa.func.coalesce(c, 7),
        lambda c: people.c.id * 2,
    ),
    "people.paid": (lambda c: c + Decimal("0.5"), lambda c: sa.func.coalesce(c, 0) + people.c.age),
    "people.name": (lambda c: c + "!", lambda c: people.c.team),
    "lines.qty": (lambda c: c + 1, lambda c: c + lines.c.number, lambda c: sa.func.coalesce(c, 0) + 1),
    "lines.note": (lambda c: c + "b",),
    "tickets.x": (lambda c: c + 1, lambda c: tickets.c.y),
}
"""What SET computes."""


@dataclass(frozen=True)
class Step:
    """One step of a program.

    :ivar kind: a statement, or what is done to the transaction.
    :ivar statement: it.
    :ivar values: the sets of values of an executemany.
    """

    kind: str
    statement: Any = None
    values: tuple[dict[str, Any], ...] = ()

    def __repr__(self) -> str:
        if self.statement is None:
            return self.kind
        compiled = self.statement.compile()
        return f"{compiled} {list(self.values) or compiled.params}"


def _drawn(draw: st.DrawFn, column: sa.Column[Any]) -> Any:
    return draw(st.sampled_from(VALUES[str(column)]))


def _given(draw: st.DrawFn, column: sa.Column[Any]) -> Any:
    """A value that the column is compared with; not NULL, which ``==`` would make IS NULL of."""
    return draw(st.sampled_from([value for value in VALUES[str(column)] if value is not None]))


@st.composite
def conditions(draw: st.DrawFn, table: sa.Table, depth: int = 0) -> Any:
    """A WHERE."""
    key = list(table.primary_key)
    column = draw(st.sampled_from(list(table.c)))
    kinds = ["key", "key", "key", "partition", "in", "compared", "null", "both", "either", "not"]
    match draw(st.sampled_from(kinds if depth < 2 else kinds[:7])):
        case "key":
            return sa.and_(*(each == _given(draw, each) for each in key))
        case "partition":
            return key[0] == _given(draw, key[0])
        case "in":
            return column.in_([_given(draw, column) for _ in range(draw(st.integers(0, 3)))])
        case "compared":
            op = draw(st.sampled_from(("__eq__", "__ne__", "__lt__", "__ge__")))
            return getattr(column, op)(_given(draw, column))
        case "null":
            return column.is_(None) if draw(st.booleans()) else column.is_not(None)
        case "both":
            return sa.and_(draw(conditions(table, depth + 1)), draw(conditions(table, depth + 1)))
        case "either":
            return sa.or_(draw(conditions(table, depth + 1)), draw(conditions(table, depth + 1)))
    return sa.not_(draw(conditions(table, depth + 1)))


def _row(draw: st.DrawFn, table: sa.Table) -> dict[str, Any]:
    return {column.name: _drawn(draw, column) for column in table.c}


@st.composite
def inserts(draw: st.DrawFn, most: int) -> Step:
    """Up to so many rows, in one statement."""
    table = draw(st.sampled_from(TABLES))
    rows = [_row(draw, table) for _ in range(draw(st.integers(1, most)))]
    statement = sa.insert(table).values(rows if len(rows) > 1 else rows[0])
    return Step("insert", statement.returning(*table.c) if draw(st.booleans()) else statement)


@st.composite
def updates(draw: st.DrawFn) -> Step:
    """Values, sums, copies, keys."""
    table = draw(st.sampled_from(TABLES))
    rest = [column for column in table.c if not column.primary_key]
    columns = draw(st.lists(st.sampled_from(rest), min_size=1, max_size=2, unique=True))
    set_: dict[str, Any] = {}
    for column in columns:
        computed = SUMS.get(str(column))
        if computed and draw(st.booleans()):
            set_[column.name] = draw(st.sampled_from(computed))(column)
        else:
            set_[column.name] = _drawn(draw, column)
    where = draw(conditions(table))
    if draw(st.integers(0, 5)) == 0:  # one row, to another key
        key = list(table.primary_key)
        where = sa.and_(*(each == _given(draw, each) for each in key))
        set_[key[-1].name] = _given(draw, key[-1])
    statement = sa.update(table).where(where).values(**set_)
    return Step("update", statement.returning(*table.c) if draw(st.booleans()) else statement)


@st.composite
def deletes(draw: st.DrawFn) -> Step:
    """Of some rows, now and then of all."""
    table = draw(st.sampled_from(TABLES))
    statement = sa.delete(table)
    if draw(st.integers(0, 9)):
        statement = statement.where(draw(conditions(table)))
    return Step("delete", statement.returning(*table.c) if draw(st.booleans()) else statement)


@st.composite
def many(draw: st.DrawFn) -> Step:
    """An executemany by key: an UPDATE that cannot fail, or a DELETE."""
    keys = draw(st.lists(st.tuples(*(st.sampled_from(VALUES[str(each)]) for each in lines.primary_key)), max_size=4))
    values = tuple({"p": shop, "s": number, "q": draw(st.sampled_from((1, 2, None)))} for shop, number in keys)
    where = sa.and_(lines.c.shop == sa.bindparam("p"), lines.c.number == sa.bindparam("s"))
    if draw(st.booleans()):
        set_ = draw(st.sampled_from((sa.bindparam("q"), lines.c.qty + sa.bindparam("q", type_=sa.Integer))))
        return Step("many", sa.update(lines).where(where).values(qty=set_), values)
    unused = tuple({name: value for name, value in each.items() if name != "q"} for each in values)
    return Step("many", sa.delete(lines).where(where), unused)


@st.composite
def reads(draw: st.DrawFn) -> Step:
    """Rows, counts, the first rows of a partition."""
    table = draw(st.sampled_from(TABLES))
    where = draw(conditions(table))
    match draw(st.sampled_from(("rows", "rows", "all", "count", "first"))):
        case "rows":
            return Step("select", sa.select(table).where(where))
        case "count":
            return Step("select", sa.select(sa.func.count()).select_from(table).where(where))
        case "first":
            order = lines.c.number.desc() if draw(st.booleans()) else lines.c.number
            wanted = sa.select(lines).where(lines.c.shop == _given(draw, lines.c.shop)).order_by(order)
            return Step("select", wanted.limit(draw(st.integers(1, 2))))
    return Step("select", sa.select(table))


CONTROLS = ("savepoint", "savepoint", "release", "roll back to", "roll back to", "commit", "commit", "rollback")


@st.composite
def _first(draw: st.DrawFn) -> list[Step]:
    """Rows to begin with, so that what follows finds some: one INSERT a row, for one in vain is in nobody's way."""
    steps: list[Step] = []
    for table in TABLES:
        choices = st.tuples(*(st.sampled_from(VALUES[str(column)]) for column in table.primary_key))
        for key in draw(st.lists(choices, min_size=2, max_size=5, unique=True)):
            row = _row(draw, table) | dict(zip(table.primary_key.columns.keys(), key, strict=True))
            steps.append(Step("insert", sa.insert(table).values(row)))
    return steps


@st.composite
def programs(draw: st.DrawFn, *, autocommit: bool = False) -> list[Step]:
    """Steps in any order. AUTOCOMMIT has no transactions, and an INSERT of several rows may be done in part."""
    statements = [inserts(1 if autocommit else 3), inserts(1), updates(), updates(), deletes(), reads(), many()]
    controls = [] if autocommit else [st.sampled_from(CONTROLS).map(Step)]
    begun = [] if autocommit or draw(st.booleans()) else [Step("commit")]
    return [*draw(_first()), *begun, *draw(st.lists(st.one_of(*statements, *controls), min_size=2, max_size=12))]


@dataclass
class Run:
    """A program as it runs on one engine.

    :ivar seen: what each step did.
    """

    connection: sa.Connection
    seen: list[Any] = field(default_factory=list)
    _nested: list[sa.NestedTransaction] = field(default_factory=list)

    def step(self, step: Step) -> None:
        """Do one step and note what it did."""
        try:
            self.seen.append(self._done(step))
        except exc.DBAPIError as error:
            self.seen.append(_class_of(error))

    def _done(self, step: Step) -> Any:
        if step.statement is not None:
            return self._ran(step)
        match step.kind:
            case "savepoint":
                self._nested.append(self.connection.begin_nested())
            case "release" if self._nested:
                self._nested.pop().commit()
            case "roll back to" if self._nested:
                self._nested.pop().rollback()
            case "commit" | "rollback":
                self._nested.clear()
                getattr(self.connection, step.kind)()
        return step.kind

    def _ran(self, step: Step) -> Any:
        if step.kind == "many" and not step.values:
            return None
        result = self.connection.execute(step.statement, list(step.values) or None)
        if not result.returns_rows:
            return result.rowcount
        rows = [tuple(row) for row in result]
        return rows if step.statement.is_select and step.statement._limit_clause is not None else sorted(rows, key=repr)


def _class_of(error: exc.DBAPIError) -> str:
    return type(error).__name__


def state(engine: sa.Engine) -> dict[str, list[Any]]:
    """All rows."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in TABLES
        }
