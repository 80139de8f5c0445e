from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.definitions import declared_as, index_of, table_of, types_given
from sqlalchemy_dynamorm.plan.guarded import guarded
from sqlalchemy_dynamorm.plan.predicates import Comparison
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Index, Kind, Table, Unique
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read


def table(text: str, separator: str = ".") -> Table:
    node = read(text)
    assert isinstance(node, nodes.CreateTable)
    return table_of(node, separator)


def index(text: str) -> Index:
    node = read(text)
    assert isinstance(node, nodes.CreateIndex)
    return index_of(node, ".")


def test_a_table() -> None:
    found = table("CREATE TABLE s.t (a INTEGER AUTOINCREMENT, b VARCHAR(3), c JSON NOT NULL, PRIMARY KEY (a, b))", "_")
    columns = (
        Column("a", Kind.INTEGER, nullable=False, autoincrement=True),
        Column("b", Kind.STRING, nullable=False),
        Column("c", Kind.DOCUMENT, nullable=False),
    )
    assert found == Table("s.t", "s_t", columns, "a", "b")


def test_a_table_without_a_primary_key_has_a_hidden_one() -> None:
    found = table("CREATE TABLE things (a VARCHAR)")
    assert found.key == (HIDDEN_KEY,)
    assert [column.name for column in found.visible] == ["a"]
    assert found.visible_key == ()


def test_the_options_choose_key_and_name() -> None:
    text = "CREATE TABLE t (a VARCHAR, b VARCHAR, PRIMARY KEY (a, b)) WITH (partition_key='b', table_name='other')"
    assert (table(text).key, table(text).physical) == (("b", "a"), "other")


def test_unique_columns_are_kept_by_guards_but_where_the_key_keeps_them() -> None:
    text = (
        "CREATE TABLE t (a TEXT UNIQUE, b TEXT, c TEXT, CONSTRAINT u UNIQUE (c, b), UNIQUE (b, c), UNIQUE (b, a, c), "
    )
    found = table(text + "PRIMARY KEY (a, b), UNIQUE INDEX ix1 (b))")
    assert found.uniques == (Unique(None, ("a",)), Unique("ix1", ("b",)), Unique("u", ("c", "b")))
    assert [index.name for index in found.indexes] == ["ix1"]


