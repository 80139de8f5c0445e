"""An access of a plan, with its values, as the requests DynamoDB takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from sqlalchemy_dynamorm.plan.access import unfilterable
from sqlalchemy_dynamorm.plan.key_conditions import fixed_columns
from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Pattern, conjuncts, every
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import Query, ReadPlan, Scan
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.expressions import Placeholders, Renderer
from sqlalchemy_dynamorm.run.key_ranges import KeyRange, key_range, within
from sqlalchemy_dynamorm.run.keys import admission, key_value, values_of
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.values import Item


@dataclass(frozen=True, slots=True)
class Pages:
    """The requests of a Query or Scan, made as they are wanted, and how much of the WHERE they answer.

    :ivar filtered: a FilterExpression is sent, so a page may hold fewer rows than were evaluated.
    :ivar exact: every row that comes back satisfies the WHERE.
    """

    requests: Iterable[Request]
    filtered: bool
    exact: bool


NO_PAGES = Pages((), filtered=False, exact=True)


def get_item(table: Table, key: Item, attributes: list[str], *, consistent: bool) -> Request:
    """A GetItem of these attributes."""
    placeholders = Placeholders()
    params: dict[str, Any] = {"TableName": table.physical, "Key": key, "ConsistentRead": consistent}
    params.update(placeholders.projection(attributes))
    return Request("GetItem", placeholders.into(params))


def scan(table: Table, plan: ReadPlan, attributes: list[str] | None, values: Bound) -> Pages:
    """A Scan of the table, which only counts where ``attributes`` is ``None``; its filter may hold key attributes."""
    pages = _filtered(Request("Scan", {"TableName": table.physical}), plan, attributes, values, frozenset())
    segments = plan.access.segments if isinstance(plan.access, Scan) else 1
    if segments == 1:
        return pages
    split = (
        replace(request, params={**request.params, "Segment": segment, "TotalSegments": segments})
        for request in pages.requests
        for segment in range(segments)
    )
    return replace(pages, requests=split)


def queries(table: Table, plan: ReadPlan, query: Query, attributes: list[str] | None, values: Bound) -> Pages:
    """The Query requests, one for each value of a listed partition key; none where no row can match."""
    fixed = _fixed_range(query, values)
    ranged = key_range([part for part in query.range if isinstance(part, Pattern) or part.op != "="], values)
    if fixed is None or ranged is None:
        return NO_PAGES
    packed = query.index is None and bool(table.packed)
    if packed:
        ranged = within(table, fixed, ranged)
    hidden = unfilterable(table, query, plan.rest)
    left = tuple(part for part in conjuncts(plan.rest) if not any(part is said for said in ranged.said))
    checked = replace(plan, rest=every(left))
    placeholders = Placeholders()
    marks = {column.name: placeholders.value({}) for column in _hash_columns(query)}
    condition = _key_condition(marks, {} if packed else fixed, ranged, placeholders)
    params: dict[str, Any] = {"TableName": table.physical, "KeyConditionExpression": condition}
    if query.index is not None:
        params["IndexName"] = query.index.physical
    if not query.forward:
        params["ScanIndexForward"] = False
    pages = _filtered(Request("Query", params), checked, attributes, values, hidden, placeholders)
    admits = admission(table, sorted(fixed_columns(query)), query.check, values)
    partitions = (hashed for hashed in _partitions(query, values) if admits({**hashed, **fixed}))
    requests = (_of_partition(one, marks, hashed) for hashed in partitions for one in pages.requests)
    return replace(pages, requests=requests)


def _of_partition(request: Request, marks: dict[str, str], hashed: Item) -> Request:
    """The request with the hash attributes' values in their places: the rest is the same for every partition."""
    values = {**request.params["ExpressionAttributeValues"], **{marks[name]: wire for name, wire in hashed.items()}}
    return replace(request, params={**request.params, "ExpressionAttributeValues": values})


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
    if plan.consistent and not (isinstance(plan.access, Query) and plan.access.of_global_index):
        params["ConsistentRead"] = True
    if attributes is None:
        params["Select"] = "COUNT"
    else:
        params.update(placeholders.projection(attributes))
    return Pages((Request(request.operation, placeholders.into(params)),), condition is not True, renderer.exact)


def _partitions(query: Query, values: Bound) -> Iterator[Item]:
    """The hash attributes' values of each Query: every combination of what they may be, each once."""
    columns = _hash_columns(query)
    seen: set[str] = set()
    for choice in product(*(values_of(part, values) for part in query.hash)):
        hashed: Item = {}
        for value, column in zip(choice, columns, strict=True):
            wire = key_value(value, column, "partition")
            if wire is not None:
                hashed[column.name] = wire
        if len(hashed) == len(columns) and repr(hashed) not in seen:
            seen.add(repr(hashed))
            yield hashed


def _hash_columns(query: Query) -> list[Column]:
    return [part.columns[0] if isinstance(part, Membership) else part.column for part in query.hash]


def _fixed_range(query: Query, values: Bound) -> Item | None:
    """The range attributes that are given by equality, or ``None`` where no key can have one of the values."""
    fixed: Item = {}
    for part in query.range:
        if isinstance(part, Comparison) and part.op == "=":
            wire = key_value(values(part.operand), part.column, "sort")
            if wire is None:
                return None
            fixed[part.column.name] = wire
    return fixed


def _key_condition(marks: dict[str, str], fixed: Item, ranged: KeyRange, placeholders: Placeholders) -> str:
    parts = [f"{placeholders.name(name)} = {mark}" for name, mark in marks.items()]
    parts += [f"{placeholders.name(name)} = {placeholders.value(wire)}" for name, wire in fixed.items()]
    text = ranged.text(placeholders)
    return " AND ".join([*parts, *([text] if text else [])])
