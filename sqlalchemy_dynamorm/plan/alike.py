"""Names that differ in case alone, which SQLite takes for one: in its text and its tables they get other names."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy_dynamorm.plan.analysis import Analysis


def told_apart(analysis: Analysis) -> dict[str, str]:
    """The names of columns, labels and tables that SQLite would confuse, each with one that it does not."""
    spellings: dict[str, dict[str, None]] = {}
    for name in _names(analysis):
        spellings.setdefault(name.lower(), {})[name] = None
    return {
        name: f"{name} dynamorm_{number}"
        for alike in spellings.values()
        if len(alike) > 1
        for number, name in enumerate(alike)
    }


def _names(analysis: Analysis) -> Iterator[str]:
    for occurrence in analysis.occurrences:
        yield occurrence.called
        yield from occurrence.used
        yield from occurrence.measured
    for block in analysis.blocks:
        yield from block.labels
        for name, shape in block.common.items():
            yield name
            yield from (label for label, _ in shape)
        for source in block.sources:
            yield source.called
            yield from (label for label, _ in source.shape)
