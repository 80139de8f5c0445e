"""The meter of a statement's calls."""

from __future__ import annotations

from sqlalchemy_dynamorm.client.capacity import Meter
from sqlalchemy_dynamorm.run.request import Request

QUERY = Request("Query", {"TableName": "users"})
BATCH = Request("BatchGetItem", {"RequestItems": {}})


def test_only_what_can_say_it_is_asked() -> None:
    describe = Request("DescribeTable", {"TableName": "users"})
    meter = Meter()
    assert meter.asking(describe) is describe
    assert meter.asking(QUERY).params == {"TableName": "users", "ReturnConsumedCapacity": "TOTAL"}
    meter.count(describe, b"{}")
    assert meter.units == 0.0


def test_the_units_of_calls_and_of_tables_are_added() -> None:
    meter = Meter()
    meter.count(QUERY, b'{"ConsumedCapacity": {"TableName": "users", "CapacityUnits": 0.5}}')
    meter.count(BATCH, b'{"ConsumedCapacity": [{"CapacityUnits": 1.0}, {"CapacityUnits": 2}]}')
    assert meter.units == 3.5


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    meter = Meter()
    meter.count(BATCH, b"{}")
    meter.count(QUERY, b'{"ConsumedCapacity": {"CapacityUnits": 0.5}}')
    assert meter.units is None
