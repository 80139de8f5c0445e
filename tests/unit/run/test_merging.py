"""Two statements on one item: the cells of the merging table that are rowcounts and errors at once.

Those that become one action are in test_buffer.py.
"""

from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import DuplicateKey
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.buffer import Buffer
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.commit import commit
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from tests.scripted import Played, Reply, done, play
from tests.unit.plan.planning import changed, inserted

STORED = {"Item": {"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "k"}, "n": {"N": "1"}}}
INSERT = "INSERT INTO things (p, s, a, n) VALUES ('x', 1, 'mine', 5)"
UPDATE = "UPDATE things SET a = 'new' WHERE p = 'x' AND s = 1"
DELETE = "DELETE FROM things WHERE p = 'x' AND s = 1"


def run(buffer: Buffer, text: str, *script: Reply) -> Played:
    if text == INSERT:
        return play(Inserter(inserted(text)).run([bound({})], Counters(None), buffer), *script)
    return play(Changer(changed(text)).run([bound({})], Scope(buffer), buffer), *script)


@pytest.mark.parametrize(
    ("first", "then", "outcome"),
    [
        (INSERT, UPDATE, 1),
        (INSERT, DELETE, 1),
        (INSERT, INSERT, DuplicateKey),
        (UPDATE, UPDATE, 1),
        (UPDATE, DELETE, 1),
        (UPDATE, INSERT, DuplicateKey),
        (DELETE, UPDATE, 0),
        (DELETE, DELETE, 0),
        (DELETE, INSERT, 1),
    ],
)
def test_the_second_statement_reads_nothing_and_counts_exactly(
    first: str, then: str, outcome: int | type[DuplicateKey]
) -> None:
    buffer = Buffer()
    script = () if first == INSERT else (STORED,)
    assert run(buffer, first, *script).result.rowcount == 1
    second = run(buffer, then)
    assert second.requests == []
    if isinstance(outcome, int):
        assert second.result.rowcount == outcome
    else:
        assert isinstance(second.error, outcome)
    assert len(done(commit(buffer)).requests) == 1


def test_an_insert_after_insert_and_delete_is_a_put_of_a_free_key() -> None:
    buffer = Buffer()
    for text in (INSERT, DELETE, INSERT):
        assert run(buffer, text).error is None
    (request,) = done(commit(buffer)).requests
    assert request.operation == "PutItem"
    assert request.params["ConditionExpression"] == "attribute_not_exists(#0)"


def test_the_first_condition_is_never_lost() -> None:
    buffer = Buffer()
    run(buffer, UPDATE + " AND n = 1", STORED)
    for text in (DELETE, INSERT, UPDATE, DELETE):
        assert run(buffer, text).error is None
    (request,) = done(commit(buffer)).requests
    assert request.operation == "DeleteItem"
    assert request.params["ConditionExpression"].endswith("#1 = :0")
