"""Primary keys of every type, and of three and more columns, through SQLAlchemy."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from tests.conftest import Calls
from tests.servers import Server


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


class Doubled(sa.TypeDecorator[int]):
    """Stored as twice the value."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else value * 2

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value) // 2


MOMENTS = ("0001-01-01", "2024-01-01T00:00:00.000005", "9999-12-31")
UTC = dt.timezone.utc
IDS = [uuid.UUID(int=number) for number in (1, 2**64, 2**127)]
TYPES: dict[str, tuple[Any, list[Any]]] = {
    "integer": (sa.Integer, [-(10**9), -2, -1, 0, 1, 10, 9**9]),
    "big": (sa.BigInteger, [-(2**63), -1, 2**63 - 1]),
    "numeric": (sa.Numeric(38, 10), [Decimal("-99999.5"), Decimal("-1E-9"), Decimal(0), Decimal("1.1"), Decimal(12)]),
    "float": (sa.Float, [-1.5, -0.25, 0.0, 1e-9, 2.0]),
    "datetime": (sa.DateTime, [dt.datetime.fromisoformat(text) for text in MOMENTS]),
    "aware": (sa.DateTime(timezone=True), [dt.datetime(y, 2, 3, 4, 5, 6, 7, tzinfo=UTC) for y in (1970, 2026)]),
    "date": (sa.Date, [dt.date(1, 1, 1), dt.date(1999, 12, 31), dt.date(9999, 12, 31)]),
    "time": (sa.Time, [dt.time(0), dt.time(1, 2, 3, 4), dt.time(23, 59, 59, 999999)]),
    "uuid": (sa.Uuid, IDS),
    "uuid text": (sa.Uuid(as_uuid=False), [str(one) for one in IDS]),
    "enum": (sa.Enum(Colour), [Colour.GREEN, Colour.RED]),
    "enum text": (sa.Enum("a", "b", name="letters"), ["a", "b"]),
    "binary": (sa.LargeBinary, [b"\0", b"\0\xff", b"a", b"\xff"]),
    "text": (sa.String(20), [" ", "a", "a\0b", "ab", "é", "😀"]),
    "decorated": (Doubled, [-5, 0, 7]),
}


