from __future__ import annotations

import warnings
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import (
    AddConstraint,
    CreateIndex,
    CreateSchema,
    CreateSequence,
    CreateTable,
    DropColumnComment,
    DropConstraint,
    DropConstraintComment,
    DropIndex,
    DropSequence,
    DropTable,
    DropTableComment,
    SetColumnComment,
    SetConstraintComment,
    SetTableComment,
)

from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.dialect.ddl import DDLCompiler
from sqlalchemy_dynamorm.errors import NotSupportedError
from sqlalchemy_dynamorm.plan.table_options import at_creation, option_value
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read

DIALECT = Boto3Dialect()


def compiled(element: Any, **keywords: Any) -> DDLCompiler:
    found = element.compile(dialect=DIALECT, **keywords)
    assert isinstance(found, DDLCompiler)
    return found


def text_of(element: Any) -> str:
    return " ".join(str(compiled(element)).split())


def table(*items: Any, **options: Any) -> sa.Table:
    return sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *items, **options)


def test_create_table() -> None:
    users = table(
        sa.Column("name", sa.String(30), nullable=False, index=True),
        sa.Column("order", sa.Numeric(10, 2)),
        sa.Column("boss", sa.ForeignKey("users.id")),
        dynamodb_table_name="it's",
    )
    assert text_of(CreateTable(users)) == (
        'CREATE TABLE users ( id INTEGER NOT NULL AUTOINCREMENT, name VARCHAR(30) NOT NULL, "order" NUMERIC(10, 2), '
        "boss INTEGER, PRIMARY KEY (id), FOREIGN KEY(boss) REFERENCES users (id), INDEX ix_users_name (name) "
        ") WITH (table_name='it''s')"
    )


def test_the_reader_reads_what_is_declared() -> None:
    found = read(str(compiled(CreateTable(table(sa.Column("d", sa.Double), sa.Column("u", sa.Uuid), schema="s")))))
    assert found == nodes.CreateTable(
        nodes.TableName("users", "s"),
        (
            nodes.ColumnDefinition("id", nodes.TypeName("INTEGER"), not_null=True, autoincrement=True),
            nodes.ColumnDefinition("d", nodes.TypeName("DOUBLE")),
            nodes.ColumnDefinition("u", nodes.TypeName("UUID")),
        ),
        ("id",),
    )


def test_the_key_stands_in_the_order_it_has() -> None:
    metadata = sa.MetaData()
    items = [sa.Column(name, sa.String, primary_key=True) for name in ("a", "b")]
    found = text_of(CreateTable(sa.Table("t", metadata, *items, dynamodb_partition_key="b")))
    assert found.endswith("PRIMARY KEY (b, a) ) WITH (partition_key='b')")


def test_a_table_without_a_key_has_no_clause() -> None:
    found = text_of(CreateTable(sa.Table("log", sa.MetaData(), sa.Column("x", sa.String))))
    assert found == "CREATE TABLE log ( x VARCHAR )"


def test_if_not_exists_and_if_exists() -> None:
    assert text_of(CreateTable(table(), if_not_exists=True)).startswith("CREATE TABLE IF NOT EXISTS users (")
    assert text_of(DropTable(table(), if_exists=True)) == "DROP TABLE IF EXISTS users"


INDEXES = [
    (("a", "b"), {}, "(a, b)"),
    (("a", "b", "c"), {"dynamodb_hash": ["a", "b"]}, "(a, b, c) WITH (hash_columns='2')"),
    (("a", "b"), {"dynamodb_hash": ["b"]}, "(b, a)"),
    (("a",), {"dynamodb_projection": "KEYS_ONLY"}, "(a) WITH (projection='KEYS_ONLY')"),
    (("a",), {"dynamodb_projection": "ALL"}, "(a)"),
    (("a",), {"dynamodb_include": ["b", "c"]}, """(a) WITH (projection='INCLUDE', include='["b", "c"]')"""),
]


@pytest.mark.parametrize(("columns", "options", "text"), INDEXES)
def test_indexes_read_alike_in_the_table_and_alone(columns: Any, options: Any, text: str) -> None:
    index = sa.Index("ix", *columns, **options)
    users = table(*(sa.Column(name, sa.String) for name in "abc"), index, schema="s")
    assert text_of(CreateIndex(index)) == f"CREATE INDEX ix ON s.users {text}"
    created, alone = read(str(compiled(CreateTable(users)))), read(str(compiled(CreateIndex(index))))
    assert isinstance(created, nodes.CreateTable)
    assert created.indexes == (alone,)


