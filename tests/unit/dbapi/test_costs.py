"""A statement that names a key costs the same calls, however many items the table has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.client.settings import settings
from sqlalchemy_dynamorm.dbapi import Statement, connect
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.run.request import Request

READINGS = Table(
    "readings",
    "readings",
    (
        Column("sensor", Kind.INTEGER, nullable=False),
        Column("at", Kind.INTEGER, nullable=False),
        Column("place", Kind.INTEGER, nullable=False),
        Column("value", Kind.INTEGER),
    ),
    "sensor",
    "at",
    indexes=(Index("by_place", "by_place", ("place",)),),
)
PAGE = 1000
"""Items that the service evaluates a page."""


class Sensors(Client):
    """A service with so many readings, ten of each sensor and in each place, made as they are asked for.

    :ivar evaluated: items it had to look at, which is what it bills.
    :ivar sent: items in its answers.
    """

    def __init__(self, readings: int) -> None:
        super().__init__(settings({}))
        self._readings = readings
        self.calls: list[str] = []
        self.evaluated = self.sent = 0

    def _client(self) -> None:
        """Nothing is sent, so there is none."""

    def _once(self, request: Request) -> bytes:
        self.calls.append(request.operation)
        return json.dumps(getattr(self, request.operation)(request.params)).encode()

    def _item(self, number: int) -> dict[str, Any]:
        numbers = {"sensor": number // 10, "at": number % 10, "place": number // 10, "value": number}
        return {name: {"N": str(value)} for name, value in numbers.items()}

    def _number(self, key: dict[str, Any]) -> int:
        return int(key["sensor"]["N"]) * 10 + int(key["at"]["N"])

    def _page(self, numbers: range, params: dict[str, Any]) -> dict[str, Any]:
        start = params.get("ExclusiveStartKey")
        numbers = numbers if start is None else range(self._number(start) + 1, numbers.stop)
        page = numbers[: params.get("Limit", PAGE)]
        self.evaluated += len(page)
        more = {"LastEvaluatedKey": self._item(page[-1])} if len(page) < len(numbers) else {}
        if params.get("Select") == "COUNT":
            return {"Count": len(page), **more}
        self.sent += len(page)
        return {"Items": [self._item(number) for number in page], "Count": len(page), **more}

    def GetItem(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the operation's name
        self.evaluated += 1
        self.sent += 1
        return {"Item": self._item(self._number(params["Key"]))}

    def BatchGetItem(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        keys = params["RequestItems"]["readings"]["Keys"]
        self.evaluated += len(keys)
        self.sent += len(keys)
        return {"Responses": {"readings": [self._item(self._number(key)) for key in keys]}}

    def Query(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        first = int(params["ExpressionAttributeValues"][":0"]["N"]) * 10
        return self._page(range(first, first + 10), params)

    def Scan(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._page(range(self._readings), params)


def cost(text: str, readings: int) -> tuple[list[str], int, int, int]:
    """The calls of a statement, the items evaluated and sent, and the rows."""
    client = Sensors(readings)
    found = connect(client).cursor().execute(Statement(text, {(None, "readings"): READINGS})).fetchall()
    return client.calls, client.evaluated, client.sent, len(found)


@pytest.mark.parametrize(
    ("where", "calls", "rows"),
    [
        ("sensor = 3 AND at = 2", ["GetItem"], 1),
        ("sensor = 3 AND at IN (1, 2, 5)", ["BatchGetItem"], 3),
        ("sensor = 3", ["Query"], 10),
        ("sensor IN (3, 4)", ["Query", "Query"], 20),
        ("place = 7", ["Query"], 10),
        ("sensor = 3 ORDER BY value", ["Query"], 10),
        ("sensor = 3 LIMIT 4", ["Query"], 4),
    ],
)
def test_what_a_key_finds_costs_the_same_in_a_large_table(where: str, calls: list[str], rows: int) -> None:
    text = f"SELECT value FROM readings WHERE {where}"
    assert cost(text, 100) == cost(text, 100_000) == (calls, rows, rows, rows)


def test_a_join_by_keys_costs_the_same_in_a_large_table() -> None:
    text = (
        "SELECT a.value, b.value FROM readings AS a JOIN readings AS b ON b.sensor = a.place AND b.at = a.at "
        "WHERE a.sensor = 3"
    )
    assert cost(text, 100) == cost(text, 100_000) == (["Query", "BatchGetItem"], 20, 20, 10)


def test_a_count_transfers_no_items() -> None:
    assert cost("SELECT count(*) FROM readings WHERE sensor = 3", 100_000) == (["Query"], 10, 0, 1)
    calls, evaluated, sent, rows = cost("SELECT count(*) FROM readings", 100_000)
    assert (len(calls), evaluated, sent, rows) == (100, 100_000, 0, 1)


def test_a_limit_stops_the_reading() -> None:
    assert cost("SELECT value FROM readings LIMIT 5", 100_000) == (["Scan"], 5, 5, 5)
