"""The steps of a plan. They name columns and parameters; values come when a plan is run, so one plan serves them all.

``str()`` of an access is its line in EXPLAIN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Union

from sqlalchemy_dynamorm.plan.assignments import Assignment, Take
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Comparison, FunctionTest, Membership, Pattern, Predicate
from sqlalchemy_dynamorm.plan.schema import REST, CheckConstraint, Column, Index, Kind, Table, Unique
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class KeyProduct:
    """Whole keys: every combination of the values that each key attribute may have."""

    parts: tuple[Comparison | Membership, ...]


@dataclass(frozen=True, slots=True)
class KeyRows:
    """Whole keys from a row IN; ``positions`` says where each key attribute stands in a row."""

    rows: Membership
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GetItem:
    """One item by its whole key.

    :ivar check: what else the WHERE says of the key alone: where it is not so, nothing is read.
    """

    key: tuple[Comparison, ...]
    check: Predicate = ALWAYS


@dataclass(frozen=True, slots=True)
class BatchGetItem:
    """Items by whole keys, 100 a call; duplicates are asked for once.

    :ivar check: what else the WHERE says of the key alone: keys of which it is not so are not asked for.
    """

    sources: tuple[KeyProduct | KeyRows, ...]
    check: Predicate = ALWAYS


@dataclass(frozen=True, slots=True)
class GuardedGet:
    """At most one item, by unique values: their guard is read, then the item that it names."""

    unique: Unique
    values: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A Query on the table or an index.

    :ivar hash: the hash attributes' values; a ``Membership`` means a Query for each of its values.
    :ivar range: conditions on the range attributes: equalities left to right, then all bounds of the next one, of
        which the tightest are sent, or a pattern whose prefix is asked for.
    :ivar exact: ``False`` where the range asked for is wider than the one meant, so rows are checked again.
    :ivar complete: the index does not hold all that is wanted: BatchGetItem reads the rest from the table.
    :ivar verify: it may, but what the table holds is to count (``index_read=verify``).
    :ivar check: what else the WHERE says of the attributes given by equality or list: a request whose values do not
        satisfy it is not sent.
    """

    index: Index | None
    hash: tuple[Comparison | Membership, ...]
    range: tuple[Comparison | Pattern, ...] = ()
    exact: bool = True
    forward: bool = True
    complete: bool = False
    verify: bool = False
    check: Predicate = ALWAYS

    @property
    def single(self) -> bool:
        """One partition, so rows come in the order of the range attributes."""
        return all(isinstance(part, Comparison) for part in self.hash)

    @property
    def of_global_index(self) -> bool:
        """It reads a global index, which is never strongly consistent."""
        return self.index is not None and not self.index.local


@dataclass(frozen=True, slots=True)
class Scan:
    """The whole table, page by page, in so many segments side by side."""

    segments: int = 1


@dataclass(frozen=True, slots=True)
class Nothing:
    """No row can match: nothing is read."""


Access = Union[GetItem, BatchGetItem, GuardedGet, Query, Scan, Nothing]


@dataclass(frozen=True, slots=True)
class Sort:
    """A local sort by one field."""

    field: int
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Field:
    """An output that is the decoded field at this position."""

    position: int


OutputValue = Union[
    Field, nodes.Param, nodes.Literal, nodes.Concat, nodes.CurrentTimestamp, nodes.NextValue, nodes.CountRows
]


@dataclass(frozen=True)
class Projection:
    """What a result shows.

    :ivar fields: the columns decoded from each item.
    :ivar outputs: one entry a result column.
    :ivar labels: the result columns' names.
    :ivar computing: how SQLite computes the result columns of the outputs, in RETURNING.
    """

    fields: tuple[Column, ...]
    outputs: tuple[OutputValue, ...]
    labels: tuple[str, ...]
    computing: LocalPlan | None = None

    @cached_property
    def open(self) -> bool:
        """Whether it shows all that the items have, so that its columns are known once they are read."""
        return REST in self.fields

    @cached_property
    def plain(self) -> bool:
        """Whether it shows the fields as they are."""
        return self.outputs == tuple(Field(position) for position in range(len(self.fields)))


