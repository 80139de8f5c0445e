"""A SQLAlchemy ``Table`` to the schema the planner works with, checked against what DynamoDB can have.

Statements and CREATE TABLE both come through here, and a type's kind is read from the same words that the DDL
writes, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.sql import sqltypes

from sqlalchemy_dynamorm.dialect import secondary
from sqlalchemy_dynamorm.dialect.identifiers import SchemaMap, translated
from sqlalchemy_dynamorm.dialect.refusal import Misdeclared, compiling, refuse
from sqlalchemy_dynamorm.dialect.times import TTL
from sqlalchemy_dynamorm.dialect.type_compiler import column_format
from sqlalchemy_dynamorm.plan import schema as planned
from sqlalchemy_dynamorm.plan.expiry import expiring
from sqlalchemy_dynamorm.plan.generated import check_generated
from sqlalchemy_dynamorm.plan.guarded import kept_by_guards
from sqlalchemy_dynamorm.plan.kinds import column_of, kind_of, type_name
from sqlalchemy_dynamorm.plan.names import physical
from sqlalchemy_dynamorm.plan.packed import key_attributes, key_order, too_long
from sqlalchemy_dynamorm.plan.table_options import NAMES as OPTION_NAMES
from sqlalchemy_dynamorm.sql import nodes

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect

BUILT_TABLE_OPTIONS = frozenset(
    {"partition_key", "sort_key", "table_name", "foreign_writers", "hide_expired", "sample", *OPTION_NAMES}
)


_NO_MAP: SchemaMap = {}


def declare(
    table: sa.Table, dialect: DynamoDBDialect, schema: str | None, schemas: SchemaMap = _NO_MAP
) -> planned.Table:
    """The schema of a table.

    :param schema: the schema it is used under, a ``schema_translate_map`` applied; ``None`` for the engine's default.
    :param schemas: that map, for the tables that foreign keys are between.
    :raises UnsupportedCompile: something in the declaration is not built yet, or its type cannot be a key.
    :raises Misdeclared: the options of keys and indexes contradict the columns or the service's limits.
    """
    with compiling():
        _refuse_unbuilt(table)
        columns = {str(column.name): _column(column, table, dialect) for column in table.columns}
        key = key_names(table)
        for name in key:
            _check_key_type(table, columns[name])
        check_generated(tuple(columns.values()), key, table.name)
        partition, sort, hidden, packed = key_attributes(key)
        uniques = _uniques(table, key)
        effective = schema or dialect.settings.default_schema
        return planned.Table(
            name=table.name if effective is None else f"{effective}.{table.name}",
            physical=physical_name(table, dialect, schema),
            columns=(*columns.values(), *hidden),
            partition=partition,
            sort=sort,
            indexes=secondary.indexes(table, columns, partition, sort, dialect.settings.schema_separator),
            packed=packed,
            uniques=uniques,
            foreign_writers=_flag(table, "foreign_writers"),
            system=dialect.settings.system_table if uniques else None,
            expires=_expires(table, columns),
            references=_references(table, dialect, schemas),
            referrers=_referrers(table, dialect, schemas),
            checks=_checks(table, dialect),
        )


def _checks(table: sa.Table, dialect: DynamoDBDialect) -> tuple[planned.CheckConstraint, ...]:
    """The CHECK constraints that CREATE TABLE writes, in its order: an Enum's, say, only where its dialect has it."""
    compiler: Any = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    of_columns = [each for column in table.columns for each in column.constraints]
    found = [each for each in (*of_columns, *table._sorted_constraints) if isinstance(each, sa.CheckConstraint)]
    return tuple(_check(each, compiler) for each in found if each._should_create_for_compiler(compiler))


def _check(constraint: sa.CheckConstraint, compiler: Any) -> planned.CheckConstraint:
    name = None
    if constraint.name is not None:
        name = compiler.preparer.format_constraint(constraint, _alembic_quote=False)
    try:
        written = compiler.sql_compiler.process(constraint.sqltext, include_table=False, literal_binds=True)
    except exc.CompileError:
        written = constraint.sqltext  # with parameters in it, so it is not enforced; CREATE TABLE refuses it
    return planned.CheckConstraint(name, str(written))


def _uniques(table: sa.Table, key: tuple[str, ...]) -> tuple[planned.Unique, ...]:
    constraints: list[Any] = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    constraints += [each for each in table.indexes if each.unique]
    found = []
    for each in constraints:
        name = str(each.name) if isinstance(each.name, str) else None
        found.append(planned.Unique(name, tuple(str(column.name) for column in each.columns)))
    return kept_by_guards(found, key)


