"""server_default and server_onupdate: filled by the cursor, in the column's type, without a call of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.conftest import Calls

NOW = sa.func.now()


class Base(DeclarativeBase):
    pass


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    rank: Mapped[int] = mapped_column(server_default="5")
    price: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2), server_default=sa.text("1.005"))
    open: Mapped[bool] = mapped_column(server_default=sa.true())
    labels: Mapped[dict[str, Any]] = mapped_column(sa.JSON, server_default='{"a": [1, 2.5, null]}')
    created: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    changed: Mapped[dt.datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=NOW, server_onupdate=sa.DefaultClause(NOW)
    )
    day: Mapped[dt.date] = mapped_column(server_default=sa.func.current_date())


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_a_flush_fetches_what_was_filled_in_at_no_cost(engine: sa.Engine, calls: Calls) -> None:
    with Session(engine, expire_on_commit=False) as session:
        calls.clear()
        ticket = Ticket(id="a", open=False)
        session.add(ticket)
        session.commit()
        assert (ticket.rank, ticket.price, ticket.open) == (5, Decimal("1.01"), False)
        assert ticket.labels == {"a": [1, 2.5, None]}
        assert ticket.changed == ticket.created.replace(tzinfo=dt.timezone.utc)
        assert ticket.day == ticket.created.date()
        assert calls.operations == ["PutItem"]


def test_one_moment_a_statement_and_null_stays_null(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Ticket), [{"id": "a"}, {"id": "b"}])
        assert len(set(connection.scalars(sa.select(Ticket.created)))) == 1
        with pytest.raises(sa.exc.IntegrityError, match=r"'rank'.* is NOT NULL"):
            connection.execute(sa.insert(Ticket), {"id": "c", "rank": None})


def test_an_update_stamps_what_it_does_not_name(engine: sa.Engine, calls: Calls) -> None:
    with Session(engine) as session:
        session.add(Ticket(id="a"))
        session.flush()
        before = session.get_one(Ticket, "a").changed
        calls.clear()
        session.execute(sa.update(Ticket).where(Ticket.id == "a").values(title="x"))
        assert calls.operations == ["UpdateItem"]
        session.expire_all()
        assert session.get_one(Ticket, "a").changed > before
        then = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)
        session.execute(sa.update(Ticket).where(Ticket.id == "a").values(changed=then))
        session.expire_all()
        assert session.get_one(Ticket, "a").changed == then


def test_a_condition_on_the_present_moment_has_the_stored_form(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Ticket), {"id": "a"})
        for column in (Ticket.created, Ticket.changed):
            found = connection.scalars(sa.select(Ticket.id).where(Ticket.id == "a", column <= sa.func.now()))
            assert found.all() == ["a"]


def test_a_scale_rounds_what_is_stored_and_not_what_it_is_compared_with(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Ticket), {"id": "a", "price": Decimal("-2.345")})
        one = sa.select(Ticket.price).where(Ticket.id == "a")
        assert str(connection.scalar(one)) == "-2.35"
        assert connection.scalar(one.where(Ticket.price == Decimal("-2.345"))) is None
        assert connection.scalar(one.where(Ticket.price < Decimal("-2.345"))) == Decimal("-2.35")
