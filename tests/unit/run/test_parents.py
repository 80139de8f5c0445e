from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import ForeignKeyViolation
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Reference, Table
from sqlalchemy_dynamorm.run.buffer import Entry
from sqlalchemy_dynamorm.run.parents import parents

PARENT = Table("p", "x.p", (Column("id", Kind.INTEGER), Column("a", Kind.STRING)), "id")
CHILD = Table(
    "c",
    "x.c",
    (Column("id", Kind.INTEGER), Column("p_id", Kind.INTEGER), Column("n", Kind.INTEGER)),
    "id",
    references=(Reference("fk", ("p_id",), ("id",), PARENT),),
)


def item(**values: Any) -> dict[str, Any]:
    return {name: {"N": str(value)} for name, value in values.items()}


def child(number: int, parent: int | None) -> Entry:
    made = item(id=number) if parent is None else item(id=number, p_id=parent)
    return Entry(CHILD, item(id=number), None, made)


def test_each_parent_is_checked_once() -> None:
    found = parents([child(1, 7), child(2, 7), child(3, 8), child(4, None)])
    assert [each.key for each in found] == [item(id=7), item(id=8)]
    kind, params = found[0].action()
    assert (kind, params["TableName"], params["ConditionExpression"]) == (
        "ConditionCheck",
        "x.p",
        "attribute_exists(#0)",
    )


def test_a_parent_of_the_same_transaction_needs_no_check() -> None:
    inserted = Entry(PARENT, item(id=7), None, item(id=7))
    assert parents([child(1, 7), inserted]) == []


def test_a_parent_that_the_same_transaction_deletes_is_missing() -> None:
    deleted = Entry(PARENT, item(id=7), item(id=7), None)
    with pytest.raises(ForeignKeyViolation, match=r"'fk' of 'c' \(p_id\): no row of 'p' has these values"):
        parents([child(1, 7), deleted])


def test_what_an_update_leaves_alone_is_not_checked() -> None:
    before = item(id=1, p_id=7, n=1)
    update = Entry(CHILD, item(id=1), before, {**before, **item(n=2)}, changed=frozenset({"n"}))
    assert parents([update]) == []
    moved = replace(update, after=item(id=1, p_id=8), changed=frozenset({"p_id"}))
    assert [each.key for each in parents([moved])] == [item(id=8)]
    assert parents([replace(moved, after=None)]) == []
    assert parents([replace(moved, watched=True)]) == []


def test_a_value_of_another_type_is_no_key() -> None:
    wrong = Entry(CHILD, item(id=1), None, {**item(id=1), "p_id": {"S": "7"}})
    with pytest.raises(ForeignKeyViolation):
        parents([wrong])
