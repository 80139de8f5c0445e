"""A statement over several tables, taken apart: where tables are read, and which conditions say what of their rows.

Nothing here decides what is run: SQLite runs the whole text. What is found here only says which rows of each table
it cannot do without, so every rule errs on the side of more rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.plan.calls import asked, tested
from sqlalchemy_dynamorm.plan.conditions import as_stored, check_comparable
from sqlalchemy_dynamorm.plan.predicates import FunctionTest
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.plan.scopes import (
    CONDITIONS,
    Block,
    Named,
    Occurrence,
    Shape,
    Tables,
    Traced,
    check_locked,
    either,
    starred,
    traced,
)
from sqlalchemy_dynamorm.plan.sharing import check_star, share
from sqlalchemy_dynamorm.plan.steps import Field, ReadPlan
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition that each row of the result satisfies, or that rows must satisfy to be joined.

    :ivar of: the occurrences it may restrict; an outer join's ON says nothing of the rows it keeps anyway.
    :ivar joined: it is an outer join's ON, which never meets the NULLs that the join itself puts in.
    """

    condition: nodes.Expression
    block: Block
    of: frozenset[int]
    joined: bool = False


@dataclass
class Analysis:
    """What is found in a statement.

    :ivar cut: how one access answers a SELECT, ``None`` where none does.
    :ivar whole: no condition keeps a part of the rows, so every table is asked for whole.
    :ivar params: the parameters that more is done with than to compare them for equality.
    :ivar widths: of how many values the entries of each list are.
    :ivar tests: what DynamoDB's own functions look for.
    :ivar calls: where the columns in them stand.
    :ivar bounds: LIMIT and OFFSET, as far as they are parameters.
    :ivar renamed: ``schema.table`` before a column, and what it is called in SQLite.
    """

    tables: Tables
    cut: Callable[[nodes.Select], ReadPlan | None] = lambda _: None
    occurrences: list[Occurrence] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    members: list[tuple[nodes.InQuery, Shape]] = field(default_factory=list)
    params: set[str] = field(default_factory=set)
    widths: dict[str, int] = field(default_factory=dict)
    tests: list[FunctionTest] = field(default_factory=list)
    calls: dict[nodes.Place, tuple[Occurrence, str]] = field(default_factory=dict)
    bounds: list[nodes.Param] = field(default_factory=list)
    renamed: dict[nodes.Place, str] = field(default_factory=dict)
    whole: bool = True
    _blocks: dict[int, Block] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Those of all SELECTs."""
        return tuple(self._blocks.values())

    # ---- queries

    def relation(self, query: nodes.Relation, parent: Block | None, common: dict[str, Shape]) -> Shape:
        """The shape of a query, with all that is in it analysed."""
        match query:
            case nodes.Select():
                return self._select(query, parent, common)
            case nodes.Compound():
                return self._compound(query, parent, common)
            case nodes.ValueRows(rows):
                block = Block(parent, common)
                for row in rows:
                    for value in row:
                        self._visit(value, block, computed=True)
                return tuple((f"column{number}", Traced()) for number in range(1, len(rows[0]) + 1))

    def _compound(self, query: nodes.Compound, parent: Block | None, common: dict[str, Shape]) -> Shape:
        common = self._common(query, parent, common)
        left, right = self.relation(query.left, parent, common), self.relation(query.right, parent, common)
        if len(left) != len(right):
            raise ProgrammingError(f"{query.operator} joins queries of {len(left)} and of {len(right)} columns.")
        shape = tuple((label, either((one, other))) for (label, one), (_, other) in zip(left, right, strict=True))
        block = Block(parent, common, labels=dict(shape))
        self._ending(query, block, shape)
        return shape

    def _select(self, query: nodes.Select, parent: Block | None, common: dict[str, Shape]) -> Shape:
        block = self._blocks[id(query)] = Block(parent, self._common(query, parent, common), query)
        if query.source is not None:
            self._source(query.source, block)
        for join in query.joins:
            self._join(join, block)
        if query.lock is not None:
            self._lock(query.lock, block)
        check_star(query)
        shape = tuple(self._outputs(query, block))
        block.labels.update(shape)
        if query.where is not None:
            self._condition(query.where, block, frozenset(o.number for s in block.sources for o in s.occurrences))
        for expression in query.group:
            self._visit(expression, block, computed=not isinstance(expression, nodes.Column))
        for expression in (*([] if query.having is None else [query.having]), *query.windows):
            self._visit(expression, block, computed=True)
        self._ending(query, block, shape)
        return shape

    def _ending(self, query: nodes.Select | nodes.Compound, block: Block, shape: Shape) -> None:
        for term in query.order:
            if not isinstance(term.expression, nodes.Literal):
                self._order(term.expression, block)
        for bound in (query.limit, query.offset):
            if bound is not None:
                self.whole = False
                self._visit(bound, block, computed=True)
                self.bounds.extend([bound] if isinstance(bound, nodes.Param) else [])

    def _order(self, expression: nodes.Expression, block: Block) -> None:
        """An ORDER BY term, where a label goes before a column."""
        label = block.labels.get(expression.name) if isinstance(expression, nodes.Column) else None
        if isinstance(expression, nodes.Column) and expression.table is None and label is not None:
            self._use(label, computed=True)
        else:
            self._visit(expression, block, computed=True)

    def _common(
        self, query: nodes.Select | nodes.Compound, parent: Block | None, common: dict[str, Shape]
    ) -> dict[str, Shape]:
        found = dict(common)
        for table in query.tables:
            inner = table.query
            if query.recursive and isinstance(inner, nodes.Compound):
                found[table.name] = _labelled(self._first(inner, parent, found), table.columns)
            found[table.name] = _labelled(self.relation(inner, parent, found), table.columns)
        return found

    def _first(self, query: nodes.Compound, parent: Block | None, common: dict[str, Shape]) -> Shape:
        """The shape that a recursive query has before it names itself: that of its first part, computed anew."""
        scratch = Analysis(self.tables)
        return tuple((label, Traced()) for label, _ in scratch.relation(query.left, parent, common))

    def _outputs(self, query: nodes.Select, block: Block) -> Iterator[tuple[str, Traced]]:
        for output in query.outputs:
            if isinstance(output, nodes.Star):
                self._rename(output.qualifier, output.table, output.schema)
                for label, found in starred(output, block):
                    self._use(found, computed=False)
                    yield label, found
            else:
                self._visit(output.expression, block, computed=False)
                yield output.label, traced(output.expression, block)

    # ---- FROM

    def _source(self, source: nodes.Source, block: Block) -> list[Named]:
        """Add what stands in FROM; returns what was added."""
        match source:
            case nodes.TableName():
                found = [self._table(source, block)]
            case nodes.Derived() if (cut := self._cut_off(source)) is not None:
                found = [cut]
            case nodes.Derived(query, alias, columns):
                before = len(self.occurrences)
                shape = _labelled(self.relation(query, block.parent, dict(block.common)), columns)
                inside = tuple(self.occurrences[before:])
                found = [Named(alias, None, shape, None, inside, self._open(query))]
            case nodes.Group(inner, joins):
                added = self._source(inner, block)
                for join in joins:
                    added += self._join(join, block, added)
                return added
        block.sources += found
        return found

    def _cut_off(self, source: nodes.Derived) -> Named | None:
        """A query with LIMIT that one access answers: what is read stops where it does."""
        query = source.query
        limited = isinstance(query, nodes.Select) and (query.limit is not None or query.offset is not None)
        read = self.cut(query) if limited and source.place is not None and isinstance(query, nodes.Select) else None
        if read is None:
            return None
        columns = _columns_of(read, source.columns)
        if len({column.name for column in columns}) < len(columns):
            return None
        self.whole = False
        table = Table(source.alias, source.alias, columns, columns[0].name)
        found = Occurrence(len(self.occurrences), table, source, {each.name: each for each in columns}, cut=read)
        self.occurrences.append(found)
        return Named(source.alias, None, (), found, (found,))

    def _table(self, name: nodes.TableName, block: Block) -> Named:
        called = name.alias or name.name
        if name.schema is None and name.name in block.common:
            return Named(called, None, block.common[name.name])
        table = self.tables(name)
        found = Occurrence(len(self.occurrences), table, name)
        self.occurrences.append(found)
        return Named(called, None if name.alias else name.schema, (), found, (found,), (found,))

    def _open(self, query: nodes.Relation) -> tuple[Occurrence, ...]:
        """The tables of a query in FROM that conditions on its columns are conditions on: each row is shown."""
        block = self._blocks.get(id(query))
        if not isinstance(query, nodes.Select) or block is None or query.group or query.having or query.windows:
            return ()
        if query.limit is not None or query.offset is not None or not all(map(_shows_rows, query.outputs)):
            return ()
        return tuple(each for source in block.sources for each in source.open)

    def _join(self, join: nodes.Join, block: Block, before: list[Named] | None = None) -> list[Named]:
        """Add a joined source. ``before`` is what it is joined to, by default all of the block's sources so far."""
        left = list(block.sources if before is None else before)
        right = self._source(join.source, block)
        if join.kind in ("LEFT", "FULL"):
            _make_nullable(right)
        if join.kind in ("RIGHT", "FULL"):
            _make_nullable(left)
        kept = {"LEFT": right, "RIGHT": left, "FULL": []}
        restricted = kept.get(join.kind, [*left, *right])
        of = frozenset(each.number for named in restricted for each in named.occurrences)
        for condition in (*([] if join.on is None else [join.on]), *share(join, left, right, block)):
            self._condition(condition, block, of, joined=join.kind in kept)
        return right

    def _lock(self, lock: nodes.Lock, block: Block) -> None:
        check_locked(lock, [source.called for source in block.sources])
        for source in block.sources:
            for occurrence in source.occurrences:
                occurrence.locked = occurrence.locked or lock.of(source.called)

    # ---- conditions

    def _condition(
        self, condition: nodes.Expression, block: Block, of: frozenset[int], *, joined: bool = False
    ) -> None:
        for part in conjuncts(condition):
            self._visit(part, block, computed=False)
            self.facts.append(Fact(part, block, of, joined))
            if not _joins_only(part):
                self.whole = False

    # ---- expressions

    def _visit(self, expression: nodes.Expression, block: Block, *, computed: bool) -> None:
        """Want the columns of an expression; ``computed``: for more than to show or to equal them."""
        match expression:
            case nodes.Column():
                self._rename(expression.qualifier, expression.table, expression.schema)
                self._use(block.resolve(expression), computed=computed)
            case nodes.Param(name):
                self.params.update([name] if computed else [])
            case nodes.Call():
                self._call(expression, block)
            case nodes.ParamList(name, width):
                self.widths[name] = width
                self.params.update([name] if computed else [])
            case nodes.Subquery(query):
                self.relation(query, block, dict(block.common))
            case nodes.InQuery(operands, query):
                for operand in operands:
                    self._visit(operand, block, computed=not isinstance(operand, nodes.Column))
                self.members.append((expression, self.relation(query, block, dict(block.common))))
            case _:
                inner = _computes(expression, computed=computed)
                for part in nodes.parts_of(expression):
                    self._visit(part, block, computed=inner)
                if isinstance(expression, nodes.Compare):
                    _check_comparable(expression, block)

    def _call(self, call: nodes.Call, block: Block) -> None:
        """One of DynamoDB's own functions; see :mod:`~.plan.calls`."""
        occurrence, column = asked(call, block)
        occurrence.measured[column.name] = as_stored(call, lambda _: column)
        test = tested(call, column)
        self.tests += [] if test is None else [test]
        if call.place is not None:
            self.calls[call.place] = occurrence, column.name
        if call.operand is not None:
            self._visit(call.operand, block, computed=True)

    def _use(self, found: Traced, *, computed: bool) -> None:
        for occurrence, column in found.bases:
            occurrence.use(column, computed=computed)

    def _rename(self, place: nodes.Place | None, table: str | None, schema: str | None) -> None:
        """In SQLite there are no schemas: ``schema.table.column`` becomes ``"schema.table".column``."""
        if place is not None and schema is not None:
            self.renamed[place] = f"{schema}.{table}"


