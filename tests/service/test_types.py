"""Each type as a model declares it: value to DynamoDB to value, in WHERE, in a local step, changed in place."""
# ruff: noqa: DTZ001 - naive values are what some of these types are about

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.mutable import MutableDict, MutableList, MutableSet
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import TTL, BinarySet, NumberSet, StringSet
from tests.conftest import Calls
from tests.servers import Server

UTC = dt.timezone.utc
MOMENT = dt.datetime(2024, 5, 6, 7, 8, 9, 123456)


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Shouted(sa.TypeDecorator[str]):
    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value and value.upper()


def _values(enumeration: Any) -> list[str]:
    return [member.value for member in enumeration]


TYPES: dict[str, tuple[Any, Any]] = {
    "interval": (sa.Interval, dt.timedelta(days=-1, microseconds=1)),
    "time": (sa.Time, dt.time(23, 59, 59, 999999)),
    "aware_time": (sa.Time(timezone=True), dt.time(1, 2, tzinfo=UTC)),
    "array": (sa.ARRAY(sa.Integer), [1, None, 3]),
    "decimals": (sa.ARRAY(sa.Numeric), [Decimal("0.1"), Decimal(2) ** 100]),
    "nested": (sa.ARRAY(sa.String, dimensions=2), [["a", None], []]),
    "moments": (postgresql.ARRAY(sa.DateTime(True)), [MOMENT.replace(tzinfo=UTC)]),
    "jsonb": (postgresql.JSONB, {"a": [1, {"b": None}]}),
    "pg_uuid": (postgresql.UUID(as_uuid=True), uuid.UUID(int=7)),
    "text_uuid": (sa.Uuid(as_uuid=False), str(uuid.UUID(int=8))),
    "foreign_uuid": (sa.Uuid(native_uuid=False), uuid.UUID(int=9)),
    "pickled": (sa.PickleType, {"a": (1, {2})}),
    "shouted": (Shouted, "LOUD"),
    "by_name": (sa.Enum(Size), Size.SMALL),
    "by_value": (sa.Enum(Size, values_callable=_values, native_enum=False, length=9), Size.LARGE),
    "strings": (StringSet, {"a", "é"}),
    "numbers": (NumberSet, {1, Decimal("1.5")}),
    "binaries": (BinarySet, {b"a", b"\x00"}),
    "expires": (TTL, MOMENT.replace(microsecond=0, tzinfo=UTC)),
    "epoch": (sa.Column(sa.DateTime, dynamodb_format="epoch"), MOMENT),
    "epoch_ms": (sa.Column(sa.DateTime(True), dynamodb_format="epoch_ms"), dt.datetime(1, 1, 1, tzinfo=UTC)),
    "unicode": (sa.Unicode(9), "\U0001f600"),
    "national": (sa.NVARCHAR(9), "n"),
    "char": (sa.NCHAR(1), "c"),
    "clob": (sa.UnicodeText, "é\n"),
    "double": (sa.DOUBLE_PRECISION, 0.1),
    "float_decimal": (sa.Float(asdecimal=True), Decimal("15.756")),
    "decimal": (sa.DECIMAL(38, 10), Decimal("9" * 28 + ".0123456789")),
    "big": (sa.BIGINT, 2**63),
    "small": (sa.SMALLINT, -1),
    "stamp": (sa.TIMESTAMP, dt.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    "date": (sa.DATE, dt.date(1, 1, 1)),
    "binary": (sa.BINARY(3), b"\x00\xff"),
    "variant": (sa.String().with_variant(sa.Integer, "dynamodb"), 5),
}


NOT_EQUAL = {"array", "decimals", "nested", "moments", "jsonb", "strings", "numbers", "binaries"}
"""dynalite finds no list, map or set equal to another with the same members; the service does."""


PYTHONS_OWN = {"pickled", "shouted", "by_name", "by_value", "variant", "float_decimal", "text_uuid"}
ALIKE = TYPES.keys() - PYTHONS_OWN
"""What DDL says of a type; the rest is known in Python alone."""


def _column(name: str, type_: Any) -> sa.Column[Any]:
    if isinstance(type_, sa.Column):
        return sa.Column(name, type_.type, **type_.dialect_kwargs)
    return sa.Column(name, type_)


TABLE = sa.Table(
    "typed",
    sa.MetaData(),
    sa.Column("id", sa.String, primary_key=True),
    *(_column(name, type_) for name, (type_, _) in TYPES.items()),
)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", scan="allow")
    yield engine
    engine.dispose()


@pytest.fixture
def typed(engine: sa.Engine, server: Server) -> None:
    """Make the table of all types. dynalite has no TTL, and says so when the table is there."""
    without = pytest.raises(sa.exc.NotSupportedError, match="the option ttl")
    with without if server.name == "dynalite" else nullcontext():
        TABLE.metadata.create_all(engine)


@pytest.mark.usefixtures("typed")
def test_every_type_comes_back_and_is_found(engine: sa.Engine, server: Server) -> None:
    values = {name: value for name, (_, value) in TYPES.items()}
    with engine.connect() as connection:
        connection.execute(TABLE.insert(), [{"id": "a", **values}, {"id": "b", **dict.fromkeys(values)}])
        row = connection.execute(sa.select(TABLE).where(TABLE.c.id == "a")).one()._asdict()
        assert row == {"id": "a", **values}
        assert {name: type(value) for name, value in row.items()} == {
            name: type(value) for name, value in {"id": "a", **values}.items()
        }
        empty = connection.execute(sa.select(TABLE).where(TABLE.c.id == "b")).one()._asdict()
        # None in a JSON column is JSON null, which is read as None too.
        assert empty == {"id": "b", **dict.fromkeys(values)}
        for name, value in values.items():
            if server.name == "dynalite" and name in NOT_EQUAL:
                continue
            column = TABLE.c[name]
            assert connection.scalars(sa.select(TABLE.c.id).where(column == value)).all() == ["a"], name
            assert connection.scalars(sa.select(TABLE.c.id).where(column != value)).all() == (
                ["b"] if name == "jsonb" else []
            ), name
            assert connection.scalars(sa.select(TABLE.c.id).where(column.in_([value]))).all() == ["a"], name


@pytest.mark.usefixtures("typed")
def test_every_type_comes_back_from_a_local_step(engine: sa.Engine) -> None:
    values = {name: value for name, (_, value) in TYPES.items()}
    with engine.connect() as connection:
        connection.execute(TABLE.insert(), {"id": "a", **values})
        other = TABLE.alias()
        joined = sa.select(TABLE).join(other, TABLE.c.id == other.c.id)
        assert connection.execute(joined).one()._asdict() == {"id": "a", **values}


class Base(DeclarativeBase):
    pass


class Tagged(Base):
    __tablename__ = "tagged"
    id: Mapped[str] = mapped_column(primary_key=True)
    tags: Mapped[set[str] | None] = mapped_column(MutableSet.as_mutable(StringSet()))
    notes: Mapped[list[Any]] = mapped_column(MutableList.as_mutable(sa.JSON()))
    extra: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(sa.JSON()))


