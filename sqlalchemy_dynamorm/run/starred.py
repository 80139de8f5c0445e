"""``SELECT *`` of a table that nobody declared: the columns are what the items have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy_dynamorm.plan.schema import REST
from sqlalchemy_dynamorm.plan.steps import Field, ReadPlan

Row = tuple[Any, ...]


def spread(plan: ReadPlan, rows: Sequence[Row]) -> tuple[tuple[str, ...], list[Row]]:
    """The names of the result columns and its rows, with what the items have in the place of the rest.

    Names come in the order in which they are first seen; an item without one has ``None`` there.
    """
    projection, table = plan.projection, plan.table
    assert table is not None
    rest = Field(projection.fields.index(REST))
    places = [place for place, output in enumerate(projection.outputs) if output == rest]
    found = dict.fromkeys(name for row in rows for name in row[places[0]] if name not in table.by_name)
    labels: list[str] = []
    for place, label in enumerate(projection.labels):
        labels.extend(found if place in places else [label])
    return tuple(labels), [_spread(row, places, found) for row in rows]


def _spread(row: Row, places: Sequence[int], names: dict[str, None]) -> Row:
    values: list[Any] = []
    for place, value in enumerate(row):
        values.extend([value.get(name) for name in names] if place in places else [value])
    return tuple(values)