def _check_comparable(comparison: nodes.Compare, block: Block) -> None:
    sides = [block.resolve(side) for side in nodes.parts_of(comparison) if isinstance(side, nodes.Column)]
    if len(sides) == 2 and all(side.bases for side in sides):
        check_comparable(sides[0].bases[0][1], sides[1].bases[0][1])


def _computes(expression: nodes.Expression, *, computed: bool) -> bool:
    """Whether an expression does more with its parts than to compare them for equality."""
    match expression:
        case nodes.Compare(op, left, right) if op in ("=", "<>"):
            return not (isinstance(left, _PLAIN) and isinstance(right, _PLAIN))
        case nodes.Same(left, right):
            return not (isinstance(left, _PLAIN) and isinstance(right, _PLAIN))
        case nodes.In() | nodes.IsNull() | nodes.Not() | nodes.And() | nodes.Or() | nodes.IsTrue():
            return False
        case nodes.Computed(what) if what == "count()":
            return False
        case _ if isinstance(expression, CONDITIONS):
            return True
        case _:
            return computed or isinstance(expression, nodes.Computed)


_PLAIN = (nodes.Column, nodes.Param, nodes.Literal)


def conjuncts(condition: nodes.Expression) -> tuple[nodes.Expression, ...]:
    """The parts that must all hold."""
    if isinstance(condition, nodes.And):
        return tuple(inner for part in condition.parts for inner in conjuncts(part))
    return (condition,)


