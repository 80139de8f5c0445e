"""What a connection knows of tables by name: where they are, what the service and the system table say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.plan.names import logical, physical

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.client.client import Client
    from sqlalchemy_dynamorm.plan.schema import Table
    from sqlalchemy_dynamorm.plan.table_options import TableOptions
    from sqlalchemy_dynamorm.run.declarations import Reflected
    from sqlalchemy_dynamorm.run.sampling import Sample
    from sqlalchemy_dynamorm.sql import nodes


class Tables:
    """The tables and sequences that are there, outside any transaction.

    :ivar aliases: physical names of tables that are named otherwise, by schema and name: what models say, for those who
        have only names. One counts where its table is there.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.aliases: dict[tuple[str | None, str], str] = {}

    def physical(self, name: str, schema: str | None) -> str:
        """The DynamoDB table's name."""
        alias = self.aliases.get((schema, name))
        return alias if alias is not None and self._is_there(alias) else self.physical_by_rule(name, schema)

    def physical_by_rule(self, name: str, schema: str | None) -> str:
        """The name that a new table gets."""
        settings = self.client.settings
        return physical(name, schema or settings.default_schema, settings.schema_separator)

    def _is_there(self, written: str) -> bool:
        from sqlalchemy_dynamorm.run.request import Request

        try:
            self.client.ask(Request("DescribeTable", {"TableName": written}))
        except errors.UndefinedTable:
            return False
        return True

    def named(self, name: nodes.TableName, declared: Mapping[tuple[str | None, str], Table]) -> Table:
        """What a table name stands for: the declared table, else what the service and the system table say of it.

        :raises UndefinedTable: the service knows none.
        """
        found = declared.get((name.schema, name.name))
        return found if found is not None else self._known(name.name, name.schema)

    def _known(self, name: str, schema: str | None) -> Table:
        """A table as it is described and declared, kept for a minute."""
        from sqlalchemy_dynamorm.plan.definitions import declared_as
        from sqlalchemy_dynamorm.run.declarations import reflected

        written, settings = self.physical(name, schema), self.client.settings
        catalog = self.client.catalog
        known = catalog.get(written)
        if known is None:
            display = f"{schema}.{name}" if schema else name
            found = self.client.value(reflected(settings.system_table, written, display))
            node, table = found.declared, found.table
            known = catalog.put(written, table if node is None else declared_as(table, node, settings.system_table))
        return known

    def _described(self, name: str, schema: str | None) -> Table:
        """A table as DescribeTable tells it now."""
        from sqlalchemy_dynamorm.run.description import described, parse
        from sqlalchemy_dynamorm.run.request import Request

        body = self.client.ask(Request("DescribeTable", {"TableName": self.physical(name, schema)}))
        return parse(described(body), f"{schema}.{name}" if schema else name)

    def reflected(self, name: str, schema: str | None = None, written: str | None = None) -> Reflected | None:
        """A table as it is described and as it is declared, asked of the service; ``None`` where there is none.

        One that is declared under this name and has another one in DynamoDB is found where there is none of the name.

        :param written: the physical name, where it is not that of name and schema.
        """
        found = self._reflected(name, written or self.physical(name, schema))
        if found is None and written is None and (other := self._declared_as(name, schema)) is not None:
            found = self._reflected(name, other)
        return found

    def _reflected(self, name: str, physical_name: str) -> Reflected | None:
        from sqlalchemy_dynamorm.run.declarations import reflected

        try:
            return self.client.value(reflected(self.client.settings.system_table, physical_name, name))
        except errors.UndefinedTable:
            return None

    def _declared_as(self, name: str, schema: str | None) -> str | None:
        """The physical name of the one table that is declared under this name."""
        from sqlalchemy_dynamorm.run.declarations import declared_names
        from sqlalchemy_dynamorm.run.description import table_names

        system = self.client.settings.system_table
        tables = [] if system is None else self.client.value(table_names())
        if system is None or system not in tables:
            return None
        declared = self.client.value(declared_names(system, tables))
        wanted = schema or self._default_schema, name
        found = [key for key, as_ in declared.items() if (as_.schema or self._default_schema, as_.name) == wanted]
        return found[0] if len(found) == 1 else None

    def sampled(self, physical: str, limit: int) -> Sample:
        """The attributes of the first items of a table, at most ``limit``: one Scan."""
        from sqlalchemy_dynamorm.run.sampling import sampled

        return self.client.value(sampled(physical, limit))

    def table_options(self, found: Reflected) -> tuple[TableOptions, list[errors.AccessDenied]]:
        """The options of a table that was reflected, and why some are not known."""
        from sqlalchemy_dynamorm.run.table_options import options_seen

        return self.client.value(options_seen(dict(found.found)))

    def has_table(self, name: str, schema: str | None = None, written: str | None = None) -> bool:
        """Whether the table is there, asked of the service.

        :param written: the physical name, where it is not that of name and schema.
        """
        found = written or self.physical(name, schema)
        self.client.catalog.forget(found)
        return self._is_there(found)

    def table_names(self, schema: str | None = None) -> list[str]:
        """The names of the tables of a schema, sorted; the system table is not among them."""
        return sorted(name for found, name in self._listed() if found == (schema or self._default_schema))

    def schema_names(self) -> list[str]:
        """The schemas that tables are in, sorted."""
        return sorted({found for found, _ in self._listed() if found is not None})

    @property
    def _default_schema(self) -> str | None:
        return self.client.settings.default_schema

    def _listed(self) -> list[tuple[str | None, str]]:
        from sqlalchemy_dynamorm.run.description import table_names

        settings = self.client.settings
        known = {written: (schema or self._default_schema, name) for (schema, name), written in self.aliases.items()}
        return [
            known.get(written) or logical(written, settings.schema_separator)
            for written in self.client.value(table_names())
            if written != settings.system_table
        ]

    def has_sequence(self, name: str, schema: str | None = None) -> bool:
        """Whether the sequence is there."""
        from sqlalchemy_dynamorm.run.sequences import definition

        found = definition(self.client.settings.system_table, self.physical(name, schema))
        return self.client.value(found) is not None

    def sequence_names(self, schema: str | None = None) -> list[str]:
        """The names of the sequences of a schema, sorted."""
        from sqlalchemy_dynamorm.run.sequences import sequence_names

        settings = self.client.settings
        written = self.client.value(sequence_names(settings.system_table))
        found = [logical(name, settings.schema_separator) for name in written]
        return sorted(name for there, name in found if there == (schema or settings.default_schema))

    def create_system_table(self) -> str:
        """Make the system table where it is missing, and wait until it is ACTIVE; returns its physical name.

        :raises ProgrammingError: the engine has none (``system_table=none``).
        """
        from sqlalchemy_dynamorm.run.definitions import create_system_table

        name = self.client.settings.system_table
        if name is None:
            raise errors.ProgrammingError("This engine has no system table: system_table=none.")
        self.client.value(create_system_table(name))
        return name

    def index_names(self, name: str, schema: str | None = None) -> list[str]:
        """The names of a table's indexes, sorted."""
        self.client.catalog.forget(self.physical(name, schema))
        separator = self.client.settings.schema_separator
        return sorted(logical(index.physical, separator)[1] for index in self._described(name, schema).indexes)