@dataclass(frozen=True)
class ReadPlan:
    """How a SELECT is answered.

    :ivar where: the whole WHERE; ``rest`` is what the access does not serve by itself.
    :ivar consistent: reads are strongly consistent.
    :ivar sort: local sorting, outermost first; empty where the access gives the order.
    :ivar count: the one output is ``COUNT(*)``.
    :ivar reason: why this access; ``passed_over`` says why not an index.
    :ivar lock: FOR UPDATE: in a transaction, commit checks that the rows are still what was read.
    """

    table: Table | None
    access: Access
    projection: Projection
    where: Predicate = ALWAYS
    rest: Predicate = ALWAYS
    consistent: bool = False
    sort: tuple[Sort, ...] = ()
    limit: nodes.Value | None = None
    count: bool = False
    reason: str = ""
    passed_over: tuple[str, ...] = ()
    offset: nodes.Value | None = None
    lock: bool = False


@dataclass(frozen=True)
class CheckRule:
    """A CHECK constraint as it is judged on a row.

    :ivar columns: the names of the columns that it reads.
    :ivar violated: where it is violated: what is true of the row, or a SELECT of just that, which SQLite runs; ``None``
        where it is not enforced, and ``why`` not.
    """

    constraint: CheckConstraint
    columns: frozenset[str]
    violated: Predicate | LocalPlan | None = None
    why: str = ""


@dataclass(frozen=True)
class Conflict:
    """What an INSERT does with a row of which it finds the key or unique values taken.

    :ivar action: it leaves the row out (``"nothing"``; ``"ignore"`` where it has a NULL that may not be, too), changes
        the row in the way, or takes its place.
    :ivar key: it is about the primary key; ``uniques`` says about which unique constraints it is.
    :ivar change: how the row in the way is changed.
    :ivar excluded: the columns whose values in the row left out the change reads.
    """

    action: Literal["nothing", "ignore", "update", "replace"]
    key: bool
    uniques: tuple[Unique, ...] = ()
    change: ChangePlan | None = None
    excluded: tuple[Column, ...] = ()