def test_a_change_in_place_is_found(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Tagged(id="a", tags={"x"}, notes=[1], extra={}))
        session.commit()
        found = session.get_one(Tagged, "a")
        assert found.tags is not None
        found.tags.add("y")
        found.notes.append(2)
        found.extra["k"] = [None]
        session.commit()
        assert (found.tags, found.notes, found.extra) == ({"x", "y"}, [1, 2], {"k": [None]})
        has = sa.select(Tagged.id).where(Tagged.tags.contains("y"), ~Tagged.tags.contains("z"))
        assert session.scalars(has).all() == ["a"]
        found.tags.discard("x")
        found.notes[0] = {"n": 1}
        found.extra |= {"k": 1, "l": 2}
        session.commit()
        assert (found.tags, found.notes, found.extra) == ({"y"}, [{"n": 1}, 2], {"k": 1, "l": 2})
        session.execute(sa.update(Tagged).where(Tagged.id == "a").values({Tagged.extra["m"]: [3]}))
        session.commit()
        assert found.extra == {"k": 1, "l": 2, "m": [3]}
        found.tags.clear()
        session.commit()
        assert found.tags is None


class Upper(sa.TypeDecorator[str]):
    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.upper()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.lower()


LITERALS: dict[str, tuple[Any, Any]] = {
    "name": (sa.Enum(Size), Size.SMALL),
    "value": (sa.Enum(Size, values_callable=lambda sizes: [size.value for size in sizes]), Size.LARGE),
    "decorated": (Upper(), "abc"),
    "span": (sa.Interval(), dt.timedelta(days=1, microseconds=5)),
    "moment": (sa.DateTime(), MOMENT),
    "day": (sa.Date(), dt.date(1, 1, 1)),
    "uuid": (sa.Uuid(), uuid.UUID(int=5)),
    "exact": (sa.Numeric(38, 10), Decimal("12345678901234567890.1234567891")),
    "flag": (sa.Boolean(), True),
    "bytes": (sa.LargeBinary(), b"\x00'"),
    "text": (sa.Unicode(), "\u00e9'\\%"),
}


