from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.inserting import computed_of, source_of
from sqlalchemy_dynamorm.sql.reader import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO t (a, b) SELECT c, d FROM u", "SELECT c, d FROM u"),
        ("EXPLAIN INSERT INTO t SELECT 1 RETURNING a", "SELECT 1"),
        ("WITH c AS (SELECT 1) INSERT INTO t (a) SELECT * FROM c", "WITH c AS (SELECT 1) SELECT * FROM c"),
        ("INSERT INTO t (a) WITH c AS (SELECT 1) SELECT * FROM c", "WITH c AS (SELECT 1) SELECT * FROM c"),
        (
            "INSERT INTO t (a) SELECT b FROM u JOIN v ON u.c = v.c WHERE true ON CONFLICT (a) DO NOTHING",
            "SELECT b FROM u JOIN v ON u.c = v.c WHERE true",
        ),
        ("INSERT OR REPLACE INTO t (a) SELECT 1 UNION SELECT 2", "SELECT 1 UNION SELECT 2"),
        ("REPLACE INTO t (a) SELECT replace(b, 'x', 'y') FROM u", "SELECT replace(b, 'x', 'y') FROM u"),
    ],
)
def test_the_select_of_an_insert(text: str, expected: str) -> None:
    assert source_of(text) == expected


def test_two_with_are_refused() -> None:
    with pytest.raises(Unsupported, match="WITH before INSERT"):
        source_of("WITH c AS (SELECT 1) INSERT INTO t (a) WITH d AS (SELECT 2) SELECT * FROM d")


def test_what_values_compute_is_selected() -> None:
    text = (
        "INSERT INTO t (a, b) VALUES (1, lower('(, x')), ((SELECT c, d FROM u), :b) ON CONFLICT DO NOTHING RETURNING a"
    )
    node = read(text)
    assert isinstance(node, nodes.Insert)
    cells = [each for row in node.rows for each in row if isinstance(each, nodes.Selected)]
    assert computed_of(text, cells) == "SELECT lower('(, x'), (SELECT c, d FROM u)"
    assert computed_of(f"WITH c AS (SELECT 1) {text}", cells[:1]) == "WITH c AS (SELECT 1) SELECT lower('(, x')"
