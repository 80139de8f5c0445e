"""An access of a plan, with its values, as the requests DynamoDB takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy_dynamorm.plan.access import unfilterable
from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Pattern, Predicate, conjuncts, every
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import Query, ReadPlan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.evaluate import normalised
from sqlalchemy_dynamorm.run.expressions import Placeholders, Renderer
from sqlalchemy_dynamorm.run.keys import key_value, values_of
from sqlalchemy_dynamorm.run.patterns import like
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.values import Item, WireValue, same_type_order


@dataclass(frozen=True, slots=True)
class Pages:
    """The requests of a Query or Scan, and how much of the WHERE they answer.

    :ivar filtered: a FilterExpression is sent, so a page may hold fewer rows than were evaluated.
    :ivar exact: every row that comes back satisfies the WHERE.
    """

    requests: tuple[Request, ...]
    filtered: bool
    exact: bool


NO_PAGES = Pages((), filtered=False, exact=True)


def get_item(table: Table, key: Item, attributes: list[str], *, consistent: bool) -> Request:
    """A GetItem of these attributes."""
    placeholders = Placeholders()
    params: dict[str, Any] = {"TableName": table.physical, "Key": key, "ConsistentRead": consistent}
    params["ProjectionExpression"] = placeholders.projection(attributes)
    return Request("GetItem", placeholders.into(params))


def scan(table: Table, plan: ReadPlan, attributes: list[str] | None, values: Bound) -> Pages:
    """A Scan of the table, which only counts where ``attributes`` is ``None``; its filter may hold key attributes."""
    return _filtered(Request("Scan", {"TableName": table.physical}), plan, attributes, values, frozenset())


def queries(table: Table, plan: ReadPlan, query: Query, attributes: list[str] | None, values: Bound) -> Pages:
    """The Query requests, one for each value of a listed partition key; none where no row can match."""
    hidden = unfilterable(table, query, plan.rest)
    rest = every(tuple(part for part in conjuncts(plan.rest) if not _said_exactly(part, query, values)))
    requests: list[Request] = []
    found = NO_PAGES
    for hashed in _partitions(query, values):
        placeholders = Placeholders()
        condition = _key_condition(query, hashed, values, placeholders)
        if condition is None:
            return NO_PAGES
        params: dict[str, Any] = {"TableName": table.physical, "KeyConditionExpression": condition}
        if query.index is not None:
            params["IndexName"] = query.index.physical
        if not query.forward:
            params["ScanIndexForward"] = False
        found = _filtered(Request("Query", params), replace(plan, rest=rest), attributes, values, hidden, placeholders)
        requests.extend(found.requests)
    return Pages(tuple(requests), found.filtered, found.exact)


def _filtered(
    request: Request,
    plan: ReadPlan,
    attributes: list[str] | None,
    values: Bound,
    forbidden: frozenset[str],
    placeholders: Placeholders | None = None,
) -> Pages:
    placeholders = placeholders or Placeholders()
    renderer = Renderer(placeholders, values, forbidden)
    condition = renderer.render(plan.rest)
    if condition is False:
        return NO_PAGES
    params = dict(request.params)
    if isinstance(condition, str):
        params["FilterExpression"] = condition
    if plan.consistent and params.get("IndexName") not in global_indexes(plan.table):
        params["ConsistentRead"] = True
    if attributes is None:
        params["Select"] = "COUNT"
    else:
        params["ProjectionExpression"] = placeholders.projection(attributes)
    return Pages((Request(request.operation, placeholders.into(params)),), condition is not True, renderer.exact)


def global_indexes(table: Table | None) -> frozenset[str]:
    """The physical names of the indexes that are never strongly consistent."""
    return frozenset(index.physical for index in table.indexes if not index.local) if table is not None else frozenset()


def _said_exactly(part: Predicate, query: Query, values: Bound) -> bool:
    """Whether the key condition says all that a LIKE does: ``x%`` and a text without wildcards."""
    if not isinstance(part, Pattern) or not any(part is ranged for ranged in query.range):
        return False
    text = values(part.pattern)
    read = None if text is None else like(text, part.escape)
    return read is not None and read.form in ("prefix", "equals") and bool(read.text)


def _partitions(query: Query, values: Bound) -> list[dict[str, WireValue]]:
    """The hash attributes' values of each Query: one, or one for each distinct value of a list."""
    found: dict[str, dict[str, WireValue]] = {}
    listed = next((part for part in query.hash if isinstance(part, Membership)), None)
    for choice in [None] if listed is None else values_of(listed, values):
        hashed: dict[str, WireValue] = {}
        for part in query.hash:
            column = part.columns[0] if isinstance(part, Membership) else part.column
            value = choice if isinstance(part, Membership) else values(part.operand)
            wire = key_value(value, column, "partition")
            if wire is None:
                break
            hashed[column.name] = wire
        else:
            found.setdefault(repr(hashed), hashed)
    return list(found.values())


def _key_condition(query: Query, hashed: dict[str, WireValue], values: Bound, placeholders: Placeholders) -> str | None:
    """The KeyConditionExpression, or ``None`` where no key satisfies it."""
    parts = [f"{placeholders.name(name)} = {placeholders.value(wire)}" for name, wire in hashed.items()]
    bounds = [part for part in query.range if isinstance(part, Pattern) or part.op != "="]
    for part in query.range:
        if isinstance(part, Comparison) and part.op == "=":
            wire = key_value(values(part.operand), part.column, "sort")
            if wire is None:
                return None
            parts.append(f"{placeholders.name(part.column.name)} = {placeholders.value(wire)}")
    ranged = _ranged(bounds, values, placeholders)
    if ranged is None:
        return None
    return " AND ".join([*parts, *([ranged] if ranged else [])])


def _ranged(bounds: list[Comparison | Pattern], values: Bound, placeholders: Placeholders) -> str | None:
    """The one inequality a key condition may have; empty where there is none, ``None`` where nothing satisfies it."""
    if not bounds:
        return ""
    first = bounds[0]
    if isinstance(first, Pattern):
        return _prefix(first, values, placeholders)
    wires: list[tuple[Comparison, Any, WireValue]] = []
    for part in bounds:
        assert isinstance(part, Comparison)
        value = values(part.operand)
        if value in ("", b"") and part.op in (">", ">="):
            continue  # a key is never empty, so every key is above it
        wire = key_value(value, part.column, "sort")
        if wire is None:
            return None
        wires.append((part, value, wire))
    return _between(wires, placeholders)


def _between(wires: list[tuple[Comparison, Any, WireValue]], placeholders: Placeholders) -> str | None:
    if not wires:
        return ""
    name = placeholders.name(wires[0][0].column.name)
    if len(wires) == 1:
        return f"{name} {wires[0][0].op} {placeholders.value(wires[0][2])}"
    low, high = (normalised(value, part.column) for part, value, _ in wires)
    if (same_type_order(low, high) or 0) > 0:
        return None  # the service refuses BETWEEN with its bounds the wrong way round
    return f"{name} BETWEEN {placeholders.value(wires[0][2])} AND {placeholders.value(wires[1][2])}"


def _prefix(pattern: Pattern, values: Bound, placeholders: Placeholders) -> str | None:
    text = values(pattern.pattern)
    if text is None:
        return None
    read = like(text, pattern.escape)
    if read.form in ("contains", "any") or not read.text:
        return ""
    name, value = placeholders.name(pattern.column.name), placeholders.value({"S": read.text})
    return f"{name} = {value}" if read.form == "equals" else f"begins_with({name}, {value})"
