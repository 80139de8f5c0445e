"""CREATE and DROP: generic SQL, with the indexes inside CREATE TABLE and DynamoDB's words in ``WITH (…)``."""
# ruff: noqa: D102 - the methods are SQLAlchemy's, documented there

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import util
from sqlalchemy.sql.compiler import DDLCompiler as GenericDDLCompiler
from sqlalchemy.sql.sqltypes import NullType

from sqlalchemy_dynamorm.dialect import secondary
from sqlalchemy_dynamorm.dialect.alterations import AlterTable
from sqlalchemy_dynamorm.dialect.declared import declare, default_text, is_counted, key_names, kind
from sqlalchemy_dynamorm.dialect.identifiers import SchemaMap
from sqlalchemy_dynamorm.dialect.preparation import Preparation
from sqlalchemy_dynamorm.dialect.refusal import compiling, refuse
from sqlalchemy_dynamorm.dialect.table_options import written_options
from sqlalchemy_dynamorm.dialect.unenforced import tell
from sqlalchemy_dynamorm.plan import schema as planned
from sqlalchemy_dynamorm.plan.definitions import index_options

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi.statement import Statement
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect

_UNENFORCED = ("CASCADE", "SET NULL", "SET DEFAULT")


class DDLCompiler(GenericDDLCompiler):
    """Writes the definitions that our reader reads; what DynamoDB has no place for is refused."""

    dialect: DynamoDBDialect
    tables: tuple[sa.Table, ...] = ()
    has_effect = True
    """``False`` for the definition of an index that is not created: it compiles to a comment."""

    def prepared(self, schemas: SchemaMap, rewritten: str | None = None) -> Statement:
        """The statement for the cursor; see :meth:`Preparation.statement`."""
        return self.preparation.statement(schemas, rewritten)

    @cached_property
    def preparation(self) -> Preparation:
        """What makes the statement."""
        return Preparation(self.dialect, self._rendered, self.tables)

    def _rendered(self, schemas: SchemaMap) -> str:
        if not self.schema_translate_map:
            return str(self)
        return str(self.preparer._render_schema_translates(str(self), schemas))

    # ---- tables

    def visit_create_table(self, create: Any, **kw: Any) -> str:
        table: sa.Table = create.element
        declare(table, self.dialect, None)  # refuses what the text could not say
        self.tables = (table,)
        return str(super().visit_create_table(create, **kw))  # type: ignore[no-untyped-call]

    def get_column_specification(self, column: Any, **kw: Any) -> str:
        type_text = self.dialect.type_compiler_instance.process(column.type, type_expression=column)
        words = [self.preparer.format_column(column), type_text]
        clauses = {"DEFAULT": column.server_default, "ON UPDATE": column.server_onupdate}
        texts = {clause: default_text(given, self.dialect) for clause, given in clauses.items()}
        words += [f"{clause} {text}" for clause, text in texts.items() if text is not None]
        if not column.nullable or column.primary_key:
            words.append("NOT NULL")
        if column.computed is not None:
            words.append(self.process(column.computed))
        if column.identity is not None:
            words.append(self.process(column.identity))
        elif is_counted(column):
            words.append("AUTOINCREMENT")
        words += self._comment(column)
        return " ".join(words)

    def create_table_constraints(self, table: Any, _include_foreign_key_constraints: Any = None, **kw: Any) -> str:
        written = super().create_table_constraints(  # type: ignore[no-untyped-call]
            table, _include_foreign_key_constraints, **kw
        )
        parts = [str(written)]
        _tell_of_actions(table)
        parts += [self._inline_index(index, table) for index in sorted(table.indexes, key=lambda each: str(each.name))]
        return ", \n\t".join(part for part in parts if part)

    def _inline_index(self, index: sa.Index, table: sa.Table) -> str:
        built = self._built(index, table)
        return "" if built is None else f"{'UNIQUE ' if index.unique else ''}INDEX {self._index_text(index, built)}"

    def visit_primary_key_constraint(self, constraint: Any, **kw: Any) -> str:
        names = key_names(constraint.table)
        if not names:
            return ""
        key = f"{self._named(constraint)}PRIMARY KEY ({', '.join(map(self.preparer.quote, names))})"
        return " ".join([key, *self._comment(constraint)])

    def visit_check_constraint(self, constraint: Any, **kw: Any) -> str:
        written = str(super().visit_check_constraint(constraint, **kw))  # type: ignore[no-untyped-call]
        return " ".join([written, *self._comment(constraint)])

    def visit_column_check_constraint(self, constraint: Any, **kw: Any) -> str:
        return self.visit_check_constraint(constraint, **kw)

    def _named(self, constraint: Any) -> str:
        name = None if constraint.name is None else self.preparer.format_constraint(constraint)
        return "" if name is None else f"CONSTRAINT {name} "

    def visit_foreign_key_constraint(self, constraint: Any, **kw: Any) -> str:
        written = super().visit_foreign_key_constraint(constraint, **kw)
        return " ".join([written, *self._comment(constraint)]) if written else ""

    def visit_unique_constraint(self, constraint: Any, **kw: Any) -> str:
        written = str(super().visit_unique_constraint(constraint, **kw))
        return " ".join([written, *self._comment(constraint)]) if written else ""

    def _comment(self, commented: Any) -> list[str]:
        return [] if commented.comment is None else [f"COMMENT {_string(commented.comment)}"]

    def post_create_table(self, table: Any) -> str:
        given = table.dialect_options["dynamodb"]
        options = {name: given[name] for name in ("partition_key", "sort_key") if given[name] is not None}
        if given["table_name"] is not None:
            options["table_name"] = declare(table, self.dialect, None).physical
        expires = declare(table, self.dialect, None).expires
        if expires is not None:
            options["hide_expired"] = expires.name
        options |= written_options(table)
        return " ".join(["", *self._comment(table)]) + self._with(options)

    def visit_drop_table(self, drop: Any, **kw: Any) -> str:
        self._use(drop.element)
        return str(super().visit_drop_table(drop, **kw))  # type: ignore[no-untyped-call]

    # ---- indexes

    def visit_create_index(
        self, create: Any, include_schema: bool = False, include_table_schema: bool = True, **kw: Any
    ) -> str:
        index: sa.Index = create.element
        self._verify_index_table(index)
        table = self._use(index.table)
        built = self._built(index, table)
        if built is None:
            return self._nothing(f"the index {index.name} is not created: its column's type cannot be an index key")
        if_not_exists = "IF NOT EXISTS " if create.if_not_exists else ""
        kind = "UNIQUE INDEX" if index.unique else "INDEX"
        head = (
            f"CREATE {kind} {if_not_exists}{self.preparer.format_index(index)} ON {self.preparer.format_table(table)}"
        )
        options: dict[str, str] = {}
        if types := secondary.key_types(index, self._columns(index)):
            options["types"] = json.dumps(types)
        if secondary.checks_items(index):
            options["check_items"] = "true"
        return f"{head} {self._key_text(built, options)}"

    def visit_drop_index(self, drop: Any, **kw: Any) -> str:
        index: sa.Index = drop.element
        self._verify_index_table(index)
        table = self._use(index.table)
        if not _is_stand_in(table) and self._built(index, table, warn=False) is None:
            return self._nothing(f"the index {index.name} was not created: its column's type cannot be an index key")
        if_exists = "IF EXISTS " if drop.if_exists else ""
        return f"DROP INDEX {if_exists}{self.preparer.format_index(index)} ON {self.preparer.format_table(table)}"

    def _built(self, index: sa.Index, table: sa.Table, *, warn: bool = True) -> planned.Index | None:
        """The index to create, or ``None`` and a warning where a type keeps it from being one."""
        with compiling():
            built = secondary.index(
                index, (key_names(table) or (planned.HIDDEN_KEY,))[0], self.dialect.settings.schema_separator
            )
            column = secondary.uncreatable(built, self._columns(index))
        if column is None:
            return built
        if warn:
            util.warn(
                f"The index {index.name!r} of table {table.name!r} is not created: values of its column {column!r} "
                "cannot be an index key in DynamoDB, which takes strings, numbers and binary."
            )
        return None

    def _columns(self, index: sa.Index) -> dict[str, planned.Column]:
        return {column.name: planned.Column(column.name, kind(column, self.dialect)) for column in index.columns}

    def _nothing(self, why: str) -> str:
        self.has_effect = False
        return f"-- {why}"

    def _index_text(self, index: sa.Index, built: planned.Index) -> str:
        return f"{self.preparer.format_index(index)} {self._key_text(built, {})}"

    def _key_text(self, built: planned.Index, more: Mapping[str, str]) -> str:
        options = {**index_options(built), **more}
        return f"({', '.join(map(self.preparer.quote, built.key))}){self._with(options)}"

    def _with(self, options: Mapping[str, str]) -> str:
        """``WITH (…)`` of the options that are not what they are by default."""
        quoted = (f"{name}={_string(value)}" for name, value in options.items())
        return f" WITH ({', '.join(quoted)})" if options else ""

    def _use(self, table: Any) -> sa.Table:
        """Let the statement know the table, unless it is a stand-in of Alembic's that has no more than names."""
        if not _is_stand_in(table) or table.dialect_options["dynamodb"]["table_name"] is not None:
            self.tables = (table,)
        return table  # type: ignore[no-any-return]

    # ---- changes

    def visit_alter_table(self, alter: AlterTable, **kw: Any) -> str:
        from sqlalchemy_dynamorm.sql.write_definitions import write_change

        changes = ", ".join(map(write_change, alter.changes))
        return f"ALTER TABLE {self.preparer.format_table(self._use(alter.element))} {changes}"

    def visit_add_constraint(self, create: Any, **kw: Any) -> str:
        self._use(create.element.table)
        return str(super().visit_add_constraint(create, **kw))  # type: ignore[no-untyped-call]

    def visit_drop_constraint(self, drop: Any, **kw: Any) -> str:
        self._use(drop.element.table)
        return str(super().visit_drop_constraint(drop, **kw))  # type: ignore[no-untyped-call]

    def visit_set_table_comment(self, create: Any, **kw: Any) -> str:
        self._use(create.element)
        return str(super().visit_set_table_comment(create, **kw))  # type: ignore[no-untyped-call]

    def visit_drop_table_comment(self, drop: Any, **kw: Any) -> str:
        self._use(drop.element)
        return str(super().visit_drop_table_comment(drop, **kw))  # type: ignore[no-untyped-call]

    def visit_set_column_comment(self, create: Any, **kw: Any) -> str:
        self._use(create.element.table)
        return str(super().visit_set_column_comment(create, **kw))  # type: ignore[no-untyped-call]

    def visit_drop_column_comment(self, drop: Any, **kw: Any) -> str:
        column = self.preparer.format_column(drop.element)  # SQLAlchemy's own forgets the schema
        return f"COMMENT ON COLUMN {self.preparer.format_table(self._use(drop.element.table))}.{column} IS NULL"

    def visit_set_constraint_comment(self, create: Any, **kw: Any) -> str:
        return self._constraint_comment(create.element, _string(create.element.comment))

    def visit_drop_constraint_comment(self, drop: Any, **kw: Any) -> str:
        return self._constraint_comment(drop.element, "NULL")

    def _constraint_comment(self, constraint: Any, text: str) -> str:
        name, table = self.preparer.format_constraint(constraint), self._use(constraint.table)
        return f"COMMENT ON CONSTRAINT {name} ON {self.preparer.format_table(table)} IS {text}"

    # ---- what there is not

    def visit_create_schema(self, create: Any, **kw: Any) -> str:
        refuse("CREATE SCHEMA", "a schema is a prefix of table names and needs no creation")

    def visit_drop_schema(self, drop: Any, **kw: Any) -> str:
        refuse("DROP SCHEMA", "a schema is a prefix of table names; drop its tables")


def _is_stand_in(table: sa.Table) -> bool:
    return all(isinstance(column.type, NullType) for column in table.columns)


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _tell_of_actions(table: sa.Table) -> None:
    for constraint in table.foreign_key_constraints:
        for event, action in (("ON DELETE", constraint.ondelete), ("ON UPDATE", constraint.onupdate)):
            if action is not None and action.upper() in _UNENFORCED:
                tell(
                    table,
                    f"The foreign key of {table.name!r} over {', '.join(constraint.column_keys)} is declared only: "
                    f"{event} {action} does nothing in DynamoDB.",
                )
