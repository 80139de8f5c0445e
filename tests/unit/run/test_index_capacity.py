from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedIndex, UndefinedTable, Unsupported
from sqlalchemy_dynamorm.plan.definitions import units_set
from sqlalchemy_dynamorm.run.index_capacity import IndexChange, alter_index
from sqlalchemy_dynamorm.run.indexing import OnTable
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.scripted import done, failed

ON = OnTable("t", "t")


def change(options: str = "read_capacity=5, write_capacity=6", if_exists: str = "") -> IndexChange:
    node = read(f"ALTER INDEX {if_exists} ix ON t SET ({options})")
    assert isinstance(node, nodes.AlterIndex)
    return IndexChange(node, "ix", *units_set(node))


def table(read: int = 1, write: int = 1, *, local: bool = False, **more: Any) -> dict[str, Any]:
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    index = {"IndexName": "ix", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}, **more}
    index["ProvisionedThroughput"] = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    found = {
        "TableName": "t",
        "KeySchema": keys,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    return {"Table": {**found, "LocalSecondaryIndexes" if local else "GlobalSecondaryIndexes": [index]}}


def test_only_what_differs_is_sent_and_waited_for() -> None:
    played = done(alter_index(ON, change()), table(), table(), {}, table(5, 6))
    assert played.operations == ["DescribeTable", "DescribeTable", "UpdateTable", "DescribeTable"]
    assert played.requests[2].params["GlobalSecondaryIndexUpdates"] == [
        {"Update": {"IndexName": "ix", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}}
    ]
    assert "UpdateTable" not in done(alter_index(ON, change()), table(5, 6), table(5, 6)).operations


def test_what_it_serves_at_once_is_raised() -> None:
    wanted = change("""warm_throughput='{"read": 13000, "write": 5000}'""")
    there = table(WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000})
    played = done(alter_index(ON, wanted), table(), table(), {}, there)
    (update,) = played.requests[2].params["GlobalSecondaryIndexUpdates"]
    assert update["Update"]["WarmThroughput"] == {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000}
    assert len(done(alter_index(ON, wanted), there, there).operations) == 2


def test_a_server_that_does_not_do_it_is_named() -> None:
    assert isinstance(failed(alter_index(ON, change()), table(), table(), {}, table()), Unsupported)


def test_what_cannot_be_is_refused() -> None:
    assert isinstance(failed(alter_index(ON, change()), UndefinedTable("gone")), UndefinedTable)
    local = table(local=True)
    assert "served by its table" in str(failed(alter_index(ON, change()), local, local))
    by_request = {"Table": {**table()["Table"], "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}}
    assert isinstance(failed(alter_index(ON, change()), by_request, by_request), ProgrammingError)
    none = {"Table": {**table()["Table"], "GlobalSecondaryIndexes": []}}
    assert isinstance(failed(alter_index(ON, change()), none, none), UndefinedIndex)
    done(alter_index(ON, change(if_exists="IF EXISTS")), none, none)


@pytest.mark.parametrize("options", ["read_capacity=5", "read_capacity=0, write_capacity=1", "warm_throughput=5"])
def test_a_value_that_is_none_is_refused(options: str) -> None:
    with pytest.raises(ProgrammingError):
        change(options)


def test_what_an_index_is_made_with_stays() -> None:
    with pytest.raises(Unsupported, match="another name"):
        change("projection='ALL'")
