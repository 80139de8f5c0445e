"""Reflection of tables made elsewhere, by a sample of their items, and automap over reflected tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm
from sqlalchemy.ext.automap import automap_base

from sqlalchemy_dynamorm import NumberSet, StringSet
from sqlalchemy_dynamorm.run.request import Request
from tests.conftest import Calls
from tests.servers import Server

ITEMS: list[dict[str, Any]] = [
    {
        "id": {"S": "a"},
        "status": {"S": "new"},
        "price": {"N": "1"},
        "blob": {"B": b"x"},
        "done": {"BOOL": True},
        "doc": {"M": {"a": {"N": "1"}}},
        "names": {"SS": ["x", "y"]},
        "sizes": {"NS": ["1", "2.5"]},
    },
    {"id": {"S": "b"}, "price": {"N": "1.25"}, "doc": {"L": []}, "note": {"S": "é"}, "order": {"S": "x"}},
]


def ask(engine: sa.Engine, operation: str, **params: Any) -> None:
    with engine.connect() as connection:
        found: Any = connection.connection.dbapi_connection
        found.client.ask(Request(operation, params))


@pytest.fixture
def made(url: str, schema: str) -> Iterator[sa.Engine]:
    """A table that was made by another program, with an index, and items."""
    engine, physical = sa.create_engine(url), f"{schema}.things"
    ask(
        engine,
        "CreateTable",
        TableName=physical,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    inspector = sa.inspect(engine)
    while not inspector.has_table("things") or not inspector.get_indexes("things"):
        inspector.clear_cache()
    for item in ITEMS:
        ask(engine, "PutItem", TableName=physical, Item=item)
    yield engine
    ask(engine, "DeleteTable", TableName=physical)
    engine.dispose()


def test_without_a_sample_only_keys_are_known(made: sa.Engine, calls: Calls) -> None:
    found = sa.Table("things", sa.MetaData(), autoload_with=made)
    assert {*found.c.keys()} == {"id", "status"}
    assert "Scan" not in calls.count


def test_a_sample_gives_the_attributes_with_their_types(
    made: sa.Engine, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy_dynamorm"):
        found = sa.Table("things", sa.MetaData(), autoload_with=made, dynamodb_sample=10)
    assert calls.count["Scan"] == 1
    assert "one Scan read 2 items (dynamodb_sample=10)" in caplog.text
    assert found.c.keys()[2:] == ["blob", "doc", "done", "names", "note", "order", "price", "sizes"]
    types = {column.name: type(column.type) for column in found.c}
    assert types == {
        "id": sa.String,
        "status": sa.String,
        "blob": sa.BLOB,
        "doc": sa.JSON,
        "done": sa.Boolean,
        "names": StringSet,
        "note": sa.String,
        "order": sa.String,
        "price": sa.Numeric,
        "sizes": NumberSet,
    }
    assert [column.name for column in found.c if not column.nullable] == ["id"]
    assert [*found.primary_key.columns.keys()] == ["id"]
    with made.connect() as connection:
        rows = {row.id: row._mapping for row in connection.execute(sa.select(found))}
        cheap = sa.select(found.c.id).where(found.c.price < Decimal("1.2"), found.c.status == "new")
        assert connection.scalars(cheap).all() == ["a"]
    assert rows["b"]["price"] == Decimal("1.25")
    assert (rows["a"]["doc"], rows["b"]["doc"], rows["b"]["done"]) == ({"a": 1}, [], None)
    assert (rows["a"]["names"], rows["a"]["sizes"]) == ({"x", "y"}, {1, Decimal("2.5")})


def test_a_sample_is_no_larger_than_asked(made: sa.Engine, calls: Calls) -> None:
    inspector = sa.inspect(made)
    names = {column["name"] for column in inspector.get_columns("things", dynamodb_sample=1)}
    assert names in [{*item} | {"status"} for item in ITEMS]
    inspector.get_columns("things", dynamodb_sample=1)
    assert calls.count["Scan"] == 1


def test_an_attribute_of_several_types_has_none_and_is_read_as_it_is(made: sa.Engine, schema: str) -> None:
    ask(made, "PutItem", TableName=f"{schema}.things", Item={"id": {"S": "c"}, "price": {"S": "free"}})
    with pytest.warns(exc.SAWarning, match="'price' is reflected without a type.* as N, S"):
        table = sa.Table("things", sa.MetaData(), autoload_with=made, dynamodb_sample=10)
    assert isinstance(table.c.price.type, sa.types.NullType)
    with made.connect() as connection:
        prices = connection.execute(sa.select(table.c.id, table.c.price).order_by(table.c.id)).all()
    assert [tuple(row) for row in prices] == [("a", 1), ("b", Decimal("1.25")), ("c", "free")]
    given = sa.Table("things", sa.MetaData(), sa.Column("price", sa.JSON), autoload_with=made)
    assert isinstance(given.c.price.type, sa.JSON)


@pytest.mark.parametrize("sample", [0, -1, True, "10", 1.5])
def test_a_sample_is_a_number_of_items(made: sa.Engine, sample: Any, calls: Calls) -> None:
    with pytest.raises(exc.ArgumentError, match="dynamodb_sample"):
        sa.Table("things", sa.MetaData(), autoload_with=made, dynamodb_sample=sample)
    assert "Scan" not in calls.count


def test_automap_over_a_table_made_elsewhere(made: sa.Engine) -> None:
    base: Any = automap_base()
    base.prepare(autoload_with=made, reflection_options={"dynamodb_sample": 10})
    with orm.Session(made) as session:
        thing: Any = session.get(base.classes.things, "b")
        thing.status = "sold"
        session.commit()
        assert session.scalars(sa.select(base.classes.things.id).filter_by(id="b", status="sold")).all() == ["b"]


def test_automap_makes_relationships_of_declared_foreign_keys(ministack: Server, schema: str, calls: Calls) -> None:
    engine = sa.create_engine(ministack.url(schema))
    metadata = sa.MetaData()
    sa.Table("people", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("name", sa.String))
    sa.Table(
        "orders",
        metadata,
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.ForeignKey("people.id"), index=True),
    )
    metadata.create_all(engine)
    base: Any = automap_base()
    base.prepare(autoload_with=engine, reflection_options={"dynamodb_sample": 10})
    people, orders = base.classes.people, base.classes.orders
    with orm.Session(engine) as session:
        session.add(people(id="ada", name="Ada", orders_collection=[orders(number=1), orders(number=2)]))
        session.commit()
    with orm.Session(engine) as session:
        ada: Any = session.get(people, "ada")
        second: Any = session.get(orders, 2)
        assert sorted(order.number for order in ada.orders_collection) == [1, 2]
        assert second.people is ada
    assert "Scan" not in calls.count  # their declarations are known, so no sample is read
    engine.dispose()


def test_tables_of_other_names_are_found_by_what_they_are_declared_as(url: str, schema: str) -> None:
    engine, metadata = sa.create_engine(url), sa.MetaData()
    key, other = (sa.Column("id", sa.String, primary_key=True) for _ in range(2))
    sa.Table("parents", metadata, key, dynamodb_table_name=f"{schema}.real-parents")
    refers: sa.Column[str] = sa.Column("parent", sa.ForeignKey("parents.id"))
    named: list[Any] = [f"{schema}.real-children", lambda: f"{schema}.real-children"]
    sa.Table("children", metadata, other, refers, dynamodb_table_name=named[0])
    metadata.create_all(engine)
    for given in ({"dynamodb_table_name": named[0]}, {"dynamodb_table_name": named[1]}, {}):
        children = sa.Table("children", found := sa.MetaData(), autoload_with=engine, **given)
        (foreign,) = children.foreign_keys
        parents = found.tables["parents"]
        assert foreign.column is parents.c.id
        assert parents.dialect_options["dynamodb"]["table_name"] == f"{schema}.real-parents"
        with engine.begin() as connection:
            connection.execute(sa.insert(parents).prefix_with("OR REPLACE").values(id="p"))
            assert connection.execute(sa.select(parents).where(parents.c.id == "p")).one() == ("p",)
    whole = sa.MetaData()
    whole.reflect(engine)
    assert {"real-children", "real-parents", "parents"} <= whole.tables.keys()
    with pytest.raises(sa.exc.NoSuchTableError):
        sa.Table("missing", sa.MetaData(), autoload_with=engine)
    engine.dispose()
