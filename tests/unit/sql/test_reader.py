"""Text to nodes: what is read, and by which word all else is refused."""

from __future__ import annotations

import logging
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from sqlglot import exp

from sqlalchemy_dynamorm import errors
from sqlalchemy_dynamorm.sql import nodes, read_expressions, read_queries
from sqlalchemy_dynamorm.sql.closed_world import Closed, Scope
from sqlalchemy_dynamorm.sql.nodes import (
    Call,
    Column,
    Compare,
    In,
    IsNull,
    IsTrue,
    Like,
    Literal,
    Not,
    Param,
    ParamList,
    Same,
)
from sqlalchemy_dynamorm.sql.reader import read

A, B = Column("a"), Column("b")
T = nodes.TableName("t")


def where(condition: str, lists: frozenset[str] = frozenset()) -> nodes.Expression | None:
    found = read(f"SELECT a FROM t WHERE {condition}", lists)
    assert isinstance(found, nodes.Select)
    return found.where


def outputs(text: str) -> tuple[nodes.Output | nodes.Star, ...]:
    found = read(text)
    assert isinstance(found, nodes.Select)
    return found.outputs


# --- conditions -------------------------------------------------------------------------------------------------

CONDITIONS: dict[str, nodes.Expression] = {
    "a = :x": Compare("=", A, Param("x")),
    "a == :x": Compare("=", A, Param("x")),
    "a != :x": Compare("<>", A, Param("x")),
    "a <> :x": Compare("<>", A, Param("x")),
    ":x < a": Compare("<", Param("x"), A),
    "a <= 1": Compare("<=", A, Literal(1)),
    "a > b": Compare(">", A, B),
    "t.a >= -1": Compare(">=", Column("a", "t"), Literal(-1)),
    "a = :select": Compare("=", A, Param("select")),
    "a = :order": Compare("=", A, Param("order")),
    "a": A,
    "NOT a": Not(A),
    "true": Literal(True),
    "a IS NULL": IsNull(A),
    "a IS NOT NULL": Not(IsNull(A)),
    "NOT a IS NULL": Not(IsNull(A)),
    "a IS TRUE": IsTrue(A),
    "a IS FALSE": IsTrue(Not(A)),
    "a IS NOT TRUE": Not(IsTrue(A)),
    "a IS NOT FALSE": Not(IsTrue(Not(A))),
    "a IS 1": Same(A, Literal(1)),
    "a IS NOT 0": Not(Same(A, Literal(0))),
    "a IS :x": Same(A, Param("x")),
    "a IS NOT b": Not(Same(A, B)),
    "a IS DISTINCT FROM 'x' || :x": Not(Same(A, nodes.Concat((Literal("x"), Param("x"))))),
    "a IS NOT DISTINCT FROM NULL": Same(A, Literal(None)),
    "NOT :x IS NOT DISTINCT FROM a": Not(Same(Param("x"), A)),
    "size(a) > 3": Compare(">", Call("size", A), Literal(3)),
    "SIZE(t.a) BETWEEN 1 AND :x": nodes.Between(Call("size", Column("a", "t")), Literal(1), Param("x")),
    "attribute_type(a) = 'S'": Compare("=", Call("attribute_type", A), Literal("S")),
    "attribute_type(a, :x)": Call("attribute_type", A, Param("x")),
    "NOT attribute_exists(a)": Not(Call("attribute_exists", A)),
    "attribute_not_exists(a)": Call("attribute_not_exists", A),
    "begins_with(a, 'x')": Call("begins_with", A, Literal("x")),
    "contains(a, :x || 'y')": Call("contains", A, nodes.Concat((Param("x"), Literal("y")))),
    "a BETWEEN :x AND 2": nodes.Between(A, Param("x"), Literal(2)),
    "a NOT BETWEEN 1 AND 2": Not(nodes.Between(A, Literal(1), Literal(2))),
    "a LIKE 'x%'": Like(A, Literal("x%")),
    "a NOT LIKE :x ESCAPE '/'": Not(Like(A, Param("x"), "/")),
    "a LIKE :x || '%' ESCAPE '/'": Like(A, nodes.Concat((Param("x"), Literal("%"))), "/"),
    "a = :x || 'b' || (:y || :z)": Compare("=", A, nodes.Concat((Param("x"), Literal("b"), Param("y"), Param("z")))),
    "a IN (1, :x)": In((A,), ((Literal(1),), (Param("x"),))),
    "a NOT IN (1)": Not(In((A,), ((Literal(1),),))),
    "a IN ()": In((A,), ()),
    "(a) IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)": In((A,), ()),
    "(a, b) IN (SELECT 1, 1 FROM (SELECT 1, 1) WHERE 1!=1)": In((A, B), ()),
    "(a, b) IN ((:x, 1), (2, :y))": In((A, B), ((Param("x"), Literal(1)), (Literal(2), Param("y")))),
    "(a, b) IN (VALUES (:x, 1), (2, :y))": In((A, B), ((Param("x"), Literal(1)), (Literal(2), Param("y")))),
    "a IN (:many)": In((A,), ParamList("many")),
    "a IN :many": In((A,), ParamList("many")),
    "(a, b) NOT IN (:many)": Not(In((A, B), ParamList("many", 2))),
    "a AND (b AND c)": nodes.And((A, B, Column("c"))),
    "a OR b AND c": nodes.Or((A, nodes.And((B, Column("c"))))),
    "(a OR b) AND c": nodes.And((nodes.Or((A, B)), Column("c"))),
    "a = CURRENT_TIMESTAMP": Compare("=", A, nodes.CurrentTimestamp()),
    "(a = 1) = true": Compare("=", Compare("=", A, Literal(1)), Literal(True)),
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(text: str) -> None:
    assert repr(where(text, frozenset({"many"}))) == repr(CONDITIONS[text])


LITERALS: dict[str, Any] = {
    "'it''s'": "it's",
    "''": "",
    "12": 12,
    "-12": -12,
    "1.50": Decimal("1.50"),
    "1.": Decimal(1),
    "1e5": Decimal("1e5"),
    "-0.1234567890123456789012345678901234567": Decimal("-0.1234567890123456789012345678901234567"),
    "X'ab'": b"\xab",
    "x''": b"",
    "0x10": 16,
    "NULL": None,
    "true": True,
    "FALSE": False,
}


@pytest.mark.parametrize("text", LITERALS)
def test_literals_are_exact(text: str) -> None:
    assert repr(where(f"a = {text}")) == repr(Compare("=", A, Literal(LITERALS[text])))


def test_a_thousand_alternatives_are_ordinary() -> None:
    found = where(" OR ".join(f"a = :p{at}" for at in range(1000)))
    assert isinstance(found, nodes.Or)
    assert len(found.parts) == 1000


# --- statements -------------------------------------------------------------------------------------------------


def test_select() -> None:
    found = read(
        'SELECT t.id, a AS "x y", t.*, :p FROM s."my table" AS t WHERE a ORDER BY a DESC, "b.c" NULLS LAST LIMIT :n;'
    )
    assert found == nodes.Select(
        (
            nodes.Output(Column("id", "t"), "id"),
            nodes.Output(A, "x y"),
            nodes.Star("t"),
            nodes.Output(Param("p"), ":p"),
        ),
        nodes.TableName("my table", "s", "t"),
        A,
        (nodes.OrderTerm(A, True, False), nodes.OrderTerm(Column("b.c"), False, False)),
        Param("n"),
    )


def test_labels_are_the_source_text() -> None:
    found = outputs("SELECT Count( * ), a = 1, 'x' || :y, -1, (a) FROM t")
    labels = [item.label for item in found if isinstance(item, nodes.Output)]
    assert labels == ["Count( * )", "a = 1", "'x' || :y", "-1", "(a)"]
    assert outputs("SELECT count(*) AS n FROM t") == (nodes.Output(nodes.CountRows(), "n"),)


def test_nulls_are_the_smallest_unless_it_is_written() -> None:
    found = read("SELECT a FROM t ORDER BY a, b DESC, c NULLS LAST, d DESC NULLS FIRST")
    assert isinstance(found, nodes.Select)
    assert [(term.descending, term.nulls_first) for term in found.order] == [
        (False, True),
        (True, False),
        (False, False),
        (True, True),
    ]


def test_a_schema_before_a_column_is_kept_with_its_place() -> None:
    text = "SELECT s.t.a, s.t.* FROM s.t WHERE s.t.a = 1"
    found = read(text)
    assert isinstance(found, nodes.Select)
    assert found.outputs[1] == nodes.Star("t", "s")
    assert found.where == Compare("=", Column("a", "t", "s"), Literal(1))
    assert isinstance(found.where, Compare)
    assert isinstance(found.where.left, Column)
    place = found.where.left.qualifier
    assert place is not None
    assert text[place.start : place.end] == "s.t"


def test_joins_groups_and_queries_in_from() -> None:
    found = read("SELECT d.x FROM (SELECT x FROM t LIMIT 1) AS d LEFT JOIN (g JOIN h ON g.i = h.i) ON d.x = g.x")
    assert isinstance(found, nodes.Select)
    assert isinstance(found.source, nodes.Derived)
    assert found.table is None
    [join] = found.joins
    assert join.kind == "LEFT"
    assert join.source == nodes.Group(
        nodes.TableName("g"),
        (nodes.Join("INNER", nodes.TableName("h"), Compare("=", Column("i", "g"), Column("i", "h"))),),
    )


def test_a_query_stands_first_in_a_join_in_parentheses() -> None:
    found = read("SELECT t.x FROM t LEFT JOIN ((SELECT i FROM g) AS d JOIN h ON d.i = h.i) ON t.x = d.i")
    assert isinstance(found, nodes.Select)
    [join] = found.joins
    assert isinstance(join.source, nodes.Group)
    assert isinstance(join.source.source, nodes.Derived)
    assert join.source.source.alias == "d"


def test_a_join_in_parentheses_takes_no_alias() -> None:
    with pytest.raises(errors.Unsupported, match="An alias of a join in parentheses"):
        read("SELECT j.x FROM ((SELECT i FROM g) AS d JOIN h ON d.i = h.i) AS j")


def test_a_union_is_named_by_its_first_part() -> None:
    found = read("WITH c (n) AS (SELECT 1) SELECT n AS m FROM c UNION ALL SELECT a FROM t ORDER BY 1 LIMIT :n")
    assert isinstance(found, nodes.Compound)
    assert found.operator == "UNION ALL"
    assert [each.label for each in found.outputs if isinstance(each, nodes.Output)] == ["m"]
    assert found.tables[0].columns == ("n",)
    assert found.limit == Param("n")


def test_insert() -> None:
    assert read('INSERT INTO s.t (a, "b c") VALUES (:a, NULL), (1, true) RETURNING a, *') == nodes.Insert(
        nodes.TableName("t", "s"),
        ("a", "b c"),
        ((Param("a"), Literal(None)), (Literal(1), Literal(True))),
        (nodes.Output(A, "a"), nodes.Star()),
    )
    assert read("INSERT INTO t DEFAULT VALUES") == nodes.Insert(T, (), ((),))
    assert read("INSERT INTO t VALUES (1, :p)") == nodes.Insert(T, (), ((nodes.Literal(1), nodes.Param("p")),))


def test_an_insert_that_says_what_becomes_of_a_conflict() -> None:
    def of(text: str) -> nodes.Conflict | None:
        found = read(text)
        assert isinstance(found, nodes.Insert)
        return found.conflict

    assert of("INSERT INTO t (a) VALUES (1)") is None
    assert of("INSERT OR IGNORE INTO t (a) VALUES (1)") == nodes.Conflict("ignore")
    assert of("replace into t (a) VALUES (1)") == of("INSERT OR REPLACE INTO t (a) VALUES (1)")
    assert of("INSERT INTO t (a) VALUES (1) ON CONFLICT (a, b) DO NOTHING") == nodes.Conflict("nothing", ("a", "b"))
    named = of("INSERT INTO t (a) VALUES (1) ON CONFLICT ON CONSTRAINT uq DO UPDATE SET a = 1")
    assert named == nodes.Conflict("update", (), "uq", (("a", nodes.Literal(1)),))


def test_excluded_is_the_row_that_could_not_be_inserted() -> None:
    found = read("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = t.b + Excluded.a WHERE excluded.a > b")
    assert isinstance(found, nodes.Insert)
    assert found.conflict is not None
    new = nodes.Excluded.of("a")
    assert new.column == "a"
    assert found.conflict.assignments == (("b", nodes.Arithmetic("+", nodes.Column("b", "t"), new)),)
    assert found.conflict.where == nodes.Compare(">", new, nodes.Column("b"))
    assert list(nodes.excluded_in(found)) == [new, new]


def test_insert_of_what_a_select_gives() -> None:
    found = read("WITH c AS (SELECT 1) INSERT INTO t (a) SELECT b FROM u RETURNING a, b")
    assert isinstance(found, nodes.Insert)
    assert (found.rows, found.source) == ((), nodes.Select((nodes.Output(B, "b"),), nodes.TableName("u")))
    assert ([each.name for each in found.tables], found.returning) == (
        ["c"],
        (nodes.Output(A, "a"), nodes.Output(B, "b")),
    )
    computed = read("INSERT INTO t (a, b) VALUES (1, lower(:x)), ((SELECT 1), 2)")
    assert isinstance(computed, nodes.Insert)
    assert [each.at for row in computed.rows for each in row if isinstance(each, nodes.Selected)] == [1, 2]


def test_update() -> None:
    assert read("UPDATE t SET a = :a, b = NULL WHERE t.a = 1 RETURNING b") == nodes.Update(
        T,
        (("a", Param("a")), ("b", Literal(None))),
        Compare("=", Column("a", "t"), Literal(1)),
        (nodes.Output(B, "b"),),
    )


def test_delete() -> None:
    assert read("DELETE FROM t WHERE a = :a RETURNING *") == nodes.Delete(
        T, Compare("=", A, Param("a")), (nodes.Star(),)
    )


def test_what_set_computes_by_a_select() -> None:
    found = read("UPDATE t SET a = b + 1, b = lower(:x) WHERE 1")
    assert isinstance(found, nodes.Update)
    assert found.assignments == (
        ("a", nodes.Arithmetic("+", B, Literal(1))),
        ("b", nodes.Selected(nodes.Computed("lower()", (Param("x"),)))),
    )
    assert [each.at for _, each in found.assignments if isinstance(each, nodes.Selected)] == [1]


def test_tables_beside_the_one_that_is_changed() -> None:
    found = read("WITH c AS (SELECT 1) UPDATE t SET a = t.a + 1, b = u.b FROM u WHERE u.a = t.a")
    assert isinstance(found, nodes.Update)
    assert found.sources == (nodes.TableName("u"),)
    assert [each.name for each in found.tables] == ["c"]
    assert found.assignments == (
        ("a", nodes.Arithmetic("+", Column("a", "t"), Literal(1))),
        ("b", nodes.Selected(Column("b", "u"))),
    )
    deleted = read("DELETE FROM t USING u, v AS w")
    assert isinstance(deleted, nodes.Delete)
    (group,) = deleted.sources
    assert group == nodes.Group(nodes.TableName("u"), (nodes.Join("CROSS", nodes.TableName("v", alias="w")),))


@pytest.mark.parametrize("prefix", ["EXPLAIN ", "explain\n", "-- why\n/* so */ EXPLAIN /* it */ "])
def test_explain(prefix: str) -> None:
    assert read(prefix + "DELETE FROM t") == nodes.Explain(nodes.Delete(T))


# --- definitions ------------------------------------------------------------------------------------------------


def test_create_table() -> None:
    found = read(
        """
        CREATE TABLE IF NOT EXISTS s.users (
            id INTEGER NOT NULL,
            org INTEGER NULL REFERENCES s.orgs (id) ON DELETE NO ACTION,
            name NVARCHAR(30) DEFAULT 'it''s',
            rate DOUBLE  PRECISION DEFAULT (-1.50),
            price NUMERIC(10, 2) COMMENT 'in ''€''',
            "at.once" TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP,
            CONSTRAINT pk PRIMARY KEY (org, id) COMMENT 'by org',
            CONSTRAINT fk FOREIGN KEY(name) REFERENCES names ON UPDATE SET NULL NOT DEFERRABLE INITIALLY DEFERRED
                MATCH FULL COMMENT 'of names',
            CONSTRAINT uq UNIQUE (name, rate) COMMENT 'one each',
            UNIQUE INDEX one (price),
            INDEX ix (name, "at.once") WITH (projection='KEYS_ONLY', local='true')
        ) COMMENT 'people' WITH (billing_mode='PROVISIONED')
        """
    )
    table = nodes.TableName("users", "s")
    assert found == nodes.CreateTable(
        table,
        (
            nodes.ColumnDefinition("id", nodes.TypeName("INTEGER"), not_null=True),
            nodes.ColumnDefinition("org", nodes.TypeName("INTEGER")),
            nodes.ColumnDefinition("name", nodes.TypeName("NVARCHAR", ("30",)), default=Literal("it's")),
            nodes.ColumnDefinition("rate", nodes.TypeName("DOUBLE PRECISION"), default=Literal(Decimal("-1.50"))),
            nodes.ColumnDefinition("price", nodes.TypeName("NUMERIC", ("10", "2")), comment="in '€'"),
            nodes.ColumnDefinition(
                "at.once", nodes.TypeName("TIMESTAMP WITH TIME ZONE"), default=nodes.CurrentTimestamp()
            ),
        ),
        ("org", "id"),
        (
            nodes.CreateIndex("one", table, ("price",), unique=True),
            nodes.CreateIndex(
                "ix", table, ("name", "at.once"), options=(("projection", "KEYS_ONLY"), ("local", "true"))
            ),
        ),
        (
            nodes.ForeignKey(("org",), nodes.TableName("orgs", "s"), ("id",), on_delete="NO ACTION"),
            nodes.ForeignKey(
                ("name",), nodes.TableName("names"), (), "fk", None, "SET NULL", False, "DEFERRED", "FULL", "of names"
            ),
        ),
        if_not_exists=True,
        options=(("billing_mode", "PROVISIONED"),),
        uniques=(nodes.Unique(("name", "rate"), "uq", "one each"),),
        key_note=nodes.KeyNote("pk", "by org"),
        comment="people",
    )


def test_an_inline_primary_key_with_autoincrement() -> None:
    found = read("CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)")
    assert found == nodes.CreateTable(
        T, (nodes.ColumnDefinition("a", nodes.TypeName("INTEGER"), autoincrement=True),), ("a",)
    )


@pytest.mark.parametrize("text", ["CURRENT_TIMESTAMP", "(CURRENT_TIMESTAMP)", "now()", "(NOW())", "CURRENT_DATE"])
def test_the_moment_of_the_statement_as_a_default(text: str) -> None:
    found = read(f"CREATE TABLE t (a DATE DEFAULT {text} ON UPDATE {text})")
    assert isinstance(found, nodes.CreateTable)
    now = nodes.CurrentTimestamp()
    assert found.columns == (nodes.ColumnDefinition("a", nodes.TypeName("DATE"), default=now, on_update=now),)


def test_check_constraints_keep_their_text() -> None:
    found = read("CREATE TABLE t (a INTEGER CONSTRAINT c CHECK (a > (1)) NOT NULL, CHECK (a <> ')' OR  a = 2))")
    assert isinstance(found, nodes.CreateTable)
    assert found.checks == (nodes.CheckConstraint("a > (1)", "c"), nodes.CheckConstraint("a <> ')' OR  a = 2"))


@pytest.mark.parametrize("text", ["CHECK", "CHECK ()", "CHECK (a > (1)", "CHECK a > 1"])
def test_a_malformed_check_is_a_syntax_error(text: str) -> None:
    with pytest.raises(errors.SQLSyntaxError):
        read(f"CREATE TABLE t (a INTEGER, {text}")


@pytest.mark.parametrize("name", ["float", "REAL", "Double", "TEXT", "CHARACTER VARYING", "DATETIME", "JSON", "UUID"])
def test_a_type_keeps_its_name(name: str) -> None:
    found = read(f"CREATE TABLE t (a {name})")
    assert isinstance(found, nodes.CreateTable)
    assert found.columns[0].type == nodes.TypeName(name.upper())


def test_indexes_and_drops() -> None:
    assert read("CREATE UNIQUE INDEX IF NOT EXISTS ix ON s.t (a, b) WITH (projection='ALL')") == nodes.CreateIndex(
        "ix", nodes.TableName("t", "s"), ("a", "b"), True, True, (("projection", "ALL"),)
    )
    assert read("DROP TABLE IF EXISTS s.t") == nodes.DropTable(nodes.TableName("t", "s"), True)
    assert read("DROP TABLE t") == nodes.DropTable(T)
    assert read("DROP INDEX IF EXISTS ix ON s.t") == nodes.DropIndex("ix", nodes.TableName("t", "s"), True)
    units = (("read_capacity", "5"), ("write_capacity", "6"))
    assert read("ALTER INDEX ix ON t SET (read_capacity=5, write_capacity='6')") == nodes.AlterIndex("ix", T, units)


def test_a_sequence_is_named_by_a_name_or_by_a_text() -> None:
    for text in ("nextval(s.q)", "nextval('s.q')", "NEXTVAL('s.\"q\"')"):
        found = read(f"SELECT {text} AS n")
        assert isinstance(found, nodes.Select)
        assert found.outputs == (nodes.Output(nodes.NextValue(nodes.TableName("q", "s")), "n"),)


def test_the_options_of_a_sequence_come_in_any_order() -> None:
    found = read("CREATE SEQUENCE s MAXVALUE 9 NO MINVALUE CYCLE START 3 CACHE 2 INCREMENT 2")
    assert found == nodes.CreateSequence(nodes.TableName("s"), nodes.Numbering(3, 2, None, 9, True, 2))


@pytest.mark.parametrize(
    ("text", "lock"),
    [
        ("FOR UPDATE", nodes.Lock()),
        ("FOR UPDATE NOWAIT", nodes.Lock(nowait=True)),
        ("FOR SHARE OF t, s.u", nodes.Lock("SHARE", (nodes.TableName("t"), nodes.TableName("u", "s")))),
        ("FOR NO KEY UPDATE", nodes.Lock("NO KEY UPDATE")),
        ("FOR KEY SHARE", nodes.Lock("KEY SHARE")),
    ],
)
def test_for_update(text: str, lock: nodes.Lock) -> None:
    found = read(f"SELECT a FROM t WHERE a = 1 {text}")
    assert isinstance(found, nodes.Select)
    assert found.lock == lock


# --- refusals ---------------------------------------------------------------------------------------------------

UNSUPPORTED = {
    "SELECT a FROM t FETCH FIRST 1 ROW ONLY": "FETCH",
    "SELECT a FROM t FOR UPDATE SKIP LOCKED": "SKIP LOCKED is not supported: DynamoDB has no locks",
    "SELECT a FROM t FOR UPDATE WAIT 3": "WAIT",
    "SELECT a FROM t FOR UPDATE FOR SHARE": "FOR UPDATE beside another",
    "SELECT a FROM t UNION SELECT a FROM u FOR UPDATE": "FOR UPDATE beside UNION",
    "SELECT a FROM t INDEXED BY ix": "INDEXED BY",
    "SELECT a FROM t TABLESAMPLE (1)": "TABLESAMPLE",
    "(SELECT a FROM t)": "subquery",
    "SELECT a FROM x.y.z": "three parts",
    "SELECT a FROM f(1)": "ANONYMOUS|function",
    "SELECT a FROM t AS u (b)": "column list",
    "SELECT my_function(a) FROM t": "MY_FUNCTION",
    "SELECT a FROM t WHERE a ILIKE 'x'": "ILIKE",
    "SELECT a FROM t WHERE a LIKE 'x' ESCAPE :p": "ESCAPE",
    "SELECT a FROM t WHERE a LIKE 'x' ESCAPE '//'": "ESCAPE",
    "SELECT a FROM t WHERE a BETWEEN SYMMETRIC 1 AND 2": "SYMMETRIC",
    "SELECT a FROM t WHERE starts(a, 'x')": r"STARTS\(\)",
    'SELECT a FROM t WHERE "size"(a) > 1': r"SIZE\(\)",
    "SELECT a FROM t WHERE size(DISTINCT a) > 1": "in the place of a column",
    "SELECT a FROM t WHERE size(:p) > 1": "in the place of a column",
    "SELECT a FROM t WHERE begins_with(a, b)": "A column",
    "INSERT OR FAIL INTO t (a) VALUES (1)": "INSERT OR FAIL",
    "INSERT OR REPLACE INTO t (a) VALUES (1) ON CONFLICT DO NOTHING": "INSERT OR REPLACE with ON CONFLICT",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT": "ON CONFLICT",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) REPLACE": "ON CONFLICT REPLACE",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) WHERE a > 1 DO NOTHING": "partial index",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (lower(a)) DO NOTHING": "anything but columns",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a DESC) DO NOTHING": "anything but columns",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING ON CONFLICT DO NOTHING": "Several ON CONFLICT",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET (a, b) = (1, 2)": "SET",
    "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 1": "ON DUPLICATE KEY UPDATE",
    "INSERT INTO t (a) VALUES (excluded.a)": "A column",
    "INSERT INTO t (a) VALUES (DEFAULT)": "DEFAULT|word",
    "INSERT INTO t (a) VALUES (b)": "A column",
    "UPDATE t SET lower(a) = 1": "LOWER",
    "UPDATE t SET (a, b) = (1, 2)": "SET",
    "UPDATE t SET a = nonesuch(b)": "NONESUCH",
    "INSERT INTO t (a) VALUES (nonesuch(1))": "NONESUCH",
    "INSERT INTO t (a) (SELECT 1)": "in parentheses",
    "UPDATE t SET a = set_add(b, lower(:x))": "SET_ADD",
    "UPDATE t SET a = 1 FROM u RIGHT JOIN v ON u.b = v.b": "RIGHT JOIN beside",
    "DELETE FROM t USING u FULL JOIN v ON u.b = v.b": "FULL JOIN beside",
    "UPDATE t SET a = 1 LIMIT 1": "LIMIT",
    "DELETE FROM t LIMIT 1": "LIMIT",
    "DELETE FROM t ORDER BY a": "ORDER",
    "DELETE t": "DELETE without FROM",
    "SAVEPOINT x": "SAVEPOINT",
    "PRAGMA foreign_keys = 1": "PRAGMA is not supported: it is SQLite's own",
    "BEGIN": "BEGIN is not supported: a transaction is the connection's",
    "VALUES (1)": "VALUES",
    "EXPLAIN QUERY PLAN SELECT 1": "EXPLAIN QUERY",
    "EXPLAIN CREATE TABLE t (a INTEGER)": "EXPLAIN CREATE",
    "CREATE TABLE t (a INTEGER CHECK (a > 1) NO INHERIT)": "NO",
    "CREATE TABLE t (a INTEGER REFERENCES u VALIDATE)": "VALIDATE",
    "CREATE TABLE t (a TEXT COLLATE NOCASE)": "COLLATE",
    "CREATE TABLE t (a INTEGER DEFAULT (1 + 1))": "DEFAULT with an expression",
    "CREATE TABLE t (a INTEGER DEFAULT random())": "DEFAULT with an expression",
    "CREATE TABLE t (a INTEGER DEFAULT CURRENT_DATE)": "DEFAULT with an expression",
    "CREATE TABLE t (a INTEGER ON UPDATE (a + 1))": "DEFAULT with an expression",
    "CREATE TABLE t (a INTEGER PRIMARY KEY DESC)": "DESC",
    "CREATE TABLE t (a INTEGER) STRICT": "STRICT",
    "CREATE TABLE t (a INTEGER) WITHOUT ROWID": "WITHOUT",
    "CREATE TABLE t AS SELECT 1": "AS",
    "CREATE TEMPORARY TABLE t (a INTEGER)": "TEMPORARY",
    "CREATE VIEW v AS SELECT 1": "VIEW",
    "CREATE INDEX ix ON t (a DESC)": "DESC",
    "CREATE SEQUENCE s OWNED BY t": "OWNED",
    "CREATE TABLE t (a INTEGER, b INTEGER AS (a) VIRTUAL)": "VIRTUAL",
    "CREATE TABLE t (a INTEGER, b INTEGER AS (:p + a))": "parameter",
    "CREATE TABLE t (a INTEGER, b INTEGER AS (a, a))": "row",
    "DROP SEQUENCE s CASCADE": "CASCADE",
    "SELECT a FROM t WHERE a = nextval(s)": "NEXTVAL",
    "SELECT nextval(s) + 1": "NEXTVAL",
    "UPDATE t SET a = nextval(s) + 1 WHERE b = 1": "NEXTVAL",
    "INSERT INTO t (a) VALUES (nextval(s) || 'x')": "NEXTVAL",
    "CREATE INDEX ix ON t (lower(a))": "expression in an index",
    "CREATE INDEX ix ON t (a) WHERE a": "WHERE",
    "CREATE INDEX ix ON t (a COLLATE NOCASE)": "COLLATE",
    "DROP VIEW v": "VIEW",
    "DROP TABLE t CASCADE": "CASCADE",
}


