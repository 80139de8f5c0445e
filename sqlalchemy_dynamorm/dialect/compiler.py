"""Statements to text in SQLite's dialect, with one name for each bound value and each bound list.

SQLAlchemy rewrites ``x IN (…)`` for every length of the list and puts literal-execute values into the text. Here the
text stays as it is compiled: such a parameter is one name, its value a list, and one plan serves every length.
"""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.compiler import ExpandedState
from sqlalchemy.sql.util import surface_selectables_only

from sqlalchemy_dynamorm.dialect.dml import constrained
from sqlalchemy_dynamorm.dialect.fetching import by_position
from sqlalchemy_dynamorm.dialect.hints import Hints
from sqlalchemy_dynamorm.dialect.identifiers import SchemaMap
from sqlalchemy_dynamorm.dialect.moments import refuse_arithmetic
from sqlalchemy_dynamorm.dialect.preparation import Preparation
from sqlalchemy_dynamorm.dialect.refusal import refuse

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.statement import Statement
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect

_POSTCOMPILE = re.compile(r"__\[POSTCOMPILE_(\S+?)(~~.+?~~)?\]")
_PLAIN_NAME = re.compile(r"(?!x__)[A-Za-z_]\w*", re.ASCII)


class Compiler(SQLiteCompiler):
    """SQLite's compiler, but nothing is dropped: what SQLite ignores is refused."""

    dialect: DynamoDBDialect

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.tables: dict[sa.Table, None] = {}
        self.hints = Hints()
        super().__init__(*arguments, **keywords)

    # ---- the statement

    def prepared(self, schemas: SchemaMap, rewritten: str | None = None) -> Statement:
        """The statement for the cursor; see :meth:`Preparation.statement`."""
        return self.preparation.statement(schemas, rewritten)

    @cached_property
    def preparation(self) -> Preparation:
        """What makes the statement."""
        return Preparation(self.dialect, self._rendered, self.tables, frozenset(self._lists), self.hints)

    @cached_property
    def named_text(self) -> str:
        """The text with a plain ``:name`` where SQLAlchemy would write values in."""
        pre_expanded: str | None = getattr(self, "_pre_expanded_string", None)
        return _POSTCOMPILE.sub(_named, self.string if pre_expanded is None else pre_expanded)

    def _rendered(self, schemas: SchemaMap) -> str:
        if not self.schema_translate_map:
            return self.named_text
        return str(self.preparer._render_schema_translates(self.named_text, schemas))

    @cached_property
    def _lists(self) -> dict[str, Callable[[Any], list[Any]]]:
        """What makes a list ready for the cursor, by the name that the text has."""
        escaped = self.escaped_bind_names
        return {
            escaped.get(name, name): _list_processor(self._processor(parameter.type))
            for parameter, name in self.bind_names.items()
            if parameter.expanding
        }

    @cached_property
    def _executed_literals(self) -> dict[str, Any]:
        """What makes values ready that SQLAlchemy would write into the text, and so does not process as bound ones."""
        found = {
            name: self._processor(parameter.type)
            for parameter, name in self.bind_names.items()
            if parameter in self.literal_execute_params and not parameter.expanding
        }
        return {name: processor for name, processor in found.items() if processor is not None}

    def _processor(self, type_: Any) -> Any:
        """The bind processor of a type; of a row's, one for each of its columns."""
        if type_._is_tuple_type:
            return tuple(each._cached_bind_processor(self.dialect) for each in type_.types)
        return type_._cached_bind_processor(self.dialect)

    def _process_parameters_for_postcompile(self, parameters: Any, _populate_self: bool = False) -> ExpandedState:
        if _populate_self:  # render_postcompile=True: the caller wants to see the values in the text
            return super()._process_parameters_for_postcompile(parameters, _populate_self=True)
        originals = {shown: name for name, shown in self.escaped_bind_names.items()}
        processors: dict[str, Any] = {originals.get(name, name): each for name, each in self._lists.items()}
        processors |= self._executed_literals
        return ExpandedState(self.named_text, parameters, processors, None, {})

    # ---- names

    def bindparam_string(self, name: str, *arguments: Any, **kw: Any) -> str:
        if not kw.get("escaped_from") and not _PLAIN_NAME.fullmatch(name):
            kw["escaped_from"], name = name, bind_name(name)
        return str(super().bindparam_string(name, *arguments, **kw))

    # ---- the tables in it

    def visit_table(self, table: Any, *arguments: Any, **kw: Any) -> Any:
        if not kw.get("ashint"):
            self._collect(table)
        return super().visit_table(table, *arguments, **kw)  # type: ignore[no-untyped-call]

    def visit_insert(self, insert_stmt: Any, *arguments: Any, **kw: Any) -> Any:
        self._collect(insert_stmt.table)
        return super().visit_insert(insert_stmt, *arguments, **kw)  # type: ignore[no-untyped-call]

    def _on_conflict_target(self, clause: Any, **kw: Any) -> str:
        # PostgreSQL's insert() has this, of which SQLite's compiler knows nothing.
        named = getattr(clause, "constraint_target", None)
        if named is not None:
            statement: Any = self.stack[-1]["selectable"]
            names = [self.preparer.quote(column) for column in constrained(statement.table, named)]
            return f"({', '.join(names)})" if names else f"ON CONSTRAINT {self.preparer.quote(named)}"
        return str(super()._on_conflict_target(clause, **kw))  # type: ignore[no-untyped-call]

    def _collect(self, table: Any) -> None:
        if isinstance(table, sa.Table):
            self.tables[table] = None

    # ---- where SQLite's compiler writes what is not meant, or nothing

    def visit_binary(self, binary: Any, *arguments: Any, **kw: Any) -> Any:
        refuse_arithmetic(binary)
        return super().visit_binary(binary, *arguments, **kw)  # type: ignore[no-untyped-call]

    # SQLite's own forget what they are told: in a CHECK that is to write values, and no tables.

    def visit_is_distinct_from_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)} IS NOT {self.process(binary.right, **kw)}"

    def visit_is_not_distinct_from_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)} IS {self.process(binary.right, **kw)}"

    def visit_sequence(self, sequence: Any, **kw: Any) -> str:
        return f"nextval({self.preparer.format_sequence(sequence)})"

    def visit_true(self, expr: Any, **kw: Any) -> str:
        return "true"

    def visit_false(self, expr: Any, **kw: Any) -> str:
        return "false"

    def translate_select_structure(self, select_stmt: Any, **kw: Any) -> Any:
        return by_position(select_stmt)

    def limit_clause(self, select: Any, **kw: Any) -> str:
        return self._limited(select._limit_clause, select._offset_clause, **kw)

    def fetch_clause(self, select: Any, *arguments: Any, **kw: Any) -> str:
        asked = [name for name, value in (select._fetch_clause_options or {}).items() if value]
        if asked:
            refuse(f"fetch() with {' and '.join(sorted(asked))} of a UNION", "fetch from a subquery of it")
        return self._limited(select._fetch_clause, select._offset_clause, **kw)

    def _limited(self, limit: Any, offset: Any, **kw: Any) -> str:
        if limit is None and offset is None:
            return ""
        text = "\n LIMIT " + ("-1" if limit is None else str(self.process(limit, **kw)))
        return text if offset is None else f"{text} OFFSET {self.process(offset, **kw)}"

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        asked = select._for_update_arg
        strength = ("KEY SHARE" if asked.key_share else "SHARE") if asked.read else "UPDATE"
        text = f" FOR {'NO KEY UPDATE' if asked.key_share and not asked.read else strength}"
        if asked.of:
            tables = dict.fromkeys(table for each in asked.of for table in surface_selectables_only(each))
            named = {**kw, "ashint": True, "use_schema": False}
            text += f" OF {', '.join(self.process(table, **named) for table in tables)}"
        return f"{text}{' NOWAIT' if asked.nowait else ''}{' SKIP LOCKED' if asked.skip_locked else ''}"

    def delete_extra_from_clause(
        self, delete_stmt: Any, from_table: Any, extra_froms: Any, from_hints: Any, **kw: Any
    ) -> str:
        # SQLite has none of its own; this is PostgreSQL's.
        tables = ", ".join(
            str(each._compiler_dispatch(self, asfrom=True, fromhints=from_hints, **kw)) for each in extra_froms
        )
        return f"USING {tables}"

    # A hint says how the statement is planned: it stands beside the text, not in it.

    def get_select_hint_text(self, byfroms: Mapping[Any, Any]) -> None:
        for selectable, text in byfroms.items():
            self.hints.add(selectable, text)

    def get_from_hint_text(self, table: Any, text: Any) -> None:
        self.hints.add(table, text)

    def get_statement_hint_text(self, hint_texts: Any) -> str:
        refuse("with_statement_hint()", "an index is named with with_hint(table, 'INDEX name')")


