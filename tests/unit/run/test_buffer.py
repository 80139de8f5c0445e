from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DuplicateKey
from sqlalchemy_dynamorm.plan.predicates import ALWAYS, Comparison
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.assignments import Done
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.edits import Add, Assign, Fill
from sqlalchemy_dynamorm.run.images import Image
from sqlalchemy_dynamorm.run.values import Item
from sqlalchemy_dynamorm.run.writing import Check
from sqlalchemy_dynamorm.sql.nodes import Literal

A, B = Column("a", Kind.INTEGER), Column("b", Kind.INTEGER)
USERS = Table("users", "users", (Column("id", Kind.STRING, nullable=False), A, B), "id")
STORED: Item = {"id": {"S": "1"}, "a": {"N": "1"}, "b": {"N": "1"}}
KEY = {"id": {"S": "1"}}
NO_CHECK = Check(ALWAYS, bound({}))
A_IS_1 = Check(Comparison(A, "=", Literal(1)), bound({}))
B_IS_1 = Check(Comparison(B, "=", Literal(1)), bound({}))


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def given(values: dict[str, Any]) -> Done:
    return Done({name: Assign(wire) for name, wire in values.items()})


def only(buffer: Buffer) -> tuple[str, dict[str, Any]]:
    (entry,) = buffer.entries.values()
    kind, params = entry.action()
    return kind, params


def condition(buffer: Buffer) -> str | None:
    """The condition, with names and values in it."""
    _, params = only(buffer)
    text: str | None = params.get("ConditionExpression")
    for short, name in params.get("ExpressionAttributeNames", {}).items():
        text = text and text.replace(short, name)
    for short, value in params.get("ExpressionAttributeValues", {}).items():
        text = text and text.replace(short, next(iter(value.values())))
    return text


def test_an_insert_expects_no_item() -> None:
    buffer = Buffer()
    buffer.insert(USERS, STORED)
    assert only(buffer)[0] == "Put"
    assert condition(buffer) == "attribute_not_exists(id)"
    with pytest.raises(DuplicateKey, match="primary key"):
        buffer.insert(USERS, STORED)


def test_insert_then_update_is_a_put_of_the_new_image() -> None:
    buffer = Buffer()
    buffer.insert(USERS, STORED)
    after = buffer.update(USERS, Image(STORED), given({"a": None, "b": number(2)}), A_IS_1)
    assert after == {"id": {"S": "1"}, "b": number(2)}
    kind, params = only(buffer)
    assert (kind, params["Item"]) == ("Put", {"id": {"S": "1"}, "b": number(2)})
    assert condition(buffer) == "attribute_not_exists(id)"


def test_insert_then_delete_checks_that_there_is_none() -> None:
    buffer = Buffer()
    buffer.insert(USERS, STORED)
    buffer.delete(USERS, Image(STORED), NO_CHECK)
    assert (only(buffer)[0], condition(buffer)) == ("ConditionCheck", "attribute_not_exists(id)")


def test_two_updates_are_one_with_the_conditions_of_both() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), given({"a": number(2)}), A_IS_1)
    buffer.update(USERS, Image(after), given({"a": number(3)}), B_IS_1)
    kind, params = only(buffer)
    assert (kind, params["UpdateExpression"].split()[0]) == ("Update", "SET")
    assert condition(buffer) == "attribute_exists(id) AND a = 1 AND b = 1"


def test_a_condition_on_what_was_set_here_is_not_asked_of_the_stored_item() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), given({"a": number(2)}), NO_CHECK)
    buffer.delete(USERS, Image(after), Check(Comparison(A, "=", Literal(2)), bound({})))
    assert only(buffer)[0] == "Delete"
    assert "a = 2" not in (condition(buffer) or "")


def test_update_then_delete_keeps_the_first_condition() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), given({"b": number(2)}), A_IS_1)
    buffer.delete(USERS, Image(after), NO_CHECK)
    assert (only(buffer)[0], condition(buffer)) == ("Delete", "attribute_exists(id) AND a = 1")


def test_a_delete_by_key_alone_has_no_condition() -> None:
    buffer = Buffer()
    buffer.delete(USERS, Image(STORED), NO_CHECK)
    assert only(buffer) == ("Delete", {"TableName": "users", "Key": KEY})


