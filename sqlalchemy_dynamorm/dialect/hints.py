"""``with_hint(table, "INDEX name")``: the one hint there is, the index that a statement reads a table by."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import AliasedReturnsRows

from sqlalchemy_dynamorm.dialect.identifiers import SchemaMap, translated
from sqlalchemy_dynamorm.dialect.refusal import refuse

_INDEX = re.compile(r"INDEX (\S.*)")


class Hints:
    """The indexes that a statement's hints name, by table."""

    def __init__(self) -> None:
        self._indexes: dict[sa.Table, str] = {}

    def add(self, selectable: Any, text: str) -> None:
        """Take a hint.

        :raises UnsupportedCompile: it is another than ``INDEX name``, is on something else than a table, or says
            another index than the one before.
        """
        table = selectable
        while isinstance(table, AliasedReturnsRows):
            table = table.element
        if not isinstance(table, sa.Table):
            refuse("with_hint() on something else than a table", "give the table that has the index")
        read = _INDEX.fullmatch(text.strip())
        if read is None:
            refuse(f"with_hint() with the text {text!r}", 'the one hint there is, is "INDEX name"')
        if self._indexes.setdefault(table, read[1]) != read[1]:
            refuse(f"with_hint() with two indexes of {table.name!r}", "name one")

    def by_name(self, tables: Collection[sa.Table], schemas: SchemaMap) -> Mapping[tuple[str | None, str], str]:
        """The index by what the text calls its table: the schema as written, or ``None``, and the name.

        :param tables: those that the statement reads.
        :raises UnsupportedCompile: a hint is on another.
        """
        for table in self._indexes:
            if table not in tables:
                refuse(f"with_hint() on {table.name!r}, which the statement does not read", "leave it out")
        return {(translated(table.schema, schemas), str(table.name)): index for table, index in self._indexes.items()}
