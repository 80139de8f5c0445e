"""DDL: tables and indexes are made and dropped, and waited for until they are ACTIVE or gone.

DDL is not transactional. Making what is already there, identical, succeeds; so a migration that died half-way can be
run again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy_dynamorm.errors import DuplicateTable, Error, OperationalError, ProgrammingError, UndefinedTable
from sqlalchemy_dynamorm.plan.altering import differences
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.table_options import NONE, TableOptions
from sqlalchemy_dynamorm.run.checking import tell_of_unenforced
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.declarations import declare, redeclare, undeclare
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.description import parse, table_status
from sqlalchemy_dynamorm.run.indexing import attribute, index_params, key_schema, same_index
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request
from sqlalchemy_dynamorm.run.system import KEY, counter_id, guards_of, system_table
from sqlalchemy_dynamorm.run.table_options import creation_params, differing, options_there, set_options
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.waiting import (
    DEFAULT,
    Description,
    Patience,
    description_of,
    patiently,
    wait_active,
    wait_gone,
)
from sqlalchemy_dynamorm.sql import nodes

_IN_USE = "ResourceInUseException"
_FILLED_IN = ("ttl", "pitr", "tags")
"""Options that are set when the table is ACTIVE, so a run that was killed may not have come to them."""


@dataclass(frozen=True, slots=True)
class NewTable:
    """A table to be made.

    :ivar declared: the definition to keep in the system table.
    """

    table: Table
    declared: nodes.CreateTable | None = None
    options: TableOptions = NONE
    if_not_exists: bool = False


def create_table(new: NewTable, counters: Counters, patience: Patience = DEFAULT) -> Execution:
    """CreateTable with all its indexes, then wait until it is ACTIVE, then what CreateTable does not take.

    The declaration is kept before the table is made: killed in between, the table is missing, and is made again.

    :raises DuplicateTable: a table of that name is there, with another key, without one of the indexes, with other
        options or declared otherwise.
    """
    table, system = new.table, counters.table
    tell_of_unenforced(table)
    before = yield from _declare(table.physical, system, new.declared)
    try:
        there = yield from _made(new, patience)
        if there is not None and not new.if_not_exists:
            yield from _compare(new, there, before.there)
    except Error:
        if before.put:
            yield from undeclare(system, table.physical)
        raise
    if there is None and before.there is not None and new.declared is not None and system is not None:
        yield from redeclare(system, table.physical, new.declared)  # the table that it was of is gone
    description = yield from wait_active(table.physical, patience)
    options = new.options if there is None else (yield from _left_to_set(new.options, description))
    yield from set_options(table.physical, options, patience)
    return Outcome()


def _made(new: NewTable, patience: Patience) -> Asking[Description | None]:
    """Make the table; ``None`` where that was done, the description of one that is there already."""
    physical = new.table.physical
    request = Request("CreateTable", create_params(new.table, new.options), repeatable=False)
    while True:
        try:
            yield request
        except Error as error:
            if error.code != _IN_USE:
                raise
        else:
            return None
        there = yield from description_of(physical)
        if there is not None and table_status(there) != "DELETING":
            return there
        yield from wait_gone(physical, patience)


def _left_to_set(wanted: TableOptions, description: Description) -> Asking[TableOptions]:
    """Of a table that is there, the options that a killed run may not have come to."""
    names = frozenset(name for name in wanted.given if name in _FILLED_IN)
    if not names:
        return NONE
    there = yield from options_there(description, names)
    return TableOptions(
        **{name: value for name, value in wanted.given.items() if name in names and not _is_set(there, name)}
    )


def _is_set(there: TableOptions, name: str) -> bool:
    return bool(getattr(there, name))


@dataclass(frozen=True, slots=True)
class _Before:
    """The declaration that was there, and whether ours was put where none was."""

    there: nodes.CreateTable | None = None
    put: bool = False


def _declare(physical: str, system: str | None, declared: nodes.CreateTable | None) -> Asking[_Before]:
    if system is None or declared is None:
        return _Before()
    try:
        there = yield from declare(system, physical, declared)
    except UndefinedTable:
        yield from create_system_table(system)
        there = yield from declare(system, physical, declared)
    return _Before(there, put=there is None)


def create_params(table: Table, options: TableOptions = NONE) -> dict[str, Any]:
    """The parameters of CreateTable."""
    params: dict[str, Any] = {
        "TableName": table.physical,
        "KeySchema": key_schema(table.key[:1], table.key[1:]),
        "AttributeDefinitions": _attributes(table),
        **creation_params(options),
    }
    for name, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True)):
        indexes = [index_params(index, params) for index in table.indexes if index.local == local]
        if indexes:
            params[name] = indexes
    return params


def _attributes(table: Table) -> list[dict[str, str]]:
    names = dict.fromkeys([*table.key, *(name for index in table.indexes for name in index.key)])
    return [attribute(table.by_name[name]) for name in names]


def _compare(new: NewTable, found: Description, declared: nodes.CreateTable | None) -> Asking[None]:
    """Refuse a table that is there with another definition."""
    table = new.table
    there = parse(found, table.name)
    same_key = there.key == table.key and all(
        there.by_name[name].kind.key_type == table.by_name[name].kind.key_type for name in table.key
    )
    missing = [index.name for index in table.indexes if not any(same_index(index, other) for other in there.indexes)]
    if not same_key:
        raise _duplicate(table, ", with another key.")
    if missing:
        raise _duplicate(
            table,
            f", without these indexes as declared: {', '.join(missing)}. Add them by CREATE INDEX or a migration.",
        )
    others = [] if declared is None or new.declared is None else differences(declared, new.declared)
    if others:
        raise _duplicate(
            table, f", declared otherwise in: {', '.join(others)}. Change it by ALTER TABLE or a migration."
        )
    options = yield from options_there(found, frozenset(new.options.given))
    unlike = [name for name in differing(options, new.options) if name not in _FILLED_IN or _is_set(options, name)]
    if unlike:
        raise _duplicate(table, f", with other options: {', '.join(unlike)}. Change them by ALTER TABLE … SET (…).")


def _duplicate(table: Table, how: str) -> DuplicateTable:
    return DuplicateTable(f"The table {table.name!r} is there already{how}", table=table.physical)


def create_system_table(name: str, patience: Patience = DEFAULT) -> Asking[None]:
    """Make the system table where it is missing."""
    if (yield from description_of(name)) is None:
        try:
            yield Request("CreateTable", create_params(system_table(name)), repeatable=False)
        except OperationalError as error:
            # Somebody else made it meanwhile, which is as good.
            if error.code != _IN_USE:
                raise
        yield from wait_active(name, patience)


@dataclass(frozen=True, slots=True)
class OldTable:
    """A table to be dropped.

    :ivar name: the name for messages.
    :ivar guarded: it has unique constraints, whose guards go with it.
    """

    physical: str
    name: str
    if_exists: bool = False
    guarded: bool = False


def drop_table(old: OldTable, counters: Counters, patience: Patience = DEFAULT) -> Execution:
    """DeleteTable, then wait until it is gone; its counter goes with it, and its guards where it has any.

    With IF EXISTS, what a killed run has left of a table that is gone goes too.

    :raises UndefinedTable: there is none, and IF EXISTS was not said.
    :raises ProgrammingError: it is protected against deletion.
    """
    physical = old.physical
    try:
        yield from patiently(Request("DeleteTable", {"TableName": physical}, repeatable=False), physical, patience)
    except UndefinedTable:
        if not old.if_exists:
            raise UndefinedTable(f"There is no table {old.name!r}.", table=physical) from None
    except Error as error:
        if "deletion protection" not in str(error).lower():
            raise
        raise ProgrammingError(
            f"The table {old.name!r} is protected against deletion, so it was not dropped. If it may go: "
            f"ALTER TABLE {old.name} SET (deletion_protection='false'), then drop it.",
            table=physical,
        ) from None
    yield from wait_gone(physical, patience)
    declared = yield from undeclare(counters.table, physical)
    numbered = [column.name for column in declared.columns if column.identity is not None] if declared else []
    yield from _drop_counters(counters, [physical, *(f"{physical}#{column}" for column in numbered)])
    if (old.guarded or (declared is not None and _has_guards(declared))) and counters.table is not None:
        yield from _drop_guards(physical, counters.table)
    return Outcome()


def _drop_guards(physical: str, system: str) -> Asking[None]:
    """Delete the guards of a table that is gone, 25 a call. One that is left is taken over when it is wanted."""
    params: dict[str, Any] = {
        "TableName": system,
        "ProjectionExpression": "#0",
        "FilterExpression": "begins_with(#0, :0)",
        "ExpressionAttributeNames": {"#0": KEY},
        "ExpressionAttributeValues": {":0": {"S": guards_of(physical)}},
    }
    after: Item | None = {}
    while after is not None:
        body = yield Request("Scan", {**params, **({"ExclusiveStartKey": after} if after else {})})
        keys = wire_items(body)
        for at in range(0, len(keys), 25):
            deletes = [{"DeleteRequest": {"Key": key}} for key in keys[at : at + 25]]
            yield Request("BatchWriteItem", {"RequestItems": {system: deletes}})
        after = last_key(body)


def _has_guards(declared: nodes.CreateTable) -> bool:
    return bool(declared.uniques) or any(index.unique for index in declared.indexes)


def _drop_counters(counters: Counters, names: Iterable[str]) -> Asking[None]:
    for name in names if counters.table is not None else ():
        try:
            yield Request("DeleteItem", {"TableName": counters.table, "Key": {KEY: {"S": counter_id(name)}}})
        except UndefinedTable:
            return  # no system table, so no counter either
        finally:
            counters.forget(counter_id(name))
