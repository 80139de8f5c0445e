from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.resolve import Fields, Names, outputs, returning
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Kind, Table
from sqlalchemy_dynamorm.plan.steps import Projection
from sqlalchemy_dynamorm.sql import nodes

NAME = Column("name", Kind.STRING)
USERS = Table("users", "users", (NAME, Column(HIDDEN_KEY, Kind.STRING, nullable=False, hidden=True)), HIDDEN_KEY)
NAMES = Names(USERS, nodes.TableName("users", alias="u"))


@pytest.mark.parametrize("qualifier", [None, "u"])
def test_a_name_is_a_column(qualifier: str | None) -> None:
    assert NAMES.resolve(nodes.Column("name", qualifier)) is NAME


def test_an_alias_hides_the_name() -> None:
    with pytest.raises(UndefinedColumn, match="it reads 'u'"):
        NAMES.resolve(nodes.Column("name", "users"))


@pytest.mark.parametrize(
    ("name", "hint"), [("nme", "Did you mean 'name'"), ("zzz", "columns are: name"), (HIDDEN_KEY, "are: name")]
)
def test_what_is_not_there_gets_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UndefinedColumn, match=hint):
        NAMES.target(name)


def test_a_star_is_every_visible_column() -> None:
    fields = Fields()
    assert outputs((nodes.Star("u"),), NAMES, fields)[1] == ("name",)
    assert fields.columns == [NAME]


def test_a_star_of_a_table_that_nobody_declared_reads_all_attributes() -> None:
    columns = (Column("city", Kind.STRING), Column("id", Kind.NUMBER))
    unknown = Names(Table("users", "users", columns, "id", declared=False), nodes.TableName("users"))
    fields = Fields()
    values, labels = outputs((nodes.Star(),), unknown, fields)
    assert labels == ("id", "city", "*")
    assert Projection(tuple(fields.columns), values, labels).open
    with pytest.raises(Unsupported, match="only the key is known"):
        returning((nodes.Star(),), unknown)


def test_a_star_needs_a_from() -> None:
    with pytest.raises(ProgrammingError, match="needs a FROM"):
        outputs((nodes.Star(),), None, Fields())
