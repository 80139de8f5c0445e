"""DDL: tables and indexes are made and dropped, and waited for until they are ACTIVE or gone.

DDL is not transactional. Making what is already there, identical, succeeds; so a migration that died half-way can be
run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy_dynamorm.errors import (
    DatabaseError,
    DuplicateTable,
    Error,
    OperationalError,
    ProgrammingError,
    UndefinedIndex,
    UndefinedTable,
)
from sqlalchemy_dynamorm.plan.altering import differences, with_index, without_index
from sqlalchemy_dynamorm.plan.kinds import kind_of
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.declarations import alter, declaration, declare, redeclare, undeclare
from sqlalchemy_dynamorm.run.decode import last_key, wire_items
from sqlalchemy_dynamorm.run.description import described, index_status, parse, table_status
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Pause, Request
from sqlalchemy_dynamorm.run.system import KEY, counter_id, guards_of, system_table
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.sql import nodes

_POLL = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)  # seconds; the last goes on
_WAIT = 3600.0
"""How long to wait for a table or an index, in seconds: a backfill takes minutes to hours."""


def create_table(
    table: Table, counters: Counters, declared: nodes.CreateTable | None = None, *, if_not_exists: bool
) -> Execution:
    """CreateTable with all its indexes, then wait until it is ACTIVE.

    The declaration is kept before the table is made: killed in between, the table is missing, and is made again.

    :param declared: the definition to keep in the system table.
    :raises DuplicateTable: a table of that name is there, with another key, without one of the indexes, or declared
        otherwise.
    """
    before = yield from _declare(table.physical, counters.table, declared)
    try:
        yield Request("CreateTable", _create_params(table), repeatable=False)
    except Error as error:
        if error.code != "ResourceInUseException":
            yield from _take_back(table.physical, counters.table, before)
            raise
        found = yield from _found(table.physical)
        if found is not None and not if_not_exists:
            try:
                _compare(table, found)
                _compare_declared(table, declared, before.there)
            except DuplicateTable:
                yield from _take_back(table.physical, counters.table, before)
                raise
    else:
        if before.there is not None and declared is not None and counters.table is not None:
            # The table that it was of is gone.
            yield from redeclare(counters.table, table.physical, declared)
    yield from wait_active(table.physical)
    return Outcome()


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


def _take_back(physical: str, system: str | None, before: _Before) -> Asking[None]:
    if before.put:
        yield from undeclare(system, physical)


def _compare_declared(table: Table, declared: nodes.CreateTable | None, there: nodes.CreateTable | None) -> None:
    if declared is None or there is None:
        return
    differing = differences(there, declared)
    if differing:
        raise DuplicateTable(
            f"The table {table.name!r} is there already, declared otherwise in: {', '.join(differing)}. Change it by "
            "ALTER TABLE or a migration.",
            table=table.physical,
        )


def _create_params(table: Table) -> dict[str, Any]:
    params: dict[str, Any] = {
        "TableName": table.physical,
        "KeySchema": _key_schema(table.key[:1], table.key[1:]),
        "AttributeDefinitions": _attributes(table),
        "BillingMode": "PAY_PER_REQUEST",
    }
    for name, indexes in (
        ("GlobalSecondaryIndexes", [index for index in table.indexes if not index.local]),
        ("LocalSecondaryIndexes", [index for index in table.indexes if index.local]),
    ):
        if indexes:
            params[name] = [_index_params(index) for index in indexes]
    return params


def _attributes(table: Table) -> list[dict[str, str]]:
    names = dict.fromkeys([*table.key, *(name for index in table.indexes for name in index.key)])
    return [_attribute(table.by_name[name]) for name in names]


def _attribute(column: Column) -> dict[str, str]:
    key_type = column.kind.key_type
    assert key_type is not None
    return {"AttributeName": column.name, "AttributeType": key_type}


def _key_schema(hashes: Iterable[str], ranges: Iterable[str]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in hashes),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in ranges),
    ]


def _index_params(index: Index) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.projection == "INCLUDE":
        projection["NonKeyAttributes"] = list(index.include)
    return {
        "IndexName": index.physical,
        "KeySchema": _key_schema(index.hash, index.range),
        "Projection": projection,
    }


def _found(physical: str) -> Asking[dict[str, Any] | None]:
    """The table's description, or ``None`` where there is no such table."""
    try:
        body = yield Request("DescribeTable", {"TableName": physical})
    except UndefinedTable:
        return None
    return described(body)