def test_a_local_index_names_the_partition_key() -> None:
    index = sa.Index("ix", "b", dynamodb_local=True)
    items = [sa.Column(name, sa.String, primary_key=name != "b") for name in ("t", "id", "b")]
    sa.Table("x", sa.MetaData(), *items, index)
    assert text_of(CreateIndex(index)) == "CREATE INDEX ix ON x (t, b) WITH (local='true')"


def test_drop_index_names_its_table() -> None:
    index = sa.Index("my ix", "a")
    table(sa.Column("a", sa.String), index, schema="s")
    assert text_of(DropIndex(index, if_exists=True)) == 'DROP INDEX IF EXISTS "my ix" ON s.users'
    assert read(text_of(DropIndex(index))) == nodes.DropIndex("my ix", nodes.TableName("users", "s"))


class TestUncreatable:
    def index(self) -> sa.Index:
        index = sa.Index("ix", "doc")
        table(sa.Column("doc", sa.JSON), index)
        return index

    @pytest.mark.parametrize("element", [CreateTable, CreateIndex])
    def test_it_is_left_out_with_a_warning(self, element: Any) -> None:
        index = self.index()
        with pytest.warns(exc.SAWarning, match="index 'ix' of table 'users' is not created: .* 'doc'"):
            found = compiled(element(index.table if element is CreateTable else index))
        assert "INDEX ix" not in str(found)
        assert found.has_effect == (element is CreateTable)

    def test_dropping_it_does_nothing(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = compiled(DropIndex(self.index()))
        assert not found.has_effect
        assert str(found).startswith("-- ")


class TestPrepared:
    def test_a_table_under_another_name_is_known_when_it_is_dropped(self) -> None:
        users = table(sa.Column("a", sa.String, index=True), dynamodb_table_name="legacy")
        (index,) = users.indexes
        for element in (CreateTable(users), DropTable(users), CreateIndex(index), DropIndex(index)):
            prepared = compiled(element).prepared({})
            assert prepared.tables[None, "users"].physical == "legacy"
            assert prepared.node == read(prepared.text)

    def test_names_alone_declare_nothing(self) -> None:
        stand_in = sa.Table("users", sa.MetaData(), sa.Column("a"))
        index = sa.Index("ix", stand_in.c.a)
        assert compiled(CreateIndex(index)).prepared({}).tables == {}
        assert compiled(DropTable(sa.Table("users", sa.MetaData()))).prepared({}).tables == {}

    def test_schemas_are_translated(self) -> None:
        found = compiled(DropTable(table(schema="a")), schema_translate_map={"a": "x"})
        prepared = found.prepared({"a": "b"})
        assert prepared.text.strip() == "DROP TABLE b.users"
        assert prepared.tables["b", "users"].physical == "b.users"


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (CreateSequence(sa.Sequence("s", schema="x"), if_not_exists=True), "CREATE SEQUENCE IF NOT EXISTS x.s"),
        (
            CreateSequence(sa.Sequence("s", start=5, increment=-2, minvalue=-9, maxvalue=9, cache=4, cycle=True)),
            "CREATE SEQUENCE s INCREMENT BY -2 START WITH 5 MINVALUE -9 MAXVALUE 9 CACHE 4 CYCLE",
        ),
        (
            CreateSequence(sa.Sequence("s", nominvalue=True, nomaxvalue=True)),
            "CREATE SEQUENCE s NO MINVALUE NO MAXVALUE",
        ),
        (DropSequence(sa.Sequence("s"), if_exists=True), "DROP SEQUENCE IF EXISTS s"),
    ],
)
def test_sequences_are_written_and_read_back(element: Any, text: str) -> None:
    assert str(element.compile(dialect=DIALECT)) == text
    assert isinstance(read(text), nodes.CreateSequence | nodes.DropSequence)


def test_an_identity_is_part_of_its_column() -> None:
    made = table(sa.Column("n", sa.Integer, sa.Identity(always=True, start=42)))
    assert "n INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 42)" in text_of(CreateTable(made))


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (CreateSchema("s"), "CREATE SCHEMA"),
        (CreateTable(table(prefixes=["TEMPORARY"])), "TEMPORARY"),
    ],
)
def test_what_there_is_not_is_refused(element: Any, message: str) -> None:
    with pytest.raises(NotSupportedError, match=message):
        compiled(element)


