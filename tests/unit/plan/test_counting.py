from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import UndefinedColumn
from sqlalchemy_dynamorm.plan.counting import counted
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.unit.plan.planning import table


def of(text: str) -> nodes.Select:
    found = read(text)
    assert isinstance(found, nodes.Select)
    return counted(found, lambda _: table())


@pytest.mark.parametrize(
    "inner",
    ["SELECT p, a AS x FROM t WHERE b = 1", "SELECT * FROM t WHERE b = 1 ORDER BY a", "SELECT 1 FROM t WHERE b = 1"],
)
def test_a_count_of_rows_is_the_inner_count(inner: str) -> None:
    found = of(f"SELECT count(*) AS n FROM ({inner}) AS anon_1")
    assert found == of("SELECT count(*) AS n FROM t WHERE b = 1")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(*) AS n FROM (SELECT DISTINCT a FROM t) AS d",
        "SELECT count(*) AS n FROM (SELECT a FROM t LIMIT 3) AS d",
        "SELECT count(*) AS n FROM (SELECT a FROM t GROUP BY a) AS d",
        "SELECT count(*) AS n FROM (SELECT max(a) FROM t) AS d",
        "SELECT count(*) AS n FROM (SELECT t.a FROM t JOIN u ON t.p = u.p) AS d",
        "SELECT count(*) AS n FROM (SELECT a FROM t) AS d WHERE d.a = 1",
        "SELECT count(*) AS n, 1 FROM (SELECT a FROM t) AS d",
        "SELECT count(*) AS n FROM t",
    ],
)
def test_another_count_is_left_alone(text: str) -> None:
    assert of(text) == read(text)


def test_a_name_that_is_not_there_is_not_lost() -> None:
    with pytest.raises(UndefinedColumn, match="colour"):
        of("SELECT count(*) FROM (SELECT colour FROM t) AS d")
