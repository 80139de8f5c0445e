"""A table, rows and WHEREs that hypothesis makes up, and SQLite's answer to them.

A condition has two texts, since the row IN and the bound list are written differently here and in SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table

Row = dict[str, Any]

COLUMNS = (
    Column("pk", Kind.STRING, nullable=False),
    Column("sk", Kind.INTEGER, nullable=False),
    Column("i", Kind.INTEGER),
    Column("s", Kind.STRING),
    Column("t", Kind.STRING),
    Column("b", Kind.BOOLEAN),
    Column("d", Kind.DECIMAL),
    Column("n", Kind.INTEGER, nullable=False),
    Column("c", Kind.BOOLEAN),
)
NAMES = tuple(column.name for column in COLUMNS)
INDEXES = (
    Index("by_s_i", "by_s_i", ("s",), ("i",)),
    Index("by_i", "by_i", ("i",), (), "KEYS_ONLY"),
    Index("by_s_n", "by_s_n", ("s",), ("n",), "INCLUDE", ("b",)),
    Index("by_n_s", "by_n_s", ("n",), ("s",), "KEYS_ONLY"),
    Index("by_pk_d", "by_pk_d", ("pk",), ("d",), "ALL", (), True),
    Index("by_pk_n", "by_pk_n", ("pk",), ("n",), "KEYS_ONLY", (), True),
)
CREATE = (
    "CREATE TABLE {name} (pk VARCHAR NOT NULL, sk INTEGER NOT NULL, i INTEGER, s VARCHAR, t VARCHAR, b BOOLEAN, "
    "d NUMERIC, n INTEGER NOT NULL, c BOOLEAN, PRIMARY KEY (pk, sk), INDEX by_s_i (s, i), "
    "INDEX by_i (i) WITH (projection='KEYS_ONLY'), "
    "INDEX by_s_n (s, n) WITH (projection='INCLUDE', include='[\"b\"]'), "
    "INDEX by_n_s (n, s) WITH (projection='KEYS_ONLY'), "
    "INDEX by_pk_d (pk, d) WITH (local='true'), "
    "INDEX by_pk_n (pk, n) WITH (local='true', projection='KEYS_ONLY'){more})"
)
SEVERAL = Index("by_si_nk", "by_si_nk", ("s", "i"), ("n", "sk"))
"""An index with a key of several attributes, which dynalite does not have."""
SEVERAL_TEXT = ", INDEX by_si_nk (s, i, n, sk) WITH (hash_columns='2')"


def table(physical: str, *more: Index) -> Table:
    """The table as its declaration says, under this physical name."""
    return Table("things", physical, COLUMNS, "pk", "sk", (*INDEXES, *more))


TEXTS = ("a", "ab", "abc", "b", "B", "é", "éa", "%", "_", "a_c", "日本", "\U0001f600")
VALUES: dict[str, tuple[Any, ...]] = {
    "pk": ("a", "b", "é"),
    "sk": (-1, 0, 1, 2, 10),
    "i": (None, -1, 0, 1, 2, 10**15),
    "s": (None, *TEXTS),
    "t": (None, "", *TEXTS),
    "b": (None, True, False),
    "d": (None, Decimal(0), Decimal("0.5"), Decimal(1), Decimal("1.25"), Decimal("-2.5")),
    "n": (0, 1, 2),
    "c": (None, True, False),
}
ALIKE = (("pk", "s", "t"), ("sk", "i", "d", "n"), ("b", "c"))
"""Columns that can be compared with one another."""
OPERATORS = ("=", "=", "=", "<>", "<", "<=", ">", ">=")
PATTERNS = ("a%", "%", "%a", "%b%", "a_c", "_", "", "%%", "é%", "ab", "\\%%", "%\\_%", "A%", "日%", "a%c")


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Up to 15 rows, each with a key of its own."""
    keys = draw(st.lists(st.tuples(st.sampled_from(VALUES["pk"]), st.sampled_from(VALUES["sk"])), unique=True))
    rest = st.fixed_dictionaries({name: st.sampled_from(VALUES[name]) for name in NAMES[2:]})
    return [{"pk": pk, "sk": sk, **draw(rest)} for pk, sk in keys]


@dataclass(frozen=True)
class Condition:
    """A condition in both texts, with its values.

    :ivar misread: the servers that answer it wrongly: dynalite takes an empty text and false for missing in an IN and
        for attribute_type(), and both servers count characters where size() is of UTF-8 bytes.
    """

    text: str
    sqlite: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    misread: frozenset[str] = frozenset()


@dataclass
class _Names:
    count: int = 0

    def __call__(self) -> str:
        self.count += 1
        return f"p{self.count}"


