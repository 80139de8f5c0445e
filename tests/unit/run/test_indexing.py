from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import (
    DatabaseError,
    DuplicateTable,
    Error,
    OperationalError,
    ProgrammingError,
    UndefinedIndex,
    UndefinedTable,
)
from sqlalchemy_dynamorm.plan.schema import Index, Kind
from sqlalchemy_dynamorm.run.indexing import NewIndex, OldIndex, OnTable, create_index, drop_index
from tests.scripted import Reply, done, failed, play
from tests.unit.run.describing import BY_NAME, GONE, described, index

USERS_TABLE = OnTable("users", "users")
LOCAL = Index("by_age", "by_age", ("id",), ("age",), local=True)


def making(new: Index, kinds: dict[str, Kind] | None = None, *, if_not_exists: bool = False) -> Any:
    return create_index(USERS_TABLE, NewIndex(new, kinds or {}, if_not_exists=if_not_exists))


def test_an_index_is_added_and_waited_for() -> None:
    played = done(making(BY_NAME), described(), described(), {}, described("ACTIVE", index()))
    assert played.operations == ["DescribeTable", "DescribeTable", "UpdateTable", "DescribeTable"]
    update = played.requests[2].params
    assert update["GlobalSecondaryIndexUpdates"][0]["Create"]["IndexName"] == "by_name"


def test_an_index_that_is_there_identical_is_fine() -> None:
    assert "UpdateTable" not in done(making(BY_NAME), *[described("ACTIVE", index())] * 2).operations
    error = failed(making(BY_NAME), *[described("ACTIVE", index(include="x"))] * 2)
    assert isinstance(error, DuplicateTable)


AGE = Index("by_age", "by_age", ("age",))


def test_the_type_of_a_new_key_comes_from_what_is_known_or_stored() -> None:
    known = done(making(AGE, {"age": Kind.INTEGER}), described(), described(), {}, described())
    assert known.requests[2].params["AttributeDefinitions"] == [{"AttributeName": "age", "AttributeType": "N"}]
    sample: Reply = {"Items": [{"age": {"N": "1"}}, {"age": {"N": "2"}}]}
    stored = done(making(AGE), described(), described(), sample, {}, described())
    assert stored.operations[2:4] == ["Scan", "UpdateTable"]
    error = failed(making(AGE), described(), described(), {"Items": []})
    assert isinstance(error, ProgrammingError)
    assert "dynamodb_types" in str(error)


def dropping(name: str, *, if_exists: bool = False) -> Any:
    return drop_index(USERS_TABLE, OldIndex(name, name, if_exists))


def test_an_index_is_dropped() -> None:
    there = described("ACTIVE", index())
    played = done(dropping("by_name"), there, there, {}, described())
    assert played.requests[2].params["GlobalSecondaryIndexUpdates"] == [{"Delete": {"IndexName": "by_name"}}]
    assert isinstance(failed(dropping("by_name"), *[described()] * 2), UndefinedIndex)
    done(dropping("by_name", if_exists=True), *[described()] * 2)


def test_a_local_index_lives_with_its_table() -> None:
    schema = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}]
    local = described(LocalSecondaryIndexes=[{"IndexName": "by_age", "KeySchema": schema}])
    errors: list[Error] = [failed(making(LOCAL), *[described()] * 2), failed(dropping("by_age"), *[local] * 2)]
    assert all(isinstance(error, DatabaseError) and "with its table" in str(error) for error in errors)


def test_an_index_needs_a_table() -> None:
    assert isinstance(failed(making(BY_NAME), GONE), UndefinedTable)
    assert isinstance(failed(dropping("by_name"), GONE), UndefinedTable)


def test_a_global_index_too_many_says_what_to_do() -> None:
    error = DatabaseError("GlobalSecondaryIndex count exceeds the per-table limit of 20", code="ValidationException")
    found = failed(making(BY_NAME), *[described()] * 2, error)
    assert isinstance(found, ProgrammingError)
    assert "ask AWS for a higher quota" in str(found)


@pytest.mark.parametrize(("there", "fine"), [("age", True), ("other", False)])
def test_an_index_that_another_run_has_made_meanwhile(there: str, fine: bool) -> None:
    replies = [
        *[described()] * 2,
        OperationalError("it is changing", code="ResourceInUseException"),
        DatabaseError("Index by_name already exists", code="ValidationException"),
        described("ACTIVE", index(include=there)),
    ]
    played = play(making(BY_NAME), *replies)
    assert (played.error is None) == fine
    assert played.operations.count("UpdateTable") == 2


def test_the_index_of_a_provisioned_table_has_capacity() -> None:
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    table = described(ProvisionedThroughput=units)
    played = done(making(BY_NAME), table, table, {}, table)
    (update,) = played.requests[2].params["GlobalSecondaryIndexUpdates"]
    assert update["Create"]["ProvisionedThroughput"] == units
    own = replace(BY_NAME, capacity=(1, 2), warm=(3, 4))
    (update,) = done(making(own), table, table, {}, table).requests[2].params["GlobalSecondaryIndexUpdates"]
    assert update["Create"]["ProvisionedThroughput"] == {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    assert update["Create"]["WarmThroughput"] == {"ReadUnitsPerSecond": 3, "WriteUnitsPerSecond": 4}
    error = failed(making(own), *[described()] * 2)
    assert "billed by request" in str(error)
