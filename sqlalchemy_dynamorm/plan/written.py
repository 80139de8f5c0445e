"""A statement as it was written, beside what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Written:
    """A statement's text.

    :ivar lists: the parameters that are lists.
    :ivar hints: the index to read a table by, by schema and name.
    """

    text: str
    lists: frozenset[str] = frozenset()
    hints: Mapping[tuple[str | None, str], str] = field(default_factory=dict)