def _joins_only(part: nodes.Expression) -> bool:
    """Whether a condition only says which rows of two tables belong together, or nothing of any column."""
    if isinstance(part, nodes.Compare) and part.op == "=":
        return isinstance(part.left, nodes.Column) and isinstance(part.right, nodes.Column)
    return isinstance(part, nodes.Literal)


def _shows_rows(output: nodes.Output | nodes.Star) -> bool:
    """Whether an output is of each row alone: no aggregate and no window."""
    return isinstance(output, nodes.Star) or not of_several_rows(output.expression)


def of_several_rows(expression: nodes.Expression) -> bool:
    """Whether an aggregate or a window is in an expression; a query in it is not looked into."""
    if isinstance(expression, nodes.Computed) and expression.what == nodes.WINDOW:
        return True
    return _is_aggregate(expression) or any(map(of_several_rows, nodes.parts_of(expression)))


def _columns_of(read: ReadPlan, names: tuple[str, ...]) -> tuple[Column, ...]:
    """What a read shows, as columns."""
    projection = read.projection
    kinds = [
        projection.fields[output.position].kind if isinstance(output, Field) else Kind.ANY
        for output in projection.outputs
    ]
    return tuple(Column(name, kind) for name, kind in zip(names or projection.labels, kinds, strict=True))


def aggregates(query: nodes.Select) -> bool:
    """Whether a SELECT shows an aggregate, so that without GROUP BY it has one row whatever it reads."""
    return any(isinstance(each, nodes.Output) and _is_aggregate(each.expression) for each in query.outputs)


def _is_aggregate(expression: nodes.Expression) -> bool:
    if isinstance(expression, nodes.CountRows) or (isinstance(expression, nodes.Computed) and expression.aggregate):
        return True
    return any(map(_is_aggregate, nodes.parts_of(expression)))


def _make_nullable(sources: list[Named]) -> None:
    for source in sources:
        for occurrence in source.occurrences:
            occurrence.nullable = True


def _labelled(shape: Shape, columns: tuple[str, ...]) -> Shape:
    if not columns:
        return shape
    if len(columns) != len(shape):
        raise ProgrammingError(f"A list of {len(columns)} column names stands before a query of {len(shape)} columns.")
    return tuple((label, found) for label, (_, found) in zip(columns, shape, strict=True))