@dataclass(frozen=True)
class _Maker:
    """Draws conditions; each value gets a name of its own."""

    draw: st.DrawFn
    name: _Names

    def _value(self, column: str) -> Any:
        return self.draw(st.sampled_from((*VALUES[column], None)))

    def _one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def _column(self) -> str:
        return str(self.draw(st.sampled_from(NAMES)))

    def comparison(self) -> Condition:
        column, op, name = self._column(), self._one_of(*OPERATORS), self.name()
        text = self._one_of(f"{column} {op} :{name}", f":{name} {op} {column}")
        return Condition(text, text, {name: self._value(column)})

    def between(self) -> Condition:
        column, low, high = self._column(), self.name(), self.name()
        text = f"{column} {self._one_of('', 'NOT ')}BETWEEN :{low} AND :{high}"
        return Condition(text, text, {low: self._value(column), high: self._value(column)})

    def spelled_in(self) -> Condition:
        column = self._column()
        values = {self.name(): self._value(column) for _ in range(self._one_of(1, 2, 3))}
        text = f"{column} {self._one_of('', 'NOT ')}IN ({', '.join(f':{name}' for name in values)})"
        return Condition(text, text, values, misread=_misread(values.values()))

    def bound_in(self) -> Condition:
        column, name = self._column(), self.name()
        listed = [self._value(column) for _ in range(self._one_of(0, 1, 2, 4))]
        left = f"{column} {self._one_of('', 'NOT ')}IN"
        values = {name: listed, **{f"{name}_{at}": value for at, value in enumerate(listed)}}
        spelled = ", ".join(f":{name}_{at}" for at in range(len(listed)))
        return Condition(f"{left} (:{name})", f"{left} ({spelled})", values, frozenset([name]), _misread(listed))

    def row_in(self) -> Condition:
        columns = self._one_of(("pk", "sk"), ("sk", "pk"), ("s", "i"))
        name, count = self.name(), self._one_of(1, 2, 3)
        listed = [tuple(self._value(column) for column in columns) for _ in range(count)]
        left = f"({', '.join(columns)}) {self._one_of('', 'NOT ')}IN"
        values: dict[str, Any] = {name: listed}
        values.update({f"{name}_{at}_{c}": row[c] for at, row in enumerate(listed) for c in (0, 1)})
        spelled = ", ".join(f"(:{name}_{at}_0, :{name}_{at}_1)" for at in range(count))
        return Condition(f"{left} (:{name})", f"{left} (VALUES {spelled})", values, frozenset([name]))

    def like(self) -> Condition:
        column, name = self._one_of("pk", "s", "s", "t"), self.name()
        text = f"{column} {self._one_of('', 'NOT ')}LIKE :{name} ESCAPE '\\'"
        return Condition(text, text, {name: self._one_of(*PATTERNS, None)})

    def null(self) -> Condition:
        text = f"{self._column()} IS {self._one_of('', 'NOT ')}NULL"
        return Condition(text, text)

    def flag(self) -> Condition:
        text = self._one_of("b", "NOT b", "b IS TRUE", "b IS FALSE", "b IS NOT TRUE", "true", "false", "NULL")
        return Condition(text, text)

    def values_alone(self) -> Condition:
        left, right = self.name(), self.name()
        text = self._one_of(f":{left} = :{right}", f":{left} IS NULL", f":{left} < :{right}")
        return Condition(text, text, {left: self._value("i"), right: self._value("i")})

    def columns(self) -> Condition:
        alike = self._one_of(*ALIKE)
        text = f"{self._one_of(*alike)} {self._one_of(*OPERATORS)} {self._one_of(*alike)}"
        return Condition(text, text)

    def same(self) -> Condition:
        """IS [NOT] DISTINCT FROM, which older releases of SQLite know by its short form only."""
        alike, name = self._one_of(*ALIKE), self.name()
        column, negated = self._one_of(*alike), self._one_of(True, False)
        other = self._one_of(f":{name}", f":{name}", self._one_of(*alike), "NULL")
        left, right = self._one_of((column, other), (other, column))
        text = f"{left} IS {'' if negated else 'NOT '}DISTINCT FROM {right}"
        sqlite = f"{left} IS {'NOT ' if negated else ''}{right}"
        values = {name: self._value(column)} if other == f":{name}" else {}
        return Condition(self._one_of(text, sqlite), sqlite, values)

    def function(self) -> Condition:
        """One of DynamoDB's, and what it means in SQLite."""
        name = self.name()
        made: Condition = self._one_of(self._searching, self._measuring, self._typing, self._existing)(name)
        return made

    def _searching(self, name: str) -> Condition:
        column, value = self._one_of("pk", "s", "t"), self._one_of(*TEXTS, "", None)
        called, sqlite = self._one_of(
            ("begins_with", f"substr({column}, 1, length(:{name})) = :{name}"),
            ("contains", f"instr({column}, :{name}) > 0"),
        )
        return Condition(f"{called}({column}, :{name})", sqlite, {name: value})

    def _measuring(self, name: str) -> Condition:
        column, op = self._one_of("pk", "s", "t"), self._one_of(*OPERATORS)
        sqlite = f"length(CAST({column} AS BLOB)) {op} :{name}"
        values = {name: self._one_of(None, 0, 1, 2, 3, 4)}
        return Condition(f"size({column}) {op} :{name}", sqlite, values, misread=frozenset(["dynalite", "ministack"]))

    def _typing(self, name: str) -> Condition:
        column, wire_type = self._column(), self._one_of("S", "N", "BOOL", None)
        stored = next(each.kind.key_type or "BOOL" for each in COLUMNS if each.name == column)
        op = self._one_of("=", "<>")
        text = self._one_of(f"attribute_type({column}) {op} :{name}", f":{name} {op} attribute_type({column})")
        sqlite = f"iif({column} IS NULL, NULL, '{stored}') {op} :{name}"
        return Condition(text, sqlite, {name: wire_type}, misread=frozenset(["dynalite"]))

    def _existing(self, name: str) -> Condition:
        column, no = self._column(), self._one_of("", "not_")
        return Condition(f"attribute_{no}exists({column})", f"{column} IS {'' if no else 'NOT '}NULL")

    def leaf(self) -> Condition:
        plain: tuple[Callable[[], Condition], ...] = (self.comparison, self.between, self.like, self.null, self.flag)
        listed = (self.spelled_in, self.bound_in, self.row_in)
        kinds = (*plain, *listed, self.comparison, self.values_alone, self.columns, self.same, self.function)
        made: Condition = self._one_of(*kinds)()
        return made

    def keyed(self) -> Condition:
        """An equality on a key, so that not every WHERE is a scan."""
        column, name = self._one_of("pk", "pk", "s", "i", "n"), self.name()
        return Condition(f"{column} = :{name}", f"{column} = :{name}", {name: self._value(column)})

    def tree(self, depth: int) -> Condition:
        shape = self._one_of("leaf", "and", "or", "not") if depth else "leaf"
        if shape == "leaf":
            return self.leaf()
        if shape == "not":
            inner = self.tree(depth - 1)
            return replace(inner, text=f"NOT ({inner.text})", sqlite=f"NOT ({inner.sqlite})")
        return joined(shape.upper(), [self.tree(depth - 1) for _ in range(self._one_of(2, 2, 3))])


