from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import (
    CheckViolation,
    ConditionFailed,
    NotNullViolation,
    UndefinedColumn,
    UndefinedTable,
    UniqueViolation,
    Unsupported,
)
from sqlalchemy_dynamorm.run.altering import Altering, alter_table
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.scripted import Reply, done, failed, play
from tests.unit.run.describing import GONE, described, index

KEPT: Reply = {
    "Item": {"definition": {"S": "CREATE TABLE users (id VARCHAR NOT NULL, name VARCHAR, PRIMARY KEY (id))"}}
}
NO_TTL: Reply = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}


def altering(changes: str, system: str | None = "system") -> Any:
    node = read(f"ALTER TABLE {changes}")
    assert isinstance(node, nodes.AlterTable)
    return alter_table(Altering(node, "users", "users", system))


def put(request: Any) -> str:
    return str(request.params["Item"]["definition"]["S"])


def test_what_is_declared_changes_if_it_is_still_what_was_read() -> None:
    played = done(altering("users ADD age INTEGER"), described(), KEPT, KEPT, ConditionFailed("no"), KEPT)
    assert played.operations == ["DescribeTable", "GetItem", "GetItem", "PutItem", "GetItem", "PutItem"]
    assert put(played.requests[-1]) == (
        "CREATE TABLE users (id VARCHAR NOT NULL, name VARCHAR, age INTEGER, PRIMARY KEY (id))"
    )


def test_what_is_so_already_is_not_written() -> None:
    assert done(altering("users ADD name VARCHAR"), described(), KEPT, KEPT).operations == [
        "DescribeTable",
        *["GetItem"] * 2,
    ]


def test_a_change_that_is_refused_leaves_all_as_it_is() -> None:
    error = failed(altering("users ADD age INTEGER, DROP nothing, SET (pitr='true')"), described(), KEPT)
    assert isinstance(error, UndefinedColumn)


def test_a_table_that_was_made_elsewhere_begins_to_be_declared() -> None:
    played = done(altering("users ADD age INTEGER"), described("ACTIVE", index()), {})
    assert put(played.requests[-1]) == (
        "CREATE TABLE users (id VARCHAR NOT NULL, name VARCHAR, age INTEGER, PRIMARY KEY (id), "
        """INDEX by_name (name, id) WITH (projection='INCLUDE', include='["age"]'))"""
    )
    without_system_table = done(altering("users ADD age INTEGER"), described(), GONE, GONE, GONE, {}, described(), {})
    assert without_system_table.operations == [
        *("DescribeTable", "GetItem", "PutItem", "DescribeTable", "CreateTable", "DescribeTable", "PutItem")
    ]


def test_a_missing_table() -> None:
    assert isinstance(failed(altering("users ADD age INTEGER"), GONE), UndefinedTable)
    done(altering("IF EXISTS users ADD age INTEGER"), GONE)


def test_without_a_system_table_options_can_change_and_columns_cannot() -> None:
    assert isinstance(failed(altering("users ADD age INTEGER", None), described()), Unsupported)
    played = done(altering("users SET (deletion_protection='true')", None), *[described()] * 2, {}, *[PROTECTED] * 2)
    assert "GetItem" not in played.operations


def test_rows_without_a_value_keep_a_column_from_being_not_null() -> None:
    some: Reply = {"Count": 0, "LastEvaluatedKey": {"id": {"S": "a"}}}
    for change in ("ADD age INTEGER NOT NULL", "ALTER name SET NOT NULL"):
        played = play(altering(f"users {change}"), described(), KEPT, some, {"Count": 1})
        assert isinstance(played.error, NotNullViolation)
        assert played.operations == ["DescribeTable", "GetItem", "Scan", "Scan"]
    full = done(altering("users ALTER name SET NOT NULL"), described(), KEPT, {"Count": 0}, KEPT)
    assert put(full.requests[-1]).startswith("CREATE TABLE users (id VARCHAR NOT NULL, name VARCHAR NOT NULL,")


def test_rows_with_the_same_values_keep_a_constraint_from_being_added() -> None:
    rows: Reply = {"Items": [{"id": {"S": id_}, "name": {"S": "ann"}} for id_ in ("a", "b")]}
    played = play(altering("users ADD CONSTRAINT uq UNIQUE (name)"), described(), KEPT, rows, {}, {})
    assert isinstance(played.error, UniqueViolation)
    assert "1 rows of 'users' have values" in str(played.error)
    assert {*played.operations} == {"DescribeTable", "GetItem", "Scan"}


def test_the_guards_are_there_before_the_constraint() -> None:
    rows: Reply = {"Items": [{"id": {"S": "a"}, "name": {"S": "ann"}}]}
    played = done(altering("users ADD UNIQUE (name)"), described(), KEPT, rows, {}, rows, {}, {}, KEPT)
    assert played.operations == [
        *("DescribeTable", "GetItem"),
        *("Scan", "GetItem"),  # nothing is written before all is looked at
        *("Scan", "GetItem", "PutItem"),
        *("GetItem", "PutItem"),
    ]
    assert "UNIQUE (name)" in put(played.requests[-1])


