"""``ensure_tables``: what a program's tables lack is made; nothing is dropped, nothing that is otherwise is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable, ExecutableDDLElement

from sqlalchemy_dynamorm.dialect.alterations import AlterTable
from sqlalchemy_dynamorm.dialect.declared import declare, physical_name
from sqlalchemy_dynamorm.dialect.refusal import wrapped
from sqlalchemy_dynamorm.dialect.table_options import wanted_options
from sqlalchemy_dynamorm.plan.altering import differences
from sqlalchemy_dynamorm.plan.table_options import option_text, option_value
from sqlalchemy_dynamorm.run.indexing import same_index
from sqlalchemy_dynamorm.run.table_options import differing
from sqlalchemy_dynamorm.sql import nodes

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
    from sqlalchemy_dynamorm.plan import schema as planned
    from sqlalchemy_dynamorm.run.declarations import Reflected

_SWITCHES = ("ttl", "stream", "pitr", "deletion_protection", "sse", "tags")
"""Options that a table has or has not; those that it has not are added. Others would be changed."""


@dataclass
class Ensured:
    """What :func:`ensure_tables` did, and what it left as it is.

    :ivar done: a line for each thing that was made.
    :ivar differing: a line for each thing that is otherwise than declared; a migration can change it.
    """

    done: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """A line each: what was done, then what differs."""
        return "\n".join([*self.done, *(f"left as it is: {line}" for line in self.differing)])


def ensure_tables(
    metadata: sa.MetaData, bind: Engine | Connection, tables: Iterable[sa.Table] | None = None
) -> Ensured:
    """Make the tables, sequences, columns, indexes and options that are declared and missing, one after the other.

    Nothing is dropped, and what is there otherwise than declared is left as it is and reported. It may be run again,
    and by several processes at once.

    :param bind: an engine or a connection; DDL commits what a connection has buffered.
    :param tables: these alone, instead of all tables of the metadata.
    :raises sqlalchemy.exc.DBAPIError: the service refused something; what was done before stays.
    """
    report = Ensured()
    with _connection(bind) as connection:
        for sequence in metadata._sequences.values() if tables is None else ():
            connection.execute(CreateSequence(sequence, if_not_exists=True))
        for table in metadata.sorted_tables if tables is None else tables:
            _Ensuring(connection, table, report).run()
    return report


@contextmanager
def _connection(bind: Engine | Connection) -> Iterator[Connection]:
    if isinstance(bind, Connection):
        yield bind
        return
    with bind.begin() as connection:
        yield connection


class _Ensuring:
    """One table."""

    def __init__(self, connection: Connection, table: sa.Table, report: Ensured) -> None:
        self._connection = connection
        self._dialect = cast("DynamoDBDialect", connection.dialect)
        self._table = table
        self._name = table.fullname
        self._report = report

    def run(self) -> None:
        found = self._reflected()
        if found is None:
            self._make(f"made the table {self._name}", CreateTable(self._table))
            return
        wanted = declare(self._table, self._dialect, self._schema)
        if _key(found.table) != _key(wanted):
            self._differs(f"the key of the table {self._name}; another takes a new table and a copy of the rows")
            return
        self._columns(found)
        self._indexes(found, wanted)
        self._options(found)

    @property
    def _schema(self) -> str | None:
        translated: dict[str | None, str | None] = self._connection.get_execution_options().get(
            "schema_translate_map", {}
        )
        return translated.get(self._table.schema, self._table.schema)

    def _reflected(self) -> Reflected | None:
        dbapi: Any = self._connection.connection.dbapi_connection
        with wrapped():
            found: Reflected | None = dbapi.tables.reflected(
                self._table.name, self._schema, physical_name(self._table, self._dialect, self._schema)
            )
        return found

    def _differs(self, what: str) -> None:
        self._report.differing.append(what)

    def _make(self, what: str, statement: ExecutableDDLElement) -> None:
        self._connection.execute(statement)
        self._report.done.append(what)

    def _columns(self, found: Reflected) -> None:
        """Declare the columns that are new, if a row may be without them. One made elsewhere has no declaration."""
        declared = found.declared
        if declared is None:
            return
        wanted = self._definition()
        there = {column.name for column in declared.columns}
        new = [column for column in wanted.columns if column.name not in there]
        for column in new:
            if column.not_null:
                self._differs(f"the column {column.name} of {self._name} is not there, and would be NOT NULL")
            else:
                change = AlterTable(self._table, nodes.AddColumn(column))
                self._make(f"declared the column {column.name} of {self._name}", change)
        names = {column.name for column in new}
        rest = replace(wanted, columns=tuple(column for column in wanted.columns if column.name not in names))
        for what in differences(declared, rest):
            self._differs(f"{self._name}: {what}")

    def _definition(self) -> nodes.CreateTable:
        from sqlalchemy_dynamorm.sql.reader import read

        found = read(str(CreateTable(self._table).compile(dialect=self._dialect)))
        assert isinstance(found, nodes.CreateTable)
        return found

    def _indexes(self, found: Reflected, wanted: planned.Table) -> None:
        there = {index.physical: index for index in found.table.indexes}
        declared = {str(index.name): index for index in self._table.indexes}
        for index in wanted.indexes:
            known = there.pop(index.physical, None)
            if known is not None and not same_index(known, index):
                self._differs(f"the index {index.name} of {self._name} has other columns or another projection")
            elif known is None and index.local:
                self._differs(
                    f"the local index {index.name} of {self._name} is not there, and comes with its table alone"
                )
            elif known is None and index.name in declared:
                self._make(f"made the index {index.name} of {self._name}", CreateIndex(declared[index.name]))
        for name in there:
            self._differs(f"the index {name} of {self._name} is there, and is not declared")

    def _options(self, found: Reflected) -> None:
        wanted = wanted_options(self._table)
        dbapi: Any = self._connection.connection.dbapi_connection
        if not wanted.given:
            return
        with wrapped():
            there, refused = dbapi.tables.table_options(found)
        for error in refused:
            self._differs(f"options of {self._name}: {error}")
        missing = differing(there, wanted)
        for name in missing:
            value = getattr(wanted, name)
            if name == "tags" and value:
                value = tuple(sorted({**dict(there.tags or ()), **dict(value)}.items()))
            if name in _SWITCHES and value and (name == "tags" or not getattr(there, name)):
                option = (name, option_text(option_value(name, value)))
                self._make(f"set {name} of {self._name}", AlterTable(self._table, nodes.SetOptions((option,))))
            else:
                self._differs(f"the option {name} of {self._name}")


def _key(table: planned.Table) -> list[tuple[str, Any]]:
    return [(name, table.by_name[name].kind.key_type) for name in table.key]
