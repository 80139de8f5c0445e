"""ALTER TABLE … RENAME TO: a new table with the items of the old one, which stays until it is dropped.

DynamoDB renames no table and changes no key. The items are copied as they are, undeclared attributes included, in
parallel segments; after each round of pages it is kept how far the copy has come, so that a run that was killed goes
on. Then every item is compared with its copy; until that is done nothing else is told of the new table. A table that
is written meanwhile is followed by its stream (:mod:`~sqlalchemy_dynamorm.run.followed_copies`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DataError,
    DuplicateTable,
    ProgrammingError,
    UndefinedTable,
    Unsupported,
)
from sqlalchemy_dynamorm.plan.copying import CopyOptions, copy_options, declaration_after, options_after, table_after
from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.table_options import TableOptions
from sqlalchemy_dynamorm.run import followed_copies
from sqlalchemy_dynamorm.run.copied_items import Copy, compare, copy_items, count_items
from sqlalchemy_dynamorm.run.copy_marks import CopyMark, Place, read_mark, take_over, write_mark
from sqlalchemy_dynamorm.run.counters import LAST, Counters, counter_of
from sqlalchemy_dynamorm.run.declarations import declaration
from sqlalchemy_dynamorm.run.decode import wire_item
from sqlalchemy_dynamorm.run.definitions import NewTable, create_system_table, create_table
from sqlalchemy_dynamorm.run.description import parse
from sqlalchemy_dynamorm.run.pace import pace_of
from sqlalchemy_dynamorm.run.reconcile import Report, reconcile
from sqlalchemy_dynamorm.run.request import Asking, Execution, Outcome, Request
from sqlalchemy_dynamorm.run.table_options import options_there, set_options
from sqlalchemy_dynamorm.run.waiting import DEFAULT, Description, Patience, description_of, wait_active
from sqlalchemy_dynamorm.sql import nodes

LOGGER = logging.getLogger("sqlalchemy_dynamorm.ddl")
_SEGMENT = 1 << 30  # bytes of a segment beyond the first four
_MOST = 32


@dataclass(frozen=True, slots=True)
class Copying:
    """A RENAME TO.

    :ivar source: the physical name of the table that is copied; ``target`` is the new one's.
    """

    node: nodes.RenameTable
    source: str
    target: str
    name: str
    separator: str = "."
    patience: Patience = DEFAULT


def rename_table(copying: Copying, counters: Counters) -> Execution:
    """Make the new table, copy, compare, and bring over counters and guards. It can be run again after any end.

    :raises Unsupported: no write freeze is declared, and the stream is not to be followed; the engine has no system
        table.
    :raises UndefinedTable: there is no such table.
    :raises DuplicateTable: the new table is there, and is not of this copy.
    :raises DataError: items can have no key in the new table, or differ from their copies.
    """
    options, system = copy_options(copying.node), counters.table
    if system is None:
        raise Unsupported("RENAME TO keeps its progress in the system table; this engine has none (system_table=none).")
    if copying.source == copying.target:
        raise ProgrammingError(f"The new table has the name of the old one, {copying.name!r}. Give it another.")
    yield from create_system_table(system)
    there = yield from description_of(copying.target)
    earlier = yield from read_mark(system, copying.target)
    mark = None if there is None else earlier
    if (yield from description_of(copying.source)) is None:
        if mark is not None and mark.done and mark.source == copying.source:
            return Outcome()  # an earlier run has copied it, and it was dropped since
        raise UndefinedTable(f"There is no table {copying.name!r}.", table=copying.source)
    found = yield from wait_active(copying.source, copying.patience)
    copy = yield from _planned(copying, found, system, options.share)
    if there is not None and (mark is None or not _is_of(mark, copy, there)):
        raise DuplicateTable(
            f"The table {copy.target.name!r} is there already, and was not begun as a copy of {copying.name!r}. "
            "Drop it first, or give the new table another name.",
            table=copying.target,
        )
    if mark is not None and mark.done and mark.followed is not None:
        return Outcome()  # programs may write the new one by now
    if mark is None:
        mark = yield from _new_mark(copy, found, options, earlier)
    mark = yield from _begun(copy, mark, found, counters, options)
    if mark.followed is not None:
        yield from _followed(copy, mark, options)
    else:
        if not mark.done:
            mark = yield from copy_items(copy, mark)
        yield from compare(copy, mark)
        yield from _guarded(copy)
        yield from _finish(copy, mark)
    return Outcome()


def _followed(copy: Copy, mark: CopyMark, options: CopyOptions) -> Asking[None]:
    """Copy and follow until now; where nobody writes any more, to the end."""
    following = yield from followed_copies.follow(copy, mark)
    if not following.followed.compared:
        yield from _guarded(copy)
        yield from following.keep(compared=True)
        yield from following.catch_up()
    if not options.frozen:
        copy.patience.tell(
            f"{copy.target.physical}: is what {copy.source.physical} was a moment ago; stop the writers, and finish "
            "with writes_frozen within 24 hours"
        )
        return
    yield from followed_copies.close(copy, following)
    yield from _finish(copy, following.mark)


def _planned(copying: Copying, found: Description, system: str, share: float | None) -> Asking[Copy]:
    node = copying.node
    source, after = parse(found, copying.name), None
    declared = yield from declaration(system, copying.source)
    known = None if declared is None else table_of(declared, copying.separator)
    if declared is not None and known is not None and known.key == source.key:  # it was not made anew elsewhere
        after = declaration_after(declared, node)
    target = replace(table_after(source, after, node, copying.separator), physical=copying.target, system=system)
    if after is not None and known is not None:
        source = replace(source, columns=known.columns)
    ttl = (yield from options_there(found, frozenset({"ttl"}))).ttl
    named = ttl if isinstance(ttl, str) else None
    return Copy(source, target, system, target.key == source.key, after, copying.patience, named, pace_of(found, share))


def _new_mark(copy: Copy, found: Description, options: CopyOptions, earlier: CopyMark | None) -> Asking[CopyMark]:
    """What is kept of a copy that begins."""
    followed = None if options.frozen else followed_copies.to_follow(copy, found, earlier)
    yield from _check_keys(copy)
    places = (Place(),) * min(_MOST, 4 + int(found.get("TableSizeBytes", 0)) // _SEGMENT)
    return CopyMark(copy.source.physical, copy.target.key_columns, places, followed=followed)


def _begun(
    copy: Copy, mark: CopyMark, found: Description, counters: Counters, options: CopyOptions
) -> Asking[CopyMark]:
    """Say what it costs, keep that it is begun, and make the new table; or go on with what an earlier run began."""
    target = copy.target
    if mark.followed is None and not mark.done and not options.frozen:
        raise ProgrammingError(
            f"The copy {target.name!r} was begun under a write freeze, so what was written since then is not known. Go "
            "on with writes_frozen, or drop it and run this again."
        )
    mark = yield from take_over(copy.system, target.physical, mark)
    if mark.done:
        return mark
    _say_cost(copy, found)
    mark = yield from followed_copies.begin(copy, mark)
    yield from _create(copy, mark, found, counters)
    if mark.made is None:
        mark = replace(mark, made=_made_at((yield from wait_active(target.physical, copy.patience))))
        yield from write_mark(copy.system, target.physical, mark)
    return mark


def _create(copy: Copy, mark: CopyMark, found: Description, counters: Counters) -> Asking[None]:
    """Make the new table, unless an earlier run has."""
    options = options_after((yield from options_there(found)))
    if mark.followed is not None:
        options = replace(options, stream=mark.followed.before or None)
    made = replace(copy.target, indexes=tuple(_with_capacity(copy.target, found)))
    yield from create_table(NewTable(made, copy.declared, options), counters, copy.patience)


def _is_of(mark: CopyMark, copy: Copy, there: Description) -> bool:
    """Whether a table that is there is the one that the copy made."""
    same = (mark.source, mark.key) == (copy.source.physical, copy.target.key_columns)
    return same and mark.made in (None, _made_at(there))


def _made_at(table: Description) -> str:
    return str(table.get("CreationDateTime"))


def _with_capacity(target: Table, found: Description) -> Iterable[Any]:
    """The indexes, each with the capacity that it has where the table is provisioned."""
    given = {each["IndexName"]: each.get("ProvisionedThroughput", {}) for each in _global_indexes(found)}
    for index in target.indexes:
        units = given.get(index.physical, {})
        capacity = units.get("ReadCapacityUnits"), units.get("WriteCapacityUnits")
        yield replace(index, capacity=capacity) if all(capacity) else index


def _global_indexes(found: Description) -> list[dict[str, Any]]:
    return found.get("GlobalSecondaryIndexes") or []


def _say_cost(copy: Copy, found: Description) -> None:
    """The units that it takes: the old table is read twice, the new one too (developer guide, "Read and write")."""
    items, size = int(found.get("ItemCount", 0)), int(found.get("TableSizeBytes", 0))
    average = -(-size // max(1, items))
    reads = 3 * -(-size // 4096) + items * -(-average // 4096)
    writes = items * -(-average // 1024) * (1 + len(copy.target.indexes))
    line = (
        f"copying {copy.source.physical} to {copy.target.physical}: about {items} items, {size} bytes (up to six "
        f"hours old, as DescribeTable has it); at most about {reads} read units and {writes} write units"
    )
    LOGGER.warning("%s", line)
    copy.patience.tell(line)


def _check_keys(copy: Copy) -> Asking[None]:
    """Look, before anything is made, for items that can have no key in the new table."""
    for name in () if copy.same_key else copy.target.key_columns:
        kind = copy.target.by_name[name].kind.key_type
        params = {
            "TableName": copy.source.physical,
            "ConsistentRead": True,
            "Select": "COUNT",
            "FilterExpression": "attribute_not_exists(#0) OR NOT attribute_type(#0, :0)",
            "ExpressionAttributeNames": {"#0": name},
            "ExpressionAttributeValues": {":0": {"S": kind}},
        }
        if count := (yield from count_items(params)):
            raise DataError(
                f"{count} items of {copy.source.name!r} have no value of the type {kind} in {name!r}, a column of the "
                "new key. Nothing was changed. Give them one or delete them, and run it again.",
                table=copy.source.physical,
            )


def _guarded(copy: Copy) -> Asking[None]:
    """Guard the unique values of the new table's rows, and see that its counters are behind none."""

    def progress(report: Report) -> None:
        copy.patience.tell(f"{copy.target.physical}: counters and unique values of {report.rows} rows")

    if copy.target.uniques or copy.target.counted:
        report = yield from reconcile(copy.target, copy.system, apply=True, progress=progress)
        if report.duplicates:
            LOGGER.warning("%s: rows have the same unique values; run reconcile", copy.target.physical)


