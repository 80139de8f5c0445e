from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.plan.widening import widened
from sqlalchemy_dynamorm.plan.wording import show
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

KINDS = {"d": Kind.DOCUMENT, "n": Kind.INTEGER, "s": Kind.STRING}


def shown(where: str) -> str:
    node = read(f"SELECT n FROM t WHERE {where}")
    assert isinstance(node, nodes.Select)
    assert node.where is not None
    return show(widened(node.where, lambda column: Column(column.name, KINDS[column.name])))


@pytest.mark.parametrize(
    ("where", "wider"),
    [
        ("n = 1 AND lower(s) = 'x'", "n = 1"),
        ("n = 1 OR lower(s) = 'x'", "true"),
        ("n = 1 OR n > 5 AND lower(s) = 'x'", "n = 1 OR n > 5"),
        ("NOT (n = 1 AND lower(s) = 'x')", "true"),
        ("NOT n = 1", "n <> 1"),
        ("json_extract(d, :p) = 'x'", "d[:p] = 'x'"),
        ("'x' < json_extract(d, :p)", "d[:p] > 'x'"),
        ("NOT json_extract(d, :p) = 'x'", "d[:p] <> 'x'"),
        ("CAST(json_extract(d, :p) AS INTEGER) BETWEEN 1 AND 2", "d[:p] >= 1 AND d[:p] <= 2"),
        ("NOT CAST(json_extract(d, :p) AS INTEGER) BETWEEN 1 AND 2", "true"),
        ("CAST(json_extract(d, :p) AS VARCHAR) IS NULL", "true"),
        ("NOT CAST(json_extract(d, :p) AS VARCHAR) IS NULL", "d[:p] IS NOT NULL"),
        ("CAST(json_extract(d, :p) AS BOOLEAN) IS TRUE", "d[:p] = True"),
        ("NOT CAST(json_extract(d, :p) AS BOOLEAN)", "d[:p] = False"),
        ("NOT CAST(json_extract(d, :p) AS BOOLEAN) IS TRUE", "true"),
        ("CAST(json_extract(d, :p) AS TIMESTAMP) = :v", "true"),
        ("json_extract(d, :p) = json_extract(d, :q)", "true"),
        ("json_extract(d, :p, :q) = :v", "true"),
        ("json_extract(s, :p) = 'x'", "true"),
        ("d ->> 'a' = 'x'", "true"),
        ("json_quote(json_extract(d, :p)) = :v", "d[:p] = :v"),
        ("json_extract(json_quote(json_extract(d, :p)), :q) = :v", "d[:p][:q] = :v"),
        ("json_extract(json_quote(s), :q) = :v", "true"),
    ],
)
def test_what_is_asked_holds_wherever_the_condition_does(where: str, wider: str) -> None:
    assert shown(where) == wider
