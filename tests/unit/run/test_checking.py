from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import (
    CheckViolation,
    ConditionFailed,
    SerializationError,
    TransactionCanceled,
    UnsupportedValue,
)
from sqlalchemy_dynamorm.plan.checks import rules
from sqlalchemy_dynamorm.plan.definitions import table_of
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.checking import called, judges, tell_of_unenforced, violations
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.scripted import Reply, done, failed, play
from tests.unit.plan.planning import changed, inserted

NOW = "2024-05-06T07:08:09.000000"
COLUMNS = (
    "id INTEGER, a VARCHAR, b INTEGER, c INTEGER, d NUMERIC, f BOOLEAN, day DATE, seen TIMESTAMP, at EPOCH, j JSON, "
    "big FLOAT"
)


def checked(*conditions: str) -> Table:
    checks = "".join(f", CONSTRAINT ck{at} CHECK ({condition})" for at, condition in enumerate(conditions))
    node = read(f"CREATE TABLE things ({COLUMNS}{checks}, PRIMARY KEY (id))")
    assert isinstance(node, nodes.CreateTable)
    return table_of(node, ".")


def violated(condition: str, **item: Any) -> bool:
    table = checked(condition)
    (judge,) = judges(table, rules(table))
    return judge.violated([item], NOW) == [True]


def N(value: object) -> dict[str, str]:  # noqa: N802 - DynamoDB's names
    return {"N": str(value)}


def S(value: str) -> dict[str, str]:  # noqa: N802
    return {"S": value}


