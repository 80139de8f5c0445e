"""A described and declared table in the forms of SQLAlchemy's inspector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine.interfaces import (
    ReflectedCheckConstraint,
    ReflectedColumn,
    ReflectedForeignKeyConstraint,
    ReflectedIdentity,
    ReflectedIndex,
    ReflectedPrimaryKeyConstraint,
    ReflectedTableComment,
    ReflectedUniqueConstraint,
)

from sqlalchemy_dynamorm.dialect.reflected_types import reflected_format, reflected_type, sampled_type, stored_type
from sqlalchemy_dynamorm.plan.names import logical
from sqlalchemy_dynamorm.plan.numbering import LARGEST, series_of
from sqlalchemy_dynamorm.plan.schema import Index
from sqlalchemy_dynamorm.plan.table_options import DEFAULTS, TableOptions, option_value

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.run.declarations import Reflected
    from sqlalchemy_dynamorm.run.sampling import Sample
    from sqlalchemy_dynamorm.sql import nodes


def columns(found: Reflected, sample: Sample | None = None) -> list[ReflectedColumn]:
    """The declared columns; of a table made elsewhere, the attributes of its key and its indexes.

    :param sample: items of a table made elsewhere: the attributes that they have besides, by name.
    """
    if found.declared is not None:
        return [_column(column, found.declared.primary_key) for column in found.declared.columns]
    described: list[ReflectedColumn] = [
        {"name": column.name, "type": stored_type(column.kind), "nullable": column.nullable, "default": None}
        for column in found.table.visible
    ]
    return described + _sampled(found, sample)


def _sampled(found: Reflected, sample: Sample | None) -> list[ReflectedColumn]:
    """Those that the description does not have; any of them may be missing in another item."""
    types = {} if sample is None else sample.types
    return [
        {"name": name, "type": sampled_type(types[name], name), "nullable": True, "default": None}
        for name in sorted(types.keys() - found.table.by_name.keys())
    ]


def _column(column: nodes.ColumnDefinition, key: tuple[str, ...]) -> ReflectedColumn:
    from sqlalchemy_dynamorm.sql.writer import write

    found: ReflectedColumn = {
        "name": column.name,
        "type": reflected_type(column.type, column.name),
        "nullable": not column.not_null and column.name not in key,
        "default": None if column.default is None else write(column.default),
        "autoincrement": column.autoincrement,
        "comment": column.comment,
    }
    if column.identity is not None:
        found["autoincrement"] = True
        found["identity"] = _identity(column.identity, column.name)
    if column.generated is not None:
        found["computed"] = {"sqltext": column.generated.text, "persisted": True}
    if options := reflected_format(column.type):
        found["dialect_options"] = options
    return found


def _identity(identity: nodes.Identity, of: str) -> ReflectedIdentity:
    series = series_of(identity.numbering, of)
    return {
        "always": identity.always,
        "start": series.start,
        "increment": series.increment,
        "minvalue": -LARGEST if series.minimum is None else series.minimum,
        "maxvalue": LARGEST if series.maximum is None else series.maximum,
        "cycle": series.cycle,
        "cache": series.cache,
    }  # type: ignore[typeddict-item] # as other dialects give it: the rest is Oracle's, and warned of


def primary_key(found: Reflected) -> ReflectedPrimaryKeyConstraint:
    """The key, partition key first."""
    declared = found.declared
    if declared is None:
        return {"constrained_columns": list(found.table.visible_key), "name": None, "comment": None}
    note = declared.key_note
    return {"constrained_columns": list(declared.primary_key), "name": note.name, "comment": note.comment}


def foreign_keys(found: Reflected) -> list[ReflectedForeignKeyConstraint]:
    """The declared foreign keys, by name."""
    keys = found.declared.foreign_keys if found.declared is not None else ()
    return [_foreign_key(key) for key in sorted(keys, key=lambda key: (key.name or "", key.columns))]


def _foreign_key(key: nodes.ForeignKey) -> ReflectedForeignKeyConstraint:
    # What a foreign key is without a word is left out, as other dialects do: NO ACTION, INITIALLY IMMEDIATE. And one
    # that is INITIALLY DEFERRED is DEFERRABLE.
    deferred = key.initially == "DEFERRED"
    options = {
        "ondelete": key.on_delete,
        "onupdate": key.on_update,
        "deferrable": key.deferrable or deferred or None,
        "initially": key.initially if deferred else None,
        "match": key.match,
    }
    return {
        "name": key.name,
        "constrained_columns": list(key.columns),
        "referred_schema": key.target.schema,
        "referred_table": key.target.name,
        "referred_columns": list(key.target_columns),
        "options": {name: value for name, value in options.items() if value not in (None, "NO ACTION")},
        "comment": key.comment,
    }


def indexes(found: Reflected, separator: str) -> list[ReflectedIndex]:
    """The indexes that are there, and those that are declared and could not be made, by name."""
    declared = {index.name: index for index in (found.declared.indexes if found.declared is not None else ())}
    there = {logical(index.physical, separator)[1]: index for index in found.table.indexes}
    units, warm = own_units(found.found), _warm_units(found.found)
    made = [
        _index(name, index, declared.get(name), units.get(index.physical), warm.get(index.physical))
        for name, index in there.items()
    ]
    unmade: list[ReflectedIndex] = [
        {"name": name, "column_names": list(index.columns), "unique": index.unique}
        for name, index in declared.items()
        if name not in there
    ]
    return sorted([*made, *unmade], key=lambda index: index["name"] or "")


def own_units(found: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """The capacity of the indexes, by physical name, that have another than their table."""
    units = {
        index["IndexName"]: _units(index.get("ProvisionedThroughput", {}))
        for index in found.get("GlobalSecondaryIndexes") or ()
    }
    tables = _units(found.get("ProvisionedThroughput", {}))
    return {name: pair for name, pair in units.items() if all(pair) and pair != tables}


def _warm_units(found: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """The warm throughput of the indexes, by physical name, that have more than any new one."""
    warm = {each["IndexName"]: each.get("WarmThroughput", {}) for each in found.get("GlobalSecondaryIndexes") or ()}
    units = {name: (of.get("ReadUnitsPerSecond", 0), of.get("WriteUnitsPerSecond", 0)) for name, of in warm.items()}
    return {name: pair for name, pair in units.items() if _is_more(pair)}


def _units(throughput: Mapping[str, Any]) -> tuple[int, int]:
    return throughput.get("ReadCapacityUnits", 0), throughput.get("WriteCapacityUnits", 0)


def _index(
    name: str,
    index: Index,
    declared: nodes.CreateIndex | None,
    units: tuple[int, int] | None,
    warm: tuple[int, int] | None,
) -> ReflectedIndex:
    options: dict[str, Any] = {
        "dynamodb_hash": list(index.hash) if len(index.hash) > 1 else None,
        "dynamodb_local": index.local or None,
        "dynamodb_projection": "KEYS_ONLY" if index.projection == "KEYS_ONLY" else None,
        "dynamodb_include": list(index.include) or None,
        "dynamodb_read_capacity": units and units[0],
        "dynamodb_write_capacity": units and units[1],
        "dynamodb_warm_throughput": warm and option_value("warm_throughput", warm),
    }
    unique = declared is not None and declared.unique
    given = {option: value for option, value in options.items() if value is not None}
    # There without an entry too, as SQLite's and PostgreSQL's dialects have it.
    return {"name": name, "column_names": list(index.key), "unique": unique, "dialect_options": given}


def table_options(options: TableOptions) -> dict[str, Any]:
    """What ``Table(…)`` takes for the options that are not what a new table's are."""
    return {
        f"dynamodb_{name}": option_value(name, value)
        for name, value in options.given.items()
        if value != getattr(DEFAULTS, name) and (name != "warm_throughput" or _is_more(value))
    }


def _is_more(units: tuple[int, int]) -> bool:
    """Whether a warm throughput is more than any new table has."""
    assert DEFAULTS.warm_throughput is not None
    return any(unit > least for unit, least in zip(units, DEFAULTS.warm_throughput, strict=True))


def unique_constraints(found: Reflected) -> list[ReflectedUniqueConstraint]:
    """The declared unique constraints, by name."""
    uniques = found.declared.uniques if found.declared is not None else ()
    return [
        {"name": unique.name, "column_names": list(unique.columns), "comment": unique.comment}
        for unique in sorted(uniques, key=lambda unique: (unique.name or "", unique.columns))
    ]


def check_constraints(found: Reflected) -> list[ReflectedCheckConstraint]:
    """The declared CHECK constraints, by name, those without one last."""
    checks = found.declared.checks if found.declared is not None else ()
    return [
        {"name": check.name, "sqltext": check.condition, "comment": check.comment}
        for check in sorted(checks, key=lambda check: (check.name is None, check.name or "", check.condition))
    ]


def table_comment(found: Reflected) -> ReflectedTableComment:
    """The declared comment."""
    return {"text": None if found.declared is None else found.declared.comment}
