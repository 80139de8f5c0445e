"""What the planner knows of a table: its columns, its key, its indexes.

A :class:`Table` is what a statement names. It says where its items live (``physical``) but does not claim that
table for itself: several may live in one physical table one day, so nothing here assumes that a name and a physical
table are one to one.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sqlalchemy_dynamorm.plan.numbering import Series
from sqlalchemy_dynamorm.sql import nodes

HIDDEN_KEY = "__dynamorm_key__"
"""The partition key of a table declared without a primary key: a random UUID, never in a result."""

KeyType = Literal["S", "N", "B"]


class Kind(enum.Enum):
    """What a column's values are on this side, and so the wire type they are stored as."""

    STRING = "string"  # S, str
    INTEGER = "integer"  # N, int
    DECIMAL = "decimal"  # N, Decimal
    FLOAT = "float"  # N, float
    NUMBER = "number"  # N, int where it is whole, else Decimal: a key of a table that nobody declared
    BOOLEAN = "boolean"  # BOOL, bool
    BINARY = "binary"  # B, bytes
    EPOCH = "epoch"  # N, seconds since 1970; the text of its ``moment``
    EPOCH_MS = "epoch_ms"  # N, milliseconds since 1970; the text of its ``moment``
    DOCUMENT = "document"  # M, L and scalars: JSON
    LIST = "list"  # L, list; numbers as int or Decimal
    STRING_SET = "string set"  # SS, set of str
    NUMBER_SET = "number set"  # NS, set of int and Decimal
    BINARY_SET = "binary set"  # BS, set of bytes
    ANY = "any"  # not declared: whatever the item has

    # A member is one object, and Enum's own hash, of its name, is a call in Python for each value that is encoded.
    __hash__ = object.__hash__

    @property
    def key_type(self) -> KeyType | None:
        """The key attribute type (``AttributeDefinitions``), or ``None`` where this kind cannot be a key."""
        return _KEY_TYPES.get(self)


_KEY_TYPES: dict[Kind, KeyType] = {
    Kind.STRING: "S",
    Kind.INTEGER: "N",
    Kind.DECIMAL: "N",
    Kind.FLOAT: "N",
    Kind.NUMBER: "N",
    Kind.BINARY: "B",
    Kind.EPOCH: "N",
    Kind.EPOCH_MS: "N",
}


