from __future__ import annotations

from typing import cast

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed, DuplicateTable, UndefinedSequence, UndefinedTable, Unsupported
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.sequences import Sequences, definition, sequence_names
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.scripted import Reply, done, failed

TEXT = "CREATE SEQUENCE s INCREMENT BY 2 START WITH 10"
KEPT = {"Item": {"id": {"S": "sequence#x.s"}, "definition": {"S": TEXT}}}


def make(text: str = TEXT) -> nodes.CreateSequence:
    return cast("nodes.CreateSequence", read(text))


def test_a_sequence_is_read_once_and_then_a_call_a_statement() -> None:
    sequences = Sequences(Counters("system"))
    played = done(sequences.take("x.s", "s", 2), KEPT, {"Attributes": {"last": {"N": "12"}}})
    assert played.result == [10, 12]
    assert played.operations == ["GetItem", "UpdateItem"]
    assert played.requests[1].params["ConditionExpression"].endswith("#1 = :3")
    assert done(sequences.take("x.s", "s", 1), {"Attributes": {"last": {"N": "14"}}}).result == [14]


def test_a_sequence_that_was_made_anew_is_noticed() -> None:
    sequences = Sequences(Counters("system"))
    done(sequences.take("x.s", "s", 1), KEPT, {"Attributes": {"last": {"N": "10"}}})
    anew = {"Item": {"definition": {"S": "CREATE SEQUENCE s START WITH 500"}}}
    number = {"Attributes": {"last": {"N": "500"}}}
    played = done(sequences.take("x.s", "s", 1), ConditionFailed("another"), anew, anew, number)
    assert played.result == [500]


def test_a_missing_sequence_is_named() -> None:
    error = failed(Sequences(Counters("system")).take("x.s", "s", 1), {})
    assert isinstance(error, UndefinedSequence)
    assert "There is no sequence 's'" in str(error)
    assert isinstance(failed(Sequences(Counters(None)).take("x.s", "s", 1)), Unsupported)


def test_create_is_conditional_and_makes_the_system_table() -> None:
    sequences = Sequences(Counters("system"))
    played = done(sequences.create("x.s", make()))
    assert played.only["Item"] == KEPT["Item"]
    assert played.only["ConditionExpression"] == "attribute_not_exists(#0)"
    played = done(sequences.create("x.s", make()), UndefinedTable("no"), {"Table": {}}, {})
    assert played.operations == ["PutItem", "DescribeTable", "PutItem"]


def test_an_identical_sequence_may_be_created_again() -> None:
    sequences = Sequences(Counters("system"))
    done(sequences.create("x.s", make()), ConditionFailed("there"), KEPT)
    other = make("CREATE SEQUENCE s")
    assert isinstance(failed(sequences.create("x.s", other), ConditionFailed("there"), KEPT), DuplicateTable)
    quietly = make("CREATE SEQUENCE IF NOT EXISTS s")
    done(sequences.create("x.s", quietly), ConditionFailed("there"), KEPT)


@pytest.mark.parametrize("answer", [{}, UndefinedTable("no system table")])
def test_drop_of_a_missing_sequence(answer: Reply) -> None:
    sequences = Sequences(Counters("system"))
    drop = cast("nodes.DropSequence", read("DROP SEQUENCE s"))
    assert isinstance(failed(sequences.drop("x.s", drop), answer), UndefinedSequence)
    done(sequences.drop("x.s", cast("nodes.DropSequence", read("DROP SEQUENCE IF EXISTS s"))), {})


def test_names_are_read_page_by_page() -> None:
    pages: list[Reply] = [
        {"Items": [{"id": {"S": "sequence#a"}}], "LastEvaluatedKey": {"id": {"S": "sequence#a"}}},
        {"Items": [{"id": {"S": "sequence#x.s"}}]},
    ]
    assert done(sequence_names("system"), *pages).result == ["a", "x.s"]
    assert done(sequence_names(None)).requests == []
    assert done(definition("system", "x.s"), UndefinedTable("no system table")).result is None
