"""Expressions over dates and times: SQLite's functions whose results are its own here too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from tests.property.expressions import Element, Maker, Scope, What

_PARTS = ("year", "month", "day", "doy", "dow")
_TIME_PARTS = ("hour", "minute", "second")
_FORMS = ("%Y-%m", "%d", "%j", "%w", "%Y%m%d")
_TIME_FORMS = ("%H:%M", "%S", "%Y-%m-%d %H:%M:%S", "%s")
_CHANGES = ("+1 day", "-1 month", "start of month", "+1 year", "weekday 0")


def _of(make: Maker, scope: Scope) -> tuple[What, Element]:
    what: What = make.one_of("day", "moment")
    return what, make.expression(what, scope, 0)


def integer(make: Maker, scope: Scope) -> Element:
    """A part of a date."""
    what, of = _of(make, scope)
    found: Element = sa.extract(make.one_of(*_PARTS, *(_TIME_PARTS if what == "moment" else ())), of)
    return found


def text(make: Maker, scope: Scope) -> Element:
    """A date, or a part of it, as text."""
    what, of = _of(make, scope)
    form = make.one_of(*_FORMS, *(_TIME_FORMS if what == "moment" else ()))
    found: Element = make.one_of(
        sa.func.strftime(form, of, type_=sa.String), sa.func.date(of, make.one_of(*_CHANGES), type_=sa.String)
    )
    return found


def day(make: Maker, scope: Scope) -> Element:
    """A date that is computed."""
    _, of = _of(make, scope)
    changes = [make.one_of(*_CHANGES)] if make.chance(2) else []
    return sa.func.date(of, *changes, type_=sa.Date())


def number(make: Maker, scope: Scope) -> Element:
    """Days between two dates."""
    one, other = make.expression("day", scope, 0), make.expression("day", scope, 0)
    return sa.cast(sa.func.julianday(one, type_=sa.Float) - sa.func.julianday(other, type_=sa.Float), sa.Integer)