def test_delete_then_insert_is_a_put_in_its_place() -> None:
    buffer = Buffer()
    buffer.delete(USERS, Image(STORED), A_IS_1)
    buffer.insert(USERS, {**KEY, "b": number(7)})
    assert (only(buffer)[0], condition(buffer)) == ("Put", "attribute_exists(id) AND a = 1")


def test_a_moved_item_must_be_what_was_copied() -> None:
    buffer = Buffer()
    stored = {"id": {"S": "1"}, "a": number(1)}
    buffer.leave(USERS, Image(stored), NO_CHECK)
    buffer.insert(USERS, {"id": {"S": "2"}, "a": number(1)})
    (kind, gone), (other, put) = (entry.action() for entry in buffer.entries.values())
    assert (kind, other, put["Item"]["id"]) == ("Delete", "Put", {"S": "2"})
    assert gone["ConditionExpression"] == "attribute_exists(#0) AND #1 = :0 AND attribute_not_exists(#2)"
    assert gone["ExpressionAttributeNames"] == {"#0": "id", "#1": "a", "#2": "b"}


def test_a_mark_is_gone_back_to() -> None:
    buffer = Buffer()
    buffer.insert(USERS, STORED)
    mark = buffer.mark()
    buffer.delete(USERS, Image(STORED), NO_CHECK)
    buffer.insert(USERS, {"id": {"S": "2"}})
    buffer.restore(mark)
    assert buffer.entries == mark
    assert [entry.after for entry in buffer.of(USERS).values()] == [STORED]
    assert buffer.of(Table("other", "other", USERS.columns, "id")) == {}


def relative(name: str, column: Column, amount: int, *used: str) -> Done:
    return Done({name: Add(column, Decimal(amount))}, frozenset(used))


def test_two_sums_are_one_of_whatever_is_stored() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), relative("a", A, 1), NO_CHECK)
    assert buffer.update(USERS, Image(after), relative("a", A, 1), NO_CHECK)["a"] == number(3)
    kind, params = only(buffer)
    assert (kind, params["UpdateExpression"]) == ("Update", "SET #1 = #1 + :0")
    assert params["ExpressionAttributeValues"][":0"] == number(2)
    assert condition(buffer) == "attribute_exists(id) AND attribute_type(a, N)"


def test_what_was_shown_of_a_sum_must_be_so_at_commit() -> None:
    buffer = Buffer()
    buffer.update(USERS, Image(STORED), relative("a", A, 1), NO_CHECK)
    assert condition(buffer) == "attribute_exists(id) AND attribute_type(a, N)"
    buffer.show(USERS, KEY, ["b"])
    assert condition(buffer) == "attribute_exists(id) AND b = 1 AND attribute_type(a, N)"
    buffer.show(USERS, KEY, ["a"])
    assert condition(buffer) == "attribute_exists(id) AND a = 1 AND b = 1 AND attribute_type(a, N)"


def test_a_condition_on_a_sum_pins_what_it_was_judged_on() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), relative("a", A, 1), A_IS_1)
    buffer.update(USERS, Image(after), given({"b": number(5)}), A_IS_1)
    assert condition(buffer) == "attribute_exists(id) AND a = 1 AND a = 1 AND attribute_type(a, N)"


def test_what_no_one_expression_says_is_set_to_what_was_computed() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), Done({"a": Fill(A, number(7))}), NO_CHECK)
    buffer.update(USERS, Image(after), relative("a", A, 1), NO_CHECK)
    assert condition(buffer) == "attribute_exists(id) AND a = 1"
    assert only(buffer)[1]["UpdateExpression"] == "SET #1 = :1"


def test_a_sum_of_what_was_set_here_needs_nothing_of_what_is_stored() -> None:
    buffer = Buffer()
    after = buffer.update(USERS, Image(STORED), given({"a": number(5)}), NO_CHECK)
    buffer.update(USERS, Image(after), relative("a", A, 1), NO_CHECK)
    assert condition(buffer) == "attribute_exists(id)"
    assert only(buffer)[1]["ExpressionAttributeValues"] == {":0": number(6)}
