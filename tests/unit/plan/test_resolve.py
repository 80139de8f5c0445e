from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.resolve import Fields, Names, outputs
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, Column, Kind, Table
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


def test_a_star_needs_columns_that_are_known() -> None:
    unknown = Table("users", "users", USERS.columns, HIDDEN_KEY, declared=False)
    with pytest.raises(Unsupported, match="name the columns"):
        outputs((nodes.Star(),), Names(unknown, nodes.TableName("users")), Fields())
    with pytest.raises(ProgrammingError, match="needs a FROM"):
        outputs((nodes.Star(),), None, Fields())
    with pytest.raises(UndefinedColumn, match="needs a FROM"):
        outputs((nodes.Output(nodes.Column("name"), "name"),), None, Fields())
