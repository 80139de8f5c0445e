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


class Person(Base):
    __tablename__ = "persons"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    kind: orm.Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}  # noqa: RUF012 - SQLAlchemy's own form


class Engineer(Person):
    __tablename__ = "engineers"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("persons.id"), primary_key=True)
    language: orm.Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "engineer"}  # noqa: RUF012 - SQLAlchemy's own form


class Key(Base):
    """A room has one key at most."""

    __tablename__ = "keys"
    __table_args__ = (
        sa.ForeignKeyConstraint(["number", "house", "floor"], [Room.number, Room.house, Room.floor], name="fk_room"),
    )
    floor: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    house: orm.Mapped[str] = orm.mapped_column(primary_key=True)


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


PERSONS: Any = Person.__table__
ENGINEERS: Any = Engineer.__table__


def test_objects_of_joined_tables_come_and_go(engine: sa.Engine, calls: Calls) -> None:
    with orm.Session(engine) as session:
        session.add(Engineer(id=1, name="ada", language="en"))
        session.commit()
        session.get_one(Person, 1).name = "countess"
        session.commit()
        session.delete(session.get_one(Person, 1))
        calls.clear()
        session.commit()
        assert calls.count["TransactWriteItems"] == 1
        assert session.scalars(sa.select(Person)).all() == []


def test_a_row_is_deleted_where_the_one_that_may_refer_to_it_is_not_there(engine: sa.Engine, calls: Calls) -> None:
    run(engine, sa.insert(PERSONS), [{"id": number, "name": "x", "kind": "engineer"} for number in (1, 2)])
    run(engine, sa.insert(ENGINEERS).values(id=1))
    for statement in (sa.delete(PERSONS).where(Person.id == 1), sa.update(PERSONS).where(Person.id == 1).values(id=7)):
        with pytest.raises(
            exc.IntegrityError, match=r"'engineers' \(id\): a row refers to one that is deleted"
        ) as caught:
            run(engine, statement)
        assert isinstance(caught.value.orig, ForeignKeyViolation)
    calls.clear()
    run(engine, sa.delete(PERSONS).where(Person.id == 2))
    assert calls.count == {"GetItem": 1, "TransactWriteItems": 1}
    with engine.begin() as connection:
        connection.execute(sa.delete(ENGINEERS).where(ENGINEERS.c.id == 1))
        connection.execute(sa.delete(PERSONS))
    with engine.connect() as connection:
        assert connection.scalars(sa.select(PERSONS.c.id)).all() == []


def test_a_packed_key_is_looked_for_in_its_own_order(engine: sa.Engine) -> None:
    run(engine, sa.insert(Key).values(house="h", floor=1, number=5))
    plain = engine.execution_options(dynamodb_scan="allow")
    with pytest.raises(exc.NotSupportedError, match="Rows of guests may refer"):
        run(plain, sa.delete(Room))
    metadata = sa.MetaData()
    tables: list[Any] = [Room.__table__, Key.__table__]
    room, _ = (each.to_metadata(metadata) for each in tables)
    with pytest.raises(exc.IntegrityError, match="'keys'"):
        run(engine, sa.delete(room).where(room.c.house == "h", room.c.floor == 1, room.c.number == 5))
    with pytest.raises(exc.IntegrityError, match="'keys'"):
        run(engine, sa.delete(room).where(room.c.house == "h"))
    run(engine, sa.delete(room).where(room.c.house == "h", room.c.floor == 1, room.c.number == 6))


def test_explain_names_the_check_of_the_child(engine: sa.Engine) -> None:
    found = explain(sa.delete(PERSONS).where(PERSONS.c.id == 1), engine)
    assert "no row of engineers refers to it" in str(found)


def test_one_of_two_wins_where_a_child_comes_while_its_parent_goes(ministack: Server, schema: str) -> None:
    """Each has looked before the other wrote, and commits after it."""
    engine = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system", foreign_keys="check"))
    Base.metadata.create_all(engine)
    for first, second in (("insert", "delete"), ("delete", "insert")):
        run(engine, sa.insert(PERSONS).values(id=1, name="x", kind="engineer"))
        with engine.connect() as deleting, engine.connect() as inserting:
            deleting.execute(sa.delete(PERSONS).where(PERSONS.c.id == 1))
            inserting.execute(sa.insert(ENGINEERS).values(id=1))
            ways = {"insert": inserting, "delete": deleting}
            ways[first].commit()
            with pytest.raises(exc.IntegrityError):
                ways[second].commit()
        with engine.begin() as connection:
            persons = connection.scalars(sa.select(PERSONS.c.id)).all()
            assert persons == connection.scalars(sa.select(ENGINEERS.c.id)).all()
            connection.execute(sa.delete(ENGINEERS))
            connection.execute(sa.delete(PERSONS))
    engine.dispose()


def test_split_writes_parents_first_and_deletes_them_last(ministack: Server, schema: str, calls: Calls) -> None:
    url = ministack.url(schema, system_table=f"{schema}-system", foreign_keys="check")
    engine = sa.create_engine(url, overflow="split", isolation_level="READ COMMITTED")
    Base.metadata.create_all(engine)
    persons = [{"id": number, "name": "x", "kind": "engineer"} for number in range(150)]
    with engine.begin() as connection:
        connection.execute(sa.insert(ENGINEERS), [{"id": each["id"]} for each in persons])
        connection.execute(sa.insert(PERSONS), persons)
        calls.clear()
    assert set(calls.operations) == {"TransactWriteItems"}
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(ENGINEERS)) == 150
        connection.execute(sa.delete(PERSONS))
        connection.execute(sa.delete(ENGINEERS))
    with engine.begin() as connection:
        assert connection.scalars(sa.select(PERSONS.c.id)).all() == []
        run(engine, sa.insert(Guest), [{"id": number, "host_id": (number + 1) % 80} for number in range(80)])
        run(engine, sa.insert(Bill), [{"id": number, "guest_id": number % 80} for number in range(150)])
    engine.dispose()


def test_a_parent_in_another_schema_of_a_map(ministack: Server, schema: str) -> None:
    metadata = sa.MetaData()
    parent = sa.Table("parents", metadata, sa.Column("id", sa.Integer, primary_key=True), schema="shared")
    child = sa.Table(
        "children", metadata, sa.Column("id", sa.ForeignKey("shared.parents.id"), primary_key=True), schema="tenant"
    )
    plain = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system", foreign_keys="check"))
    names: dict[str | None, str | None] = {"shared": f"{schema}s", "tenant": f"{schema}t"}
    engine = plain.execution_options(schema_translate_map=names)
    metadata.create_all(engine)
    run(engine, sa.insert(parent).values(id=1))
    run(engine, sa.insert(child).values(id=1))
    with pytest.raises(exc.IntegrityError, match="no row of 'parents'"):
        run(engine, sa.insert(child).values(id=2))
    with pytest.raises(exc.IntegrityError, match="'children'"):
        run(engine, sa.delete(parent).where(parent.c.id == 1))
    metadata.drop_all(engine)
    plain.dispose()


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
