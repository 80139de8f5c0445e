"""CREATE INDEX and DROP INDEX: one global index a time, waited for until it is filled or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy_dynamorm.errors import (
    DatabaseError,
    DuplicateTable,
    Error,
    ProgrammingError,
    UndefinedIndex,
    UndefinedTable,
)
from sqlalchemy_dynamorm.plan.altering import with_index, without_index
from sqlalchemy_dynamorm.plan.kinds import kind_of
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind
from sqlalchemy_dynamorm.run.declarations import alter, declaration
from sqlalchemy_dynamorm.run.decode import wire_items
from sqlalchemy_dynamorm.run.description import parse
from sqlalchemy_dynamorm.run.enforcing import Enforcing, enforce
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request
from sqlalchemy_dynamorm.run.table_options import throughput, warm
from sqlalchemy_dynamorm.run.unindexable import check_items
from sqlalchemy_dynamorm.run.waiting import (
    DEFAULT,
    QUOTA,
    Description,
    Patience,
    description_of,
    patiently,
    wait_active,
)
from sqlalchemy_dynamorm.sql import nodes


def attribute(column: Column) -> dict[str, str]:
    """An entry of ``AttributeDefinitions``."""
    key_type = column.kind.key_type
    assert key_type is not None
    return {"AttributeName": column.name, "AttributeType": key_type}


def key_schema(hashes: Iterable[str], ranges: Iterable[str]) -> list[dict[str, str]]:
    """``KeySchema``."""
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in hashes),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in ranges),
    ]


def index_params(index: Index, table: Mapping[str, Any]) -> dict[str, Any]:
    """An index as CreateTable and UpdateTable take it.

    :param table: CreateTable's parameters or DescribeTable's answer: a provisioned table's index has its capacity,
        where it has none of its own.
    """
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.projection == "INCLUDE":
        projection["NonKeyAttributes"] = list(index.include)
    params = {
        "IndexName": index.physical,
        "KeySchema": key_schema(index.hash, index.range),
        "Projection": projection,
    }
    return params if index.local else {**params, **_throughput(index, table)}


def _throughput(index: Index, table: Mapping[str, Any]) -> dict[str, Any]:
    given = table.get("ProvisionedThroughput", {})
    units = given.get("ReadCapacityUnits"), given.get("WriteCapacityUnits")
    found: dict[str, Any] = {}
    if all(units):
        found["ProvisionedThroughput"] = throughput(*(index.capacity or units))
    elif index.capacity is not None:
        raise ProgrammingError(
            f"The index {index.name!r} has a read_capacity and a write_capacity, and its table is billed by request, "
            "which has none."
        )
    if index.warm is not None:
        found["WarmThroughput"] = warm(index.warm)
    return found


def same_index(one: Index, other: Index) -> bool:
    """Whether they are one and the same."""
    return one.physical == other.physical and _shape(one) == _shape(other)


def _shape(index: Index) -> tuple[Any, ...]:
    return index.hash, index.range, index.projection, frozenset(index.include), index.local


@dataclass(frozen=True, slots=True)
class OnTable:
    """The table whose indexes change.

    :ivar name: the name for messages.
    :ivar system: the system table's physical name, ``None`` where the engine has none.
    """

    physical: str
    name: str
    system: str | None = None


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index to be made.

    :ivar kinds: the key types that are known for its columns.
    :ivar check_items: whether to look first for items that it could not have.
    """

    index: Index
    kinds: Mapping[str, Kind]
    declared: nodes.CreateIndex | None = None
    if_not_exists: bool = False
    separator: str = "."
    check_items: bool = False


def create_index(on: OnTable, new: NewIndex, patience: Patience = DEFAULT) -> Execution:
    """UpdateTable that adds one global index, then wait until its backfill is done.

    :raises UndefinedTable: there is no such table.
    :raises DuplicateTable: an index of that name is there, with another definition.
    :raises ProgrammingError: the type of a key column is not known; the message says how to give it.
    """
    found = yield from ready(on, patience, " to index")
    there = next((index for index in parse(found, on.name).indexes if index.physical == new.index.physical), None)
    if there is not None:
        if not new.if_not_exists and not same_index(there, new.index):
            raise _otherwise(on, new)
    elif new.index.local:
        raise ProgrammingError(f"The local index {new.index.name!r} can only be made with its table {on.name!r}.")
    else:
        declared = yield from _declared_kinds(on)
        yield from _add_index(on, replace(new, kinds={**declared, **new.kinds}), found, patience)
    if new.declared is not None:
        change = partial(with_index, index=new.declared)
        before = (yield from declaration(on.system, on.physical)) if new.declared.unique else None
        if before is not None and on.system is not None:
            unique = Enforcing(before, change(before), on.physical, on.system, new.separator)
            yield from enforce(unique, patience)
        yield from alter(on.system, on.physical, change)
    return Outcome()


