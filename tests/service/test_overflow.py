"""overflow=split: a commit of more than 100 actions goes as several. dynalite has no transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.conftest import Calls
from tests.servers import Server


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None]


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[sa.Engine]:
    url = ministack.url(schema, system_table=f"{schema}-system")
    engine = sa.create_engine(url, overflow="split")
    Base.metadata.create_all(engine)
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


def count(engine: sa.Engine, model: type[Base]) -> int | None:
    with Session(engine) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_session_of_many_objects(engine: sa.Engine, calls: Calls) -> None:
    with Session(engine) as session:
        session.add_all([Row(id=number) for number in range(350)])
        session.commit()
        assert calls.operations == ["TransactWriteItems"] * 4
        for row in session.scalars(sa.select(Row)):
            row.name = "changed"
        calls.clear()
        session.commit()
        assert calls.operations == ["TransactWriteItems"] * 4
        session.execute(sa.delete(Row).where(Row.id < 300), execution_options={"dynamodb_scan": "allow"})
        session.commit()
    assert count(engine, Row) == 50


def test_guards_go_with_their_rows(engine: sa.Engine, calls: Calls) -> None:
    with Session(engine) as session:
        session.add_all([User(email=f"{number}@x") for number in range(120)])
        session.commit()
        assert calls.count["TransactWriteItems"] == 3
        users = session.scalars(sa.select(User).order_by(User.id)).all()
        emails = [user.email for user in users]
        for user, email in zip(users[:20], reversed(emails[:20]), strict=True):  # passed on in pairs
            user.email = email
        session.commit()
        assert session.scalars(sa.select(User.id).where(User.email == "0@x")).all() == [users[19].id]
    assert count(engine, User) == 120


def test_a_taken_key_in_a_later_chunk_leaves_the_earlier_ones(engine: sa.Engine) -> None:
    with Session(engine) as session:
        session.add(Row(id=150))
        session.commit()
        session.expunge_all()
        session.add_all([Row(id=number, name="new") for number in range(250)])
        with pytest.raises(exc.IntegrityError, match="1 of 3 chunks were written before, and stay; 150 items were not"):
            session.commit()
        session.rollback()
        assert session.get_one(Row, 150).name is None
    assert count(engine, Row) == 101


@pytest.mark.parametrize("options", [{"dynamodb_overflow": "error"}, {}])
def test_a_connection_may_say_otherwise(engine: sa.Engine, options: dict[str, Any], calls: Calls) -> None:
    with Session(engine.execution_options(**options)) as session:
        session.add_all([Row(id=number) for number in range(101)])
        if options:
            with pytest.raises(exc.DataError, match="overflow='split'"):
                session.commit()
            assert calls.operations == []
        else:
            session.commit()


def test_a_session_may_ask_its_connection(engine: sa.Engine) -> None:
    plain = engine.execution_options(dynamodb_overflow="error")
    with Session(plain) as session:
        session.connection(execution_options={"dynamodb_overflow": "split"})
        session.add_all([Row(id=number) for number in range(101)])
        session.commit()
    assert count(engine, Row) == 101
