from __future__ import annotations

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
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from sqlalchemy_dynamorm.run.definitions import NewIndex, create_index, create_table, drop_index, drop_table
from sqlalchemy_dynamorm.run.description import parse
from sqlalchemy_dynamorm.run.system import Counters
from tests.scripted import Reply, done, failed

ID, NAME = Column("id", Kind.STRING, nullable=False), Column("name", Kind.STRING)
BY_NAME = Index("by_name", "by_name", ("name",), ("id",), "INCLUDE", ("age",))
LOCAL = Index("by_age", "by_age", ("id",), ("age",), local=True)
USERS = Table("users", "users", (ID, NAME, Column("age", Kind.INTEGER)), "id", None, (BY_NAME,))
NOBODY = Counters(None)
IN_USE = OperationalError("it is there", code="ResourceInUseException")
GONE = UndefinedTable("no")


def described(status: str = "ACTIVE", *indexes: dict[str, Any], key: str = "S", **more: Any) -> Reply:
    return {
        "Table": {
            "TableName": "users",
            "TableStatus": status,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": key},
                {"AttributeName": "name", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": list(indexes),
            **more,
        }
    }


def index(status: str = "ACTIVE", include: str = "age") -> dict[str, Any]:
    schema = [{"AttributeName": "name", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": [include]}
    return {"IndexName": "by_name", "IndexStatus": status, "KeySchema": schema, "Projection": projection}


def test_a_table_is_made_with_its_indexes_and_waited_for() -> None:
    making = create_table(USERS, NOBODY, if_not_exists=False)
    played = done(
        making, {}, described("CREATING"), described("ACTIVE", index("CREATING")), described("ACTIVE", index())
    )
    assert played.operations == ["CreateTable", *["DescribeTable"] * 3]
    assert len(played.pauses) == 2
    params = played.requests[0].params
    assert params["BillingMode"] == "PAY_PER_REQUEST"
    # Attributes that are no key are not defined: the service refuses that.
    assert [entry["AttributeName"] for entry in params["AttributeDefinitions"]] == ["id", "name"]
    (made,) = params["GlobalSecondaryIndexes"]
    assert made["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["age"]}


def test_a_table_that_is_there_identical_is_fine() -> None:
    done(create_table(USERS, NOBODY, if_not_exists=False), IN_USE, *[described("ACTIVE", index())] * 2)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (described("ACTIVE", index(), key="N"), "with another key"),
        (described(), "without these indexes as declared: by_name"),
        (described("ACTIVE", index(include="other")), "by_name"),
    ],
)
def test_a_table_that_is_there_otherwise_is_an_error(found: Reply, says: str) -> None:
    error = failed(create_table(USERS, NOBODY, if_not_exists=False), IN_USE, found)
    assert isinstance(error, DuplicateTable)
    assert says in str(error)
    done(create_table(USERS, NOBODY, if_not_exists=True), IN_USE, found, found)


def test_a_table_is_dropped_with_its_counter() -> None:
    played = done(drop_table("users", "users", Counters("system"), if_exists=False), {}, described("DELETING"), GONE)
    assert played.operations == ["DeleteTable", "DescribeTable", "DescribeTable", *["DeleteItem"] * 2]
    assert [request.params["Key"] for request in played.requests[-2:]] == [
        {"id": {"S": "counter#users"}},
        {"id": {"S": "table#users"}},
    ]
    assert isinstance(failed(drop_table("users", "users", NOBODY, if_exists=False), GONE), UndefinedTable)
    done(drop_table("users", "users", NOBODY, if_exists=True), GONE)


def making(new: Index, kinds: dict[str, Kind] | None = None, *, if_not_exists: bool = False) -> Any:
    return create_index("users", "users", NewIndex(new, kinds or {}), if_not_exists=if_not_exists)


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
    return drop_index("users", "users", name, name, if_exists=if_exists)


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


def test_a_description_leaves_out_what_is_not_ready() -> None:
    reply = described("ACTIVE", index("CREATING"))
    assert isinstance(reply, dict)
    found = parse(reply["Table"], "users")
    assert (found.key, found.indexes, found.declared) == (("id",), (), False)
    assert found.by_name["id"].nullable is False
    ready = described("ACTIVE", index("UPDATING"))
    assert isinstance(ready, dict)
    assert parse(ready["Table"], "users").indexes == (BY_NAME,)
