"""Names of a statement over several tables: what each column is, and where each table is read.

Every name is resolved before SQLite sees the text, since SQLite takes a misspelt name in double quotes for a string.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.plan.steps import ReadPlan
from sqlalchemy_dynamorm.sql import nodes

Tables = Callable[[nodes.TableName], Table]


@dataclass(eq=False)
class Occurrence:
    """One place where a statement reads a table.

    :ivar used: the columns that are wanted of it, each once.
    :ivar computed: the names of those that more is done with than to show them or to compare them for equality.
    :ivar measured: the columns that DynamoDB's own functions ask about, whatever type is stored there.
    :ivar nullable: an outer join may put NULLs in the place of its rows.
    :ivar locked: FOR UPDATE is of its rows.
    :ivar cut: how its rows are read, where it is no table but a query with LIMIT that one access answers: such a query
        takes no other conditions.
    """

    number: int
    table: Table
    written: nodes.TableName | nodes.Derived
    used: dict[str, Column] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)
    measured: dict[str, Column] = field(default_factory=dict)
    nullable: bool = False
    locked: bool = False
    cut: ReadPlan | None = None

    @property
    def feed(self) -> str:
        """The name of its SQLite table."""
        return f"dynamorm_{self.number}"

    @property
    def stored(self) -> str:
        """The name of the SQLite table that has, row by row, its measured columns as they are stored."""
        return f"dynamorm_stored_{self.number}"

    @property
    def called(self) -> str:
        """The name that columns are qualified by in the text that SQLite runs."""
        if isinstance(self.written, nodes.Derived):
            return self.written.alias
        name, schema = self.written.name, self.written.schema
        return self.written.alias or (name if schema is None else f"{schema}.{name}")

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that are wanted, in the order that ``SELECT *`` shows them: the table's, then as they were named."""
        declared = [self.used[each.name] for each in self.table.columns if each.name in self.used]
        known = {each.name for each in declared}
        return (*declared, *(each for name, each in self.used.items() if name not in known))

    @property
    def read(self) -> tuple[Column, ...]:
        """What is decoded of each item: the columns that are wanted, then the measured ones as they are stored."""
        return (*self.columns, *self.measured.values())

    def use(self, column: Column, *, computed: bool) -> None:
        """Want a column. Of a JSON column, JSON null is a value, which SQLite must see as one."""
        self.used.setdefault(column.name, replace(column, nulls=column.kind is Kind.DOCUMENT))
        if computed:
            self.computed.add(column.name)


@dataclass(frozen=True, slots=True)
class Traced:
    """What a name stands for.

    :ivar bases: the columns of tables whose values it shows as they are; none for what is computed.
    :ivar kind: how its values are stored, ``None`` where SQLite alone knows; a JSON text is a document.
    """

    bases: tuple[tuple[Occurrence, Column], ...] = ()
    kind: Kind | None = None


def either(found: Iterable[Traced]) -> Traced:
    """What shows values of all of these."""
    several = tuple(found)
    kinds = {each.kind for each in several}
    return Traced(tuple(base for each in several for base in each.bases), kinds.pop() if len(kinds) == 1 else None)


Shape = tuple[tuple[str, Traced], ...]
"""The columns of a query: their names and what they are."""


@dataclass(eq=False)
class Named:
    """A table or a query in FROM, as columns are qualified by it.

    :ivar occurrences: the tables in it.
    :ivar open: those of them that may be asked for fewer rows by conditions on its columns.
    :ivar shared: the columns that USING joins it by, which stand for those of both sides.
    """

    called: str
    schema: str | None
    shape: Shape
    occurrence: Occurrence | None = None
    occurrences: tuple[Occurrence, ...] = ()
    open: tuple[Occurrence, ...] = ()
    shared: set[str] = field(default_factory=set)

    @property
    def is_table(self) -> bool:
        """Whether it is a table, and no query."""
        return self.occurrence is not None and isinstance(self.occurrence.written, nodes.TableName)

    @property
    def names(self) -> list[str]:
        """Those of its columns."""
        if self.occurrence is not None:
            return [column.name for column in self.occurrence.table.visible]
        return [label for label, _ in self.shape]

    def find(self, name: str) -> Traced | None:
        """The column of that name."""
        if self.occurrence is not None:
            column = self.occurrence.table.column(name)
            if column is None or column.hidden:
                return None
            return Traced(((self.occurrence, column),), column.kind)
        return next((traced for label, traced in self.shape if label == name), None)

    def answers_to(self, table: str, schema: str | None) -> bool:
        """Whether ``schema.table.`` before a column means this."""
        if schema is not None:
            return self.schema == schema and self.called == table
        return self.called == table


