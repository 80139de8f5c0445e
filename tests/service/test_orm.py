"""``get_many``: objects by their keys, in the order asked, in as few calls as they need."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import count_calls
from sqlalchemy_dynamorm.errors import InterfaceError
from sqlalchemy_dynamorm.orm import get_many


class Base(DeclarativeBase):
    pass


class Guest(Base):
    __tablename__ = "guests"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class Stay(Base):
    __tablename__ = "stays"
    guest: Mapped[uuid.UUID] = mapped_column(ForeignKey("guests.id"), primary_key=True)
    night: Mapped[int] = mapped_column(primary_key=True)


IDS = [uuid.UUID(int=number) for number in range(150)]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("dynamodb+local://")
    Base.metadata.create_all(engine)
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        session.add_all([Guest(id=id_, name=f"guest {id_.int}") for id_ in IDS])
        session.add_all([Stay(guest=IDS[0], night=night) for night in (1, 2)])
        session.commit()
    yield engine
    engine.dispose()


def test_the_order_asked_and_none_for_a_missing_key(engine: Engine) -> None:
    with Session(engine) as session, count_calls(engine) as calls:
        found = get_many(session, Guest, [IDS[3], uuid.UUID(int=999), IDS[1], IDS[3]])
        assert [guest and guest.name for guest in found] == ["guest 3", None, "guest 1", "guest 3"]
        assert found[0] is found[3]
    assert calls.operations == ["BatchGetItem"]


def test_a_hundred_keys_a_call(engine: Engine) -> None:
    with Session(engine) as session, count_calls(engine) as calls:
        assert [guest and guest.id for guest in get_many(session, Guest, IDS)] == IDS
    assert calls.operations == ["BatchGetItem"] * 2


def test_what_the_session_has_is_not_read_again(engine: Engine) -> None:
    with Session(engine) as session:
        kept = session.get(Guest, IDS[0])
        with count_calls(engine) as calls:
            assert get_many(session, Guest, [IDS[0]]) == [kept]
        assert calls.operations == []
        session.expire_all()
        with count_calls(engine) as calls:
            assert get_many(session, Guest, [IDS[0]]) == [kept]
        assert calls.operations == ["BatchGetItem"]


def test_keys_of_two_columns(engine: Engine) -> None:
    with Session(engine) as session, count_calls(engine) as calls:
        found = get_many(session, Stay, [(IDS[0], 2), (IDS[0], 3), (IDS[0], 1)])
        assert [stay and stay.night for stay in found] == [2, None, 1]
    assert calls.operations == ["BatchGetItem"]


def test_no_keys_cost_nothing(engine: Engine) -> None:
    with Session(engine) as session, count_calls(engine) as calls:
        assert get_many(session, Guest, []) == []
    assert calls.operations == []


def test_a_key_of_the_wrong_width_is_refused(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(InterfaceError, match="2 values: guest, night"):
        get_many(session, Stay, [IDS[0]])
