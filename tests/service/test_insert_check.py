"""Taken keys and unique values, found at the statement: insert_check=statement, and inside a savepoint.

dynalite has no transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm.errors import DuplicateKey, UniqueViolation
from tests.conftest import Calls
from tests.servers import Server


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    email: Mapped[str | None] = mapped_column(unique=True)


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str | None]


class Log(Base):
    __table__ = sa.Table("log", Base.metadata, sa.Column("line", sa.String))
    __mapper_args__ = {"primary_key": [__table__.c.line]}  # noqa: RUF012 - SQLAlchemy's own form


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([User(id=1, email="ada@x"), Job(id="a", state="old"), Job(id="b")])
        session.commit()
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def early(engine: sa.Engine) -> sa.Engine:
    return engine.execution_options(dynamodb_insert_check="statement")


def job(name: str) -> dict[str, Any]:
    return {"id": name, "state": "new"}


def test_a_taken_key_is_found_at_flush(early: sa.Engine, calls: Calls) -> None:
    with Session(early) as session:
        session.add(Job(id="a"))
        with pytest.raises(exc.IntegrityError) as caught:
            session.flush()
        assert isinstance(caught.value.orig, DuplicateKey)
        assert calls.operations == ["GetItem"]
        session.rollback()
        session.add(Job(id="c"))
        session.commit()
        assert session.get_one(Job, "c").state is None


def test_by_default_it_is_found_at_commit(engine: sa.Engine, calls: Calls) -> None:
    with Session(engine) as session:
        session.add(Job(id="a"))
        session.flush()
        assert calls.operations == []
        with pytest.raises(exc.IntegrityError):
            session.commit()


def test_one_statement_may_ask_for_it(engine: sa.Engine, calls: Calls) -> None:
    with engine.connect() as connection:
        statement = sa.insert(Job).execution_options(dynamodb_insert_check="statement")
        with pytest.raises(exc.IntegrityError):
            connection.execute(statement, job("a"))
        connection.execute(statement, job("c"))
    assert calls.operations == ["GetItem", "GetItem"]


def test_many_keys_are_one_batch(early: sa.Engine, calls: Calls) -> None:
    with early.connect() as connection:
        connection.execute(sa.insert(Job), [job("c"), job("d")])
        with pytest.raises(exc.IntegrityError):
            connection.execute(sa.insert(Job), [job("e"), job("b")])
        connection.commit()
        assert calls.operations == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
        assert connection.scalars(sa.select(Job.id).order_by(Job.id)).all() == ["a", "b", "c", "d"]


def test_commit_checks_it_all_the_same(early: sa.Engine) -> None:
    with Session(early) as mine, Session(early) as theirs:
        for session in (mine, theirs):
            session.add(Job(id="c"))
            session.flush()
        theirs.commit()
        with pytest.raises(exc.IntegrityError):
            mine.commit()


def test_a_key_that_this_transaction_freed_is_free(early: sa.Engine, calls: Calls) -> None:
    with early.connect() as connection:
        connection.execute(sa.delete(Job).where(Job.id == "a"))
        connection.execute(sa.insert(Job), job("a"))
        connection.commit()
        assert calls.operations == ["GetItem", "PutItem"]
        assert connection.scalar(sa.select(Job.state).where(Job.id == "a")) == "new"


def test_a_hidden_key_is_not_looked_for(early: sa.Engine, calls: Calls) -> None:
    with early.begin() as connection:
        connection.execute(sa.insert(Log.__table__), [{"line": "x"}, {"line": "x"}])
    assert calls.operations == ["TransactWriteItems"]


Violates = Callable[[Session], None]


def _insert(session: Session) -> None:
    session.add(User(id=2, email="ada@x"))
    session.flush()


def _update(session: Session) -> None:
    session.add(User(id=2, email="bob@x"))
    session.flush()
    session.execute(sa.update(User).where(User.id == 2).values(email="ada@x"))


@pytest.mark.parametrize("violate", [_insert, _update])
def test_a_taken_unique_value_is_found_at_the_statement(early: sa.Engine, violate: Violates) -> None:
    with Session(early) as session:
        with pytest.raises(exc.IntegrityError) as caught:
            violate(session)
        assert isinstance(caught.value.orig, UniqueViolation)
        session.rollback()
        session.add(User(id=3, email="eve@x"))
        session.commit()


@pytest.mark.parametrize("violate", [_insert, _update])
def test_inside_a_savepoint_always(engine: sa.Engine, violate: Violates) -> None:
    with Session(engine) as session:
        session.add(Job(id="c"))
        with pytest.raises(exc.IntegrityError), session.begin_nested():
            violate(session)
        session.commit()
        assert session.get_one(Job, "c") is not None
        assert session.scalars(sa.select(User.id)).all() == [1]


def test_guards_are_read_in_one_batch(early: sa.Engine, calls: Calls) -> None:
    with Session(early) as session:
        session.add_all([User(id=2, email="b@x"), User(id=3, email="c@x"), User(id=4)])
        session.flush()
        assert calls.operations == ["BatchGetItem", "BatchGetItem"]
        session.execute(sa.delete(User).where(User.id == 1))
        session.add(User(id=5, email="ada@x"))  # which is free by now
        session.commit()
        assert session.scalars(sa.select(User.id).where(User.email == "ada@x")).all() == [5]


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_keys_that_shift_leave_before_they_arrive(engine: sa.Engine, level: Any) -> None:
    with engine.execution_options(isolation_level=level).connect() as connection:
        connection.execute(sa.insert(User), [{"id": 2, "email": "b@x"}, {"id": 3, "email": "c@x"}])
        connection.commit()
        assert connection.execute(sa.update(User).values(id=User.id + 1)).rowcount == 3
        connection.commit()
        found = connection.execute(sa.select(User.id, User.email).order_by(User.id)).all()
        assert found == [(2, "ada@x"), (3, "b@x"), (4, "c@x")]


def test_it_is_an_option_of_the_engine(ministack: Server, schema: str, engine: sa.Engine) -> None:
    url = ministack.url(schema, system_table=f"{schema}-system", insert_check="statement")
    own = sa.create_engine(url)
    with pytest.raises(exc.IntegrityError), own.connect() as connection:
        connection.execute(sa.insert(Job), job("a"))
    own.dispose()