COMPUTED = [
    "SELECT a FROM t JOIN u ON t.a = u.a",
    "SELECT a FROM t, u",
    "SELECT a FROM t GROUP BY a",
    "SELECT a FROM t HAVING a",
    "SELECT DISTINCT a FROM t",
    "WITH x AS (SELECT 1) SELECT a FROM x",
    "SELECT a FROM t WINDOW w AS (ORDER BY a)",
    "SELECT row_number() OVER (ORDER BY a) FROM t",
    "SELECT count(*) FILTER (WHERE a) FROM t",
    "SELECT a FROM t UNION SELECT b FROM u",
    "SELECT a FROM t EXCEPT SELECT b FROM u",
    "SELECT a FROM t INTERSECT SELECT b FROM u",
    "SELECT a FROM (SELECT 1)",
    "SELECT (SELECT 1)",
    "SELECT a FROM t ORDER BY lower(a)",
    "SELECT a FROM t ORDER BY 1",
    "SELECT a FROM t ORDER BY a COLLATE NOCASE",
    "SELECT count(*) AS n FROM t ORDER BY n",
    "SELECT count(a) FROM t",
    "SELECT count(DISTINCT a) FROM t",
    "SELECT max(a) FROM t",
    "SELECT lower(a) FROM t",
    "SELECT CASE WHEN a THEN 1 END FROM t",
    "SELECT CAST(a AS INTEGER) FROM t",
    "SELECT a::int FROM t",
    "SELECT a + 1 FROM t",
    "SELECT -a FROM t",
    "SELECT a -> 'b' FROM t",
    "SELECT a FROM t WHERE count(*) > 1",
    "SELECT a FROM t WHERE EXISTS (SELECT 1)",
    "SELECT a FROM t WHERE a IN (SELECT b FROM u)",
    "SELECT a FROM t WHERE a IN (SELECT 1 FROM (SELECT 1) WHERE 1!=2)",
    "SELECT a FROM t WHERE :p IN (a, b)",
    "SELECT a FROM t WHERE a IN (b)",
    "SELECT a FROM t WHERE (a, b) = (1, 2)",
    "SELECT a FROM t WHERE a GLOB 'x'",
    "SELECT a FROM t WHERE a REGEXP 'x'",
    "SELECT a FROM t WHERE a LIKE b",
    "SELECT a FROM t WHERE a || 'x' = :p",
    "SELECT a FROM t WHERE a BETWEEN b AND 1",
    "SELECT a FROM t WHERE length(a) > 1",
    "SELECT a FROM t WHERE contains(a, :p, 1)",
    "SELECT a FROM t WHERE size(a) IN (1)",
    "SELECT a FROM t WHERE a COLLATE NOCASE = 'x'",
    "SELECT a FROM t WHERE a = DATE '2020-01-01'",
]