def _compare(table: Table, found: dict[str, Any]) -> None:
    """Refuse a table that is there with another definition."""
    there = parse(found, table.name)
    same_key = there.key == table.key and all(
        there.by_name[name].kind.key_type == table.by_name[name].kind.key_type for name in table.key
    )
    missing = [index.name for index in table.indexes if not any(_same_index(index, other) for other in there.indexes)]
    if not same_key:
        raise DuplicateTable(f"The table {table.name!r} is there already, with another key.", table=table.physical)
    if missing:
        raise DuplicateTable(
            f"The table {table.name!r} is there already, without these indexes as declared: {', '.join(missing)}. "
            "Add them by CREATE INDEX or a migration.",
            table=table.physical,
        )


def _same_index(one: Index, other: Index) -> bool:
    return one.physical == other.physical and _shape(one) == _shape(other)


def _shape(index: Index) -> tuple[Any, ...]:
    return index.hash, index.range, index.projection, frozenset(index.include), index.local


def _waits() -> Iterable[float]:
    waited = 0.0
    for seconds in _POLL:
        waited += seconds
        yield seconds
    while waited < _WAIT:
        waited += _POLL[-1]
        yield _POLL[-1]


def wait_active(physical: str) -> Asking[dict[str, Any]]:
    """Wait until the table and all its indexes are ACTIVE; returns its description.

    :raises OperationalError: it takes over an hour; waiting again goes on where it stands.
    """
    for seconds in _waits():
        found = yield from _found(physical)
        if found is not None and table_status(found) == "ACTIVE" and all(s == "ACTIVE" for s in index_status(found)):
            return found
        yield Pause(seconds)
    raise OperationalError(f"{physical!r} was not ACTIVE after {_WAIT:.0f} s; run the statement again to wait on.")


def create_system_table(name: str) -> Asking[None]:
    """Make the system table where it is missing."""
    if (yield from _found(name)) is None:
        try:
            yield Request("CreateTable", _create_params(system_table(name)), repeatable=False)
        except OperationalError as error:
            # Somebody else made it meanwhile, which is as good.
            if error.code != "ResourceInUseException":
                raise
        yield from wait_active(name)


def drop_table(physical: str, name: str, counters: Counters, *, if_exists: bool, guarded: bool = False) -> Execution:
    """DeleteTable, then wait until it is gone; its counter goes with it, and its guards where it has any.

    :raises UndefinedTable: there is none, and IF EXISTS was not said.
    """
    try:
        yield Request("DeleteTable", {"TableName": physical}, repeatable=False)
    except UndefinedTable:
        if not if_exists:
            raise UndefinedTable(f"There is no table {name!r}.", table=physical) from None
        return Outcome()
    for seconds in _waits():
        if (yield from _found(physical)) is None:
            break
        yield Pause(seconds)
    declared = yield from undeclare(counters.table, physical)
    numbered = [column.name for column in declared.columns if column.identity is not None] if declared else []
    yield from _drop_counters(counters, [physical, *(f"{physical}#{column}" for column in numbered)])
    if guarded and counters.table is not None:
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


