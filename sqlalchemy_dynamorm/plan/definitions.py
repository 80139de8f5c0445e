"""CREATE TABLE and CREATE INDEX as the planner's own :class:`Table` and :class:`Index`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.expiry import expiring
from sqlalchemy_dynamorm.plan.generated import check_generated
from sqlalchemy_dynamorm.plan.guarded import kept_by_guards
from sqlalchemy_dynamorm.plan.kinds import column_of
from sqlalchemy_dynamorm.plan.limits import check_indexes
from sqlalchemy_dynamorm.plan.names import logical, physical
from sqlalchemy_dynamorm.plan.packed import key_attributes, key_order, too_long
from sqlalchemy_dynamorm.plan.schema import CheckConstraint, Column, Index, Kind, Reference, Table, Unique
from sqlalchemy_dynamorm.plan.table_options import INDEX_UNITS, Units, index_units, option_text
from sqlalchemy_dynamorm.sql import nodes

TABLE_WORDS = frozenset({"partition_key", "sort_key", "table_name", "hide_expired"})
"""The words of a table's WITH that say what its key and its name are, and are declared with it."""
_INDEX_OPTIONS = frozenset({"hash_columns", "projection", "include", "local", "types", "check_items", *INDEX_UNITS})
_TYPES = {"S": Kind.STRING, "N": Kind.NUMBER, "B": Kind.BINARY}


def table_of(node: nodes.CreateTable, separator: str) -> Table:
    """The table that a CREATE TABLE describes.

    :raises Unsupported: an option that is not built, a type that cannot be a key.
    :raises ProgrammingError: a key or index column that is not declared, an option that does not fit.
    """
    options = _words(node)
    columns = tuple(_column(column, node.primary_key) for column in node.columns)
    key = _key(node, options)
    check_generated(columns, key, node.table.name)
    partition, sort, hidden, packed = key_attributes(key)
    by_name = {column.name: column for column in columns}
    for name in key:
        _check_key(by_name, name, node.table.name)
    indexes = tuple(index_of(index, separator) for index in node.indexes)
    for index in indexes:
        for name in index.key:
            _check_key(by_name, name, node.table.name)
    check_indexes(node.table.name, indexes, sort)
    written = options.get("table_name") or physical(node.table.name, node.table.schema, separator)
    keyed = Table(display_name(node.table), written, (*columns, *hidden), partition, sort, indexes, packed=packed)
    return replace(keyed, uniques=_uniques(node, key), expires=_expires(node, by_name), checks=_checks(node))


def _checks(node: nodes.CreateTable) -> tuple[CheckConstraint, ...]:
    return tuple(CheckConstraint(each.name, each.condition) for each in node.checks)


def _unknown(key: nodes.ForeignKey) -> Reference:
    why = "the key of the table it refers to is not known to a text; write the row with Table objects"
    return Reference(key.name, key.columns, key.target_columns, why=why)


def _expires(node: nodes.CreateTable, columns: Mapping[str, Column]) -> Column | None:
    """The column that hides its rows when they expire, where the table asks for it."""
    named = _words(node).get("hide_expired")
    return None if named is None else expiring(columns, named, node.table.name)


def declared_as(found: Table, node: nodes.CreateTable, system: str | None) -> Table:
    """A table that the service describes, with what is declared of it; as described where its key is another.

    Its unique constraints are kept, and serve no lookup: whether others write the table too, nobody has noted.
    """
    key = _key(node, _words(node))
    partition, sort, hidden, packed = key_attributes(key)
    if (partition, sort) != (found.partition, found.sort):
        return found  # it was made anew elsewhere
    columns = (*(_column(column, node.primary_key) for column in node.columns), *hidden)
    names = {column.name for column in columns}
    uniques = _uniques(node, key)
    return replace(
        found,
        columns=columns,
        indexes=tuple(index for index in found.indexes if {*index.key} <= names),
        declared=True,
        packed=packed,
        uniques=uniques,
        foreign_writers=True,
        system=system if uniques else None,
        references=tuple(_unknown(key) for key in node.foreign_keys),
        expires=_expires(node, {column.name: column for column in columns}),
        checks=_checks(node),
    )


_WORDS = {Kind.STRING: "VARCHAR", Kind.NUMBER: "NUMERIC", Kind.BINARY: "BLOB"}


def declaration_of(found: Table, name: nodes.TableName, separator: str) -> nodes.CreateTable:
    """What a table that was made elsewhere would be declared as: the attributes of its key and its indexes.

    :raises Unsupported: its key is packed, and nobody has declared the types of what is in it.
    """
    if found.packed:
        raise Unsupported(
            f"The types of the key columns of {found.name!r} are declared nowhere, so no other column can be: declare "
            "the table by CREATE TABLE."
        )
    columns = [
        nodes.ColumnDefinition(column.name, nodes.TypeName(_WORDS[column.kind]), not_null=column.name in found.key)
        for column in found.visible
    ]
    indexes = tuple(_index_node(index, name, separator) for index in found.indexes)
    return nodes.CreateTable(name, tuple(columns), found.visible_key, indexes)


def _index_node(index: Index, table: nodes.TableName, separator: str) -> nodes.CreateIndex:
    options = index_options(index)
    return nodes.CreateIndex(logical(index.physical, separator)[1], table, index.key, options=tuple(options.items()))


