from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ConditionFailed
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Kind, Table
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Request
from tests.scripted import Reply, done, play
from tests.unit.plan.planning import changed, inserted

STORED = {"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "k"}, "n": {"N": "1"}, "b": {"N": "2"}}
N = Column("n", Kind.INTEGER)
ID = Column("id", Kind.INTEGER, nullable=False, autoincrement=True)
HIDDEN = Column(HIDDEN_KEY, Kind.STRING, nullable=False, hidden=True)
TABLES = {
    "things": Table("things", "things", (ID, N), "id"),
    "nameless": Table("nameless", "nameless", (N, HIDDEN), HIDDEN_KEY),
}
KEY = "p = 'x' AND s = 1"


def change(text: str, *answers: Reply, buffered: bool = False) -> Request:
    """The request that writes it; ``answers`` are those to the reads before it."""
    buffer = Buffer() if buffered else None
    played = done(Changer(changed(text)).run([bound({})], Scope(buffer), buffer), *answers)
    if buffer is not None:
        played = done(commit(buffer))
    return played.requests[-1]


@pytest.mark.parametrize("buffered", [False, True], ids=["at once", "commit"])
@pytest.mark.parametrize(
    ("text", "sent_again"),
    [
        (f"UPDATE things SET n = 2 WHERE {KEY}", False),
        (f"UPDATE things SET n = 2 WHERE {KEY} AND n = 1", True),
        (f"UPDATE things SET n = 1 WHERE {KEY} AND n = 1", False),
        (f"UPDATE things SET b = NULL WHERE {KEY} AND b > 0", True),
        (f"UPDATE things SET n = 2 WHERE {KEY} AND n <> 2 AND a = 'k'", True),
        (f"UPDATE things SET n = 2 WHERE {KEY} AND n > 0", False),
        (f"UPDATE things SET n = 2 WHERE {KEY} AND a = 'k'", False),
        (f"UPDATE things SET n = 2, a = 'l' WHERE {KEY} AND (n = 1 OR a = 'k')", True),
        (f"UPDATE things SET n = 2 WHERE {KEY} AND (n = 1 OR a = 'k')", False),
        (f"DELETE FROM things WHERE {KEY}", True),
        (f"DELETE FROM things WHERE {KEY} AND n = 1", True),
    ],
)
def test_a_change_is_sent_again_where_its_condition_excludes_it(text: str, sent_again: bool, buffered: bool) -> None:
    request = change(text, {"Item": STORED} if buffered else {}, buffered=buffered)
    assert request.repeatable is False
    assert (request.again is not None) is sent_again
    assert request.own is None


def test_what_was_computed_of_a_value_is_sent_again_if_it_changes_it() -> None:
    assert change(f"UPDATE things SET n = n * 3 WHERE {KEY}", {"Item": STORED}).again is not None
    assert change(f"UPDATE things SET n = n * 1 WHERE {KEY}", {"Item": STORED}).again is None


def test_a_delete_that_is_sent_again_must_find_something() -> None:
    request = change(f"DELETE FROM things WHERE {KEY}")
    assert "ConditionExpression" not in request.params
    assert request.again is not None
    assert request.again["ConditionExpression"] == "attribute_exists(#0)"
    assert request.again["ReturnValues"] == "ALL_OLD"


def test_a_row_that_was_replaced_is_sent_again_where_the_new_one_does_not_satisfy_the_where() -> None:
    for where, sent_again in (("n = 1", True), ("a = 'k'", False)):
        buffer = Buffer()
        deleting = Changer(changed(f"DELETE FROM things WHERE {KEY} AND {where}"))
        done(deleting.run([bound({})], Scope(buffer), buffer), {"Item": STORED})
        buffer.insert(deleting.plan.table, {**STORED, "n": {"N": "2"}})
        (request,) = done(commit(buffer)).requests
        assert (request.operation, request.again is not None) == ("PutItem", sent_again)


@pytest.mark.parametrize("buffered", [False, True], ids=["at once", "commit"])
@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("INSERT INTO things (n) VALUES (1)", True),
        ("INSERT INTO things (id, n) VALUES (7, 1)", False),
        ("INSERT INTO nameless (n) VALUES (1)", True),
    ],
)
def test_an_insert_is_sent_again_and_is_known_by_a_key_that_was_made_for_it(
    text: str, own: bool, buffered: bool
) -> None:
    buffer = Buffer() if buffered else None
    counted: list[Reply] = [{"Attributes": {"last": {"N": "3"}}}] if "things (n)" in text else []
    counted = [{}] if "7" in text else counted
    played = done(Inserter(inserted(text, TABLES[text.split()[2]])).run([bound({})], Counters("sys"), buffer), *counted)
    if buffer is not None:
        played = done(commit(buffer))
    request = played.requests[-1]
    assert request.again is not None
    assert request.again["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert request.own == (request.params["Item"] if own else None)


def test_a_failed_condition_is_still_a_duplicate() -> None:
    played = play(
        Inserter(inserted("INSERT INTO things (p, s, n) VALUES ('x', 1, 1)")).run([bound({})], Counters(None), None),
        ConditionFailed("no"),
    )
    assert type(played.error).__name__ == "DuplicateKey"