def test_rows_of_which_a_check_is_false_keep_it_from_being_added() -> None:
    pages: list[Reply] = [
        {"Items": [{"id": {"S": "a"}, "name": {"S": "x"}}, {"id": {"S": "b"}}], "LastEvaluatedKey": {"id": {"S": "b"}}},
        {"Items": [{"id": {"S": "c"}, "name": {"S": "y"}}, {"id": {"S": "d"}, "name": {"S": "xyz"}}]},
    ]
    for condition in ("length(name) > 2", "name = 'xyz'"):
        played = play(altering(f"users ADD CONSTRAINT ck CHECK ({condition})"), described(), KEPT, *pages)
        assert isinstance(played.error, CheckViolation)
        assert f"'ck' on 'users' ({condition}) is false of 2 of its rows, so it was not added" in str(played.error)
        assert played.operations == ["DescribeTable", "GetItem", "Scan", "Scan"]
        assert played.requests[2].params == {
            "TableName": "users",
            "ConsistentRead": True,
            "ProjectionExpression": "#0",
            "ExpressionAttributeNames": {"#0": "name"},
        }
        assert played.requests[3].params["ExclusiveStartKey"] == {"id": {"S": "b"}}


def test_a_check_that_holds_is_added_and_one_that_is_there_looks_at_nothing() -> None:
    played = done(altering("users ADD CONSTRAINT ck CHECK (name > 'a')"), described(), KEPT, {"Items": []}, KEPT)
    assert played.operations == ["DescribeTable", "GetItem", "Scan", "GetItem", "PutItem"]
    assert "CONSTRAINT ck CHECK (name > 'a')" in put(played.requests[-1])
    kept: Reply = {"Item": {"definition": {"S": put(played.requests[-1])}}}
    again = done(altering("users ADD CONSTRAINT ck CHECK (name > 'a')"), described(), kept, kept)
    assert again.operations == ["DescribeTable", "GetItem", "GetItem"]


def test_a_check_that_is_not_enforced_is_added_without_a_look(caplog: pytest.LogCaptureFixture) -> None:
    played = done(altering("users ADD CONSTRAINT altered CHECK (name ~ '^a')"), described(), KEPT, KEPT)
    assert played.operations == ["DescribeTable", "GetItem", "GetItem", "PutItem"]
    assert "'altered' on 'users' (name ~ '^a') is declared only, and not enforced" in caplog.text


PROTECTED = described(DeletionProtectionEnabled=True)


@pytest.mark.parametrize("change", ["ADD until TTL", "ALTER name TYPE TTL"])
def test_a_column_of_the_type_ttl_declares_the_tables(change: str) -> None:
    played = done(altering(f"users {change}"), described(), KEPT, {}, described(), NO_TTL)
    assert played.operations[-1] == "UpdateTimeToLive"
    assert played.requests[-1].params["TimeToLiveSpecification"]["Enabled"] is True


def test_the_ttl_follows_its_column() -> None:
    on: Reply = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "name"}}
    renamed = done(altering("users RENAME name TO until"), described(), KEPT, {}, on, described(), on)
    set_ = [request for request in renamed.requests if request.operation == "UpdateTimeToLive"]
    assert renamed.operations[-1] == "Scan"  # for the items that have the old name
    assert [request.params["TimeToLiveSpecification"] for request in set_] == [
        {"AttributeName": "name", "Enabled": False},
        {"AttributeName": "until", "Enabled": True},
    ]
    dropped = done(altering("users DROP name"), described(), KEPT, {}, on, described(), on)
    assert dropped.requests[-1].params["TimeToLiveSpecification"] == {"AttributeName": "name", "Enabled": False}


DISABLED = {"AttributeName": "name", "Enabled": False}


@pytest.mark.parametrize(("old", "new"), [("TTL", "DATETIME"), ("TTL", "INTEGER"), ("DATETIME", "DATETIME")])
def test_the_ttl_ends_where_its_column_has_another_type(old: str, new: str) -> None:
    """The last is what is run again after the type was declared and before the service heard of it."""
    on: Reply = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "name"}}
    kept: Reply = {"Item": {"definition": {"S": f"CREATE TABLE users (id VARCHAR, name {old}, PRIMARY KEY (id))"}}}
    changed = [kept, *([] if old == new else [{}])]
    played = done(altering(f"users ALTER name TYPE {new}"), described(), kept, *changed, on, described(), on)
    assert played.requests[-1].params["TimeToLiveSpecification"] == DISABLED


def test_the_ttl_of_a_number_stays_where_it_becomes_another_number() -> None:
    kept: Reply = {"Item": {"definition": {"S": "CREATE TABLE users (id VARCHAR, name INTEGER, PRIMARY KEY (id))"}}}
    played = done(altering("users ALTER name TYPE BIGINT"), described(), kept, kept, {})
    assert "DescribeTimeToLive" not in played.operations


def test_another_column_takes_over_the_ttl() -> None:
    on: Reply = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "name"}}
    kept: Reply = {"Item": {"definition": {"S": "CREATE TABLE users (id VARCHAR, name TTL, PRIMARY KEY (id))"}}}
    played = done(altering("users DROP name, ADD until TTL"), described(), kept, kept, {}, described(), on)
    set_ = [request for request in played.requests if request.operation == "UpdateTimeToLive"]
    assert [request.params["TimeToLiveSpecification"] for request in set_] == [
        DISABLED,
        {"AttributeName": "until", "Enabled": True},
    ]