def _references(table: sa.Table, dialect: DynamoDBDialect, schemas: SchemaMap) -> tuple[planned.Reference, ...]:
    return tuple(
        _reference(each, dialect, schemas)
        for each in sorted(table.foreign_key_constraints, key=lambda each: (str(each.name), each.column_keys))
    )


def _reference(constraint: sa.ForeignKeyConstraint, dialect: DynamoDBDialect, schemas: SchemaMap) -> planned.Reference:
    """A foreign key with what is known of its parent: it may be declared elsewhere, or not be of the primary key."""
    name = str(constraint.name) if isinstance(constraint.name, str) else None
    columns = tuple(str(element.parent.name) for element in constraint.elements)
    try:
        targets = tuple(str(element.column.name) for element in constraint.elements)
    except (exc.NoReferenceError, exc.InvalidRequestError):
        return planned.Reference(name, columns, (), why="the table it refers to is not declared beside it")
    parent = constraint.elements[0].column.table
    if {*targets} != {*key_names(parent)}:
        return planned.Reference(name, columns, targets, why="it refers to columns that are not the whole primary key")
    return planned.Reference(name, columns, targets, _keyed(parent, dialect, schemas))


def _keyed(table: sa.Table, dialect: DynamoDBDialect, schemas: SchemaMap) -> planned.Table:
    """A table as far as its key goes."""
    columns = {str(column.name): _column(column, table, dialect) for column in table.columns}
    partition, sort, hidden, packed = key_attributes(key_names(table))
    physical_ = physical_name(table, dialect, translated(table.schema, schemas))
    expires = _expires(table, columns)
    return planned.Table(
        table.name, physical_, (*columns.values(), *hidden), partition, sort, packed=packed, expires=expires
    )


def _referrers(table: sa.Table, dialect: DynamoDBDialect, schemas: SchemaMap) -> tuple[planned.Referrer, ...]:
    """The foreign keys to a table, as far as they are declared in its MetaData."""
    found = [
        _referrer(each, dialect, schemas)
        for other in table.metadata.tables.values()
        for each in other.foreign_key_constraints
        if each.elements[0]._get_colspec().rpartition(".")[0] == table.fullname
    ]
    return tuple(sorted(found, key=lambda each: (each.name, each.columns)))


def _referrer(constraint: sa.ForeignKeyConstraint, dialect: DynamoDBDialect, schemas: SchemaMap) -> planned.Referrer:
    child, columns = constraint.table, tuple(str(element.parent.name) for element in constraint.elements)
    found = _reference(constraint, dialect, schemas) if {*columns} == {*key_names(child)} else None
    if found is None or found.parent is None:
        return planned.Referrer(child.name)
    return planned.Referrer(child.name, _keyed(child, dialect, schemas), columns, found.targets)


def _flag(table: sa.Table, option: str) -> bool:
    given = table.dialect_options["dynamodb"][option]
    if given not in (None, True, False):
        raise Misdeclared(f"Table {table.name!r}: dynamodb_{option} takes True or False.")
    return bool(given)


def _expires(table: sa.Table, columns: dict[str, planned.Column]) -> planned.Column | None:
    if not _flag(table, "hide_expired"):
        return None
    typed = [str(column.name) for column in table.columns if isinstance(column.type, TTL)]
    named = typed[0] if typed else table.dialect_options["dynamodb"]["ttl"]
    return expiring(columns, named, table.name)


def physical_name(table: sa.Table, dialect: DynamoDBDialect, schema: str | None) -> str:
    """The DynamoDB table's name: ``dynamodb_table_name``, called if it can be, or the name with its schema."""
    given: str | Callable[[], object] | None = table.dialect_options["dynamodb"]["table_name"]
    if given is None:
        settings = dialect.settings
        return physical(table.name, schema or settings.default_schema, settings.schema_separator)
    found = given() if callable(given) else given
    if not isinstance(found, str) or not found:
        raise Misdeclared(f"Table {table.name!r}: dynamodb_table_name is no name; give a text or a callable for one.")
    return found


def key_names(table: sa.Table) -> tuple[str, ...]:
    """The key columns' names, partition key first; none for a table without a primary key."""
    names = [str(column.name) for column in table.primary_key.columns]
    options = table.dialect_options["dynamodb"]
    partition, sort = options["partition_key"], options["sort_key"]
    for option, name in (("dynamodb_partition_key", partition), ("dynamodb_sort_key", sort)):
        if name is not None and name not in names:
            raise Misdeclared(
                f"Table {table.name!r}: {option}={name!r} is not a primary key column; these are: "
                f"{', '.join(names) or 'none'}."
            )
    if partition is not None and partition == sort:
        raise Misdeclared(f"Table {table.name!r}: {partition!r} cannot be the partition key and the sort key.")
    if len(names) < 2:
        if sort is not None:
            raise Misdeclared(f"Table {table.name!r}: dynamodb_sort_key needs a primary key of two columns.")
        return tuple(names)
    ordered = key_order(names, partition, sort)
    if why := too_long(ordered[1:]):
        raise Misdeclared(f"Table {table.name!r}: {why}; shorten them.")
    return ordered


