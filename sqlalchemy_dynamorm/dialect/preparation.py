"""From a compiled text to the cursor's ``Statement``: one for each set of schemas and physical names it is used with.

A compiled object lives in the engine's cache and is shared by threads, and one serves every ``schema_translate_map``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.declared import declare, physical_name
from sqlalchemy_dynamorm.dialect.hints import Hints
from sqlalchemy_dynamorm.dialect.identifiers import SchemaMap, translated
from sqlalchemy_dynamorm.dialect.refusal import refuse
from sqlalchemy_dynamorm.plan import schema as planned

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.statement import Statement
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect

KEPT = 128
"""How many statements one compiled object keeps: one for each tenant's schema, the least used go first."""

_Key = tuple[frozenset[tuple["str | None", "str | None"]], tuple[str, ...], str]


class Preparation:
    """What a compiled text needs to become a statement.

    :param render: the text with the schemas of a map filled in.
    :param tables: the declared tables in it.
    :param lists: the names that are one bound list each.
    :param hints: the indexes that its hints name.
    """

    def __init__(
        self,
        dialect: DynamoDBDialect,
        render: Callable[[SchemaMap], str],
        tables: Iterable[sa.Table],
        lists: frozenset[str] = frozenset(),
        hints: Hints | None = None,
    ) -> None:
        self._dialect = dialect
        self._render = render
        self._tables = tuple(tables)
        self._named_by_call = [table for table in self._tables if callable(_option(table))]
        self._lists = lists
        self._hints = hints or Hints()
        self._statements: OrderedDict[_Key, Statement] = OrderedDict()
        self._lock = threading.Lock()

    def statement(self, schemas: SchemaMap, rewritten: str | None = None) -> Statement:
        """The statement for these schemas.

        :param schemas: the ``schema_translate_map``, empty for none.
        :param rewritten: the text that an event hook put in place of ours.
        :raises UnsupportedCompile: as :func:`~sqlalchemy_dynamorm.dialect.declared.declare`.
        """
        names = tuple(physical_name(table, self._dialect, None) for table in self._named_by_call)
        key = (frozenset(schemas.items()), names, rewritten or "")
        with self._lock:
            found = self._statements.pop(key, None)
            if found is None:
                found = self._prepare(schemas, rewritten)
            self._statements[key] = found
            if len(self._statements) > KEPT:
                self._statements.popitem(last=False)
        return found

    def _prepare(self, schemas: SchemaMap, rewritten: str | None) -> Statement:
        from sqlalchemy_dynamorm.dbapi.statement import Statement

        hints = self._hints.by_name(self._tables, schemas)
        return Statement(rewritten or self._render(schemas), self.declared(schemas), self._lists, hints)

    def declared(self, schemas: SchemaMap) -> dict[tuple[str | None, str], planned.Table]:
        """The declared tables by what the text calls them: the schema as written, or ``None``, and the name.

        :raises UnsupportedCompile: two different tables have one name.
        """
        found: dict[tuple[str | None, str], planned.Table] = {}
        for table in self._tables:
            schema = translated(table.schema, schemas)
            declared = declare(table, self._dialect, schema, schemas)
            if found.setdefault((schema, str(table.name)), declared) != declared:
                refuse(f"A statement with two declarations of the table {table.name!r}", "they differ; use one of them")
        return found


def _option(table: sa.Table) -> object:
    return table.dialect_options["dynamodb"]["table_name"]