@pytest.mark.parametrize("text", COMPUTED)
def test_what_sqlite_computes_is_read(text: str) -> None:
    assert isinstance(read(text), nodes.Select | nodes.Compound)


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_what_is_not_handled_is_refused_by_name(text: str) -> None:
    with pytest.raises(errors.Unsupported, match=UNSUPPORTED[text]):
        read(text)


SYNTAX = [
    "",
    " ;; ",
    "-- nothing",
    "hello",
    "foo bar",
    "1",
    "'x'",
    '"SELECT" 1',
    "SELECT",
    "SELECT a FROM",
    "SELECT a FROM t WHERE",
    "SELECT a FROM t WHERE a IN",
    "SELECT a FROM t WHERE a = 'secret",
    "SELECT a FROM t WHERE a = 1 2",
    "SELECT a FROM t WHERE a = 1_000",
    "SELECT a FROM t WHERE a = : x",
    "SELECT a FROM t WHERE a = X'1'",
    "SELECT a FROM t WHERE a = 1e99999999999999999999",
    "SELECT a FROM t, WHERE a = 1",
    "SELECT a, FROM t",
    "SELECT a FROM .t",
    "SELECT a, , b FROM t",
    "SELECT a FROM t ORDER BY a ASC DESC",
    "SELECT * EXCEPT FROM t",
    "SELECT a FROM t |> WHERE a",
    "SELECT a FROM t WHERE (a AS) IN (1)",
    "INSERT INTO t (a CONSTRAINT, b) VALUES (1, 2)",
    "INSERT INTO t (a,) VALUES (1)",
    "SELECT a AS FROM t",
    'SELECT "" FROM t',
    "INSERT t (a) VALUES (1)",
    "INSERT LOCAL INTO t (a) VALUES (1)",
    "INSERT OR",
    "INSERT OR 1 INTO t (a) VALUES (1)",
    "INSERT OR REPLACE t (a) VALUES (1)",
    "REPLACE",
    "REPLACE t (a) VALUES (1)",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT () DO NOTHING",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) NOTHING",
    "INSERT INTO t (a) VALUES (1) RETURNING a ON CONFLICT (a) DO NOTHING",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1 FROM u",
    "EXPLAIN",
    "CREATE TABLE t (a)",
    "CREATE TABLE t ()",
    "CREATE TABLE t (a INTEGER",
    "CREATE TABLE t, (a INTEGER)",
    "CREATE TABLE t (a INTEGER REFERENCES u ON DELETE BREAK)",
    "CREATE TABLE t (a INTEGER REFERENCES u ON DELETE CASCADE ON DELETE CASCADE)",
    "CREATE TABLE t (a INTEGER REFERENCES u MATCH NONE)",
    "CREATE TABLE t (a INTEGER COMMENT 1)",
    "CREATE TABLE t (a INTEGER NULL NOT NULL)",
    "CREATE TABLE t (a INTEGER PRIMARY KEY, PRIMARY KEY (a))",
    "CREATE TABLE t (a INTEGER) WITH (k=)",
    "CREATE INDEX ix t (a)",
    "CREATE SEQUENCE s START",
    "CREATE SEQUENCE s START 1 START 2",
    "CREATE SEQUENCE s CACHE 1.5",
    "CREATE INDEX ix ON t ()",
    "DROP TABLE a, b",
]


