"""CREATE and DROP of tables and indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from sqlalchemy_dynamorm.sql.nodes.expressions import Value
from sqlalchemy_dynamorm.sql.nodes.queries import TableName


@dataclass(frozen=True, slots=True)
class TypeName:
    """A column's type as the source text has it: ``VARCHAR(30)`` is ``("VARCHAR", ("30",))``, in upper case."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column of a CREATE TABLE.

    :ivar default: the DEFAULT clause's value.
    :ivar on_update: what an UPDATE that does not name the column sets it to, as in MySQL's ``ON UPDATE``.
    """

    name: str
    type: TypeName
    not_null: bool = False
    autoincrement: bool = False
    default: Value | None = None
    on_update: Value | None = None


Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """``CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table (columns) [WITH (option='value', …)]``.

    The same node stands for ``INDEX name (columns) [WITH (…)]`` inside a CREATE TABLE.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    unique: bool = False
    if_not_exists: bool = False
    options: Options = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``[CONSTRAINT name] FOREIGN KEY (columns) REFERENCES target (target_columns)``; kept, not enforced."""

    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """``[CONSTRAINT name] CHECK (condition)``, its condition as written; kept, not enforced."""

    condition: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    """``CREATE TABLE [IF NOT EXISTS] table (columns, PRIMARY KEY (…), …) [WITH (option='value', …)]``."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[CreateIndex, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    if_not_exists: bool = False
    options: Options = ()
    checks: tuple[CheckConstraint, ...] = ()


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


Definition = Union[CreateTable, DropTable, CreateIndex, DropIndex]
