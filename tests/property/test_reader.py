"""``read(write(n)) == n`` for any meaning, and any text at all is read or refused with an error of ours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sqlalchemy_dynamorm.errors import Error, Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.writer import write

LISTS = frozenset({"many"})

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
names = st.one_of(
    st.sampled_from(["a", "id", "user_id", "count", "order", "date", "key", "IN", "Name"]),
    st.text(characters, min_size=1, max_size=8),
)
params = st.builds(nodes.Param, st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda n: n not in LISTS))
decimals = st.decimals(allow_nan=False, allow_infinity=False)
literals = st.builds(
    nodes.Literal,
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.binary(max_size=8), decimals, st.text(characters, max_size=8)
    ),
)
simple = st.one_of(params, literals, st.just(nodes.CurrentTimestamp()))
values = st.one_of(simple, st.builds(nodes.Concat, st.lists(simple, min_size=2, max_size=3).map(tuple)))
columns = st.builds(nodes.Column, names, st.none() | names)


def rows(width: int) -> st.SearchStrategy[tuple[tuple[nodes.Value, ...], ...]]:
    return st.lists(st.tuples(*[values] * width), max_size=3).map(tuple)


def ins(width: int) -> st.SearchStrategy[nodes.Expression]:
    items = st.just(nodes.ParamList("many", width)) | rows(width)
    return st.builds(nodes.In, st.tuples(*[columns] * width), items)


def deeper(inner: st.SearchStrategy[nodes.Expression]) -> st.SearchStrategy[nodes.Expression]:
    @st.composite
    def part(draw: st.DrawFn) -> nodes.Expression:
        # A function has a short repr; that of the whole tree of strategies is over Hypothesis's bound.
        return draw(inner)

    def flat(kind: type[nodes.And] | type[nodes.Or]) -> st.SearchStrategy[nodes.Expression]:
        parts = part().filter(lambda found: not isinstance(found, kind))
        return st.builds(kind, st.lists(parts, min_size=2, max_size=4).map(tuple))

    return st.one_of(
        st.builds(nodes.Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), part(), part()),
        st.builds(nodes.Same, part(), part()),
        st.builds(nodes.Between, part(), values, values),
        st.builds(nodes.Like, part(), values, st.none() | st.characters(categories=("L", "P"))),
        st.builds(nodes.IsNull, part()),
        st.builds(nodes.IsTrue, part()),
        st.builds(nodes.Not, part()),
        flat(nodes.And),
        flat(nodes.Or),
    )


calls = st.one_of(
    st.builds(nodes.Call, st.sampled_from(["size", "attribute_exists", "attribute_not_exists"]), columns),
    st.builds(nodes.Call, st.sampled_from(["begins_with", "contains"]), columns, values),
    st.builds(nodes.Call, st.just("attribute_type"), columns, st.none() | values),
)
conditions = st.recursive(st.one_of(values, columns, ins(1), ins(2), calls), deeper, max_leaves=12)


@given(conditions)
@example(nodes.Literal(Decimal(1)))
@example(nodes.Literal(Decimal("-0")))
@example(nodes.Not(nodes.In((nodes.Column("IN"),), ())))
def test_a_condition_reads_back_as_it_was(condition: nodes.Expression) -> None:
    query = nodes.Delete(nodes.TableName("t"), condition)
    # repr tells 1 from true and from Decimal(1), which == does not.
    assert repr(read(write(query), LISTS)) == repr(query)


option = st.tuples(names, st.text(characters, max_size=6))
options = st.lists(option, max_size=2, unique_by=lambda found: found[0]).map(tuple)
some = st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)
one = st.tuples(names)
comments = st.none() | st.text(characters, max_size=6)
tables = st.builds(nodes.TableName, names, st.none() | names)
types = st.one_of(
    st.builds(nodes.TypeName, st.sampled_from(["INTEGER", "TEXT", "TIMESTAMP WITH TIME ZONE", "STRING_SET", "TTL"])),
    st.builds(nodes.TypeName, st.just("NUMERIC"), st.sampled_from([("10",), ("10", "2")])),
)
numbers = st.none() | st.integers(1, 99)
numberings = st.builds(nodes.Numbering, numbers, numbers, numbers, numbers, st.none() | st.booleans(), numbers)
defaults = st.none() | st.just(nodes.CurrentTimestamp()) | st.builds(nodes.Literal, st.integers() | st.text(characters))
column_definitions = st.builds(
    nodes.ColumnDefinition,
    names,
    types,
    not_null=st.booleans(),
    autoincrement=st.booleans(),
    default=defaults,
    comment=comments,
    identity=st.none() | st.builds(nodes.Identity, numberings, st.booleans()),
)
uniques = st.builds(nodes.Unique, some, st.none() | names, comments)
actions = st.sampled_from([None, "CASCADE", "SET NULL", "NO ACTION", "RESTRICT", "SET DEFAULT"])
foreign_keys = st.builds(
    nodes.ForeignKey,
    *(one, tables, one, st.none() | names, actions, actions, st.none() | st.booleans()),
    initially=st.sampled_from([None, "DEFERRED", "IMMEDIATE"]),
    match=st.sampled_from([None, "FULL", "PARTIAL", "SIMPLE"]),
    comment=comments,
)
checks = st.builds(nodes.CheckConstraint, st.sampled_from(["a > 1", "a IN (1, 2)", "b <> ')'"]), st.none() | names)
changes = st.one_of(
    st.builds(nodes.AddColumn, column_definitions, if_not_exists=st.booleans()),
    st.builds(nodes.DropColumn, names, st.booleans()),
    st.builds(nodes.RenameColumn, names, names),
    st.builds(nodes.SetType, names, types),
    st.builds(nodes.SetNotNull, names, st.booleans()),
    st.builds(nodes.SetDefault, names, st.sampled_from([None, "5", "-5", "'it''s, so'", "CURRENT_TIMESTAMP"])),
    st.builds(nodes.AddConstraint, uniques | foreign_keys | checks),
    st.builds(nodes.DropConstraint, names, st.booleans()),
    st.builds(nodes.SetOptions, st.lists(option, min_size=1, max_size=1).map(tuple)),
)
alterations = st.builds(nodes.AlterTable, tables, st.lists(changes, min_size=1, max_size=3).map(tuple), st.booleans())
noted = st.one_of(
    st.builds(nodes.SetComment, st.just("TABLE"), st.none(), comments),
    st.builds(nodes.SetComment, st.sampled_from(["COLUMN", "CONSTRAINT"]), names, comments),
)
indexes = st.builds(nodes.CreateIndex, names, tables, some, st.booleans(), st.booleans(), options)


@st.composite
def creations(draw: st.DrawFn) -> nodes.CreateTable:
    """Of columns that are there: others are refused."""
    columns = draw(st.lists(column_definitions, min_size=1, max_size=3, unique_by=lambda column: column.name))
    table, (first, *others) = draw(tables), [column.name for column in columns]
    key = draw(st.sampled_from([(), (first,), (first, *others)]))
    inner = [replace(index, table=table, columns=(first,), if_not_exists=False) for index in draw(few(indexes))]
    return nodes.CreateTable(
        *(table, tuple(columns), key, tuple(inner)),
        tuple(replace(each, columns=(first,)) for each in draw(few(foreign_keys))),
        *(draw(st.booleans()), draw(options), draw(few(checks))),
        tuple(replace(each, columns=(first, *others)) for each in draw(few(uniques))),
        nodes.KeyNote(draw(st.none() | names), draw(comments)) if key else nodes.KeyNote(),
        draw(comments),
    )


def few(what: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(what, max_size=1).map(tuple)


definitions = st.one_of(
    creations(),
    alterations,
    st.builds(nodes.AlterTable, tables, st.tuples(noted)),
    indexes,
    st.builds(nodes.DropTable, tables, st.booleans()),
    st.builds(nodes.DropIndex, names, tables, st.booleans()),
    st.builds(nodes.AlterIndex, names, tables, st.lists(option, min_size=1, max_size=1).map(tuple), st.booleans()),
    st.builds(nodes.CreateSequence, tables, numberings, st.booleans()),
    st.builds(nodes.DropSequence, tables, st.booleans()),
)


@settings(deadline=None)  # the first example makes all strategies
@given(definitions)
def test_a_definition_reads_back_as_it_was(definition: nodes.Definition) -> None:
    assert repr(read(write(definition))) == repr(definition)


WORDS = (
    "DISTINCT size contains begins_with attribute_type "
    "SELECT INSERT INTO UPDATE SET DELETE FROM WHERE AND OR NOT IN LIKE ESCAPE IS NULL BETWEEN ORDER BY LIMIT OFFSET "
    "AS VALUES RETURNING CREATE TABLE INDEX ON PRIMARY KEY DEFAULT REFERENCES WITH DROP IF EXISTS EXPLAIN CASE CAST "
    "UNION a b t INTEGER :p :many ? @ $1 ( ( ( ) ) ) , , . * = <> < || -> + - 1 1.5 1e5 "
    "'x' \"q\" X'AB' X'A ' \" ` [ ; -- "
    "/* {{ {%"
).split()


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    refused(text)


@given(st.sampled_from(["SELECT a, b FROM t", "DELETE FROM t", "UPDATE t SET a = :p"]), conditions, st.data())
def test_a_broken_statement_is_read_or_refused(head: str, condition: nodes.Expression, data: st.DataObject) -> None:
    text = f"{head} WHERE {write(condition)}"
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, len(text)))
    refused(text[:at] + data.draw(st.sampled_from(["", *WORDS])) + text[until:])


def refused(text: str) -> bool:
    """Whether the text is refused; what is read must read back from its own text, if it has one."""
    try:
        found = read(text, LISTS)
    except Error:
        return True
    try:
        written = write(found)
    except Unsupported:
        return False  # SQLite runs the text as it is
    assert repr(read(written, LISTS)) == repr(found)
    return False