def _drop_counters(counters: Counters, names: Iterable[str]) -> Asking[None]:
    for name in names if counters.table is not None else ():
        try:
            yield Request("DeleteItem", {"TableName": counters.table, "Key": {KEY: {"S": counter_id(name)}}})
        except UndefinedTable:
            return  # no system table, so no counter either
        finally:
            counters.forget(counter_id(name))


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index to be made, and the key types that are known for its columns."""

    index: Index
    kinds: Mapping[str, Kind]
    declared: nodes.CreateIndex | None = None


def create_index(
    physical: str, name: str, new: NewIndex, *, if_not_exists: bool, system: str | None = None
) -> Execution:
    """UpdateTable that adds one global index, then wait until its backfill is done.

    :raises UndefinedTable: there is no such table.
    :raises DuplicateTable: an index of that name is there, with another definition.
    :raises ProgrammingError: the type of a key column is not known; the message says how to give it.
    """
    if (yield from _found(physical)) is None:
        raise UndefinedTable(f"There is no table {name!r} to index.", table=physical)
    found = yield from wait_active(physical)  # one index changes at a time
    there = next((index for index in parse(found, name).indexes if index.physical == new.index.physical), None)
    if there is not None:
        if not if_not_exists and not _same_index(there, new.index):
            raise DuplicateTable(f"The index {new.index.name!r} of {name!r} is there with another definition.")
    elif new.index.local:
        raise ProgrammingError(f"The local index {new.index.name!r} can only be made with its table {name!r}.")
    else:
        declared = yield from _declared_kinds(system, physical)
        yield from _add_index(physical, name, replace(new, kinds={**declared, **new.kinds}), parse(found, name))
        yield from wait_active(physical)
    if new.declared is not None:
        yield from alter(system, physical, partial(with_index, index=new.declared))
    return Outcome()


def _declared_kinds(system: str | None, physical: str) -> Asking[dict[str, Kind]]:
    """The kinds of the columns that the system table knows of the table."""
    node = yield from declaration(system, physical)
    return {} if node is None else {column.name: kind_of(column.type) for column in node.columns}


def _add_index(physical: str, name: str, new: NewIndex, table: Table) -> Asking[None]:
    columns: list[Column] = []
    for attribute in new.index.key:
        known = new.kinds.get(attribute) or (table.by_name[attribute].kind if attribute in table.by_name else None)
        if known is None or known.key_type is None:
            known = yield from _sampled(physical, name, attribute)
        columns.append(Column(attribute, known))
    params = {
        "TableName": physical,
        "AttributeDefinitions": [_attribute(column) for column in columns],
        "GlobalSecondaryIndexUpdates": [{"Create": _index_params(new.index)}],
    }
    yield Request("UpdateTable", params, repeatable=False)


def _sampled(physical: str, name: str, attribute: str) -> Asking[Kind]:
    """The type of an attribute in the first page of items that have it."""
    params = {
        "TableName": physical,
        "ProjectionExpression": "#0",
        "FilterExpression": "attribute_exists(#0)",
        "ExpressionAttributeNames": {"#0": attribute},
    }
    types = {next(iter(item[attribute])) for item in wire_items((yield Request("Scan", params)))}
    kinds = {"S": Kind.STRING, "N": Kind.NUMBER, "B": Kind.BINARY}
    if len(types) == 1 and (found := types.pop()) in kinds:
        return kinds[found]
    raise ProgrammingError(
        f"The type of {attribute!r}, a key of the new index, is not known: {name!r} holds no items that tell it "
        f"(found: {', '.join(sorted(types)) or 'none'}). Give it: dynamodb_types={{{attribute!r}: 'S'}} (or 'N', 'B')."
    )


def drop_index(
    physical: str, name: str, index: str, index_physical: str, *, if_exists: bool, system: str | None = None
) -> Execution:
    """UpdateTable that removes one global index, then wait until it is gone.

    :raises UndefinedTable: there is no such table.
    :raises UndefinedIndex: there is no such index, and IF EXISTS was not said.
    """
    if (yield from _found(physical)) is None:
        raise UndefinedTable(f"There is no table {name!r}.", table=physical)
    found = yield from wait_active(physical)
    there = next((other for other in parse(found, name).indexes if other.physical == index_physical), None)
    if there is None:
        # It may be declared alone, or an earlier run was killed before it had forgotten it.
        known = yield from _forget_index(system, physical, index)
        if if_exists or known:
            return Outcome()
        raise UndefinedIndex(f"The table {name!r} has no index {index!r}.", table=physical)
    if there.local:
        raise DatabaseError(f"The local index {index!r} can only be dropped with its table {name!r}.")
    params = {"TableName": physical, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": index_physical}}]}
    yield Request("UpdateTable", params, repeatable=False)
    yield from wait_active(physical)
    yield from _forget_index(system, physical, index)
    return Outcome()


def _forget_index(system: str | None, physical: str, index: str) -> Asking[bool]:
    """Remove an index from the declaration; whether it was there."""
    known = False

    def change(declared: nodes.CreateTable) -> nodes.CreateTable:
        nonlocal known
        changed = without_index(declared, index)
        known = changed != declared
        return changed

    yield from alter(system, physical, change)
    return known
