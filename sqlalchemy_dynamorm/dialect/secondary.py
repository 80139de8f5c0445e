"""``Index`` to a secondary index: which columns are hash and which range, and what it projects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql import elements

from sqlalchemy_dynamorm.dialect.refusal import Misdeclared, compiling, refuse
from sqlalchemy_dynamorm.plan.limits import MAX_HASH, MAX_INCLUDED, MAX_RANGE, check_indexes
from sqlalchemy_dynamorm.plan.names import physical
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind
from sqlalchemy_dynamorm.plan.table_options import INDEX_UNITS, index_units, option_text

_PREPARER = DefaultDialect(max_identifier_length=255).identifier_preparer
PROJECTIONS = ("ALL", "KEYS_ONLY", "INCLUDE")


def indexes(
    table: sa.Table, columns: Mapping[str, Column], partition: str, sort: str | None, separator: str
) -> tuple[Index, ...]:
    """The indexes of a table that can be created, by name.

    :param columns: the declared columns by name.
    :raises UnsupportedCompile: a functional index, an option that is not built.
    :raises Misdeclared: an index that contradicts itself, the table's key, or a limit of the service.
    """
    found = [index(each, partition, separator) for each in sorted(table.indexes, key=lambda each: str(each.name))]
    made = tuple(each for each in found if uncreatable(each, columns) is None)
    for each in made:
        unknown = [name for name in each.include if name not in columns]
        if unknown:
            where = f"Table {table.name!r}"
            raise Misdeclared(f"Index {each.name!r}: dynamodb_include names {unknown[0]!r}, which {where} has not.")
    check_indexes(table.name, made, sort)
    return made


def uncreatable(index: Index, columns: Mapping[str, Column]) -> str | None:
    """The name of the first column whose type keeps the index from being created, ``None`` if there is none."""
    for name in index.key:
        column = columns.get(name)
        if column is not None and column.kind is not Kind.ANY and column.kind.key_type is None:
            return name
    return None


def index(declared: sa.Index, partition: str, separator: str) -> Index:
    """One index, whether it can be created or not.

    :param partition: the table's partition key.
    :param separator: the engine's ``schema_separator``, which a name must not contain unescaped.
    """
    where = f"Index {declared.name!r}"
    if declared.name is None:
        raise Misdeclared(f"{where} has no name; give it one.")
    name = _written(str(declared.name)) if isinstance(declared.name, elements.conv) else str(declared.name)
    options = _options(declared, where)
    names = _column_names(declared, where)
    hash_, range_ = _local_key(names, partition, options, where) if options.local else _key(names, options, where)
    projection = options.projection or ("INCLUDE" if options.include else "ALL")
    _check_projection(projection, options.include, where)
    return Index(
        name=name,
        physical=physical(name, None, separator),
        hash=hash_,
        range=range_,
        projection=cast("Literal['ALL', 'KEYS_ONLY', 'INCLUDE']", projection),
        include=options.include,
        local=options.local,
        capacity=options.capacity,
        warm=options.warm,
    )


def _written(name: str) -> str:
    """A naming convention's name as SQLAlchemy writes it in CREATE INDEX: cut where it is too long."""
    return str(_PREPARER.truncate_and_render_index_name(elements.conv(name), _alembic_quote=False))


@dataclass(frozen=True, slots=True)
class _Options:
    hash: tuple[str, ...]
    range: tuple[str, ...]
    projection: str | None
    include: tuple[str, ...]
    local: bool
    capacity: tuple[int, int] | None
    warm: tuple[int, int] | None


def _options(declared: sa.Index, where: str) -> _Options:
    given = dict(declared.dialect_options["dynamodb"])
    given.pop("types")  # see key_types
    given.pop("check_items")  # see checks_items
    local = given.pop("local") or False
    if not isinstance(local, bool):
        raise Misdeclared(f"{where}: dynamodb_local takes True or False.")
    texts = {name: option_text(units) for name in INDEX_UNITS if (units := given.pop(name)) is not None}
    with compiling():
        capacity, warm = index_units(str(declared.name), texts, local=local)
    found = _Options(
        hash=_names(given.pop("hash"), "dynamodb_hash", where),
        range=_names(given.pop("range"), "dynamodb_range", where),
        projection=given.pop("projection"),
        include=_names(given.pop("include"), "dynamodb_include", where),
        local=local,
        capacity=capacity,
        warm=warm,
    )
    for option, value in given.items():
        if value is not None:
            refuse(f"{where}: the option dynamodb_{option}")
    return found