def bind_name(name: str) -> str:
    """A name that text can carry, another for each name: ``a.b`` is ``x__a_2e_b``.

    ``x__`` stands before every name that is not plain or has that beginning itself. In the rest ``_`` is doubled and
    any other character that is no ASCII letter or digit is its code point between two ``_``.
    """
    return "x__" + "".join(map(_encoded, name))


def _encoded(char: str) -> str:
    if char.isascii() and char.isalnum():
        return char
    return "__" if char == "_" else f"_{ord(char):x}_"


def _named(found: re.Match[str]) -> str:
    if found[2]:
        refuse("A type with a bind_expression() in an IN list", "compare with OR, or leave the bind_expression() out")
    return f":{found[1]}"


def _list_processor(processor: Any) -> Callable[[Any], list[Any]]:
    """From one value's processor, or the tuple of a row's, to one for the whole list."""
    if isinstance(processor, tuple) and len(processor) == 1:
        # The text is "(x) IN (:name)", where SQL has no row but x in parentheses.
        one = _list_processor(processor[0])
        return lambda rows: one([value for (value,) in rows])
    if isinstance(processor, tuple):
        return lambda rows: [
            tuple(value if each is None else each(value) for each, value in zip(processor, row, strict=True))
            for row in rows
        ]
    if processor is None:
        return lambda values: [tuple(value) if isinstance(value, list | tuple) else value for value in values]
    return lambda values: [processor(value) for value in values]