def _column(column: sa.Column[Any], table: sa.Table, dialect: DynamoDBDialect) -> planned.Column:
    nullable = bool(column.nullable) and not column.primary_key
    autoincrement = is_counted(column)
    if isinstance(column.type, sqltypes.NullType):
        return planned.Column(str(column.name), planned.Kind.ANY, nullable, autoincrement)
    type_ = _type_name(column, dialect)
    _check_format(column, type_)
    return column_of(
        nodes.ColumnDefinition(
            str(column.name),
            type_,
            autoincrement=autoincrement,
            identity=_identity(column, dialect),
            generated=_generated(column, dialect),
            default=_constant(default_text(column.server_default, dialect), type_),
            on_update=_constant(default_text(column.server_onupdate, dialect), type_),
        ),
        nullable=nullable,
    )


def _check_format(column: sa.Column[Any], type_: nodes.TypeName) -> None:
    if column_format(column) in ("epoch", "epoch_ms") and not type_.name.startswith("EPOCH"):
        raise Misdeclared(f"dynamodb_format of the column {column.name!r} is for DateTime; this is {type_.name}.")


def _type_name(column: sa.Column[Any], dialect: DynamoDBDialect) -> nodes.TypeName:
    return type_name(dialect.type_compiler_instance.process(column.type, type_expression=column))


def _constant(text: str | None, type_: nodes.TypeName) -> nodes.Value | None:
    if text is None:
        return None
    from sqlalchemy_dynamorm.sql.read_columns import read_default

    return read_default(text, type_)


def default_text(clause: Any, dialect: DynamoDBDialect) -> str | None:
    """The text of a ``server_default`` or ``server_onupdate``; ``None`` for a FetchedValue, and for none at all."""
    if not isinstance(clause, sa.DefaultClause):
        return None
    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return str(compiler.render_default_string(clause.arg))


def kind(column: sa.Column[Any], dialect: DynamoDBDialect) -> planned.Kind:
    """How a column's values are stored; ``Kind.ANY`` where no type is declared."""
    if isinstance(column.type, sqltypes.NullType):
        return planned.Kind.ANY
    return kind_of(_type_name(column, dialect))


def _check_key_type(table: sa.Table, column: planned.Column) -> None:
    if column.kind is planned.Kind.ANY:
        raise Misdeclared(f"Table {table.name!r}: the key column {column.name!r} has no type; declare one.")
    if column.kind.key_type is None:
        refuse(
            f"Table {table.name!r}: the key column {column.name!r} of kind {column.kind.value}",
            "DynamoDB's keys are strings, numbers or binary",
        )


def _refuse_unbuilt(table: sa.Table) -> None:
    where = f"Table {table.name!r}: "
    for option, value in table.dialect_options["dynamodb"].items():
        if value is not None and option not in BUILT_TABLE_OPTIONS:
            refuse(f"{where}the option dynamodb_{option}")
    if table._prefixes:
        refuse(f"{where}the prefix {' '.join(table._prefixes)}", "DynamoDB has one kind of table")
    for column in table.columns:
        _refuse_unbuilt_column(where, column)


def _refuse_unbuilt_column(where: str, column: sa.Column[Any]) -> None:
    found = {
        "system=True": column.system,
    }
    for what, is_there in found.items():
        if is_there:
            refuse(f"{where}{what} on the column {column.name!r}", "it is not built yet; use default= or onupdate=")


def is_counted(column: sa.Column[Any]) -> bool:
    """Whether a counter of its own fills the key column, and no Sequence that it names."""
    named = isinstance(column.default, sa.Sequence) and not column.default.optional
    return column is column.table.autoincrement_column and not named


def _generated(column: sa.Column[Any], dialect: DynamoDBDialect) -> nodes.Generated | None:
    if column.computed is None:
        return None
    from sqlalchemy_dynamorm.sql.read_generated import read_generated

    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return read_generated(str(compiler.process(column.computed)))


def _identity(column: sa.Column[Any], dialect: DynamoDBDialect) -> nodes.Identity | None:
    if column.identity is None:
        return None
    from sqlalchemy_dynamorm.sql.read_columns import read_identity

    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return read_identity(str(compiler.process(column.identity)))
