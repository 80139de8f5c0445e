"""What a transaction wrote is seen by every kind of read in it, in the right order. dynalite has no transactions."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.conftest import Calls


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (sa.Index("ix_status", "status", "number"),)
    customer: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str | None]
    total: Mapped[int | None]


@pytest.fixture
def engine(made: sa.Engine) -> sa.Engine:
    """Orders 1 to 6, the odd ones open."""
    with Session(made.execution_options(isolation_level="AUTOCOMMIT")) as session:
        session.execute(sa.delete(Order))
    with Session(made) as session:
        for number in range(1, 7):
            session.add(Order(customer="a", number=number, status="open" if number % 2 else "done", total=number))
        session.commit()
    return made


def written(session: Session) -> None:
    """Order 2 is reopened, 3 is deleted, 5 done, 7 new and open, 8 was here for a moment."""
    session.execute(sa.update(Order).where(Order.customer == "a", Order.number == 2).values(status="open", total=20))
    session.execute(sa.delete(Order).where(Order.customer == "a", Order.number == 3))
    session.execute(sa.update(Order).where(Order.customer == "a", Order.number == 5).values(status="done"))
    session.execute(sa.insert(Order).values(customer="a", number=7, status="open", total=7))
    session.execute(sa.insert(Order).values(customer="a", number=8, status="open"))
    session.execute(sa.delete(Order).where(Order.customer == "a", Order.number == 8))


A = Order.customer == "a"
NUMBERS = sa.select(Order.number)
READS: dict[str, tuple[Any, list[Any]]] = {
    "a get": (sa.select(Order.total).where(A, Order.number == 2), [20]),
    "a get of what is deleted": (NUMBERS.where(A, Order.number == 3), []),
    "a batch": (NUMBERS.where(A, Order.number.in_([2, 3, 7, 9])).order_by(Order.number), [2, 7]),
    "a query": (NUMBERS.where(A).order_by(Order.number), [1, 2, 4, 5, 6, 7]),
    "backwards": (NUMBERS.where(A).order_by(Order.number.desc()), [7, 6, 5, 4, 2, 1]),
    "a range": (NUMBERS.where(A, Order.number.between(2, 5)).order_by(Order.number), [2, 4, 5]),
    "a filter": (NUMBERS.where(A, Order.status == "open", Order.total > 5).order_by(Order.number), [2, 7]),
    "LIMIT": (NUMBERS.where(A).order_by(Order.number).limit(3), [1, 2, 4]),
    "LIMIT backwards": (NUMBERS.where(A).order_by(Order.number.desc()).limit(2), [7, 6]),
    "OFFSET": (NUMBERS.where(A).order_by(Order.number).limit(2).offset(2), [4, 5]),
    "an index": (NUMBERS.where(Order.status == "open").order_by(Order.number), [1, 2, 7]),
    "an index, LIMIT": (NUMBERS.where(Order.status == "open").order_by(Order.number.desc()).limit(2), [7, 2]),
    "an index that loses a row": (NUMBERS.where(Order.status == "done").order_by(Order.number), [4, 5, 6]),
    "a scan": (NUMBERS.order_by(Order.number), [1, 2, 4, 5, 6, 7]),
    "a count": (sa.select(sa.func.count()).select_from(Order), [6]),
    "a count by key": (sa.select(sa.func.count()).select_from(Order).where(A, Order.number > 2), [4]),
    "a count by an index": (sa.select(sa.func.count()).select_from(Order).where(Order.status == "open"), [3]),
    "a local step": (sa.select(sa.func.sum(Order.total)).where(A), [1 + 20 + 4 + 5 + 6 + 7]),
    "a group": (
        sa.select(sa.func.count()).where(A).group_by(Order.status).order_by(Order.status),
        [3, 3],
    ),
}


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize(("statement", "rows"), READS.values(), ids=READS)
def test_own_writes_are_seen(engine: sa.Engine, level: Any, statement: Any, rows: list[Any]) -> None:
    with Session(engine.execution_options(isolation_level=level)) as session:
        before = session.scalars(statement).all()
        written(session)
        assert session.scalars(statement).all() == rows
        session.rollback()
        assert session.scalars(statement).all() == before
        written(session)
        session.commit()
        assert session.scalars(statement).all() == rows


def test_savepoints_in_savepoints(engine: sa.Engine) -> None:
    numbers = NUMBERS.where(A, Order.number > 6).order_by(Order.number)
    with Session(engine) as session:
        outer = session.begin_nested()
        session.add(Order(customer="a", number=7))
        inner = session.begin_nested()
        session.add(Order(customer="a", number=8))
        session.flush()
        assert session.scalars(numbers).all() == [7, 8]
        inner.rollback()
        assert session.scalars(numbers).all() == [7]
        with session.begin_nested():
            session.add(Order(customer="a", number=9))
        outer.commit()
        with pytest.raises(exc.IntegrityError), session.begin_nested():
            session.add(Order(customer="a", number=1))
        session.commit()
        assert session.scalars(numbers).all() == [7, 9]


def test_an_update_that_does_not_hold_is_read_again_before_it_counts_0(engine: sa.Engine, calls: Calls) -> None:
    change = sa.update(Order).where(A, Order.number == 1, Order.status == "done").values(total=0)
    with Session(engine) as session:
        session.get_one(Order, ("a", 1))
        with engine.begin() as other:
            other.execute(sa.update(Order).where(A, Order.number == 1).values(status="done"))
        calls.clear()
        result: Any = session.execute(change, execution_options={"synchronize_session": False})
        assert (result.rowcount, calls.operations) == (1, ["GetItem"])


def test_after_a_failed_commit_the_session_goes_on(engine: sa.Engine) -> None:
    with Session(engine) as session:
        session.add_all([Order(customer="a", number=1), Order(customer="a", number=9)])
        with pytest.raises(exc.IntegrityError):
            session.commit()
        session.rollback()
        session.add(Order(customer="a", number=10))
        session.commit()
        assert session.scalars(NUMBERS.where(A, Order.number > 6)).all() == [10]


@pytest.mark.parametrize(("reset", "kept"), [("rollback", []), (None, []), ("commit", [7])])
def test_what_becomes_of_writes_when_a_connection_is_returned(engine: sa.Engine, reset: Any, kept: list[int]) -> None:
    own = sa.create_engine(engine.url, pool_reset_on_return=reset)
    raw = own.raw_connection()
    raw.cursor().execute("INSERT INTO orders (customer, number) VALUES ('a', 7)")
    raw.close()
    with own.connect() as connection:
        assert connection.scalars(NUMBERS.where(A, Order.number > 6)).all() == kept
    own.dispose()


def test_a_session_has_a_level_of_its_own(engine: sa.Engine) -> None:
    with Session(engine) as session:
        connection = session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
        assert connection.get_isolation_level() == "SERIALIZABLE"
        with pytest.raises(exc.NotSupportedError):
            session.scalars(NUMBERS).all()
    with Session(engine) as session:
        assert session.connection().get_isolation_level() == "READ COMMITTED"
