from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn
from sqlalchemy_dynamorm.plan.schema import Kind
from sqlalchemy_dynamorm.plan.scopes import Block, Named, Occurrence, Traced, starred, traced
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.nodes import Column, Computed, Literal, Param
from tests.unit.plan.planning import table

THINGS = Occurrence(0, table(), nodes.TableName("things", "s"))
INNER = Named("d", None, (("x", Traced(kind=Kind.STRING)), ("p", Traced())))


def block() -> Block:
    outer = Block(None, {}, sources=[Named("things", "s", (), THINGS, (THINGS,))])
    return Block(outer, {}, sources=[INNER], labels={"again": Traced(kind=Kind.INTEGER)})


@pytest.mark.parametrize(
    ("column", "kind", "based"),
    [
        (Column("x"), Kind.STRING, False),
        (Column("x", "d"), Kind.STRING, False),
        (Column("s", "things"), Kind.INTEGER, True),
        (Column("s", "things", "s"), Kind.INTEGER, True),
        (Column("again"), Kind.INTEGER, False),
        (Column("f"), Kind.BOOLEAN, True),
    ],
)
def test_a_name_is_looked_for_from_the_inside(column: Column, kind: Kind, based: bool) -> None:
    found = block().resolve(column)
    assert (found.kind, bool(found.bases)) == (kind, based)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (Column("colour"), "no column 'colour'"),
        (Column("agai", "d"), "no column 'agai'"),
        (Column("x", "e"), "'e' is not a table of this statement; it reads 'd', 'things'"),
        (Column("s", "things", "r"), "no column 's'"),
    ],
)
def test_an_unknown_name_is_refused(column: Column, says: str) -> None:
    with pytest.raises(UndefinedColumn, match=says):
        block().resolve(column)


def test_a_name_of_two_sources_is_ambiguous() -> None:
    both = Block(None, {}, sources=[INNER, Named("e", None, (("x", Traced()),))])
    with pytest.raises(ProgrammingError, match="'x' is ambiguous"):
        both.resolve(Column("x"))
    assert both.resolve(Column("x", "e")) == Traced()


def test_a_star_shows_no_hidden_column() -> None:
    outer = block().parent
    assert outer is not None
    assert [name for name, _ in starred(nodes.Star(), outer)] == ["p", "s", "a", "b", "n", "f"]
    with pytest.raises(UndefinedColumn, match="'t'"):
        list(starred(nodes.Star("t"), outer))


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        (Computed("max()", (Column("b"),), aggregate=True, gives="same"), Kind.INTEGER),
        (Computed("sum()", (Column("f"),), aggregate=True, gives="same"), None),
        (Computed("coalesce()", (Column("a"), Param("x")), gives="same"), Kind.STRING),
        (Computed("CASE", (Column("a"), Column("b"), nodes.IsNull(Column("a"))), gives="same"), None),
        (Computed("CASE", (nodes.Param("p"), Computed("LIKE", gives="truth")), gives="same", results=1), None),
        (Computed("count()", (Column("a"),), gives="number"), Kind.INTEGER),
        (Computed("json_quote()", (Column("a"),), gives="json"), Kind.DOCUMENT),
        (Computed("lower()", (Column("a"),)), None),
        (nodes.Compare("=", Column("a"), Literal("x")), Kind.BOOLEAN),
        (Literal(1), None),
        (nodes.CountRows(), Kind.INTEGER),
    ],
)
def test_what_the_values_of_an_expression_are(expression: nodes.Expression, kind: Kind | None) -> None:
    outer = block().parent
    assert outer is not None
    assert traced(expression, outer).kind is kind


def test_an_occurrence_knows_its_names_and_what_is_wanted() -> None:
    column = THINGS.table.by_name["b"]
    THINGS.use(column, computed=False)
    assert not THINGS.computed
    THINGS.use(column, computed=True)
    assert (list(THINGS.used), THINGS.computed) == (["b"], {"b"})
    assert (THINGS.feed, THINGS.called) == ("dynamorm_0", "s.things")
