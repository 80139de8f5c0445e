from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import UnsupportedValue
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.sourcing import Sourcing
from sqlalchemy_dynamorm.run.values import Json
from tests.scripted import Reply, done
from tests.unit.plan.planning import inserted, table

ON = replace(table(), columns=(*table().columns, Column("doc", Kind.DOCUMENT)))
SELECT = "INSERT INTO things (p, s, n, doc) SELECT {}, n, n, doc FROM things WHERE p = 'x' AND s = 1"


def records(text: str, *script: Reply, **values: Any) -> list[dict[str, Any]]:
    found = done(Sourcing(inserted(text, ON)).records(bound(values), Scope()), *script).result
    return [{column.name: value for column, value in record.items()} for record in found]


def item(**more: Any) -> Reply:
    return {"Item": {"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "K"}, "n": {"N": "7"}, **more}}


@pytest.mark.parametrize("first", ["a", "upper(a)"])
@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, None),
        ({"doc": {"NULL": True}}, Json(None)),
        ({"doc": {"S": "text"}}, Json("text")),
        ({"doc": {"M": {"a": {"N": "1.5"}}}}, Json({"a": 1.5})),
    ],
)
def test_documents_are_what_they_were(first: str, stored: dict[str, Any], expected: Any) -> None:
    assert records(SELECT.format(first), item(**stored)) == [{"p": "K", "s": 7, "n": 7, "doc": expected}]


def test_values_are_filled_in() -> None:
    text = "INSERT INTO things (p, s, n) VALUES (:p, 1, :n + 1), (lower(:p), 2, 3)"
    assert records(text, p="A", n=1) == [{"p": "A", "s": 1, "n": 2}, {"p": "a", "s": 2, "n": 3}]


def test_a_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(UnsupportedValue, match="no JSON"):
        records("INSERT INTO things (p, s, doc) VALUES ('x', 1, lower(:t))", t="Text")
