"""The rows: about 28,000 airports from the package ``airportsdata``."""

from __future__ import annotations

from typing import Any

import airportsdata

COLUMNS = "icao iata name city country elevation lat lon tz".split()

Row = dict[str, Any]


def airports(limit: int | None = None) -> list[Row]:
    """The airports; with a limit, those that the steps ask for come first."""
    rows = [_row(found) for found in airportsdata.load("ICAO").values()]
    rows.sort(key=lambda row: (row["country"] != "IS", row["city"] != "London"))
    return rows[:limit]


def _row(found: Any) -> Row:
    # The data says "" where it knows nothing. That is NULL, and DynamoDB takes no empty string in an indexed column.
    return {name: None if found[name] == "" else found[name] for name in COLUMNS}
