from __future__ import annotations

from sqlalchemy_dynamorm.run.pace import Pace, pace_of
from tests.scripted import done

ITEM = {"id": {"S": "x" * 2046}}  # 2 KB with its name


def test_the_share_is_of_what_is_provisioned_or_warm() -> None:
    provisioned = {"ProvisionedThroughput": {"ReadCapacityUnits": 100, "WriteCapacityUnits": 10}}
    found = pace_of(provisioned, 0.5)
    assert (found.reads, found.writes) == (50, 5)
    warm = {"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 9000}
    by_request = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
    found = pace_of({**by_request, "WarmThroughput": warm}, 0.25)
    assert (found.reads, found.writes) == (5000, 1000)  # the new table is not as warm
    assert pace_of(by_request, 1).reads == 12000
    assert done(pace_of(provisioned, None).written([ITEM] * 100)).pauses == []


def test_what_the_work_takes_counts() -> None:
    now = 0.0
    pace = Pace(reads=1, writes=2, clock=lambda: now)
    assert done(pace.written([ITEM] * 2)).pauses == [2]  # 4 units
    now = 3.0
    assert done(pace.read([ITEM] * 4)).pauses == [1]  # 2 units were due since 2
    now = 60.0
    assert done(pace.written([ITEM])).pauses == []
    assert done(pace.written([ITEM])).pauses == [1]
