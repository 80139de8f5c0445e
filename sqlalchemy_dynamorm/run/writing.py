"""One action on one item as a request: what it does, on which condition, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Predicate, columns_of
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.bind import Bound
from sqlalchemy_dynamorm.run.edits import Edits
from sqlalchemy_dynamorm.run.expiry import present as present_second
from sqlalchemy_dynamorm.run.expressions import Placeholders, Renderer
from sqlalchemy_dynamorm.run.values import Item, WireValue


class ImageNeeded(Exception):
    """The item must be read before it can be said how it is changed."""


@dataclass(frozen=True, slots=True)
class Check:
    """A WHERE to be repeated as a condition, with its values.

    :ivar constraint: it is no WHERE, but what a CHECK constraint says of the row before it is changed.
    """

    where: Predicate
    values: Bound
    constraint: bool = False


def absent(table: Table, placeholders: Placeholders) -> str:
    """The condition that no item has the key, or one that has expired, where the table hides such."""
    nothing = f"attribute_not_exists({placeholders.name(table.partition)})"
    if table.expires is None:
        return nothing
    return f"({nothing} OR {placeholders.name(table.expires.name)} <= {placeholders.value(present_second())})"


def there(table: Table, placeholders: Placeholders) -> str:
    """The condition that an item has the key, and has not expired, where the table hides such."""
    found = present(table, placeholders)
    if table.expires is None:
        return found
    name, now = placeholders.name(table.expires.name), placeholders.value(present_second())
    return f"{found} AND (attribute_not_exists({name}) OR {name} > {now})"


def present(table: Table, placeholders: Placeholders) -> str:
    """The condition that an item has the key."""
    return f"attribute_exists({placeholders.name(table.partition)})"


def checked(
    table: Table,
    checks: tuple[Check, ...],
    placeholders: Placeholders,
    before: Item | None = None,
    pins: frozenset[str] = frozenset(),
) -> str | None:
    """The condition that the item exists and each check holds; ``None`` where a check can never hold.

    :param pins: attributes that must still be what they are in ``before``.

    What an expression cannot say is replaced by pinning the columns it reads to the image it was judged on.

    :raises ImageNeeded: that is needed, and there is no image.
    """
    parts = [present(table, placeholders)]
    for check in checks:
        if check.where == ALWAYS:
            continue
        renderer = Renderer(placeholders, check.values)
        text = renderer.conjunct(check.where)
        if text is False:
            return None
        if not renderer.exact:
            pins |= _read_by(check.where, before)
        elif isinstance(text, str):
            parts.append(text)
    parts.extend(unchanged(name, (before or {}).get(name), placeholders) for name in sorted(pins))
    return " AND ".join(parts)


def _read_by(where: Predicate, before: Item | None) -> frozenset[str]:
    if before is None:
        raise ImageNeeded
    return frozenset(column.name for column in columns_of(where))


def unchanged(attribute: str, wire: WireValue | None, placeholders: Placeholders) -> str:
    """The condition that an attribute is still what was read."""
    name = placeholders.name(attribute)
    return f"attribute_not_exists({name})" if wire is None else f"{name} = {placeholders.value(wire)}"


def copied(table: Table, image: Item) -> frozenset[str]:
    """What a moved item takes along: every attribute it has, and every column that it might have been given since."""
    return (frozenset(image) | {column.name for column in table.columns}) - {*table.key}


def put(table: Table, item: Item, condition: str, placeholders: Placeholders) -> dict[str, Any]:
    """The parameters of a conditional put, of PutItem and of TransactWriteItems alike."""
    params: dict[str, Any] = {"TableName": table.physical, "Item": item, "ConditionExpression": condition}
    return placeholders.into(params)


def update(table: Table, key: Item, edits: Edits, condition: str | None, placeholders: Placeholders) -> dict[str, Any]:
    """The parameters of an update, conditional or not; what is done must also fit the stored values."""
    params: dict[str, Any] = {"TableName": table.physical, "Key": key}
    if edits:
        params["UpdateExpression"] = _update_expression(edits, placeholders)
    fitting = [edit.condition(placeholders.name(name), placeholders) for name, edit in edits.items()]
    conditions = [text for text in (condition, *fitting) if text is not None]
    if conditions:
        params["ConditionExpression"] = " AND ".join(conditions)
    return placeholders.into(params)


def _update_expression(edits: Edits, placeholders: Placeholders) -> str:
    clauses: dict[str, list[str]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
    for name, edit in edits.items():
        for verb, action in edit.actions(placeholders.name(name), placeholders):
            clauses[verb].append(action)
    return " ".join(f"{verb} {', '.join(actions)}" for verb, actions in clauses.items() if actions)


def delete(table: Table, key: Item, condition: str | None, placeholders: Placeholders) -> dict[str, Any]:
    """The parameters of a delete, conditional or not."""
    params: dict[str, Any] = {"TableName": table.physical, "Key": key}
    if condition is not None:
        params["ConditionExpression"] = condition
    return placeholders.into(params)


def condition_check(table: Table, key: Item, condition: str, placeholders: Placeholders) -> dict[str, Any]:
    """The parameters of a ConditionCheck."""
    return placeholders.into({"TableName": table.physical, "Key": key, "ConditionExpression": condition})