@pytest.mark.parametrize("text", SYNTAX)
def test_what_is_not_sql(text: str) -> None:
    with pytest.raises(errors.SQLSyntaxError):
        read(text)


WRONG = {
    "SELECT 1; SELECT 2": "two statements",
    "SELECT a FROM t WHERE a = ?": ":name",
    "SELECT a FROM t WHERE a = $1": r"\$1.*:name",
    "SELECT a FROM t WHERE a = @x": ":name",
    "SELECT a FROM t WHERE a = :1": ":name",
    "SELECT a FROM t WHERE a = :many": ":many is a list",
    "SELECT a FROM t WHERE a IN (1, :many)": ":many is a list",
    "SELECT a FROM t WHERE a IN :one": "IN needs a list",
    "SELECT a FROM t WHERE (a, b) IN ((1, 2, 3))": "rows of 2",
    "SELECT *": "table",
    "SELECT a FROM t LIMIT -1": "LIMIT",
    "SELECT a FROM t LIMIT 'x'": "LIMIT",
    "SELECT a FROM t LIMIT -2 OFFSET 1": "LIMIT",
    "SELECT a FROM t LIMIT 1 OFFSET -1": "OFFSET",
    "SELECT a FROM t LIMIT 1 OFFSET 'x'": "OFFSET",
    "INSERT INTO t (a, b) VALUES (1)": "2 columns",
    "INSERT INTO t (a, a) VALUES (1, 2)": "a is named twice",
    "INSERT INTO t VALUES (1), (1, 2)": "1 columns and a row of 2",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT DO UPDATE": "needs a SET",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 1, a = 2": "a is set twice",
    "UPDATE t SET a = 1, a = 2": "a is set twice",
    "UPDATE t SET a = json_set(a, '$.b', 1), a = 2": "a is set twice",
    "UPDATE t SET a = json_set(a, '$.b')": "paths each with its value",
    "UPDATE t SET a = list_append(a)": "takes 2 arguments",
    "UPDATE t SET a = coalesce(a)": "two arguments or more",
    "UPDATE t SET t.a = 1": "without its table",
    "DELETE FROM t RETURNING count(*)": "RETURNING",
    "CREATE TABLE t (a INTEGER, a INTEGER)": "a stands twice",
    "CREATE TABLE t (PRIMARY KEY (a))": "needs a column",
    "CREATE TABLE t (a INTEGER, PRIMARY KEY (b))": "PRIMARY KEY names the column b",
    "CREATE TABLE t (a INTEGER, INDEX ix (b))": "ix names the column b",
    "CREATE TABLE t (a INTEGER, FOREIGN KEY (a) REFERENCES u (b, c))": "1 columns and refers to 2",
    "CREATE TABLE t (a INTEGER) WITH (k='1', k='2')": "k stands twice",
    "CREATE INDEX s.ix ON s.t (a)": "write ix ON",
    "DROP INDEX ix": "DROP INDEX ix ON table",
    "ALTER INDEX ix SET (read_capacity=5)": "ALTER INDEX ix ON table",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said(text: str) -> None:
    with pytest.raises(errors.ProgrammingError, match=WRONG[text]):
        read(text, frozenset({"many"}))


def test_a_syntax_error_says_where_and_shows_no_value() -> None:
    with pytest.raises(errors.SQLSyntaxError, match="line 2, column 16") as caught:
        read("SELECT a FROM t\nWHERE a = 4711 'secret' + )")
    assert "secret" not in str(caught.value)
    assert "4711" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["SELECT " + "(" * 5000 + "1" + ")" * 5000, "SELECT " + "NOT " * 5000 + "a FROM t"])
