"""Conditions written with SQLAlchemy: each means the same filtered by the service, beside a whole key, and buffered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func

METADATA = sa.MetaData()
NOTES = sa.Table(
    "notes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("a", sa.String),
    sa.Column("b", sa.String),
    sa.Column("f", sa.Boolean),
    sa.Column("g", sa.Boolean),
    sa.Column("j", sa.JSON),
    sa.Column("k", sa.JSON(none_as_null=True)),
)
ROWS: tuple[dict[str, Any], ...] = (
    {"id": 1, "a": "x", "b": "x", "f": True, "g": False, "j": [1, "y"], "k": {"a": 1}},
    {"id": 2, "a": "yy", "b": None, "f": None, "g": True, "j": None, "k": None},
    {"id": 3, "a": None, "b": None, "f": False, "g": False, "j": "text", "k": []},
    {"id": 4, "a": "xyz", "b": "zz", "f": True, "g": True, "j": {"a": 1}, "k": 1.5},
)
C = NOTES.c


@pytest.fixture(scope="module")
def engine(server: Any) -> Iterator[sa.Engine]:
    found = sa.create_engine(server.url("conditions"), connect_args={"scan": "allow"})
    METADATA.create_all(found)
    with found.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(NOTES.insert(), ROWS)
    yield found
    METADATA.drop_all(found)
    found.dispose()


CONDITIONS: tuple[tuple[sa.ColumnElement[bool], list[int]], ...] = (
    (C.a == C.b, [1]),
    (C.a != C.b, [4]),
    (C.a < C.b, [4]),
    (C.f >= C.g, [1, 3, 4]),
    (C.g > C.f, []),
    (C.j == C.k, []),
    (C.j != C.k, [1, 3, 4]),
    (C.a.is_distinct_from("x"), [2, 3, 4]),
    (C.a.is_not_distinct_from("x"), [1]),
    (C.a.is_distinct_from(None), [1, 2, 4]),
    (C.a.is_distinct_from(C.b), [2, 4]),
    (C.a.is_not_distinct_from(C.b), [1, 3]),
    (C.f.is_distinct_from(True), [2, 3]),
    (C.a.is_(sa.bindparam("nothing", None)), [3]),
    (func.size(C.a) > 1, [2, 4]),
    (func.size(C.a) != 1, [2, 4]),
    (~(func.size(C.a) == 2), [1, 4]),
    (func.size(C.a).between(2, 3), [2, 4]),
    (func.size(C.j) == 2, [1]),
    (func.size(C.a) == func.size(C.b), [1]),
    (func.attribute_type(C.j) == "NULL", [2]),
    (func.attribute_type(C.a) != "S", []),
    (~func.attribute_type(C.j, "L"), [2, 3, 4]),
    (func.begins_with(C.a, "x"), [1, 4]),
    (~func.begins_with(C.a, "x"), [2]),
    (func.begins_with(C.a, ""), [1, 2, 4]),
    (func.begins_with(C.a, sa.null()), []),
    (func.contains(C.a, "y"), [2, 4]),
    (func.contains(C.j, 1), [1]),
    (~func.contains(C.j, "y"), [2, 3, 4]),
    (func.attribute_exists(C.k), [1, 3, 4]),
    (~func.attribute_exists(C.k), [2]),
    (func.attribute_not_exists(C.j), []),
    (C.j.is_(sa.null()), []),
    (C.j == sa.JSON.NULL, [2]),
    (C.k.is_(None), [2]),
    (C.k.is_not(None), [1, 3, 4]),
    (func.attribute_type(C.id) == "N", [1, 2, 3, 4]),
)


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS, ids=[str(condition) for condition, _ in CONDITIONS])
def test_a_condition_is_the_same_wherever_it_is_checked(
    engine: sa.Engine, condition: sa.ColumnElement[bool], expected: list[int]
) -> None:
    query = sa.select(C.id).where(condition)
    with engine.connect() as connection:
        assert sorted(connection.scalars(query)) == expected
        beside_key = [row["id"] for row in ROWS if connection.scalar(query.where(C.id == row["id"])) is not None]
        assert beside_key == expected
        buffered = [{**row, "id": row["id"] + 10} for row in ROWS]
        connection.execute(NOTES.insert(), buffered)
        assert sorted(connection.scalars(query.where(C.id > 10))) == [found + 10 for found in expected]
        connection.rollback()


def test_json_null_is_shown_as_none_where_a_condition_asks_for_it(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        shown = connection.execute(sa.select(C.id, C.j).where(C.j.is_not(sa.null()))).all()
        assert {row.id: row.j for row in shown} == {row["id"]: row["j"] for row in ROWS}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (C.a == C.f, "hold string and boolean values"),
        (func.size(C.id) > 1, "size() is for text, binary values, documents and sets"),
        (func.begins_with(C.f, "x"), "begins_with() is for text, binary values, documents and sets"),
        (func.attribute_type(C.a) == "Q", "is compared with one of B, BOOL"),
    ],
    ids=str,
)
def test_what_has_no_meaning_is_refused_by_name(
    engine: sa.Engine, condition: sa.ColumnElement[bool], names: str
) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.execute(sa.select(C.id).where(condition))
    assert names in str(caught.value)
