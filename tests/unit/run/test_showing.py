from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.changes import Changer
from sqlalchemy_dynamorm.run.counters import Counters
from sqlalchemy_dynamorm.run.inserts import Inserter
from sqlalchemy_dynamorm.run.reads import Scope
from tests.scripted import play
from tests.unit.plan.planning import changed, inserted

ITEM = {"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "K"}, "n": {"N": "7"}}


def test_it_is_computed_of_what_was_written() -> None:
    text = "UPDATE things SET a = 'N' WHERE p = 'x' AND s = 1 RETURNING lower(a) || :t, n"
    played = play(Changer(changed(text)).run([bound({"t": "!"})], Scope(), None), {"Attributes": ITEM})
    assert (played.rows, played.result.rowcount) == ([("k!", 7)], 1)
    nothing = play(Changer(changed(text + " + 1")).run([], Scope(), None))
    assert (nothing.rows, nothing.result.rowcount) == ([], 0)


def test_rows_of_several_sets_of_values() -> None:
    text = "INSERT INTO things (p, s, n) VALUES (:p, 1, 1) RETURNING upper(p)"
    batch = [bound({"p": "b"}), bound({"p": "a"})]
    assert play(Inserter(inserted(text)).run(batch, Counters(None), None)).rows == [("B",), ("A",)]
    same = [bound({"p": each, "n": 1}) for each in "ab"]
    assert play(Inserter(inserted(text + " || :n")).run(same, Counters(None), None)).rows == [("A1",), ("B1",)]
    with_values = Inserter(inserted(text + " || :p"))
    with pytest.raises(Unsupported, match="one by one"):
        with_values.run(batch, Counters(None), None)
