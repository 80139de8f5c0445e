"""What is declared of each table, kept in the system table as the text of its CREATE TABLE.

An item is ``{"id": "table#<physical table>", "definition": "CREATE TABLE …"}``. Reflection reads it, ALTER
changes it, and a text that names a table without declaring it is planned by it; no other statement asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed, DataError, Error, SerializationError, UndefinedTable
from sqlalchemy_dynamorm.plan.definitions import TABLE_WORDS
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.table_options import INDEX_UNITS
from sqlalchemy_dynamorm.run.decode import WholeItems, wire_item
from sqlalchemy_dynamorm.run.description import described, parse
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import Batches
from sqlalchemy_dynamorm.run.system import DEFINITION, KEY, system_table
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.writer import write

Change = Callable[[nodes.CreateTable], nodes.CreateTable]
_LONGEST = 390_000  # bytes; an item takes 400 KB, names included
_TRIES = 10
_PREFIX = "table#"


def declaration_key(physical: str) -> Item:
    """The key of a physical table's declaration."""
    return {KEY: {"S": f"{_PREFIX}{physical}"}}


def declaration(system: str | None, physical: str) -> Asking[nodes.CreateTable | None]:
    """What is declared of a table; ``None`` where nothing is, or where there is no system table."""
    if system is None:
        return None
    found = yield from _kept(system, physical)
    return None if found is None else _definition(found)


def declared_names(system: str, tables: Sequence[str]) -> Asking[dict[str, nodes.TableName]]:
    """What these tables are declared as, by their physical names: the ones that are declared."""
    keys = [declaration_key(each) for each in tables]
    batches = Batches(system_table(system), keys, None, WholeItems(), consistent=True)
    items = (yield from batches.next_page(None)) or []
    return {item[KEY]["S"].removeprefix(_PREFIX): _definition(item[DEFINITION]["S"]).table for item in items}


def _kept(system: str, physical: str) -> Asking[str | None]:
    try:
        return _text_in((yield _get(system, physical)))
    except UndefinedTable:
        return None


def _get(system: str, physical: str) -> Request:
    return Request("GetItem", {"TableName": system, "Key": declaration_key(physical), "ConsistentRead": True})


def _text_in(body: bytes) -> str | None:
    item = wire_item(body)
    return None if item is None else str(item[DEFINITION]["S"])


def _definition(text: str) -> nodes.CreateTable:
    found = read(text)
    assert isinstance(found, nodes.CreateTable)
    return found


def _text(node: nodes.CreateTable) -> str:
    # What the service knows of it is asked of the service, and not kept here beside it.
    options = tuple(option for option in node.options if option[0] in TABLE_WORDS)
    indexes = tuple(_declared_index(index) for index in node.indexes)
    text = write(replace(node, if_not_exists=False, options=options, indexes=indexes))
    if len(text.encode()) > _LONGEST:
        raise DataError(f"The definition of {node.table.name!r} is longer than an item of the system table can be.")
    return text


def _declared_index(index: nodes.CreateIndex) -> nodes.CreateIndex:
    return replace(index, options=tuple(option for option in index.options if option[0] not in INDEX_UNITS))


def declare(system: str, physical: str, node: nodes.CreateTable) -> Asking[nodes.CreateTable | None]:
    """Keep a declaration where there is none; returns the one that is there already.

    :raises UndefinedTable: there is no system table.
    """
    params: dict[str, Any] = {
        "TableName": system,
        "Item": {**declaration_key(physical), DEFINITION: {"S": _text(node)}},
        "ConditionExpression": "attribute_not_exists(#0)",
        "ExpressionAttributeNames": {"#0": KEY},
    }
    try:
        yield Request("PutItem", params)
    except ConditionFailed:
        return (yield from declaration(system, physical))
    return None


def redeclare(system: str, physical: str, node: nodes.CreateTable) -> Asking[None]:
    """Put a declaration in the place of what is there."""
    item = {**declaration_key(physical), DEFINITION: {"S": _text(node)}}
    yield Request("PutItem", {"TableName": system, "Item": item})


def undeclare(system: str | None, physical: str) -> Asking[nodes.CreateTable | None]:
    """Remove a declaration; returns what it was, ``None`` where there was none."""
    if system is None:
        return None
    params = {"TableName": system, "Key": declaration_key(physical), "ReturnValues": "ALL_OLD"}
    try:
        found = wire_item((yield Request("DeleteItem", params)), "Attributes")
    except UndefinedTable:
        return None  # no system table, so nothing is declared
    return None if found is None else _definition(str(found[DEFINITION]["S"]))


def alter(system: str | None, physical: str, change: Change) -> Asking[bool]:
    """Change a declaration; ``False`` where there is none.

    :raises SerializationError: others change it all the time.
    """
    if system is None:
        return False
    for _ in range(_TRIES):
        text = yield from _kept(system, physical)
        if text is None:
            return False
        found = _definition(text)
        changed = change(found)
        if changed == found or (yield from _replaced(system, physical, text, changed)):
            return True
    raise SerializationError(f"The declaration of {physical!r} is changed by others all the time.", table=physical)


def _replaced(system: str, physical: str, old: str, new: nodes.CreateTable) -> Asking[bool]:
    params: dict[str, Any] = {
        "TableName": system,
        "Item": {**declaration_key(physical), DEFINITION: {"S": _text(new)}},
        "ConditionExpression": "#0 = :0",
        "ExpressionAttributeNames": {"#0": DEFINITION},
        "ExpressionAttributeValues": {":0": {"S": old}},
    }
    try:
        yield Request("PutItem", params, repeatable=False)
    except ConditionFailed:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Reflected:
    """A table as the service describes it and as it is declared.

    :ivar table: its key and its indexes.
    :ivar found: the ``Table`` of DescribeTable's answer.
    :ivar declared: ``None`` for a table that was made elsewhere.
    """

    table: Table
    found: Mapping[str, Any]
    declared: nodes.CreateTable | None


def reflected(system: str | None, physical: str, name: str) -> Asking[Reflected]:
    """Both at once.

    :raises UndefinedTable: there is no such table.
    """
    describe = Request("DescribeTable", {"TableName": physical})
    if system is None:
        found = described((yield describe))
        return Reflected(parse(found, name), found, None)
    body, kept = yield [describe, _get(system, physical)]
    if isinstance(body, Error):
        raise body
    if isinstance(kept, Error) and not isinstance(kept, UndefinedTable):
        raise kept
    found = described(body)
    text = None if isinstance(kept, Error) else _text_in(kept)
    return Reflected(parse(found, name), found, None if text is None else _definition(text))