class Moment(enum.Enum):
    """What a column's texts say of a moment. Each has one stored form, whose order is the order of time."""

    DATETIME = "datetime"  # 2024-05-06T07:08:09.000000
    UTC_DATETIME = "datetime in UTC"  # the same with a Z
    DATE = "date"  # 2024-05-06
    TIME = "time"  # 07:08:09.000000
    UTC_TIME = "time in UTC"  # the same with a Z


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its name is the attribute's name.

    :ivar nullable: ``False`` promises that every item has the attribute.
    :ivar hidden: a key attribute of our own that no result shows.
    :ivar nulls: the NULL type is read as ``Json(None)``, not as ``None``: for conditions, where it is not no attribute.
    :ivar moment: what its texts are where they are dates and times: any form of ISO 8601 is stored in that one.
    :ivar scale: the digits after the point that a number is rounded to when it is stored.
    :ivar default: what an INSERT that does not name the column gives it.
    :ivar on_update: what an UPDATE that does not name the column sets it to.
    :ivar autoincrement: a counter fills it, with the numbers of ``series``.
    :ivar always: no value may be given for it: a counter, or ``generated``, makes it.
    :ivar generated: what it is computed of, of the other columns of its row.
    """

    name: str
    # Not hashed: columns are looked up for each row, and two of one name are rare.
    kind: Kind = field(hash=False)
    nullable: bool = field(default=True, hash=False)
    autoincrement: bool = field(default=False, hash=False)
    hidden: bool = field(default=False, hash=False)
    nulls: bool = field(default=False, hash=False)
    moment: Moment | None = field(default=None, hash=False)
    scale: int | None = field(default=None, hash=False)
    default: nodes.Value | None = field(default=None, hash=False)
    on_update: nodes.Value | None = field(default=None, hash=False)
    series: Series = field(default=Series(), hash=False)
    always: bool = field(default=False, hash=False)
    generated: nodes.Operand | None = field(default=None, hash=False)

    @property
    def parts(self) -> frozenset[str]:
        """The columns that it is computed of."""
        return frozenset(() if self.generated is None else (each.name for each in nodes.columns_in(self.generated)))


REST = Column("*", Kind.ANY, hidden=True)
"""All attributes of an item, by name: what ``SELECT *`` reads of a table whose columns are not declared."""


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index. ``hash`` and ``range`` hold up to four attributes each (one each for a local index).

    :ivar projection: ``"ALL"``, ``"KEYS_ONLY"`` or ``"INCLUDE"`` (then ``include`` names the attributes).
    :ivar capacity: its own read and write capacity in a provisioned table; ``None`` for the table's.
    :ivar warm: its own warm throughput, in read and write units a second.
    """

    name: str
    physical: str
    hash: tuple[str, ...]
    range: tuple[str, ...] = ()
    projection: Literal["ALL", "KEYS_ONLY", "INCLUDE"] = "ALL"
    include: tuple[str, ...] = ()
    local: bool = False
    capacity: tuple[int, int] | None = None
    warm: tuple[int, int] | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """All key attributes of the index, hash first."""
        return self.hash + self.range


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint: no two items have the same values in all its columns. NULLs do not collide.

    :ivar name: for messages; ``None`` where it has none.
    """

    name: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """A CHECK constraint: a condition that must not be false of any item.

    :ivar name: for messages; ``None`` where it has none.
    :ivar condition: as it is written.
    """

    name: str | None
    condition: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key.

    :ivar columns: the child's; ``targets`` are the parent's, one for each.
    :ivar parent: the parent's table, of which only the key is known; ``None`` where it is not looked for by key.
    :ivar why: why not.
    """

    name: str | None
    columns: tuple[str, ...]
    targets: tuple[str, ...]
    parent: Table | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Referrer:
    """A foreign key that a table has to another one, seen from the other.

    :ivar name: the name of the table that has it, for messages.
    :ivar child: that table, of which only the key is known, where its primary key is the foreign key: one row at most
        refers to a row, and its key says which. ``None`` where it is not so.
    :ivar columns: the child's; ``targets`` are the parent's, one for each.
    """

    name: str
    child: Table | None = None
    columns: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table that a statement names.

    :ivar name: the name for messages, ``schema.name``.
    :ivar physical: the DynamoDB table's name or ARN.
    :ivar sort: the sort key's attribute, or ``None``.
    :ivar packed: the columns that the hidden sort key packs, in its order; see :mod:`~.plan.packed`.
    :ivar declared: ``False`` where only DescribeTable is known: any other attribute may exist.
    :ivar uniques: the unique constraints that guards in the system table keep: those that do not hold the whole key.
    :ivar foreign_writers: others write it without keeping guards, so they serve no lookup.
    :ivar references: its foreign keys; ``referrers`` are those that others, or itself, have to it.
    :ivar expires: the column that says when a row expires, where the table hides expired rows.
    :ivar system: the system table's physical name, ``None`` where the engine has none.
    :ivar checks: its CHECK constraints, as they are declared.
    """

    name: str
    physical: str
    columns: tuple[Column, ...]
    partition: str
    sort: str | None = None
    indexes: tuple[Index, ...] = field(default=())
    declared: bool = True
    packed: tuple[str, ...] = ()
    uniques: tuple[Unique, ...] = ()
    foreign_writers: bool = False
    system: str | None = None
    expires: Column | None = None
    references: tuple[Reference, ...] = ()
    referrers: tuple[Referrer, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()

    @property
    def several(self) -> bool:
        """Whether a row is written together with others: its guards, and checks of what it refers to."""
        return bool(self.uniques or self.references)

    @property
    def constrained(self) -> tuple[tuple[str, ...], ...]:
        """The columns of each unique constraint and of each foreign key."""
        return (*(each.columns for each in self.uniques), *(each.columns for each in self.references))

    @property
    def key(self) -> tuple[str, ...]:
        """The key attributes, partition key first."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns whose values make the key, in its order: the key attributes, or what is packed in them."""
        return (self.partition, *self.packed) if self.packed else self.key

    @property
    def visible_key(self) -> tuple[str, ...]:
        """The key columns that a user knows of."""
        return tuple(name for name in self.key_columns if not self.by_name[name].hidden)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name, hidden ones included."""
        return {column.name: column for column in self.columns}

    @cached_property
    def counted(self) -> tuple[Column, ...]:
        """The columns that counters fill."""
        return tuple(column for column in self.columns if column.autoincrement)

    @cached_property
    def computed(self) -> tuple[tuple[Column, frozenset[str]], ...]:
        """The computed columns, each with the names of the columns that it is computed of."""
        return tuple((column, column.parts) for column in self.columns if column.generated is not None)

    @cached_property
    def autoincrement(self) -> Column | None:
        """The column of the key that a counter fills, if any."""
        return next((column for column in self.counted if column.name in self.key_columns), None)

    @property
    def visible(self) -> tuple[Column, ...]:
        """What ``SELECT *`` shows, in the declared order."""
        return tuple(column for column in self.columns if not column.hidden)

    def column(self, name: str) -> Column | None:
        """The column of that name; of an undeclared table every name is a column. ``None`` if there is none."""
        found = self.by_name.get(name)
        if found is None and not self.declared:
            return Column(name, Kind.ANY)
        return found
