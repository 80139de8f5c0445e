"""CREATE, ALTER and DROP of tables and indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from sqlalchemy_dynamorm.sql.nodes.assignments import Operand
from sqlalchemy_dynamorm.sql.nodes.expressions import Value
from sqlalchemy_dynamorm.sql.nodes.queries import TableName


@dataclass(frozen=True, slots=True)
class TypeName:
    """A column's type as the source text has it: ``VARCHAR(30)`` is ``("VARCHAR", ("30",))``, in upper case."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbering:
    """How numbers follow each other, as far as a sequence or an identity says; ``None`` is not said.

    :ivar minimum: ``None`` for NO MINVALUE too, as ``maximum``.
    """

    start: int | None = None
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    cycle: bool | None = None
    cache: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """``GENERATED ALWAYS AS IDENTITY [(options)]``, or ``BY DEFAULT`` where it is not ``always``."""

    numbering: Numbering = Numbering()
    always: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """``GENERATED ALWAYS AS (text) [STORED]``.

    :ivar operand: what the text means.
    :ivar persisted: STORED is written; it is stored in any case.
    """

    text: str
    operand: Operand
    persisted: bool | None = None


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column of a CREATE TABLE.

    :ivar default: the DEFAULT clause's value.
    :ivar on_update: what an UPDATE that does not name the column sets it to, as in MySQL's ``ON UPDATE``.
    :ivar comment: the COMMENT's text.
    """

    name: str
    type: TypeName
    not_null: bool = False
    autoincrement: bool = False
    default: Value | None = None
    on_update: Value | None = None
    comment: str | None = None
    identity: Identity | None = None
    generated: Generated | None = None


Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """``CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table (columns) [WITH (option='value', …)]``.

    The same node stands for ``[UNIQUE] INDEX name (columns) [WITH (…)]`` inside a CREATE TABLE.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    unique: bool = False
    if_not_exists: bool = False
    options: Options = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``[CONSTRAINT name] FOREIGN KEY (columns) REFERENCES target (target_columns) …``; kept, not enforced.

    :ivar on_delete: the action's words in upper case, ``SET NULL`` for example; ``None`` where none is written.
    :ivar deferrable: ``True`` for DEFERRABLE, ``False`` for NOT DEFERRABLE.
    :ivar initially: ``DEFERRED`` or ``IMMEDIATE``.
    :ivar match: ``FULL``, ``PARTIAL`` or ``SIMPLE``.
    """

    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    name: str | None = None
    on_delete: str | None = None
    on_update: str | None = None
    deferrable: bool | None = None
    initially: str | None = None
    match: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Unique:
    """``[CONSTRAINT name] UNIQUE (columns) [COMMENT 'text']``."""

    columns: tuple[str, ...]
    name: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class KeyNote:
    """What a PRIMARY KEY has beside its columns: ``CONSTRAINT name PRIMARY KEY (…) COMMENT 'text'``."""

    name: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """``[CONSTRAINT name] CHECK (condition) [COMMENT 'text']``, its condition as written; kept, not enforced."""

    condition: str
    name: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    """``CREATE TABLE [IF NOT EXISTS] table (columns, PRIMARY KEY (…), …) [COMMENT 'text'] [WITH (…)]``."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[CreateIndex, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    if_not_exists: bool = False
    options: Options = ()
    checks: tuple[CheckConstraint, ...] = ()
    uniques: tuple[Unique, ...] = ()
    key_note: KeyNote = KeyNote()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class DropTable:
    """``DROP TABLE [IF EXISTS] table``."""

    table: TableName
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropIndex:
    """``DROP INDEX [IF EXISTS] name ON table``."""

    name: str
    table: TableName
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterIndex:
    """``ALTER INDEX [IF EXISTS] name ON table SET (option='value', …)``: what the index can serve."""

    name: str
    table: TableName
    options: Options
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateSequence:
    """``CREATE SEQUENCE [IF NOT EXISTS] name [options]``."""

    name: TableName
    numbering: Numbering = Numbering()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropSequence:
    """``DROP SEQUENCE [IF EXISTS] name``."""

    name: TableName
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class AddColumn:
    """``ADD [COLUMN] [IF NOT EXISTS] column``, with the constraints that stand in the column's definition."""

    column: ColumnDefinition
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropColumn:
    """``DROP [COLUMN] [IF EXISTS] name``."""

    name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """``RENAME [COLUMN] name TO new``."""

    name: str
    new: str


@dataclass(frozen=True, slots=True)
class SetType:
    """``ALTER [COLUMN] name [SET DATA] TYPE type``."""

    name: str
    type: TypeName


@dataclass(frozen=True, slots=True)
class SetNotNull:
    """``ALTER [COLUMN] name SET NOT NULL``, or ``DROP NOT NULL``."""

    name: str
    not_null: bool


@dataclass(frozen=True, slots=True)
class SetDefault:
    """``ALTER [COLUMN] name SET DEFAULT value``, or ``DROP DEFAULT``, whose value is ``None``.

    :ivar text: the value as written: what it is depends on the column's type, which the table knows.
    """

    name: str
    text: str | None


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """``ADD constraint``."""

    constraint: Constraint


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """``DROP CONSTRAINT [IF EXISTS] name``."""

    name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class SetOptions:
    """``SET (option='value', …)``: the table's options, in the words of CREATE TABLE's WITH."""

    options: Options


@dataclass(frozen=True, slots=True)
class SetComment:
    """What COMMENT ON changes: the comment of the table itself, of a column or of a constraint.

    :ivar text: ``None`` for no comment.
    """

    of: Literal["TABLE", "COLUMN", "CONSTRAINT"]
    name: str | None
    text: str | None


Constraint = Union[Unique, ForeignKey, CheckConstraint]
Change = Union[
    AddColumn,
    DropColumn,
    RenameColumn,
    SetType,
    SetNotNull,
    SetDefault,
    AddConstraint,
    DropConstraint,
    SetOptions,
    SetComment,
]


@dataclass(frozen=True, slots=True)
class AlterTable:
    """``ALTER TABLE [IF EXISTS] table change, …``; a COMMENT ON is one with a single :class:`SetComment`."""

    table: TableName
    changes: tuple[Change, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenameTable:
    """``ALTER TABLE table RENAME TO new [PRIMARY KEY (columns)] [WITH (writes_frozen='true')]``: a copy.

    :ivar primary_key: another key, or nothing for the same one.
    """

    table: TableName
    new: TableName
    primary_key: tuple[str, ...] = ()
    options: Options = ()


Definition = Union[
    CreateTable, DropTable, CreateIndex, DropIndex, AlterIndex, CreateSequence, DropSequence, AlterTable, RenameTable
]