def ready(on: OnTable, patience: Patience, what: str = "") -> Asking[Description]:
    """The table when it takes a change: one index changes at a time.

    :raises UndefinedTable: there is none.
    """
    if (yield from description_of(on.physical)) is None:
        raise UndefinedTable(f"There is no table {on.name!r}{what}.", table=on.physical)
    return (yield from wait_active(on.physical, patience))


def _declared_kinds(on: OnTable) -> Asking[dict[str, Kind]]:
    """The kinds of the columns that the system table knows of the table."""
    node = yield from declaration(on.system, on.physical)
    return {} if node is None else {column.name: kind_of(column.type) for column in node.columns}


def _add_index(on: OnTable, new: NewIndex, found: Description, patience: Patience) -> Asking[None]:
    table = parse(found, on.name)
    columns: list[Column] = []
    for name in new.index.key:
        known = new.kinds.get(name) or (table.by_name[name].kind if name in table.by_name else None)
        if known is None or known.key_type is None:
            known = yield from _sampled(on.physical, on.name, name)
        columns.append(Column(name, known))
    if new.check_items:
        yield from check_items(on.physical, on.name, new.index, columns)
    params = {
        "TableName": on.physical,
        "AttributeDefinitions": [attribute(column) for column in columns],
        "GlobalSecondaryIndexUpdates": [{"Create": index_params(new.index, found)}],
    }
    try:
        yield from _update(on, params, patience)
    except Error as error:
        if "already exists" in str(error):  # another run has made it while this one waited
            yield from _made_meanwhile(on, new, patience)
        elif QUOTA.search(str(error)):
            raise ProgrammingError(
                f"The index {new.index.name!r} was not made: {error} {on.name!r} has "
                f"{len(found.get('GlobalSecondaryIndexes') or ())} global indexes. Drop one that is not used, or "
                "ask AWS for a higher quota.",
                table=on.physical,
            ) from None
        else:
            raise


def _made_meanwhile(on: OnTable, new: NewIndex, patience: Patience) -> Asking[None]:
    table = parse((yield from wait_active(on.physical, patience)), on.name)
    if not any(same_index(index, new.index) for index in table.indexes):
        raise _otherwise(on, new)


def _otherwise(on: OnTable, new: NewIndex) -> DuplicateTable:
    return DuplicateTable(
        f"The index {new.index.name!r} of {on.name!r} is there with another definition. Drop it first, or give "
        "this one another name.",
        table=on.physical,
    )


def _update(on: OnTable, params: dict[str, Any], patience: Patience) -> Asking[None]:
    yield from patiently(Request("UpdateTable", params, repeatable=False), on.physical, patience)
    yield from wait_active(on.physical, patience)


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


@dataclass(frozen=True, slots=True)
class OldIndex:
    """An index to be dropped."""

    name: str
    physical: str
    if_exists: bool = False


def drop_index(on: OnTable, old: OldIndex, patience: Patience = DEFAULT) -> Execution:
    """UpdateTable that removes one global index, then wait until it is gone.

    :raises UndefinedTable: there is no such table.
    :raises UndefinedIndex: there is no such index, and IF EXISTS was not said.
    """
    found = yield from ready(on, patience)
    there = next((other for other in parse(found, on.name).indexes if other.physical == old.physical), None)
    if there is None:
        # It may be declared alone, or an earlier run was killed before it had forgotten it.
        known = yield from _forget_index(on, old.name)
        if old.if_exists or known:
            return Outcome()
        raise UndefinedIndex(f"The table {on.name!r} has no index {old.name!r}.", table=on.physical)
    if there.local:
        raise DatabaseError(f"The local index {old.name!r} can only be dropped with its table {on.name!r}.")
    params = {"TableName": on.physical, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": old.physical}}]}
    yield from _update(on, params, patience)
    yield from _forget_index(on, old.name)
    return Outcome()


def _forget_index(on: OnTable, index: str) -> Asking[bool]:
    """Remove an index from the declaration; whether it was there."""
    known = False

    def change(declared: nodes.CreateTable) -> nodes.CreateTable:
        nonlocal known
        changed = without_index(declared, index)
        known = changed != declared
        return changed

    yield from alter(on.system, on.physical, change)
    return known
