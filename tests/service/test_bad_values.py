"""Values that their column does not take, and what others broke: an error that shows no value, and no write."""
# ruff: noqa: DTZ001 - naive values are what some of these are about

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm import BinarySet, NumberSet, StringSet
from sqlalchemy_dynamorm.run.request import Request
from tests.servers import Server

SECRET = "hidden"  # in each of these values, and in no message


class Size(enum.Enum):
    SMALL = "s"


TYPES: dict[str, Any] = {
    "whole": sa.Integer,
    "exact": sa.Numeric(10, 2),
    "real": sa.Float,
    "flag": sa.Boolean,
    "raw": sa.LargeBinary,
    "words": sa.String,
    "doc": sa.JSON,
    "numbers_list": sa.ARRAY(sa.Integer),
    "words_list": sa.ARRAY(sa.String),
    "strings": StringSet,
    "numbers": NumberSet,
    "binaries": BinarySet,
    "size": sa.Enum(Size),
    "moment": sa.DateTime,
    "day": sa.Date,
    "clock": sa.Time,
    "span": sa.Interval,
    "uid": sa.Uuid,
    "expires": sa.DateTime(timezone=True),
}
BAD: list[tuple[str, Any, str]] = [
    ("whole", SECRET, "column 'whole' is declared integer and was given a value of type str"),
    ("whole", 1.5, "column 'whole' is declared integer and was given a float with a fraction"),
    ("whole", 10**38 + 1, "'whole' .*38"),
    ("exact", SECRET, "A text stands where the column's type says a number is"),
    ("exact", b"hidden", "column 'exact' is declared decimal and was given a value of type bytes"),
    ("exact", Decimal("1E126"), "'exact' was given a number outside DynamoDB's range"),
    ("exact", Decimal("NaN"), "'exact' was given NaN or an infinity"),
    ("real", -math.inf, "'real' was given NaN or an infinity"),
    ("real", 1e200, "'real' was given a number outside DynamoDB's range"),
    ("flag", 2, "is not None, True, or False"),
    ("raw", SECRET, "A binary column takes bytes; it does not take str"),
    ("words", 5, "column 'words' is declared string and was given a value of type int"),
    ("words", "hidden\ud800", "column 'words' was given text with a lone surrogate"),
    ("doc", {SECRET}, "column 'doc' is declared document and was given a value of type set"),
    ("doc", b"hidden", "column 'doc' is declared document and was given a value of type bytes"),
    ("doc", {"a": math.nan}, "'doc' was given NaN or an infinity"),
    ("numbers_list", SECRET, "An ARRAY column takes a list; it does not take str"),
    ("numbers_list", [1, SECRET], "An ARRAY of Integer has no elements of type str"),
    ("words_list", [[SECRET, 5]], "An ARRAY of String has no elements of type int"),
    ("strings", {SECRET, 1}, "A StringSet has no members of type int"),
    ("numbers", {SECRET, 1}, "A NumberSet has no members of type str"),
    ("binaries", {SECRET, b"a"}, "A BinarySet has no members of type str"),
    ("size", SECRET, "A text that is no value of the Enum 'size'"),
    ("moment", SECRET, "takes a datetime; it does not take str"),
    ("day", SECRET, "takes a date; it does not take str"),
    ("clock", SECRET, "takes a time; it does not take str"),
    ("span", SECRET, "takes a timedelta; it does not take str"),
    ("uid", SECRET, "A str that is no UUID"),
    ("expires", SECRET, "takes a datetime; it does not take str"),
]
METADATA = sa.MetaData()
TABLE = sa.Table(
    "values",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    *(sa.Column(name, type_) for name, type_ in TYPES.items()),
)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(url, hide_parameters=True)
    yield found
    found.dispose()


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "READ COMMITTED"])
def test_a_value_that_its_column_does_not_take(engine: sa.Engine, level: Any) -> None:
    METADATA.create_all(engine)
    with engine.connect().execution_options(isolation_level=level) as connection:
        for name, value, words in BAD:
            for statement in (
                sa.insert(TABLE).values({"id": 1, name: value}),
                sa.update(TABLE).where(TABLE.c.id == 1).values({name: value}),
            ):
                with pytest.raises(exc.StatementError, match=words) as caught:
                    connection.execute(statement)
                assert SECRET not in str(caught.value.orig), name
        connection.commit()
        assert connection.scalar(sa.select(sa.func.count()).select_from(TABLE)) == 0


def test_a_naive_moment_of_an_aware_column_is_in_utc(engine: sa.Engine) -> None:
    """As PostgreSQL takes it in a session whose time zone is UTC; see docs/schema.md."""
    METADATA.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.insert(TABLE).values(id=1, expires=dt.datetime(2024, 1, 2)))
        found = connection.scalar(sa.select(TABLE.c.expires).where(TABLE.c.id == 1))
        assert found == dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)


def test_an_enum_of_no_native_type_takes_any_text(engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    kinds = sa.Enum("a", "b", name="kinds", native_enum=False)
    table = sa.Table("kinds", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("kind", kinds))
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", dynamodb_scan="allow") as connection:
        connection.execute(sa.insert(table), [{"id": "x", "kind": "a"}, {"id": "y", "kind": None}])
        assert connection.scalars(sa.select(table.c.id).where(table.c.kind.like("a%"))).all() == ["x"]


def test_an_index_on_a_boolean_is_warned_about_and_not_created(engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    table = sa.Table(
        "flags", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("done", sa.Boolean, index=True)
    )
    with pytest.warns(exc.SAWarning, match="index 'ix_flags_done' of table 'flags' is not created: .* 'done'"):
        metadata.create_all(engine)
    assert sa.inspect(engine).get_columns("flags")[1]["name"] == "done"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", dynamodb_scan="allow") as connection:
        connection.execute(sa.insert(table), {"id": "x", "done": True})
        assert connection.scalars(sa.select(table.c.id).where(table.c.done)).all() == ["x"]


def test_a_counter_that_was_deleted_does_not_give_a_taken_number(ministack: Server, schema: str) -> None:
    system = f"{schema}-system"
    metadata = sa.MetaData()
    table = sa.Table("counted", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    url = ministack.url(schema, system_table=system)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(table), [{"name": "a"}, {"name": "b"}])
        driver: Any = connection.connection.dbapi_connection
        key = {"id": {"S": f"counter#{schema}.counted"}}
        driver.client.ask(Request("DeleteItem", {"TableName": system, "Key": key}))
        connection.execute(sa.insert(table), {"name": "c"})  # goes on beyond what this engine has seen
        assert connection.scalars(sa.select(table.c.id).order_by(table.c.id)).all() == [1, 2, 3]
        driver.client.ask(Request("DeleteItem", {"TableName": system, "Key": key}))
    engine.dispose()
    fresh = sa.create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
    with fresh.connect() as connection:  # another process knows nothing: it is told, and overwrites nothing
        with pytest.raises(exc.IntegrityError, match="An item with this primary key"):
            connection.execute(sa.insert(table), {"name": SECRET})
        assert connection.scalars(sa.select(table.c.name).order_by(table.c.id)).all() == ["a", "b", "c"]
    fresh.dispose()