@pytest.mark.parametrize(
    ("condition", "good", "bad"),
    [
        ("b > 0", {"b": N(1)}, {"b": N(0)}),
        ("b BETWEEN 1 AND 3", {"b": N(3)}, {"b": N(4)}),
        ("b < c", {"b": N(1), "c": N(2)}, {"b": N(2), "c": N(2)}),
        ("b + c < 10", {"b": N(1), "c": N(8)}, {"b": N(2), "c": N(8)}),
        ("a IN ('x', 'y')", {"a": S("y")}, {"a": S("z")}),
        ("a LIKE '%@%'", {"a": S("x@y")}, {"a": S("x")}),
        ("length(a) > 2", {"a": S("abc")}, {"a": S("ab")}),
        ("lower(a) = a", {"a": S("é")}, {"a": S("X")}),
        ("f", {"f": {"BOOL": True}}, {"f": {"BOOL": False}}),
        ("f IN (1)", {"f": {"BOOL": True}}, {"f": {"BOOL": False}}),
        ("a <> '5'", {"a": S("6")}, {"a": S("5")}),
        ("a <> 5", {"a": S("6")}, {"a": S("5")}),  # SQLite compares a text with a number as text
        ("day >= '2024-01-01'", {"day": S("2024-01-01")}, {"day": S("2023-12-31")}),
        ("day <= CURRENT_DATE", {"day": S("2024-05-06")}, {"day": S("2024-05-07")}),
        ("seen <= CURRENT_TIMESTAMP", {"seen": S(NOW)}, {"seen": S("2024-05-06T07:08:09.000001")}),
        (
            "seen < '2024-01-02 03:00'",
            {"seen": S("2024-01-02T02:59:00.000000")},
            {"seen": S("2024-01-02T03:00:00.000000")},
        ),
        ("json_extract(j, '$.n') > 1", {"j": {"M": {"n": N(2)}}}, {"j": {"M": {"n": N(1)}}}),
        ("json_type(j) = 'object'", {"j": {"M": {}}}, {"j": {"L": []}}),
        ("j IS NOT NULL", {"j": {"NULL": True}}, {}),  # JSON null is a value
        ("a IS NOT NULL OR b IS NOT NULL", {"b": N(1)}, {}),
        ("(a IS NULL) <> (b IS NULL)", {"b": N(1)}, {}),
        ("CASE WHEN b > 1 THEN a = 'x' ELSE true END", {"b": N(2), "a": S("x")}, {"b": N(2), "a": S("y")}),
        ("size(a) = 2", {"a": S("ab")}, {"a": S("abc")}),
        ("d > 12345678901234567890.1", {"d": N("12345678901234567890.2")}, {"d": N("12345678901234567890.1")}),
        ("a", {"a": S("1x")}, {"a": S("x")}),  # as SQLite has it: what is no number is 0
    ],
)
def test_a_row_is_judged(condition: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert not violated(condition, **good)
    assert violated(condition, **bad)


@pytest.mark.parametrize(
    "condition",
    [
        "b > 0",
        "b < c",
        "length(a) > 2",
        "NOT (b > 0)",
        "b > 0 AND a = 'x'",
        "f",
        "a IN ('x', 'y')",
        "a LIKE 'x%'",
        "NULL",
    ],
)
def test_what_is_null_holds(condition: str) -> None:
    assert not violated(condition, id=N(1))


def test_a_condition_without_columns_is_judged_too() -> None:
    assert violated("1 = 2", id=N(1))
    assert violated("abs(-1) = 2", id=N(1))


def test_what_sqlite_would_round_is_not_judged() -> None:
    with pytest.raises(UnsupportedValue):
        violated("d + 1 > 0", d=N("12345678901234567890.2"))


def test_each_row_has_the_first_constraint_that_it_violates() -> None:
    table = checked("b > 0", "length(a) > 2", "c > 0")
    items = [{"b": N(1)}, {"b": N(1), "a": S("ab"), "c": N(0)}, {"b": N(0), "c": N(0)}, {"c": N(0)}]
    found = violations(judges(table, rules(table)), items, NOW)
    assert {at: str(error).partition(" on ")[0] for at, error in found.items()} == {
        2: "The CHECK constraint 'ck0'",
        1: "The CHECK constraint 'ck1'",
        3: "The CHECK constraint 'ck2'",
    }


def test_a_message_has_the_name_the_table_and_a_part_of_a_long_condition() -> None:
    table = checked("a IN (" + ", ".join(f"'value {at}'" for at in range(100)) + ")")
    text = called(table.checks[0], table)
    assert text.startswith("The CHECK constraint 'ck0' on 'things' (a IN ('value 0', ")
    assert text.endswith("…)")
    assert len(text) < 300


def test_what_is_not_enforced_is_logged_once_by_name(caplog: pytest.LogCaptureFixture) -> None:
    table = replace(checked("b > 0", "a ~ '^x'", "unheard(a)", "b::int > 0", "a > 0 = 'x' ~~ 'y'"), name="once")
    for _ in range(2):
        tell_of_unenforced(table)
        assert [judge.rule.constraint.name for judge in judges(table, rules(table))] == ["ck0"]
    assert len(caplog.records) == 4
    assert "The CHECK constraint 'ck1' on 'once' (a ~ '^x') is declared only, and not enforced." in caplog.text
    assert {record.name for record in caplog.records} == {"sqlalchemy_dynamorm"}
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_a_text_that_is_no_date_is_none_to_compare_with(caplog: pytest.LogCaptureFixture) -> None:
    table = replace(checked("seen < 'infinity'"), name="never")
    assert judges(table, rules(table)) == ()
    assert "is declared only" in caplog.text


# --- statements -------------------------------------------------------------------------------------------------

UPDATE = "UPDATE things SET {} WHERE id = 1"


def insert(text: str, table: Table, *script: Reply, buffer: Buffer | None = None, values: Any = ({},)) -> Any:
    runner = Inserter(inserted(text, table))
    return play(runner.run([bound(one) for one in values], Counters("system"), buffer), *script)


def update(set_: str, table: Table, *script: Reply, buffer: Buffer | None = None) -> Any:
    runner = Changer(changed(UPDATE.format(set_), table))
    return play(runner.run([bound({})], Scope(buffer), buffer), *script)


def test_an_insert_says_which_row_and_sends_nothing() -> None:
    text = "INSERT INTO things (id, b) VALUES (1, 1), (2, 0)"
    for buffer in (None, Buffer()):
        played = insert(text, checked("b > 0"), buffer=buffer)
        assert played.requests == []
        assert isinstance(played.error, CheckViolation)
        assert (played.error.key, played.error.row_number) == ({"id": N(2)}, 2)
        assert buffer is None or buffer.entries == {}


def test_an_update_says_which_row() -> None:
    table, row = checked("b > c"), {"Item": {"id": N(1), "b": N(2), "c": N(1)}}
    for buffer in (None, Buffer()):
        played = update("b = 0", table, row, buffer=buffer)
        assert played.operations == ["GetItem"]
        assert isinstance(played.error, CheckViolation)
        assert (played.error.key, played.error.row_number) == ({"id": N(1)}, 1)


def test_what_set_gives_alone_is_judged_without_a_read() -> None:
    assert update("b = 5", checked("b > 0", "c > 0", "length(a) > 1")).operations == ["UpdateItem"]
    assert update("b = 5, a = 'xy'", checked("b > 0", "length(a) > b - 4")).operations == ["UpdateItem"]


def test_a_row_that_is_not_there_violates_nothing() -> None:
    played = update("b = 0", checked("b > 0"), {})
    assert (played.operations, played.error, played.result.rowcount) == (["GetItem"], None, 0)


def test_what_was_judged_must_be_unchanged() -> None:
    row = {"Item": {"id": N(1), "b": N(2), "c": N(1), "d": N(7)}}
    played = update("b = 3, d = 8", checked("b > c"), row, {})
    assert played.operations == ["GetItem", "UpdateItem"]
    condition = played.requests[1].params["ConditionExpression"]
    names = played.requests[1].params["ExpressionAttributeNames"]
    assert [names[part] for part in ("#0", "#1")] == ["id", "c"]  # neither b, which is given, nor d
    assert condition == "attribute_exists(#0) AND #1 = :0"


def test_what_another_changed_is_judged_anew() -> None:
    first, second = ({"Item": {"id": N(1), "b": N(2), "c": N(c)}} for c in (1, 9))
    played = update("b = 3", checked("b > c"), first, ConditionFailed("no"), second)
    assert played.operations == ["GetItem", "UpdateItem", "GetItem"]
    assert isinstance(played.error, CheckViolation)


def test_a_transaction_pins_what_it_judged() -> None:
    buffer, row = Buffer(), {"Item": {"id": N(1), "b": N(2), "c": N(1)}}
    done(Changer(changed(UPDATE.format("b = 3"), checked("b > c"))).run([bound({})], Scope(buffer), buffer), row)
    (entry,) = buffer.entries.values()
    assert entry.pins == {"c"}
    params = done(commit(buffer)).only
    assert params["ConditionExpression"] == "attribute_exists(#0) AND #1 = :0"


def test_own_writes_are_what_is_judged() -> None:
    buffer, table = Buffer(), checked("b > c")
    done(
        Inserter(inserted("INSERT INTO things (id, b, c) VALUES (1, 5, 1)", table)).run(
            [bound({})], Counters("s"), buffer
        )
    )
    changer = Changer(changed(UPDATE.format("c = c + 3"), table))
    done(changer.run([bound({})], Scope(buffer), buffer))
    error = failed(changer.run([bound({})], Scope(buffer), buffer))
    assert isinstance(error, CheckViolation)


def test_an_image_that_lacks_a_judged_column_is_read_again() -> None:
    assert Changer(changed(UPDATE.format("b = 3"), checked("b > c"))).needed == frozenset({"id", "c"})
    assert Changer(changed(UPDATE.format("b = 3"), checked("b > 0"))).needed == frozenset({"id"})


# --- one number that is increased -------------------------------------------------------------------------------


def test_a_number_that_is_increased_is_judged_by_the_service() -> None:
    played = update("b = b - 3", checked("b >= 0 AND b < 100"), {})
    (action,) = played.only["TransactItems"]
    params = action["Update"]
    assert params["ConditionExpression"] == ("attribute_exists(#0) AND #1 >= :0 AND #1 < :1 AND attribute_type(#1, :3)")
    assert [params["ExpressionAttributeValues"][value] for value in (":0", ":1", ":2")] == [N(3), N(103), N(-3)]


def test_where_the_service_refuses_the_row_says_why() -> None:
    refused = TransactionCanceled("no", reasons=({"Code": "ConditionalCheckFailed"},))
    row = {"Item": {"id": N(1), "b": N(2)}}
    played = update("b = b - 3", checked("b >= 0"), refused, row)
    assert played.operations == ["TransactWriteItems", "GetItem"]
    assert isinstance(played.error, CheckViolation)
    assert play_null().operations == [
        "TransactWriteItems",
        "GetItem",
        "UpdateItem",
    ]  # NULL minus 3 is NULL, which holds


def play_null() -> Any:
    refused = TransactionCanceled("no", reasons=({"Code": "ConditionalCheckFailed"},))
    return update("b = b - 3", checked("b >= 0"), refused, {"Item": {"id": N(1)}}, {})


def test_a_transaction_pins_no_number_that_it_increases() -> None:
    buffer, table = Buffer(), checked("b >= 0", "d < 5.5")
    changer = Changer(changed(UPDATE.format("b = b - 3, d = d + 0.5"), table))
    done(changer.run([bound({})], Scope(buffer), buffer), {"Item": {"id": N(1), "b": N(9), "d": N(1)}})
    (entry,) = buffer.entries.values()
    assert entry.pins == frozenset()
    params = play(commit(buffer), {}).only["TransactItems"][0]["Update"]
    assert "#1 >= :0 AND #2 < :1" in params["ConditionExpression"]
    assert [params["ExpressionAttributeValues"][value] for value in (":0", ":1")] == [N(3), N(5)]


def test_a_number_that_is_increased_twice_is_pinned() -> None:
    buffer, table = Buffer(), checked("b >= 0")
    changer = Changer(changed(UPDATE.format("b = b - 3"), table))
    done(changer.run([bound({})], Scope(buffer), buffer), {"Item": {"id": N(1), "b": N(7)}})
    done(changer.run([bound({})], Scope(buffer), buffer))
    (entry,) = buffer.entries.values()
    assert entry.pins == {"b"}
    assert isinstance(failed(changer.run([bound({})], Scope(buffer), buffer)), CheckViolation)


def test_what_was_too_slow_at_commit_is_to_be_run_again() -> None:
    buffer = Buffer()
    changer = Changer(changed(UPDATE.format("b = b - 3"), checked("b >= 0")))
    done(changer.run([bound({})], Scope(buffer), buffer), {"Item": {"id": N(1), "b": N(4)}})
    there = {"id": {"N": "1"}, "b": {"N": "1"}}
    refused = TransactionCanceled("no", reasons=({"Code": "ConditionalCheckFailed", "Item": there},))
    assert isinstance(failed(commit(buffer), refused), SerializationError)


@pytest.mark.parametrize(
    ("set_", "condition"),
    [
        ("b = b - 3", "b >= c"),
        ("b = b - 3", "b % 2 = 0"),
        ("b = b - 3", "b >= 0 OR c > 1"),
        ("b = coalesce(b, 0) - 3", "b >= 0"),
        ("big = big - 3", "big >= 0"),  # a float is compared as one
    ],
)
def test_what_is_more_than_one_number_is_read_and_pinned(set_: str, condition: str) -> None:
    row = {"Item": {"id": N(1), "b": N(9), "c": N(2), "big": N(9)}}
    assert update(set_, checked(condition), row, {}).operations[0] == "GetItem"
