"""Expressions and conditions over places in JSON columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from tests.property.expressions import Element, Maker, Scope

PLACES: tuple[Any, ...] = ("n", "s", "f", "x", "é", ("l", 0), ("l", 1), ("d", "n"), ("d", "e", 0), "nowhere")
TEXTS = ("a", "ab", "é", "x", "", "1", "true", "nobody")
NUMBERS = (1, 2, 0, -1, 5)


def integer(make: Maker, scope: Scope) -> Element:
    """An integer at a place, or what SQL's CAST makes of what is there."""
    note = make.one_of(*scope.notes)
    found: Element = make.one_of(note["n"], note[("l", 0)], note[("d", "n")]).as_integer()
    return found


def text(make: Maker, scope: Scope) -> Element:
    """A text at a place."""
    note = make.one_of(*scope.notes)
    found: Element = make.one_of(note["s"], note["é"], note[("l", 1)]).as_string()
    return found


def decimal(make: Maker, scope: Scope) -> Element:
    """A number with a fraction at a place."""
    found: Element = make.one_of(*scope.notes)[make.one_of("x", "n")].as_numeric(10, 2)
    return found


def condition(make: Maker, scope: Scope) -> Element:
    """A condition on a place: what DynamoDB may be asked as a document path, or nearly."""
    place = make.one_of(*scope.notes)[make.one_of(*PLACES)]
    shape = make.one_of(_text, _number, _flag, _null, _cast)
    found: Element = shape(make, place)
    return sa.not_(found) if make.chance(4) else found


def _text(make: Maker, place: Any) -> Any:
    there, value = place.as_string(), make.one_of(*TEXTS)
    return make.one_of(
        there == value,
        there != value,
        there > value,
        there.in_([value, make.one_of(*TEXTS)]),
        there.startswith(value, autoescape=True),
        there.contains(value, autoescape=True),
        there.like(make.one_of("a%", "%b", "_", "%")),
        there.between("a", value),
        place == sa.type_coerce(value, sa.JSON()),
    )


def _number(make: Maker, place: Any) -> Any:
    there, value = make.one_of(place.as_integer(), place.as_float()), make.one_of(*NUMBERS)
    return make.one_of(
        there == value,
        there != value,
        there >= value,
        there < value,
        there.in_([value, 2]),
        there.between(value, 3),
        place == sa.type_coerce(value, sa.JSON()),
    )


def _flag(make: Maker, place: Any) -> Any:
    there = place.as_boolean()
    return make.one_of(there, there == sa.true(), there.is_(False), sa.not_(there))


def _null(make: Maker, place: Any) -> Any:
    there = make.one_of(place.as_string(), place.as_integer(), place)
    return make.one_of(there.is_(None), there.is_not(None))


def _cast(make: Maker, place: Any) -> Any:
    return make.one_of(
        sa.cast(place.as_string(), sa.Integer) == make.one_of(*NUMBERS),
        sa.cast(place.as_integer(), sa.String) == make.one_of(*TEXTS),
        sa.func.coalesce(place.as_string(), "none", type_=sa.String) == make.one_of(*TEXTS, "none"),
        sa.func.length(place.as_string()) > make.one_of(0, 1, 2),
    )