def test_a_key_of_three_columns_is_packed() -> None:
    text = "CREATE TABLE t (a TEXT, b TEXT, c INTEGER, PRIMARY KEY (a, b, c)) WITH (sort_key='c')"
    found = table(text)
    assert (found.key, found.packed) == (("a", "__dynamorm_sort__.c.b"), ("c", "b"))
    assert found.visible_key == ("a", "c", "b")
    assert [column.name for column in found.visible] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("CREATE TABLE t (a VARCHAR, PRIMARY KEY (b))", ProgrammingError, "names the column b"),
        ("CREATE TABLE t (a JSON, PRIMARY KEY (a))", Unsupported, "document values"),
        ("CREATE TABLE t (a BOOLEAN, k VARCHAR, PRIMARY KEY (k), INDEX ix1 (a))", Unsupported, "boolean values"),
        ("CREATE TABLE t (a VARCHAR, PRIMARY KEY (a), INDEX ix1 (b))", ProgrammingError, "names the column b"),
        ("CREATE TABLE t (a TEXT, b TEXT, c JSON, PRIMARY KEY (a, b, c))", Unsupported, "'c' of 't' holds document"),
        (
            "CREATE TABLE t (a TEXT, b TEXT, c TEXT, PRIMARY KEY (a, b, c)) WITH (partition_key='b', sort_key='b')",
            ProgrammingError,
            "primary key: a, b, c",
        ),
        ("CREATE TABLE t (a INTEGER DEFAULT 'x', PRIMARY KEY (a))", Unsupported, "DEFAULT of the column 'a'"),
        ("CREATE TABLE t (a TEXT, b TEXT, PRIMARY KEY (a)) WITH (sort_key='b')", ProgrammingError, "primary key: a"),
        ("CREATE TABLE t (a TEXT) WITH (partition_key='a')", ProgrammingError, "has no primary key"),
    ],
)
def test_a_table_that_is_refused(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        table(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE INDEX ix1 ON t (a, b)", Index("ix1", "ix1", ("a",), ("b",))),
        ("CREATE INDEX ix1 ON t (a, b) WITH (hash_columns='2')", Index("ix1", "ix1", ("a", "b"))),
        ("CREATE INDEX ix1 ON t (a) WITH (projection='KEYS_ONLY')", Index("ix1", "ix1", ("a",), (), "KEYS_ONLY")),
        (
            "CREATE INDEX ix1 ON t (a) WITH (projection='INCLUDE', include='[\"b\"]', local='true')",
            Index("ix1", "ix1", ("a",), (), "INCLUDE", ("b",), True),
        ),
    ],
)
def test_an_index(text: str, expected: Index) -> None:
    assert index(text) == expected


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("CREATE INDEX ix1 ON t (a) WITH (fast='true')", Unsupported, "'fast'"),
        ("CREATE INDEX ix1 ON t (a, b, c, d, e, f)", ProgrammingError, "up to 4 range"),
        ("CREATE INDEX ix1 ON t (a) WITH (projection='SOME')", ProgrammingError, "'SOME'"),
    ],
)
def test_an_index_that_is_refused(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        index(text)


def test_the_types_of_an_index_can_be_given() -> None:
    node = read('CREATE INDEX ix1 ON t (a) WITH (types=\'{"a": "N"}\')')
    assert isinstance(node, nodes.CreateIndex)
    assert types_given(node) == {"a": Kind.NUMBER}
    wrong = read('CREATE INDEX ix1 ON t (a) WITH (types=\'{"a": "BOOL"}\')')
    assert isinstance(wrong, nodes.CreateIndex)
    with pytest.raises(ProgrammingError, match="not BOOL"):
        types_given(wrong)


def test_a_described_table_takes_what_is_declared_of_it() -> None:
    node = read("CREATE TABLE t (a INTEGER, b JSON, c TEXT UNIQUE, PRIMARY KEY (a), INDEX b_ix (b))")
    assert isinstance(node, nodes.CreateTable)
    served, foreign = Index("c_ix", "c_ix", ("c",)), Index("d_ix", "d_ix", ("d",))
    found = Table("t", "t", (Column("a", Kind.NUMBER, False),), "a", None, (served, foreign), declared=False)
    known = declared_as(found, node, "sys")
    assert [column.kind for column in known.columns] == [Kind.INTEGER, Kind.DOCUMENT, Kind.STRING]
    assert (known.declared, known.indexes, known.uniques, known.system) == (
        True,
        (served,),
        (Unique(None, ("c",)),),
        "sys",
    )
    assert guarded(known, (Comparison(Column("c", Kind.STRING), "=", nodes.Literal("x")),)) is None
    elsewhere = Table("t", "t", (Column("z", Kind.STRING, False),), "z", declared=False)
    assert declared_as(elsewhere, node, "sys") is elsewhere


def indexed(count: int, options: str) -> Table:
    columns = ", ".join(f"c{at} TEXT" for at in range(count))
    indexes = ", ".join(f"INDEX ix_{at} ({'a, ' if options else ''}c{at}) {options}" for at in range(count))
    return table(f"CREATE TABLE t (a TEXT, b TEXT, {columns}, PRIMARY KEY (a, b), {indexes})")


@pytest.mark.parametrize(("most", "options", "says"), [(20, "", "21 global"), (5, "WITH (local='true')", "6 local")])
def test_a_text_may_have_no_more_indexes_than_a_declaration(most: int, options: str, says: str) -> None:
    assert len(indexed(most, options).indexes) == most
    with pytest.raises(ProgrammingError, match=f"{says} indexes"):
        indexed(most + 1, options)