def checks_items(declared: sa.Index) -> bool:
    """Whether CREATE INDEX is to look first for items that the index could not have.

    :raises Misdeclared: ``dynamodb_check_items`` is no truth value.
    """
    given = declared.dialect_options["dynamodb"]["check_items"]
    if given is not None and not isinstance(given, bool):
        raise Misdeclared(f"Index {declared.name!r}: dynamodb_check_items takes True or False.")
    return bool(given)


def key_types(declared: sa.Index, columns: Mapping[str, Column]) -> dict[str, str]:
    """What ``dynamodb_types={"city": "S"}`` says of columns that have no type of their own, as Alembic's have none.

    :param columns: the index's columns by name.
    :raises Misdeclared: it names another column, another type than S, N or B, or another than the column's own.
    """
    where = f"Index {declared.name!r}: dynamodb_types"
    given = declared.dialect_options["dynamodb"]["types"] or {}
    if not isinstance(given, Mapping) or any(type_ not in ("S", "N", "B") for type_ in given.values()):
        raise Misdeclared(f'{where} takes a type for each column name, {{"city": "S"}}; the types are S, N and B.')
    for name, type_ in given.items():
        if name not in columns:
            raise Misdeclared(f"{where} names {name!r}, which is not a column of the index.")
        if columns[name].kind is not Kind.ANY and columns[name].kind.key_type != type_:
            raise Misdeclared(f"{where} says {type_} for {name!r}, whose declared type is stored otherwise.")
    return {name: type_ for name, type_ in given.items() if columns[name].kind is Kind.ANY}


def _names(value: Any, option: str, where: str) -> tuple[str, ...]:
    """Names given as one, as several, or as columns."""
    if value is None:
        return ()
    items: Iterable[Any] = [value] if isinstance(value, str | sa.Column) else value
    names = tuple(str(item.name) if isinstance(item, sa.Column) else item for item in items)
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise Misdeclared(f"{where}: {option} takes column names, each once.")
    return names


def _column_names(declared: sa.Index, where: str) -> tuple[str, ...]:
    for expression in declared.expressions:
        if not isinstance(expression, sa.Column):
            what = "a direction" if isinstance(expression, elements.UnaryExpression) else "an expression"
            refuse(f"{where}: {what} in an index", "an index has columns, and is read in both directions")
    return tuple(str(column.name) for column in declared.columns)


def _key(names: tuple[str, ...], options: _Options, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first column is hash and the others range, unless the options say otherwise."""
    hash_ = options.hash or (tuple(name for name in names if name not in options.range) if options.range else names[:1])
    range_ = options.range or tuple(name for name in names if name not in hash_)
    if {*hash_, *range_} != set(names) or set(hash_) & set(range_) or not hash_:
        raise Misdeclared(
            f"{where}: dynamodb_hash and dynamodb_range must together be the index's columns, each once: "
            f"{', '.join(names)}."
        )
    if len(hash_) > MAX_HASH or len(range_) > MAX_RANGE:
        raise Misdeclared(
            f"{where} has {len(hash_)} hash and {len(range_)} range columns; DynamoDB takes up to {MAX_HASH} and "
            f"{MAX_RANGE}."
        )
    return hash_, range_


def _local_key(
    names: tuple[str, ...], partition: str, options: _Options, where: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A local index has the table's partition key, which need not be written, and one range column."""
    range_ = tuple(name for name in names if name != partition)
    if options.hash not in ((), (partition,)) or options.range not in ((), range_) or len(range_) != 1:
        raise Misdeclared(
            f"{where}: a local index has the table's partition key {partition!r} as its hash and one range column."
        )
    return (partition,), range_


def _check_projection(projection: str, include: Sequence[str], where: str) -> None:
    if projection not in PROJECTIONS:
        raise Misdeclared(f"{where}: dynamodb_projection takes {', '.join(PROJECTIONS)}; not {projection!r}.")
    if (projection == "INCLUDE") != bool(include):
        raise Misdeclared(f"{where}: dynamodb_include=[…] and the projection INCLUDE go together.")
    if len(include) > MAX_INCLUDED:
        raise Misdeclared(f"{where} includes {len(include)} columns; DynamoDB takes {MAX_INCLUDED} an index.")