@pytest.fixture
def engine(server: Server, schema: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(server.url(schema), isolation_level="AUTOCOMMIT")
    yield found
    found.dispose()


@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_a_key_in_its_order(engine: sa.Engine, name: str) -> None:
    """As partition key, as sort key, and packed; values come in order, so reversed they are inserted."""
    type_, values = TYPES[name]
    metadata = sa.MetaData()

    def key(column: str, of: Any = type_) -> sa.Column[Any]:
        return sa.Column(column, of, primary_key=True, autoincrement=False)

    alone = sa.Table("alone", metadata, key("v"), sa.Column("n", sa.Integer))
    pair = sa.Table("pair", metadata, key("p", sa.Integer), key("v"), sa.Column("n", sa.Integer))
    triple = sa.Table("triple", metadata, key("p", sa.Integer), key("v"), key("w"), sa.Column("n", sa.Integer))
    metadata.create_all(engine)
    with engine.connect() as connection:
        for number, value in reversed(list(enumerate(values))):
            connection.execute(alone.insert(), {"v": value, "n": number})
            connection.execute(pair.insert(), {"p": 1, "v": value, "n": number})
            connection.execute(triple.insert(), {"p": 1, "v": value, "w": values[0], "n": number})
        for number, value in enumerate(values):
            assert connection.scalar(sa.select(alone.c.n).where(alone.c.v == value)) == number
            one = sa.select(triple).where(triple.c.p == 1, triple.c.v == value, triple.c.w == values[0])
            assert connection.execute(one).all() == [(1, value, values[0], number)]
        for table in (pair, triple):
            ordered = sa.select(table.c.v).where(table.c.p == 1).order_by(table.c.v)
            assert connection.scalars(ordered).all() == values
            upper = sa.select(table.c.v).where(table.c.p == 1, table.c.v > values[0]).order_by(table.c.v.desc())
            assert connection.scalars(upper).all() == values[:0:-1]
    metadata.drop_all(engine)


class Base(orm.DeclarativeBase):
    pass


class Bed(Base):
    __tablename__ = "beds"
    house: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    floor: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    room: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    patient: orm.Mapped[str | None]


@pytest.fixture
def beds(engine: sa.Engine) -> Iterator[sa.Engine]:
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        for floor in (-2, -1, 0, 3, 20):
            session.add_all([Bed(house="north", floor=floor, room=room) for room in ("a", "b")])
        session.add(Bed(house="south", floor=1, room="a"))
        session.commit()
    yield engine
    Base.metadata.drop_all(engine)


def test_the_whole_key_is_a_get_item(beds: sa.Engine, calls: Calls) -> None:
    with orm.Session(beds) as session:
        assert session.get_one(Bed, ("north", -1, "b")).room == "b"
        assert calls.operations == ["GetItem"]


@pytest.mark.parametrize(
    ("where", "rooms"),
    [
        (Bed.floor == 3, ["3a", "3b"]),
        (Bed.floor < 0, ["-2a", "-2b", "-1a", "-1b"]),
        (Bed.floor <= -2, ["-2a", "-2b"]),
        (Bed.floor > 3, ["20a", "20b"]),
        (Bed.floor.between(-1, 0), ["-1a", "-1b", "0a", "0b"]),
        (sa.and_(Bed.floor == 3, Bed.room > "a"), ["3b"]),
        (sa.and_(Bed.floor == 3, Bed.room < "b"), ["3a"]),
        (sa.and_(Bed.floor == 3, Bed.room.startswith("b")), ["3b"]),
    ],
)
def test_leading_columns_are_a_query_in_key_order(
    beds: sa.Engine, calls: Calls, where: sa.ColumnElement[bool], rooms: list[str]
) -> None:
    statement = sa.select(Bed).where(Bed.house == "north", where)
    with orm.Session(beds) as session:
        ordered = session.scalars(statement.order_by(Bed.floor, Bed.room)).all()
        assert [f"{bed.floor}{bed.room}" for bed in ordered] == rooms
        turned = session.scalars(statement.order_by(Bed.floor.desc(), Bed.room.desc())).all()
        assert turned == ordered[::-1]
    assert calls.operations == ["Query", "Query"]


def test_rows_of_keys_are_one_batch(beds: sa.Engine, calls: Calls) -> None:
    keys = [("north", 3, "a"), ("south", 1, "a"), ("south", 1, "z")]
    with orm.Session(beds) as session:
        found = session.scalars(sa.select(Bed).where(sa.tuple_(Bed.house, Bed.floor, Bed.room).in_(keys))).all()
        assert sorted((bed.house, bed.floor) for bed in found) == [("north", 3), ("south", 1)]
    assert calls.operations == ["BatchGetItem"]


def test_the_hidden_key_is_in_no_result(beds: sa.Engine) -> None:
    with beds.connect() as connection:
        found = connection.execute(sa.select(sa.text("*")).select_from(Bed.__table__).where(Bed.house == "south"))
        assert list(found.keys()) == ["house", "floor", "room", "patient"]
        inserted = sa.insert(Bed).values(house="x", floor=1, room="y").returning(*Bed.__table__.columns)
        assert connection.execute(inserted).one() == ("x", 1, "y", None)


def test_text_knows_the_key_of_a_table_that_nobody_declared(beds: sa.Engine, calls: Calls) -> None:
    with beds.connect() as connection:
        connection.execute(sa.text("INSERT INTO beds (house, floor, room) VALUES ('east', 5, 'k')"))
        calls.clear()
        one = sa.text("SELECT floor, patient FROM beds WHERE house = 'east' AND floor = 5 AND room = 'k'")
        assert connection.execute(one).all() == [(5, None)]
        assert calls.operations == ["GetItem"]
        updated = connection.execute(sa.text("UPDATE beds SET patient = 'p' WHERE house = 'east' AND floor = 5"))
        assert updated.rowcount == 1
        assert connection.execute(one).all() == [(5, "p")]


def test_a_column_that_another_writer_changed_in_place_is_refused(beds: sa.Engine, server: Server, schema: str) -> None:
    import boto3

    client = boto3.client(
        "dynamodb",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="dummykey",
        aws_secret_access_key="dummysecret",
    )
    (item,) = client.query(
        TableName=f"{schema}.beds",
        KeyConditionExpression="house = :h",
        ExpressionAttributeValues={":h": {"S": "south"}},
    )["Items"]
    client.put_item(TableName=f"{schema}.beds", Item={**item, "floor": {"N": "7"}})
    client.close()
    with beds.connect() as connection, pytest.raises(sa.exc.DataError, match="what its columns floor, room do"):
        connection.execute(sa.select(Bed.patient).where(Bed.house == "south", Bed.floor == 1, Bed.room == "a"))


class TestTransactions:
    @pytest.fixture
    def session(self, ministack: Server, schema: str) -> Iterator[orm.Session]:
        engine = sa.create_engine(ministack.url(schema))
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            session.add_all([Bed(house="north", floor=floor, room="a") for floor in (1, 2)])
            session.commit()
            yield session
        Base.metadata.drop_all(engine)
        engine.dispose()

    def test_an_update_of_a_part_moves_the_row(self, session: orm.Session) -> None:
        bed = session.get_one(Bed, ("north", 1, "a"))
        bed.floor, bed.patient = 9, "eve"
        session.flush()
        floors = sa.select(Bed.floor).where(Bed.house == "north").order_by(Bed.floor)
        assert session.scalars(floors).all() == [2, 9]
        session.commit()
        assert session.scalars(floors).all() == [2, 9]
        assert session.get(Bed, ("north", 1, "a")) is None
        assert session.get_one(Bed, ("north", 9, "a")).patient == "eve"

    def test_own_writes_are_seen_in_key_order(self, session: orm.Session) -> None:
        session.add(Bed(house="north", floor=-1, room="z"))
        session.delete(session.get_one(Bed, ("north", 2, "a")))
        session.flush()
        floors = sa.select(Bed.floor).where(Bed.house == "north")
        assert session.scalars(floors.order_by(Bed.floor)).all() == [-1, 1]
        assert session.scalars(floors.where(Bed.floor < 1)).all() == [-1]
        session.rollback()
        assert session.scalars(floors.order_by(Bed.floor)).all() == [1, 2]

    def test_a_taken_key_is_refused(self, session: orm.Session) -> None:
        session.add(Bed(house="north", floor=1, room="a"))
        with pytest.raises(sa.exc.IntegrityError, match=r"primary key \(house, floor, room\)"):
            session.commit()


def test_an_association_table_with_a_third_key_column(engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    tagged = sa.Table(
        "tagged",
        metadata,
        sa.Column("post", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tag", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", sa.Date, primary_key=True),
    )
    metadata.create_all(engine)
    day = dt.date(2024, 2, 29)
    with engine.connect() as connection:
        connection.execute(tagged.insert(), [{"post": 1, "tag": tag, "since": day} for tag in (3, 1, 2)])
        connection.execute(tagged.delete().where(tagged.c.post == 1, tagged.c.tag == 2))
        ordered = sa.select(tagged.c.tag).where(tagged.c.post == 1).order_by(tagged.c.tag)
        assert connection.scalars(ordered).all() == [1, 3]
    metadata.drop_all(engine)