def _finish(copy: Copy, mark: CopyMark) -> Asking[None]:
    """Counters and the TTL; then it is done."""
    for column in copy.target.counted:
        if column.name in copy.source.by_name:
            yield from _copy_counter(copy, column)
    if copy.ttl is not None:
        yield from set_options(copy.target.physical, TableOptions(ttl=copy.ttl), copy.patience)
    yield from write_mark(copy.system, copy.target.physical, replace(mark, done=True))
    copy.patience.tell(f"{copy.target.physical}: copied; {copy.source.physical} stays until it is dropped")


def _copy_counter(copy: Copy, column: Column) -> Asking[None]:
    """The highest id that was ever given goes over, so that none is given twice."""
    old = counter_of(copy.source, copy.source.by_name[column.name])  # of the key or not, its name differs
    request = {"TableName": copy.system, "Key": old.key, "ConsistentRead": True}
    item = wire_item((yield Request("GetItem", request)))
    if item is None:
        return
    above = "<" if column.series.increment > 0 else ">"
    params = {
        "TableName": copy.system,
        "Key": counter_of(copy.target, column).key,
        "UpdateExpression": "SET #0 = :0",
        "ConditionExpression": f"attribute_not_exists(#0) OR #0 {above} :0",
        "ExpressionAttributeNames": {"#0": LAST},
        "ExpressionAttributeValues": {":0": item[LAST]},
    }
    try:
        yield Request("UpdateItem", params)
    except ConditionFailed:
        return  # an earlier run has brought it over, or the rows are further