def test_constraints_and_comments_come_and_go() -> None:
    constraint = sa.UniqueConstraint("id", name="u", comment="why")
    users = table(constraint, comment="it's", schema="s")
    assert [text_of(element) for element in (AddConstraint(constraint), DropConstraint(constraint))] == [
        "ALTER TABLE s.users ADD CONSTRAINT u UNIQUE (id) COMMENT 'why'",
        "ALTER TABLE s.users DROP CONSTRAINT u",
    ]
    comments = [
        *(SetTableComment(users), DropTableComment(users)),
        *(SetColumnComment(users.c.id), DropColumnComment(users.c.id)),
        *(SetConstraintComment(constraint), DropConstraintComment(constraint)),
    ]
    users.c.id.comment = "x"
    assert [text_of(element) for element in comments] == [
        "COMMENT ON TABLE s.users IS 'it''s'",
        "COMMENT ON TABLE s.users IS NULL",
        "COMMENT ON COLUMN s.users.id IS 'x'",
        "COMMENT ON COLUMN s.users.id IS NULL",
        "COMMENT ON CONSTRAINT u ON s.users IS 'why'",
        "COMMENT ON CONSTRAINT u ON s.users IS NULL",
    ]
    for element in comments:
        assert isinstance(read(text_of(element)), nodes.AlterTable)
        assert compiled(element).tables == (users,)


OPTIONS: dict[str, Any] = {
    "billing_mode": "PROVISIONED",
    "read_capacity": 5,
    "write_capacity": 6,
    "ttl": "until",
    "stream": "NEW_IMAGE",
    "pitr": True,
    "deletion_protection": False,
    "table_class": "STANDARD",
    "sse": "alias/mine",
    "tags": {"team": "it's"},
    "warm_throughput": {"read": 13000, "write": 5000},
}


def test_the_options_of_a_table_stand_in_create_table() -> None:
    users = table(**{f"dynamodb_{name}": value for name, value in OPTIONS.items()})
    node = read(text_of(CreateTable(users)))
    assert isinstance(node, nodes.CreateTable)
    assert {name: option_value(name, value) for name, value in at_creation(node).given.items()} == OPTIONS


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ttl": ""}, "ttl of 'users'"),
        ({"stream": "ALL"}, "stream of 'users' is one of"),
        ({"read_capacity": 1.5}, "read_capacity of 'users'"),
        ({"read_capacity": 5, "write_capacity": 5}, "PROVISIONED"),
        ({"tags": ["a"]}, "tags of 'users'"),
        ({"warm_throughput": 5}, "warm_throughput of 'users'"),
    ],
)
def test_an_option_that_cannot_be_is_refused_when_the_table_is_compiled(options: dict[str, Any], says: str) -> None:
    with pytest.raises(exc.CompileError, match=says):
        compiled(CreateTable(table(**{f"dynamodb_{name}": value for name, value in options.items()})))


def test_defaults_stand_in_create_table() -> None:
    users = table(
        sa.Column("a", sa.Integer, server_default="5"),
        sa.Column(
            "b", sa.DateTime(True), server_default=sa.func.now(), server_onupdate=sa.DefaultClause(sa.func.now())
        ),
        sa.Column("c", sa.String, server_default=sa.FetchedValue(), server_onupdate=sa.FetchedValue()),
    )
    now = "CURRENT_TIMESTAMP"
    assert f"a INTEGER DEFAULT '5', b TIMESTAMP WITH TIME ZONE DEFAULT {now} ON UPDATE {now}, c VARCHAR," in (
        text_of(CreateTable(users))
    )


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (sa.Column("x", sa.Integer, sa.CheckConstraint("x > 0")), "CHECK (x > 0)"),
        (sa.CheckConstraint("id > 0", name="ck"), "CONSTRAINT ck CHECK (id > 0)"),
        (sa.Column("x", sa.Enum("a", "b", name="e", create_constraint=True)), "CONSTRAINT e CHECK (x IN ('a', 'b'))"),
    ],
)
def test_a_check_constraint_is_declared(item: Any, text: str) -> None:
    found = text_of(CreateTable(table(item)))
    assert text in found
    made = read(found)
    assert isinstance(made, nodes.CreateTable)
    assert len(made.checks) == 1


def test_what_a_foreign_key_does_not_do_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    users = table(sa.Column("boss", sa.ForeignKey("users.id", ondelete="CASCADE", onupdate="SET NULL")))
    found = text_of(CreateTable(users))
    text_of(CreateTable(users))
    [record] = caplog.records
    assert (record.name, record.levelname) == ("sqlalchemy_dynamorm", "WARNING")
    assert "ON DELETE CASCADE does nothing" in record.getMessage()
    assert "FOREIGN KEY(boss) REFERENCES users (id) ON DELETE CASCADE" in found


def test_comments_and_names_of_keys_are_part_of_the_table() -> None:
    column = sa.Column("id", sa.Integer, comment="it's")
    found = text_of(
        CreateTable(sa.Table("t", sa.MetaData(), column, sa.PrimaryKeyConstraint("id", name="pk"), comment="c"))
    )
    assert found == (
        "CREATE TABLE t ( id INTEGER NOT NULL AUTOINCREMENT COMMENT 'it''s', "
        "CONSTRAINT pk PRIMARY KEY (id) ) COMMENT 'c'"
    )