def index_options(index: Index) -> dict[str, str]:
    """The options that say what is not so by default, as :func:`index_of` reads them."""
    options: dict[str, str] = {}
    if len(index.hash) > 1:
        options["hash_columns"] = str(len(index.hash))
    if index.projection != "ALL":
        options["projection"] = index.projection
    if index.include:
        options["include"] = json.dumps(list(index.include))
    if index.local:
        options["local"] = "true"
    if index.capacity is not None:
        options["read_capacity"], options["write_capacity"] = map(str, index.capacity)
    if index.warm is not None:
        options["warm_throughput"] = option_text({"read": index.warm[0], "write": index.warm[1]})
    return options


def _uniques(node: nodes.CreateTable, key: tuple[str, ...]) -> tuple[Unique, ...]:
    constraints = [Unique(each.name, each.columns) for each in node.uniques]
    indexes = [Unique(each.name, each.columns) for each in node.indexes if each.unique]
    return kept_by_guards([*constraints, *indexes], key)


def _words(node: nodes.CreateTable) -> dict[str, str]:
    return {name: value for name, value in node.options if name in TABLE_WORDS}


def display_name(name: nodes.TableName) -> str:
    """The name for messages."""
    return f"{name.schema}.{name.name}" if name.schema else name.name


def _column(node: nodes.ColumnDefinition, key: tuple[str, ...]) -> Column:
    return column_of(node, nullable=not node.not_null and node.name not in key)


def _key(node: nodes.CreateTable, options: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of the primary key, partition key first, as written or in the order the options say."""
    key, named = node.primary_key, (options.get("partition_key"), options.get("sort_key"))
    given = [name for name in named if name is not None]
    if not key:
        if given:
            raise ProgrammingError(f"{node.table.name!r} names a partition key and has no primary key.")
        return ()
    if not {*given} <= {*key} or len({*given}) < len(given) or (len(key) == 1 and named[1] is not None):
        raise ProgrammingError(
            f"partition_key and sort_key of {node.table.name!r} must be of its primary key: {', '.join(key)}."
        )
    ordered = key_order(key, *named)
    if why := too_long(ordered[1:]):
        raise ProgrammingError(f"The table {node.table.name!r}: {why}.")
    return ordered


def _check_key(columns: Mapping[str, Column], name: str, table: str) -> None:
    column = columns.get(name)
    if column is None:
        raise UndefinedColumn(f"The table {table!r} has no column {name!r} for its key or index.")
    if column.kind.key_type is None:
        raise Unsupported(
            f"The column {name!r} of {table!r} holds {column.kind.value} values; DynamoDB's keys are text, numbers or "
            "bytes."
        )


def index_of(node: nodes.CreateIndex, separator: str) -> Index:
    """The index that a CREATE INDEX describes.

    :raises Unsupported: an option that is not built.
    :raises ProgrammingError: an option that does not fit, or too many key columns.
    """
    options = _options(node.options, _INDEX_OPTIONS, f"the index {node.name!r}")
    local = options.get("local", "false") == "true"
    hashes = int(options.get("hash_columns", "1"))
    hash_names, range_names = node.columns[:hashes], node.columns[hashes:]
    if not hash_names or len(hash_names) > 4 or len(range_names) > 4:
        raise ProgrammingError(f"The index {node.name!r} takes 1 to 4 hash and up to 4 range columns.")
    projection = options.get("projection", "ALL")
    if projection not in ("ALL", "KEYS_ONLY", "INCLUDE"):
        raise ProgrammingError(f"The projection of {node.name!r} is ALL, KEYS_ONLY or INCLUDE, not {projection!r}.")
    include = tuple(json.loads(options.get("include", "[]")))
    written = physical(node.name, None, separator)
    capacity, warm = index_units(node.name, options, local=local)
    return Index(node.name, written, hash_names, range_names, projection, include, local, capacity, warm)  # type: ignore[arg-type]


def units_set(node: nodes.AlterIndex) -> tuple[Units | None, Units | None]:
    """The capacity and the warm throughput that an ALTER INDEX sets.

    :raises Unsupported: another option: what else an index is, it is made with.
    :raises ProgrammingError: a value that is none, or one capacity without the other.
    """
    for name, _ in node.options:
        if name not in INDEX_UNITS:
            raise Unsupported(
                f"The option {name!r} of the index {node.name!r} cannot be changed; {', '.join(INDEX_UNITS)} can. "
                "For another key or projection make an index of another name, and drop this one."
            )
    return index_units(node.name, dict(node.options), local=False)


def checks_items(node: nodes.CreateIndex) -> bool:
    """Whether the items are looked at first: ``WITH (check_items='true')``. :raises ProgrammingError: another word."""
    given = dict(node.options).get("check_items", "false")
    if given not in ("true", "false"):
        raise ProgrammingError(f"check_items of {node.name!r} is 'true' or 'false', not {given!r}.")
    return given == "true"


def types_given(node: nodes.CreateIndex) -> dict[str, Kind]:
    """The key types that a CREATE INDEX says itself: ``WITH (types='{"city": "S"}')``."""
    given = json.loads(dict(node.options).get("types", "{}"))
    unknown = sorted(set(given.values()) - set(_TYPES))
    if unknown:
        raise ProgrammingError(f"The types of {node.name!r} are S, N or B, not {', '.join(unknown)}.")
    return {name: _TYPES[type_] for name, type_ in given.items()}


def _options(options: nodes.Options, known: frozenset[str], of: str) -> dict[str, str]:
    for name, _ in options:
        if name not in known:
            raise Unsupported(f"The option {name!r} of {of} is not built yet; there are: {', '.join(sorted(known))}.")
    return dict(options)