@dataclass(eq=False)
class Block:
    """What the expressions of one SELECT may name: its own sources, its labels, and what the SELECT around it knows.

    :ivar either: the columns of USING whose value may be that of either side.
    """

    parent: Block | None
    common: Mapping[str, Shape]
    query: nodes.Relation | None = None
    sources: list[Named] = field(default_factory=list)
    labels: dict[str, Traced] = field(default_factory=dict)
    either: set[str] = field(default_factory=set)

    def own(self, column: nodes.Column) -> Traced | None:
        """The column of this block's sources.

        :raises ProgrammingError: it could be of several.
        """
        sources = self.sources_of(column)
        if column.table is None and column.name in self.either:
            return either(found for source in sources if (found := source.find(column.name)) is not None)
        named = [source for source in sources if column.table is not None or column.name not in source.shared]
        if len(named) > 1:
            raise ProgrammingError(f"The column {column.name!r} is ambiguous: write the table before it.")
        return named[0].find(column.name) if named else None

    def sources_of(self, column: nodes.Column) -> list[Named]:
        """Those that have a column of this name, and are called as it is qualified."""
        return [
            source
            for source in self.sources
            if column.table is None or source.answers_to(column.table, column.schema)
            if source.find(column.name) is not None
        ]

    def reads(self, column: nodes.Column) -> bool:
        """Whether a column is one of a table that this SELECT, or one around it, reads itself."""
        block: Block | None = self
        while block is not None:
            if block.own(column) is not None:
                return all(source.is_table for source in block.sources_of(column))
            block = block.parent
        return False

    def resolve(self, column: nodes.Column) -> Traced:
        """What a column means here: of a source, a label, or of a SELECT around this one.

        :raises UndefinedColumn: nothing has it; a similar name is suggested.
        """
        block: Block | None = self
        while block is not None:
            found = block.own(column)
            if found is not None:
                return found
            if column.table is None and column.name in block.labels:
                return block.labels[column.name]
            block = block.parent
        raise self._undefined(column)

    def _undefined(self, column: nodes.Column) -> UndefinedColumn:
        qualifiers = [source.called for source in self._around()]
        if column.table is not None and column.table not in qualifiers:
            return UndefinedColumn(
                f"{column.table!r} is not a table of this statement; it reads {', '.join(map(repr, qualifiers))}."
            )
        known = [name for source in self._around() for name in source.names]
        near = get_close_matches(column.name, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return UndefinedColumn(f"There is no column {column.name!r} in the tables of this statement.{hint}")

    def _around(self) -> Iterator[Named]:
        block: Block | None = self
        while block is not None:
            yield from block.sources
            block = block.parent


def check_locked(lock: nodes.Lock, called: Collection[str]) -> None:
    """:raises ProgrammingError: FOR UPDATE OF what is not in FROM, where these names are."""
    for table in lock.tables:
        if table.name not in called:
            raise ProgrammingError(f"FOR UPDATE OF {table.name!r}: the statement reads no table of that name.")


def starred(star: nodes.Star, block: Block) -> Iterator[tuple[str, Traced]]:
    """The columns of ``*`` or ``t.*``.

    :raises UndefinedColumn: there is no such table.
    :raises Unsupported: a table of which only the key is known.
    """
    sources = [source for source in block.sources if star.table is None or source.answers_to(star.table, star.schema)]
    if not sources:
        raise UndefinedColumn(f"{star.table!r} is not a table of this statement.")
    for source in sources:
        if source.occurrence is not None and not source.occurrence.table.declared:
            raise Unsupported(
                f"SELECT * from {source.called!r} in the local step: only its key is known; name the columns."
            )
        for name in source.names:
            if star.table is None and name in source.shared:
                continue  # shown with the side before it
            column = nodes.Column(name) if star.table is None and name in block.either else None
            traced = source.find(name) if column is None else block.own(column)
            assert traced is not None
            yield name, traced


_SUMMED = ("sum()", "abs()", "Arithmetic (-)")
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.NUMBER)


def traced(expression: nodes.Expression, block: Block) -> Traced:
    """What an expression's values are."""
    match expression:
        case nodes.Column():
            return block.resolve(expression)
        case nodes.CountRows():
            return Traced(kind=Kind.INTEGER)
        case nodes.Computed():
            return _computed(expression, block)
        case nodes.Subquery(_, exists) if exists:
            return Traced(kind=Kind.BOOLEAN)
        case nodes.Param() | nodes.Literal() | nodes.Concat() | nodes.CurrentTimestamp() | nodes.Subquery():
            return Traced()
        case nodes.Call(name):
            return Traced(kind={"size": Kind.INTEGER, "attribute_type": Kind.STRING}.get(name, Kind.BOOLEAN))
        case nodes.NextValue():
            raise Unsupported("nextval() is for VALUES, SET, DEFAULT and a SELECT without FROM.")
        case _:
            return Traced(kind=Kind.BOOLEAN)


def _computed(expression: nodes.Computed, block: Block) -> Traced:
    match expression.gives:
        case "number":
            return Traced(kind=Kind.INTEGER)
        case "truth":
            return Traced(kind=Kind.BOOLEAN)
        case "json":
            return Traced(kind=Kind.DOCUMENT)
        case "same":
            kind = _common_kind(expression, block)
            summed = expression.what in _SUMMED
            return Traced(kind=kind if not summed or kind in _NUMBERS else None)
        case _:
            return Traced()


def _common_kind(expression: nodes.Computed, block: Block) -> Kind | None:
    """The kind that all results of an expression have; a constant has that of the others."""
    results = expression.parts[: 1 if expression.aggregate else expression.results]
    kinds = {traced(part, block).kind for part in results if not isinstance(part, _WITHOUT_KIND)}
    return kinds.pop() if len(kinds) == 1 else None


CONDITIONS = (
    nodes.Compare,
    nodes.Same,
    nodes.Between,
    nodes.In,
    nodes.InQuery,
    nodes.Like,
    nodes.IsNull,
    nodes.IsTrue,
    nodes.Not,
    nodes.And,
    nodes.Or,
)
_WITHOUT_KIND = (*CONDITIONS, nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp)
