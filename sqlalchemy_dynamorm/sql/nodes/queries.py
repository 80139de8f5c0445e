"""SELECT, INSERT, UPDATE, DELETE and EXPLAIN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal as Choice
from typing import Union

from sqlalchemy_dynamorm.sql.nodes.assignments import Assignment, Selected
from sqlalchemy_dynamorm.sql.nodes.expressions import Excluded, Expression, Place, Value


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as written: ``schema.name AS alias``.

    :ivar place: where the text has ``schema.name``.
    """

    name: str
    schema: str | None = None
    alias: str | None = None
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    """One result column: an expression and the name it has in ``cursor.description``."""

    expression: Expression
    label: str


@dataclass(frozen=True, slots=True)
class Star:
    """``*`` or ``t.*``."""

    table: str | None = None
    schema: str | None = None
    qualifier: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One ORDER BY term. ``nulls_first`` is what holds, written or by SQLite's default (NULL is the smallest)."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Derived:
    """``(query) AS alias (columns)`` in FROM.

    :ivar place: where the text has the alias.
    """

    query: Relation
    alias: str
    columns: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """``(source JOIN …)`` in FROM."""

    source: Source
    joins: tuple[Join, ...]


Source = Union[TableName, Derived, Group]


@dataclass(frozen=True, slots=True)
class Join:
    """``kind JOIN source ON condition``; a comma in FROM is a CROSS JOIN.

    :ivar using: the columns that both sides have, in the place of ON.
    :ivar natural: those are all that both sides have.
    """

    kind: Choice["INNER", "LEFT", "RIGHT", "FULL", "CROSS"]
    source: Source
    on: Expression | None = None
    using: tuple[str, ...] = ()
    natural: bool = False


@dataclass(frozen=True, slots=True)
class CommonTable:
    """``name (columns) AS (query)`` in WITH."""

    name: str
    query: Relation
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """``FOR UPDATE [OF tables] [NOWAIT]``. All strengths mean one: nothing waits, and commit checks the rows.

    :ivar tables: those whose rows are meant, by the names that FROM gives them; all where there are none.
    """

    strength: Choice["UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"] = "UPDATE"
    tables: tuple[TableName, ...] = ()
    nowait: bool = False

    def of(self, called: str) -> bool:
        """Whether rows of what FROM calls so are meant."""
        return not self.tables or any(table.name == called for table in self.tables)


@dataclass(frozen=True, slots=True)
class Select:
    """``[WITH tables] SELECT [DISTINCT] outputs [FROM source joins] [WHERE where] …``, in the order of its clauses.

    :ivar windows: the expressions of a WINDOW clause.
    :ivar recursive: the tables of WITH may name themselves.
    """

    outputs: tuple[Output | Star, ...]
    source: Source | None
    where: Expression | None = None
    order: tuple[OrderTerm, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    joins: tuple[Join, ...] = ()
    group: tuple[Expression, ...] = ()
    having: Expression | None = None
    windows: tuple[Expression, ...] = ()
    distinct: bool = False
    tables: tuple[CommonTable, ...] = ()
    recursive: bool = False
    lock: Lock | None = None

    @property
    def table(self) -> TableName | None:
        """The table it reads, where it reads one alone."""
        return self.source if isinstance(self.source, TableName) and not self.joins else None


@dataclass(frozen=True, slots=True)
class Compound:
    """``left UNION right`` and the like; ORDER BY and LIMIT are the whole's."""

    operator: Choice["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]
    left: Relation
    right: Relation
    order: tuple[OrderTerm, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    tables: tuple[CommonTable, ...] = ()
    recursive: bool = False

    @property
    def table(self) -> TableName | None:
        """It reads no table alone."""
        return None

    @property
    def outputs(self) -> tuple[Output | Star, ...]:
        """The result columns, named by the first part."""
        return self.left.outputs


@dataclass(frozen=True, slots=True)
class ValueRows:
    """``VALUES (…), …`` as a table."""

    rows: tuple[tuple[Expression, ...], ...]

    @property
    def outputs(self) -> tuple[Output | Star, ...]:
        """Its columns, named as SQLite names them."""
        return tuple(Output(value, f"column{number}") for number, value in enumerate(self.rows[0], 1))


Relation = Union[Select, Compound, ValueRows]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What becomes of a row that has the key or the unique values of another.

    ``"nothing"`` and ``"update"`` are ``ON CONFLICT … DO``. ``"ignore"`` and ``"replace"`` are ``INSERT OR …``, which
    also say what becomes of NULL where it may not be.

    :ivar target: the columns of the constraint that is meant; none for any.
    :ivar constraint: the constraint's name, in the place of its columns.
    """

    action: Choice["nothing", "update", "ignore", "replace"]
    target: tuple[str, ...] = ()
    constraint: str | None = None
    assignments: tuple[Assignment, ...] = ()
    where: Expression | None = None


def excluded_in(part: object) -> Iterator[Excluded]:
    """Each ``excluded.column`` in a part of a statement."""
    if isinstance(part, Excluded):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from excluded_in(each)
    elif is_dataclass(part):
        for inner in fields(part):
            yield from excluded_in(getattr(part, inner.name))


@dataclass(frozen=True, slots=True)
class Insert:
    """``[WITH tables] INSERT INTO table (columns) VALUES rows [ON CONFLICT …] [RETURNING returning]``.

    DEFAULT VALUES is one empty row. Without columns a row has a value for each column of the table.

    :ivar source: the SELECT that gives the rows, in the place of VALUES.
    """

    table: TableName
    columns: tuple[str, ...]
    rows: tuple[tuple[Value | Selected, ...], ...]
    returning: tuple[Output | Star, ...] = ()
    conflict: Conflict | None = None
    source: Relation | None = None
    tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """``[WITH tables] UPDATE table SET assignments [FROM sources] [WHERE where] [RETURNING returning]``."""

    table: TableName
    assignments: tuple[Assignment, ...]
    where: Expression | None = None
    returning: tuple[Output | Star, ...] = ()
    sources: tuple[Source, ...] = ()
    tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """``[WITH tables] DELETE FROM table [USING sources] [WHERE where] [RETURNING returning]``."""

    table: TableName
    where: Expression | None = None
    returning: tuple[Output | Star, ...] = ()
    sources: tuple[Source, ...] = ()
    tables: tuple[CommonTable, ...] = ()


Query = Union[Select, Compound, Insert, Update, Delete]


@dataclass(frozen=True, slots=True)
class Explain:
    """``EXPLAIN query``: the plan as rows; nothing is sent."""

    query: Query