def test_deep_nesting_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(errors.ProgrammingError, match="nested too deeply"):
        read(text)


def test_sqlglot_stays_silent(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in [*UNSUPPORTED, *SYNTAX, *WRONG]:
            with pytest.raises(errors.Error):
                read(text, frozenset({"many"}))
    assert not caplog.records


def test_the_nodes_do_not_import_sqlglot() -> None:
    code = "import sys, sqlalchemy_dynamorm.sql.nodes, sqlalchemy_dynamorm.sql.writer; print('sqlglot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- the closed world -------------------------------------------------------------------------------------------

READERS: list[Closed[Any]] = [
    read_expressions.name,
    read_expressions.value,
    read_expressions.expression,
    read_queries.query,
    read_queries.table,
    read_queries.output,
    read_queries.order_term,
]
UNREAD = [
    (reader, kind, argument)
    for reader in READERS
    for kind, (_, arguments) in reader.handlers.items()
    for argument in [*kind.arg_types, "an_argument_of_tomorrow"]
    if argument not in arguments
]


@pytest.mark.parametrize(("reader", "kind", "argument"), UNREAD)
def test_every_argument_that_is_not_read_is_refused(reader, kind, argument) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(errors.Unsupported):
        reader(kind(**{argument: exp.var("x")}), Scope())


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        (kind, argument)
        for kind, arguments in read_queries.CLAUSES.items()
        for argument in [*kind.arg_types, "an_argument_of_tomorrow"]
        if argument not in arguments
    ],
)
def test_every_argument_of_a_clause_that_is_not_read_is_refused(kind: type[exp.Expr], argument: str) -> None:
    with pytest.raises(errors.Unsupported):
        read_queries.opened(kind(**{argument: exp.var("x")}))


@pytest.mark.parametrize("reader", READERS)
def test_every_class_that_is_not_handled_is_refused(reader) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(errors.Unsupported, match="PIVOT"):
        reader(exp.Pivot(), Scope())
