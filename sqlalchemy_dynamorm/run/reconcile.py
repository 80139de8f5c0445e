"""Reconciling: the guards and the counter of a table as its rows say they should be.

For rows that were there before their constraint, and those that other programs wrote. Each repair is conditional on
what was read, and a guard that is older than its row is taken over when it is next wanted, so a table may be in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy_dynamorm.errors import ConditionFailed
from sqlalchemy_dynamorm.plan.schema import Column, Table, Unique
from sqlalchemy_dynamorm.run.counters import LAST, counter_of
from sqlalchemy_dynamorm.run.decode import last_key, wire_item, wire_items
from sqlalchemy_dynamorm.run.expiry import alive
from sqlalchemy_dynamorm.run.guards import OWNER, guard_item, guard_of
from sqlalchemy_dynamorm.run.keys import key_of
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.sources import AT_ONCE, send_all
from sqlalchemy_dynamorm.run.system import KEY
from sqlalchemy_dynamorm.run.values import Item


@dataclass
class Report:
    """What was found in one table; with ``apply`` it is mended, but for duplicates.

    :ivar missing: guards that were not there.
    :ivar stale: guards held by a row that is gone or has other values.
    :ivar duplicates: a constraint's columns, and the keys of two rows with the same values.
    :ivar planned: of a dry run, the guards that would be written, and for which row.
    :ivar counters: what the counters of columns had to be brought to, by the column's name.
    """

    table: Table
    rows: int = 0
    missing: int = 0
    stale: int = 0
    duplicates: list[tuple[tuple[str, ...], Item, Item]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    planned: dict[str, Item] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A guard that a row should hold."""

    unique: Unique
    key: Item
    owner: Item


def reconcile(table: Table, system: str, *, apply: bool, progress: Callable[[Report], None]) -> Asking[Report]:
    """Read the whole table and compare; ``progress`` is told after each page."""
    report, reached = Report(table), dict[Column, int]()
    params: dict[str, Any] = {"TableName": table.physical, "ConsistentRead": True}
    while True:
        body = yield Request("Scan", params)
        items = wire_items(body)
        yield from _guarded(report, items, system, apply=apply)
        for column in table.counted:
            _follow(reached, column, items)
        report.rows += len(items)
        progress(report)
        after = last_key(body)
        if after is None:
            break
        params["ExclusiveStartKey"] = after
    for column, number in reached.items():
        yield from _raise_counter(report, system, column, number, apply=apply)
    return report


def guard_items(table: Table, items: list[Item], system: str) -> Asking[Report]:
    """Give some items of a table their guards."""
    report = Report(table)
    yield from _guarded(report, items, system, apply=True)
    return report


def _guarded(report: Report, items: list[Item], system: str, *, apply: bool) -> Asking[None]:
    table = report.table
    wanted = [one for item in items if alive(table, item) is not None for one in _wanted(table, item)]
    for at in range(0, len(wanted), AT_ONCE):
        yield from _compare(report, wanted[at : at + AT_ONCE], system, apply=apply)


def _wanted(table: Table, item: Item) -> Iterator[_Wanted]:
    for unique in table.uniques:
        key = guard_of(table, unique, item)
        if key is not None:
            yield _Wanted(unique, key, key_of(item, table))


def _follow(reached: dict[Column, int], column: Column, items: list[Item]) -> None:
    """Note how far the rows have used a column's numbers."""
    found = [wire["N"] for item in items if "N" in (wire := item.get(column.name, {}))]
    ids = [int(float(text)) if "." in text else int(text) for text in found]
    number = column.series.reached([*ids, *([reached[column]] if column in reached else [])])
    if number is not None:
        reached[column] = number


def _compare(report: Report, wanted: list[_Wanted], system: str, *, apply: bool) -> Asking[None]:
    asked = [Request("GetItem", {"TableName": system, "Key": one.key, "ConsistentRead": True}) for one in wanted]
    for one, body in zip(wanted, (yield from send_all(asked)), strict=True):
        guard = wire_item(body)
        owner = None if guard is None else guard.get(OWNER, {}).get("M")
        if guard is not None and owner == one.owner:
            continue
        if owner is not None and (yield from _has_values(report.table, one, owner)):
            report.duplicates.append((one.unique.columns, owner, one.owner))
            continue
        first = None if apply else report.planned.setdefault(one.key[KEY]["S"], one.owner)
        if first not in (None, one.owner):
            report.duplicates.append((one.unique.columns, first or {}, one.owner))
            continue
        done = (yield from _mend(one, guard, system)) if apply else True
        if not done:  # another took it since it was read: two rows of one page, or another program
            yield from _compare(report, [one], system, apply=apply)
        elif guard is None:
            report.missing += 1
        else:
            report.stale += 1


def _has_values(table: Table, wanted: _Wanted, owner: Item) -> Asking[bool]:
    if owner.keys() != {*table.key}:
        return False
    request = Request("GetItem", {"TableName": table.physical, "Key": owner, "ConsistentRead": True})
    return guard_of(table, wanted.unique, alive(table, wire_item((yield request)))) == wanted.key


def _mend(wanted: _Wanted, guard: Item | None, system: str) -> Asking[bool]:
    """Give the guard to the row; ``False`` where it is not what was read any more."""
    params: dict[str, Any] = {"TableName": system, "Item": guard_item(wanted.key, wanted.unique, wanted.owner)}
    owner = None if guard is None else guard.get(OWNER)
    names = {"#0": KEY if guard is None else OWNER}
    params |= {"ConditionExpression": "attribute_not_exists(#0)", "ExpressionAttributeNames": names}
    if owner is not None:
        params |= {"ConditionExpression": "#0 = :0", "ExpressionAttributeValues": {":0": owner}}
    try:
        yield Request("PutItem", params)
    except ConditionFailed:
        return False
    return True


def _raise_counter(report: Report, system: str, column: Column, number: int, *, apply: bool) -> Asking[None]:
    series = column.series
    key = {"TableName": system, "Key": counter_of(report.table, column).key}
    found = wire_item((yield Request("GetItem", {**key, "ConsistentRead": True})))
    if found is not None and not series.is_behind(number, int(found[LAST]["N"])):
        return
    report.counters[column.name] = number
    if apply:
        params = {
            **key,
            "UpdateExpression": "SET #0 = :0",
            "ConditionExpression": f"attribute_not_exists(#0) OR #0 {'<' if series.increment > 0 else '>'} :0",
            "ExpressionAttributeNames": {"#0": LAST},
            "ExpressionAttributeValues": {":0": {"N": str(number)}},
        }
        try:
            yield Request("UpdateItem", params)
        except ConditionFailed:
            del report.counters[column.name]  # it was brought past these rows meanwhile