@dataclass(frozen=True)
class InsertPlan:
    """PutItem, a row each, on condition that the key is free.

    :ivar rows: the rows, or what is made of each row of a SELECT.
    :ivar source: the SELECT whose results stand where a value is a :class:`Take`.
    :ivar each: its rows are the rows of INSERT … SELECT; else it is one, of what VALUES computes.
    :ivar early: a transaction reads at the statement whether key and unique values are free.
    :ivar conflict: what is done where it is not; ``None`` is an error.
    :ivar checks: what must not be false of a row.
    """

    table: Table
    columns: tuple[Column, ...]
    rows: tuple[tuple[nodes.Value | Take, ...], ...]
    returning: Projection | None = None
    early: bool = False
    conflict: Conflict | None = None
    source: ReadPlan | LocalPlan | None = None
    each: bool = False
    checks: tuple[CheckRule, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The SELECT that finds the rows of an UPDATE or DELETE which DynamoDB alone cannot judge or compute.

    Its rows hold the key, then ``judged`` as SQLite had them, then what SET takes.

    :ivar judged: the columns that were judged or computed with: they must still be what was read.
    :ivar shown: those of them that SQLite did not compute with.
    """

    plan: LocalPlan
    judged: tuple[Column, ...]
    shown: frozenset[str]


@dataclass(frozen=True)
class ChangePlan:
    """An UPDATE or a DELETE.

    :ivar where: what DynamoDB can judge of the WHERE: all of it, but where there is a ``finding``.
    :ivar key: the key, where the WHERE gives it whole; else ``find`` reads the keys first, or ``finding`` the rows.
    :ivar rest: the condition beside the key: all of the WHERE where keys are found first.
    :ivar assignments: what is set; ``None`` for a DELETE.
    :ivar check: what else the WHERE says of the key alone: where it is not so, nothing is sent.
    :ivar early: a transaction reads at the statement whether new unique values, or a new key, are free.
    :ivar tokened: in AUTOCOMMIT each write goes with a token, so that no answer shows an item.
    :ivar checks: what must not be false of a row as it is set.
    """

    table: Table
    where: Predicate
    rest: Predicate
    key: tuple[Comparison, ...] | None = None
    find: ReadPlan | None = None
    assignments: tuple[Assignment, ...] | None = None
    returning: Projection | None = None
    check: Predicate = ALWAYS
    early: bool = False
    tokened: bool = False
    finding: Finding | None = None
    checks: tuple[CheckRule, ...] = ()

    @property
    def moves(self) -> bool:
        """A part of the key is set, so the item moves: one delete and one put."""
        key = self.table.key_columns
        return any(each.column.name in key for each in self.assignments or ())


@dataclass(frozen=True)
class Link:
    """Keys for one table that rows of another, read before, give.

    :ivar source: the feed that gives the keys.
    :ivar query: what SQLite is asked for them.
    :ivar keys: the columns they are of.
    :ivar param: the name of the parameter that they are in ``read``, a list.
    """

    source: str
    query: str
    keys: tuple[Column, ...]
    param: str
    read: ReadPlan


@dataclass(frozen=True)
class Feed:
    """The rows that one place in FROM contributes, for SQLite to go on with.

    :ivar name: the name of its SQLite table.
    :ivar shown: the columns that nothing is done with but to show them or to compare them for equality.
    :ivar read: how its rows are read; ``None`` where only ``link`` may.
    :ivar link: how they are read by keys that other rows give; ``None`` where none do.
    :ivar beside: what DynamoDB's own functions ask about its rows.
    :ivar names: its columns that have other names in SQLite, and those; see :mod:`~.plan.alike`.
    """

    name: str
    columns: tuple[Column, ...]
    shown: frozenset[str]
    read: ReadPlan | None
    link: Link | None = None
    beside: Beside | None = None
    names: tuple[tuple[str, str], ...] = ()

    @property
    def decoded(self) -> tuple[Column, ...]:
        """The columns of its rows as they are read: its own, then those beside."""
        return self.columns if self.beside is None else (*self.columns, *self.beside.columns)


@dataclass(frozen=True, slots=True)
class Beside:
    """An SQLite table that has some columns of a feed's rows, in their order, as they are stored; see
    :mod:`~.plan.calls`.
    """

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class BoundList:
    """A parameter that is a list, as SQLite has it.

    :ivar table: the SQLite table that holds it.
    :ivar width: of how many values each entry is.
    :ivar shown: they are only compared for equality.
    """

    name: str
    table: str
    width: int
    shown: bool = True


@dataclass(frozen=True)
class LocalPlan:
    """A statement that SQLite runs, on the rows that each of its tables contributes.

    :ivar feeds: in the order of their reading.
    :ivar text: the statement's own, with the names of the feeds in it.
    :ivar labels: the result columns' names; ``kinds`` is how their values are stored, where that is known.
    :ivar params: the parameters in it that are one value each.
    :ivar shown: those of them that are only shown or compared for equality.
    :ivar bounds: LIMIT and OFFSET, as far as they are parameters.
    :ivar tests: what DynamoDB's own functions in it look for.
    :ivar lists: the parameters in it that are lists.
    :ivar reason: why SQLite runs it.
    """

    feeds: tuple[Feed, ...]
    text: str
    labels: tuple[str, ...]
    kinds: tuple[Kind | None, ...]
    params: tuple[str, ...]
    shown: frozenset[str]
    bounds: tuple[nodes.Param, ...]
    tests: tuple[FunctionTest, ...]
    lists: tuple[BoundList, ...]
    reason: str


Plan = Union[ReadPlan, InsertPlan, ChangePlan, LocalPlan]