@pytest.mark.parametrize("name", LITERALS)
def test_a_value_is_the_same_bound_and_written_into_the_text(server: Server, schema: str, name: str) -> None:
    type_, value = LITERALS[name]
    table = sa.Table("literals", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", type_))
    engine = sa.create_engine(server.url(schema), isolation_level="AUTOCOMMIT", scan="allow")
    table.create(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(table), [{"id": 1, "x": value}, {"id": 2, "x": None}])
        executed = sa.bindparam("v", value, type_=type_, literal_execute=True)
        several = sa.bindparam("vs", [value], type_=type_, expanding=True, literal_execute=True)
        for where in (table.c.x == value, table.c.x == executed, table.c.x.in_(several)):
            assert connection.execute(sa.select(table).where(where)).all() == [(1, value)]
        text = sa.select(table.c.id).where(table.c.x == value).compile(engine, compile_kwargs={"literal_binds": True})
        assert connection.exec_driver_sql(str(text)).all() == [(1,)]
        assert connection.scalars(sa.select(table.c.id).order_by(table.c.x)).all() == [2, 1]
    engine.dispose()


def test_a_text_of_a_whole_number_is_an_integer(server: Server, schema: str) -> None:
    table = sa.Table(
        "numbered", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer)
    )
    engine = sa.create_engine(server.url(schema), isolation_level="AUTOCOMMIT")
    table.create(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(table), [{"id": "1", "n": "-5"}, {"id": 2, "n": 7}])
        for where in (table.c.id == "1", table.c.id.in_(["1", "9"]), table.c.n == "-5", table.c.n.between("-6", "0")):
            query = sa.select(table).where(where).execution_options(dynamodb_scan="allow")
            assert connection.execute(query).all() == [(1, -5)]
            assert connection.execute(query.order_by(table.c.n + 1)).all() == [(1, -5)]  # by the local step
        assert connection.execute(sa.text("UPDATE numbered SET n = :n WHERE id = :id"), {"id": "2", "n": "8"}).rowcount
        with pytest.raises(exc.DataError, match="column 'id' is declared integer and was given a value of type str"):
            connection.execute(sa.select(table).where(table.c.id == "one"))


@pytest.mark.usefixtures("typed")
def test_a_reflected_table_reads_the_same(engine: sa.Engine) -> None:
    values = {name: value for name, (_, value) in TYPES.items() if name in ALIKE}
    reflected = sa.Table("typed", sa.MetaData(), autoload_with=engine)
    assert reflected.c.epoch.dialect_options["dynamodb"]["format"] == "epoch"
    with engine.connect() as connection:
        connection.execute(TABLE.insert(), {"id": "a", **values})
        row = connection.execute(sa.select(*(reflected.c[name] for name in values))).one()
        assert row._asdict() == values
        connection.execute(sa.delete(reflected))
        connection.execute(reflected.insert(), {"id": "b", **values})
        row = connection.execute(sa.select(*(TABLE.c[name] for name in values))).one()
        assert row._asdict() == values


def test_members_come_and_go_in_one_call(engine: sa.Engine, calls: Calls) -> None:
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(Tagged), {"id": "a", "notes": [], "extra": {}})
        calls.clear()
        one = sa.update(Tagged).where(Tagged.id == "a")
        connection.execute(one.values(tags=Tagged.tags.add("x", "y")))
        connection.execute(one.values(tags=Tagged.tags.discard("x", "z")))
        assert calls.operations == ["UpdateItem"] * 2
        assert connection.scalar(sa.select(Tagged.tags).where(Tagged.id == "a")) == {"y"}
