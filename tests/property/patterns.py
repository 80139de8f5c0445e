"""LIKE and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from tests.property.expressions import Element, Maker, Scope

PATTERNS = ("a%", "%", "%a", "%b%", "a_c", "_", "", "A%", "é%", "日%", "/%", "%/_%", "ab", "//", "_%_", "a//%")
PIECES = ("a", "", "b", "_", "%", "/", "é", "a'", "日", "%_/")


def condition(make: Maker, scope: Scope) -> Element:
    """A text is like a pattern, begins with, ends with or holds a text, in any case or in that."""
    text: Any = make.expression("text", scope)
    shape = make.one_of(_pattern, _piece, _folded, _column)
    found: Element = shape(make, text, scope)
    return sa.not_(found) if make.chance(4) else found


def _pattern(make: Maker, text: Any, scope: Scope) -> Any:
    pattern = make.one_of(*PATTERNS)
    escape = make.one_of("/", "\\", None)
    return make.one_of(text.like, text.not_like, text.ilike, text.not_ilike)(pattern, escape=escape)


def _piece(make: Maker, text: Any, scope: Scope) -> Any:
    how = make.one_of(text.startswith, text.contains, text.endswith)
    escape = {"escape": make.one_of("#", "^")} if make.chance(3) else {}
    return how(make.one_of(*PIECES), autoescape=True, **escape)


def _folded(make: Maker, text: Any, scope: Scope) -> Any:
    return make.one_of(text.istartswith, text.icontains, text.iendswith)(
        make.one_of("A", "b", "É", "_"), autoescape=True
    )


def _column(make: Maker, text: Any, scope: Scope) -> Any:
    return make.one_of(text.startswith, text.contains, text.like)(make.column("text", scope))
