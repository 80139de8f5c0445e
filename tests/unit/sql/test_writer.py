"""Nodes to text: what it looks like, and that it reads back as the same."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sqlalchemy_dynamorm.errors import UnsupportedValue
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.nodes import Column, Literal, Param
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.reserved import RESERVED
from sqlalchemy_dynamorm.sql.writer import write

STATEMENTS = [
    'SELECT a, b AS n, t.*, * FROM s.t AS u WHERE a = :a ORDER BY a DESC, b NULLS LAST, "c d" LIMIT 10',
    "SELECT a FROM t LIMIT :n OFFSET 2",
    "SELECT a FROM t LIMIT -1 OFFSET :m",
    'SELECT count(*) AS "count(*)" FROM t',
    "SELECT 1 AS one",
    "SELECT a FROM t WHERE (a OR b) AND NOT (a AND b) AND NOT (a = 1)",
    "SELECT a FROM t WHERE a NOT IN (1, :b) OR (a, b) IN ((1, 2), (3, 4)) OR a IN ()",
    "SELECT a FROM t WHERE a NOT BETWEEN 1 AND :b AND a NOT LIKE :p || '%' ESCAPE '/'",
    "SELECT a FROM t WHERE a IS NOT NULL AND (a = 1) IS NOT TRUE AND (NOT b) IS TRUE AND b IS NULL",
    "SELECT a FROM t WHERE a = 'it''s' OR a = X'AB' OR a = 1E+0 OR a = -1.50 OR a = NULL OR true",
    "INSERT INTO s.t (a, b) VALUES (:a, NULL), (1, CURRENT_TIMESTAMP) RETURNING a, *",
    "INSERT INTO t DEFAULT VALUES",
    "UPDATE t AS u SET a = :a, b = NULL WHERE u.a = 1 RETURNING b",
    "UPDATE t SET a = a + :n, b = (1 - t.b) * -2, c = coalesce(c, :d, 0) + 1, d = c || 'x' || (1 - a)",
    "UPDATE t SET a = list_append(coalesce(a, :e), :v), b = set_add(b, :v), c = set_remove(c, :v), d = e",
    "UPDATE t SET json_extract(json_extract(d, :p), '$.b') = :v, json_extract(d, '$.c') = 1",
    "UPDATE t SET d = json_set(json_remove(json_set(d, '$.a', 1), '$.b'), :p, :v), e = json_remove(d, '$.c')",
    "DELETE FROM t WHERE a = 1 RETURNING *",
    "EXPLAIN DELETE FROM t",
    (
        "CREATE TABLE IF NOT EXISTS s.t (a INTEGER NOT NULL AUTOINCREMENT COMMENT 'it''s', "
        "b NUMERIC(10, 2) DEFAULT -1.5, "
        "c TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP COMMENT 'at', "
        "CONSTRAINT pk PRIMARY KEY (a, b) COMMENT 'k', CONSTRAINT uq UNIQUE (b) COMMENT 'u', "
        "CONSTRAINT fk FOREIGN KEY (b) REFERENCES u (c) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE "
        "INITIALLY DEFERRED MATCH FULL COMMENT 'f', FOREIGN KEY (a) REFERENCES u NOT DEFERRABLE, "
        "CONSTRAINT ck CHECK (a > 1) COMMENT 'c', CHECK (b > 0), UNIQUE INDEX one (a), "
        "INDEX ix (b) WITH (projection='ALL')) COMMENT 'x' WITH (billing_mode='PROVISIONED')"
    ),
    "CREATE UNIQUE INDEX IF NOT EXISTS ix ON s.t (a, b) WITH (projection='ALL')",
    "CREATE INDEX ix ON t (a)",
    "DROP TABLE IF EXISTS s.t",
    "DROP INDEX IF EXISTS ix ON s.t",
]


@pytest.mark.parametrize("text", STATEMENTS)
def test_statements_in_their_plain_form_stay_as_they_are(text: str) -> None:
    assert write(read(text)) == text


def test_expressions_and_names_alone() -> None:
    assert write(nodes.And((Column("a"), nodes.Or((Column("b"), Param("p")))))) == "a AND (b OR :p)"
    assert write(nodes.In((Column("a"),), nodes.ParamList("many"))) == "a IN (:many)"
    assert write(Column("a", "t", "s")) == "s.t.a"
    assert write(nodes.TableName("t t", "s")) == 's."t t"'
    assert write(nodes.Star("t")) == "t.*"


def test_a_number_that_is_not_finite_has_no_text() -> None:
    with pytest.raises(UnsupportedValue):
        write(Literal(Decimal("NaN")))


@pytest.mark.parametrize("name", sorted(RESERVED | {"count", "date", "a b", 'q"', "a.b", "ä", "1a", "$1"}))
def test_names_that_need_quotes_have_them(name: str) -> None:
    column, table = Column(name), nodes.TableName(name, name, name)
    output = (nodes.Output(column, name), nodes.Output(Column("a", name), "b"))
    term = nodes.OrderTerm(column, False, True)
    for node in (
        nodes.Select(output, table, nodes.Not(column), (term,)),
        nodes.Update(nodes.TableName(name), ((name, Literal(1)), ("b", Literal(2))), column, output),
        nodes.Insert(nodes.TableName(name), ("b", name), ((Literal(1), Literal(2)),), output),
        nodes.CreateIndex(name, nodes.TableName(name), (name,), options=((name, "x"),)),
        nodes.CreateTable(nodes.TableName(name), (nodes.ColumnDefinition(name, nodes.TypeName("TEXT")),), (name,)),
    ):
        assert read(write(node)) == node
