"""``foreign_keys=check``: a row's parents are there when it is written. dynalite has no transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from sqlalchemy_dynamorm import insert
from sqlalchemy_dynamorm.dialect.explain import explain
from sqlalchemy_dynamorm.errors import ForeignKeyViolation
from tests.conftest import Calls
from tests.servers import Server


class Base(orm.DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "rooms"
    house: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    floor: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)


class Guest(Base):
    __tablename__ = "guests"
    __table_args__ = (
        sa.ForeignKeyConstraint(["number", "house", "floor"], [Room.number, Room.house, Room.floor], name="fk_room"),
    )
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    house: orm.Mapped[str | None]
    floor: orm.Mapped[int | None]
    number: orm.Mapped[int | None]
    host_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("guests.id", name="fk_host"))
    name: orm.Mapped[str | None]


class Bill(Base):
    __tablename__ = "bills"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    guest_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("guests.id"))


@pytest.fixture(params=["AUTOCOMMIT", "READ COMMITTED"])
def engine(request: pytest.FixtureRequest, ministack: Server, schema: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(
        ministack.url(schema, system_table=f"{schema}-system", foreign_keys="check"), isolation_level=request.param
    )
    Base.metadata.create_all(found)
    with orm.Session(found) as session:
        session.add_all([Room(house="h", floor=1, number=5), Room(house="h", floor=1, number=6), Guest(id=1)])
        session.commit()
    yield found
    found.dispose()


def run(engine: sa.Engine, statement: Any, values: Any = None) -> None:
    with engine.begin() as connection:
        connection.execute(statement, values)


def test_a_row_whose_parent_is_there(engine: sa.Engine, calls: Calls) -> None:
    calls.clear()
    run(engine, sa.insert(Bill).values(id=1, guest_id=1))
    assert calls.count == {"TransactWriteItems": 1}
    run(engine, sa.insert(Guest).values(id=2, house="h", floor=1, number=5, host_id=1))
    run(engine, sa.insert(Guest), [{"id": 3}, {"id": 4, "house": "x", "floor": None, "number": 9}])


def test_explain_names_the_check(engine: sa.Engine) -> None:
    inserted = explain(sa.insert(Bill).values(id=1, guest_id=1), engine)
    assert "ConditionCheck" in str(inserted)
    assert "the row that guest_id refers to is there" in str(inserted)
    assert "ConditionCheck" not in str(explain(sa.update(Guest).where(Guest.id == 1).values(name="x"), engine))


def test_a_row_whose_parent_is_missing(engine: sa.Engine) -> None:
    with pytest.raises(exc.IntegrityError) as caught:
        run(engine, sa.insert(Guest).values(id=2, house="h", floor=2, number=5))
    assert isinstance(caught.value.orig, ForeignKeyViolation)
    assert "The foreign key 'fk_room' of " in str(caught.value)
    assert "(number, house, floor): no row of 'rooms' has these values." in str(caught.value)
    with pytest.raises(exc.IntegrityError, match="'fk_host'"):
        run(engine, sa.insert(Guest), [{"id": 3, "host_id": 99}])
    with engine.connect() as connection:
        assert connection.scalars(sa.select(Guest.id)).all() == [1]


def test_an_update_of_a_foreign_key(engine: sa.Engine, calls: Calls) -> None:
    run(engine, sa.insert(Guest).values(id=2, house="h", floor=1, number=5))
    second = sa.update(Guest).where(Guest.id == 2)
    run(engine, second.values(number=6))
    run(engine, second.values(number=Guest.number - 1))
    for number in (7, Guest.number + 5):
        with pytest.raises(exc.IntegrityError, match="'fk_room'"):
            run(engine, second.values(number=number))
    run(engine, second.values(house=None))
    calls.clear()
    run(engine, second.values(name="x"))  # no column of a foreign key
    assert "TransactWriteItems" not in calls.count


def test_an_upsert_of_a_foreign_key(engine: sa.Engine) -> None:
    new = insert(Guest)
    floor = sa.func.max(Guest.number, new.excluded.number)
    computed = new.on_conflict_do_update(index_elements=["id"], set_={"house": "h", "floor": 1, "number": floor})
    run(engine, computed.values(id=2, house="h", floor=1, number=5))
    run(engine, computed.values(id=2, house="h", floor=1, number=6))
    for values in ({"id": 2, "number": 7}, {"id": 3, "house": "h", "floor": 1, "number": 9}):
        with pytest.raises(exc.IntegrityError, match="'fk_room'"):
            run(engine, computed.values(**values))
    with engine.connect() as connection:
        found = connection.execute(sa.select(Guest.id, Guest.number).order_by(Guest.id))
        assert [tuple(row) for row in found] == [(1, None), (2, 6)]
    moving = new.on_conflict_do_update(index_elements=["id"], set_={"id": sa.func.abs(new.excluded.id) + 1})
    with pytest.raises(exc.NotSupportedError, match="or gets another key"):
        run(engine, moving.values(id=2))


def test_a_parent_of_the_same_transaction(ministack: Server, schema: str) -> None:
    engine = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system", foreign_keys="check"))
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([Bill(id=1, guest_id=1), Guest(id=1, host_id=1), Guest(id=2, host_id=1)])
        session.commit()
        session.execute(sa.delete(Bill).where(Bill.id == 1))
        session.execute(sa.delete(Guest).where(Guest.id == 1).execution_options(dynamodb_foreign_keys="declare"))
        session.add(Bill(id=2, guest_id=1))
        with pytest.raises(exc.IntegrityError, match="'guests'"):
            session.commit()
    engine.dispose()


def test_a_parent_is_not_deleted(engine: sa.Engine) -> None:
    with pytest.raises(exc.NotSupportedError, match="Rows of bills, guests may refer to what is deleted of"):
        run(engine, sa.delete(Guest).where(Guest.id == 1))
    with pytest.raises(exc.NotSupportedError, match="or gets another key"):
        run(engine, sa.update(Guest).where(Guest.id == 1).values(id=9))
    run(engine, sa.delete(Bill).where(Bill.id == 1))  # nothing refers to it
    run(engine, sa.delete(Guest).where(Guest.id == 1).execution_options(dynamodb_foreign_keys="declare"))


def test_without_the_option_nothing_is_checked(engine: sa.Engine) -> None:
    run(engine.execution_options(dynamodb_foreign_keys="declare"), sa.insert(Bill).values(id=1, guest_id=99))


def test_an_upsert_is_checked(engine: sa.Engine) -> None:
    from sqlalchemy_dynamorm import insert

    run(engine, insert(Bill).values(id=1, guest_id=1).on_conflict_do_nothing())
    with pytest.raises(exc.IntegrityError):
        run(engine, insert(Bill).values(id=2, guest_id=9).on_conflict_do_nothing())
    change = insert(Bill).values(id=1, guest_id=1).on_conflict_do_update(index_elements=["id"], set_={"guest_id": 9})
    with pytest.raises(exc.IntegrityError):
        run(engine, change)


def test_what_cannot_be_checked_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(exc.NotSupportedError, match="is not known to a text"):
        run(engine, sa.text("INSERT INTO bills (id, guest_id) VALUES (1, 1)"))
    metadata = sa.MetaData()
    sa.Table(
        "coded", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String, unique=True)
    )
    child = sa.Table(
        "child", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.ForeignKey("coded.code"))
    )
    with pytest.raises(exc.NotSupportedError, match="not the whole primary key"):
        run(engine, sa.insert(child).values(id=1, code="x"))