def joined(word: str, parts: Sequence[Condition]) -> Condition:
    """The parts in parentheses with AND or OR between them."""
    return Condition(
        f" {word} ".join(f"({part.text})" for part in parts),
        f" {word} ".join(f"({part.sqlite})" for part in parts),
        {name: value for part in parts for name, value in part.values.items()},
        frozenset().union(*(part.lists for part in parts)),
        frozenset().union(*(part.misread for part in parts)),
    )


def _misread(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(["dynalite"] if any(value == "" or value is False for value in values) else ())


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """A WHERE; more than half of them with equalities on some keys, perhaps on one twice."""
    maker = _Maker(draw, _Names())
    tree = maker.tree(draw(st.integers(0, 3)))
    keyed = [maker.keyed() for _ in range(draw(st.sampled_from((0, 0, 1, 2, 3))))]
    return joined("AND", draw(st.permutations([*keyed, tree]))) if keyed else tree


@dataclass(frozen=True)
class Ordering:
    """An ORDER BY, and a LIMIT."""

    column: str | None
    text: str
    limit: int | None


@st.composite
def orderings(draw: st.DrawFn) -> Ordering:
    """Perhaps an ORDER BY of one column, perhaps a LIMIT."""
    column = draw(st.none() | st.sampled_from(NAMES))
    limit = draw(st.none() | st.integers(0, 5))
    text = ""
    if column is not None:
        way = draw(st.sampled_from(("", " DESC", " NULLS LAST", " DESC NULLS FIRST")))
        text = f" ORDER BY {column}{way}"
    return Ordering(column, text if limit is None else f"{text} LIMIT {limit}", limit)


class Oracle:
    """SQLite, with rows in it."""

    def __init__(self, stored: Sequence[Row]) -> None:
        self._sqlite = sqlite3.connect(":memory:")
        self._sqlite.execute("PRAGMA case_sensitive_like=1")
        kinds = "pk TEXT, sk INTEGER, i INTEGER, s TEXT, t TEXT, b INTEGER, d NUMERIC, n INTEGER, c INTEGER"
        self._sqlite.execute(f"CREATE TABLE things ({kinds})")
        marks = ", ".join(f":{name}" for name in NAMES)
        self._sqlite.executemany(f"INSERT INTO things VALUES ({marks})", [_plain(row) for row in stored])

    def select(self, what: str, where: Condition, tail: str = "") -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        text = f"SELECT {what} FROM things WHERE {where.sqlite}{tail}"
        return self._sqlite.execute(text, _plain(where.values)).fetchall()

    def close(self) -> None:
        self._sqlite.close()


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: simple(value) for name, value in values.items() if not isinstance(value, list)}


def simple(value: Any) -> Any:
    """A value as SQLite has it: the decimals here are floats exactly."""
    return float(value) if isinstance(value, Decimal) else int(value) if isinstance(value, bool) else value
