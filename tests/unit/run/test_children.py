from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ForeignKeyViolation
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Reference, Referrer, Table
from sqlalchemy_dynamorm.run.buffer import Entry
from sqlalchemy_dynamorm.run.children import children
from sqlalchemy_dynamorm.run.chunks import chunks
from sqlalchemy_dynamorm.run.taking import related

KEYED = Table("c", "x.c", (Column("p_id", Kind.INTEGER),), "p_id")
PARENT = Table(
    "p",
    "x.p",
    (Column("id", Kind.INTEGER), Column("a", Kind.STRING)),
    "id",
    referrers=(Referrer("c", KEYED, ("p_id",), ("id",)),),
)
CHILD = replace(KEYED, references=(Reference("fk", ("p_id",), ("id",), replace(PARENT, referrers=())),))


def item(**values: Any) -> dict[str, Any]:
    return {name: {"N": str(value)} for name, value in values.items()}


def parent(number: int, *, before: bool = True, after: bool = False) -> Entry:
    key = item(id=number)
    return Entry(PARENT, key, key if before else None, key if after else None)


def child(number: int, *, before: bool = False, after: bool = True) -> Entry:
    key = item(p_id=number)
    return Entry(CHILD, key, key if before else None, key if after else None)


def test_what_is_deleted_has_its_child_checked_once() -> None:
    other = Entry(replace(PARENT, physical="x.q"), item(id=7), item(id=7), None)
    found = children([parent(7), parent(8), other])
    assert [each.key for each in found] == [item(p_id=7), item(p_id=8)]
    kind, params = found[0].action()
    assert (kind, params["TableName"], params["Key"]) == ("ConditionCheck", "x.c", item(p_id=7))
    assert params["ConditionExpression"] == "attribute_not_exists(#0)"


@pytest.mark.parametrize(
    "entry",
    [
        parent(7, after=True),
        parent(7, before=False, after=True),
        parent(7, before=False),
        replace(parent(7, after=True), watched=True),
        replace(parent(7, before=False), watched=True),
    ],
)
def test_what_stays_and_what_never_was_needs_none(entry: Entry) -> None:
    assert children([entry]) == []


def test_a_child_that_the_transaction_deletes_is_not_in_the_way() -> None:
    assert children([child(7, before=True, after=False), parent(7)]) == []


@pytest.mark.parametrize("before", [True, False])
def test_a_child_that_the_transaction_leaves_there_is(before: bool) -> None:
    with pytest.raises(ForeignKeyViolation, match=r"'c' \(p_id\): a row refers to one that is deleted of 'p'"):
        children([parent(7), child(7, before=before)])


def test_a_value_of_another_type_is_no_key_of_a_child() -> None:
    text = replace(KEYED, columns=(Column("p_id", Kind.STRING),))
    table = replace(PARENT, referrers=(Referrer("c", text, ("p_id",), ("id",)),))
    assert children([replace(parent(7), table=table)]) == []


def test_a_row_cannot_be_needed_and_unwanted() -> None:
    to_child = Reference("to_c", ("n",), ("p_id",), KEYED)
    table = Table("d", "x.d", (Column("id", Kind.INTEGER), Column("n", Kind.INTEGER)), "id", references=(to_child,))
    inserted = Entry(table, item(id=1), None, item(id=1, n=7))
    assert [each.key for each in related([inserted, parent(8)])] == [item(p_id=7), item(p_id=8)]
    with pytest.raises(ForeignKeyViolation):
        related([inserted, parent(7)])


# --- overflow=split ---


def order(entries: list[Entry]) -> list[tuple[str, bool]]:
    return [(entry.table.name, entry.after is not None) for chunk in chunks(entries) for entry in chunk]


def test_parents_are_put_first_and_deleted_last() -> None:
    numbers = range(90)
    puts = [*map(child, numbers), *(parent(number, before=False, after=True) for number in numbers)]
    assert order(puts) == [("p", True)] * 90 + [("c", True)] * 90
    deletes = [*map(parent, numbers), *(child(number, before=True, after=False) for number in numbers)]
    assert order(deletes) == [("c", False)] * 90 + [("p", False)] * 90


def test_rows_in_a_circle_stay_together() -> None:
    columns = (Column("id", Kind.INTEGER), Column("next", Kind.INTEGER))
    keyed = Table("t", "x.t", columns, "id")
    table = replace(keyed, references=(Reference("fk", ("next",), ("id",), keyed),))
    plain = [Entry(keyed, item(id=1000 + number), None, item(id=1000 + number)) for number in range(99)]
    circle = [Entry(table, item(id=number), None, item(id=number, next=(number + 1) % 3)) for number in range(3)]
    after = Entry(table, item(id=9), None, item(id=9, next=0))
    parts = chunks([after, circle[0], *plain, *circle[1:]])
    together = next(part for part in parts if circle[0] in part)
    assert all(entry in together for entry in circle)
    entries = [entry for part in parts for entry in part]
    assert entries.index(after) > entries.index(circle[2])
