from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy_dynamorm.errors import (
    ConditionFailed,
    DuplicateTable,
    OperationalError,
    SerializationError,
    UndefinedTable,
)
from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.declarations import alter, declaration, declare, reflected
from sqlalchemy_dynamorm.run.definitions import NewTable, create_table
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.scripted import Reply, done, failed, play

TEXT = "CREATE TABLE users (id VARCHAR NOT NULL, PRIMARY KEY (id))"
KEPT: Reply = {"Item": {"id": {"S": "table#users"}, "definition": {"S": TEXT}}}
DESCRIBED: dict[str, Any] = {
    "TableName": "users",
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}
IN_USE = OperationalError("it is there", code="ResourceInUseException")
GONE = UndefinedTable("no")


def node(text: str = TEXT) -> nodes.CreateTable:
    found = read(text)
    assert isinstance(found, nodes.CreateTable)
    return found


def commented(table: nodes.CreateTable) -> nodes.CreateTable:
    return replace(table, comment="c")


def test_a_declaration_is_kept_as_text_and_read_back() -> None:
    played = done(declare("system", "users", node()))
    assert played.only["Item"] == {"id": {"S": "table#users"}, "definition": {"S": TEXT}}
    assert played.only["ConditionExpression"] == "attribute_not_exists(#0)"
    assert done(declaration("system", "users"), KEPT).result == node()
    assert done(declare("system", "users", node()), ConditionFailed("no"), KEPT).result == node()


def test_nothing_is_declared_without_a_system_table() -> None:
    assert done(declaration(None, "users")).operations == []
    assert done(declaration("system", "users"), GONE).result is None
    assert done(alter(None, "users", commented)).result is False
    assert done(alter("system", "users", commented), {}).result is False


def test_a_change_is_written_on_condition_that_nobody_else_changed_it() -> None:
    played = done(alter("system", "users", commented), KEPT, ConditionFailed("no"), KEPT, {})
    assert played.operations == ["GetItem", "PutItem"] * 2
    assert played.requests[-1].params["ExpressionAttributeValues"] == {":0": {"S": TEXT}}
    assert played.requests[-1].params["Item"]["definition"] == {"S": f"{TEXT} COMMENT 'c'"}
    error = failed(alter("system", "users", commented), *[KEPT, ConditionFailed("no")] * 10)
    assert isinstance(error, SerializationError)


def test_a_table_is_reflected_from_both_at_once() -> None:
    played = done(reflected("system", "users", "users"), {"Table": DESCRIBED}, KEPT)
    assert len(played.asked) == 1
    assert played.result.declared == node()
    assert done(reflected("system", "users", "users"), {"Table": DESCRIBED}, GONE).result.declared is None
    assert done(reflected(None, "users", "users"), {"Table": DESCRIBED}).result.declared is None
    assert isinstance(failed(reflected("system", "users", "users"), GONE, KEPT), UndefinedTable)


class TestCreateTable:
    def making(self, text: str = TEXT) -> Any:
        return create_table(NewTable(table_of(node(text), "."), node(text)), Counters("system"))

    def test_the_declaration_comes_first_and_the_system_table_before_it(self) -> None:
        active: Reply = {"Table": DESCRIBED}
        played = done(self.making(), GONE, GONE, {}, active, {}, {}, active)
        assert played.operations == [
            *("PutItem", "DescribeTable", "CreateTable", "DescribeTable"),
            *("PutItem", "CreateTable", "DescribeTable"),
        ]

    def test_a_table_that_is_there_as_declared_is_fine_and_otherwise_is_not(self) -> None:
        active: Reply = {"Table": DESCRIBED}
        done(self.making(), ConditionFailed("no"), KEPT, IN_USE, active, active)
        other = "CREATE TABLE users (id VARCHAR NOT NULL, age INTEGER, PRIMARY KEY (id))"
        error = failed(self.making(other), ConditionFailed("no"), KEPT, IN_USE, active)
        assert isinstance(error, DuplicateTable)
        assert "the column age" in str(error)

    def test_a_declaration_whose_table_is_gone_is_replaced(self) -> None:
        played = done(self.making(), ConditionFailed("no"), KEPT, {}, {}, {"Table": DESCRIBED})
        assert played.operations == ["PutItem", "GetItem", "CreateTable", "PutItem", "DescribeTable"]

    def test_what_was_declared_is_taken_back_where_the_table_is_refused(self) -> None:
        played = play(self.making(), {}, OperationalError("no", code="ValidationException"))
        assert played.operations == ["PutItem", "CreateTable", "DeleteItem"]
