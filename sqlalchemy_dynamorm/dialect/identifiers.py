"""How identifiers are quoted, and how the schemas of a ``schema_translate_map`` are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import exc
from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer
from sqlalchemy.sql.compiler import RESERVED_WORDS, IdentifierPreparer

SchemaMap = Mapping["str | None", "str | None"]

# Words that SQLite takes for names and sqlglot, which reads our texts, does not.
_READERS_WORDS = (
    "connect_by_root describe exclude fetch function lateral partitioned_by qualify regexp returning revoke rlike "
    "tablesample uncache unnest with xor"
).split()
_RESERVED = {*RESERVED_WORDS, *SQLiteIdentifierPreparer.reserved_words, *_READERS_WORDS}
_TOKEN = re.compile(r"__\[SCHEMA_([^\]]+)\](\.?)")


class Preparer(IdentifierPreparer):
    """Double quotes around reserved words and around all that is not lower-case letters, digits and ``_``."""

    reserved_words = _RESERVED
    legal_characters = re.compile(r"[A-Z0-9_]+\Z", re.IGNORECASE | re.ASCII)

    def _render_schema_translates(self, statement: str, schema_translate_map: SchemaMap) -> str:
        """Fill in the schemas. SQLAlchemy's own needs a default schema where a name maps to ``None``; ours does not.

        :raises InvalidRequestError: the map has ``None`` as a key and had not when the statement was compiled, or the
            other way round: the text then has no place for the schema, or a place without one.
        """
        if (None in schema_translate_map) != self._includes_none_schema_translate:
            raise exc.InvalidRequestError(
                "The key None is in one schema_translate_map and not in another that the same cached statement is used "
                "with; use the same keys every time."
            )
        return _TOKEN.sub(lambda found: self._schema(found[1], found[2], schema_translate_map), statement)

    def _schema(self, token: str, dot: str, schemas: SchemaMap) -> str:
        effective = translated(None if token == "_none" else token, schemas)
        return self.quote_schema(effective) + dot if effective else ""


def translated(schema: str | None, schemas: SchemaMap) -> str | None:
    """The schema that a declared one stands for, ``None`` being none."""
    return schemas.get(schema, schema) or None
