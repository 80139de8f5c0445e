"""with_for_update(): commit checks the rows it read; refresh() and populate_existing. dynalite has no transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship

from sqlalchemy_dynamorm.errors import SerializationError
from tests.conftest import Calls
from tests.service.sessions import Open

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]
    note: Mapped[str | None]
    cards: Mapped[list[Card]] = relationship()


class Card(Base):
    __tablename__ = "cards"
    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    state: Mapped[str | None]


@pytest.fixture
def engine(made: sa.Engine) -> sa.Engine:
    """Two accounts with a card each."""
    engine = made
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        session.execute(sa.delete(Account))
        session.execute(sa.delete(Card))
    with Session(engine) as session:
        session.add_all([Account(id=name, balance=10) for name in ("a", "b")])
        session.flush()
        session.add_all([Card(id=f"{name}1", account=name, state="new") for name in ("a", "b")])
        session.commit()
    return engine


def write(engine: sa.Engine, statement: sa.Update | sa.Delete) -> None:
    """Another transaction, which commits."""
    with engine.begin() as connection:
        assert connection.execute(statement).rowcount == 1


def balance(value: int, name: str = "a") -> sa.Update:
    return sa.update(Account).where(Account.id == name).values(balance=value)


def note(value: str, name: str = "a") -> sa.Update:
    return sa.update(Account).where(Account.id == name).values(note=value)


def refused(session: Session) -> None:
    with pytest.raises(exc.OperationalError) as caught:
        session.commit()
    assert isinstance(caught.value.orig, SerializationError)
    session.rollback()
    session.get_one(Account, "a", with_for_update=True)
    session.commit()  # the session goes on


Reads = Callable[[Session], Any]
READS: dict[str, Reads] = {
    "select": lambda session: session.scalars(sa.select(Account).where(Account.id == "a").with_for_update()).one(),
    "query": lambda session: session.query(Account).filter_by(id="a").with_for_update().one(),
    "get": lambda session: session.get_one(Account, "a", with_for_update=True),
    "refresh": lambda session: session.refresh(session.get_one(Account, "a"), with_for_update=True),
    "text": lambda session: session.execute(sa.text("SELECT * FROM accounts WHERE id = 'a' FOR UPDATE")).all(),
    "many": lambda session: session.scalars(
        sa.select(Account).where(Account.id.in_(["a", "b"])).with_for_update(read=True, nowait=True)
    ).all(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("level", LEVELS)
class TestEveryLevel:
    def test_a_row_that_another_changed_fails_the_commit(
        self, engine: sa.Engine, opened: Open, level: str, read: Reads
    ) -> None:
        session = opened(level)
        read(session)
        session.add(Account(id="c", balance=0))
        session.flush()
        write(engine, balance(7))
        refused(session)
        assert session.get(Account, "c") is None

    def test_a_row_that_is_as_it_was_read_does_not(
        self, engine: sa.Engine, opened: Open, level: str, read: Reads
    ) -> None:
        session = opened(level)
        read(session)
        session.add(Account(id="c", balance=0))
        session.commit()
        assert session.get_one(Account, "c").balance == 0


@pytest.mark.parametrize("level", LEVELS)
def test_where_nothing_is_written_the_rows_are_read_again(
    engine: sa.Engine, opened: Open, level: str, calls: Calls
) -> None:
    session = opened(level)
    session.get_one(Account, "a", with_for_update=True)
    session.commit()
    assert calls.operations == ["GetItem", "TransactGetItems"]
    session.get_one(Account, "a", with_for_update=True)
    write(engine, sa.delete(Account).where(Account.id == "a"))
    with pytest.raises(exc.OperationalError, match="changed by another"):
        session.commit()


def test_an_update_of_the_row_carries_the_check(engine: sa.Engine, opened: Open, calls: Calls) -> None:
    session = opened("READ COMMITTED")
    session.get_one(Account, "a", with_for_update=True).balance += 1
    session.commit()
    assert calls.operations == ["GetItem", "UpdateItem"]
    session.get_one(Account, "a", with_for_update=True).balance += 1
    session.flush()
    write(engine, note("another column, which was read too"))
    refused(session)


def test_write_skew_by_key(opened: Open) -> None:
    one, two = opened("READ COMMITTED"), opened("READ COMMITTED")
    both = sa.select(Account).where(Account.id.in_(["a", "b"])).with_for_update()
    for session, name in ((one, "a"), (two, "b")):
        assert sum(account.balance for account in session.scalars(both)) == 20
        session.get_one(Account, name).balance = -10
    one.commit()
    with pytest.raises(exc.OperationalError, match="changed by another"):
        two.commit()


def test_without_it_the_last_writer_wins(engine: sa.Engine, opened: Open) -> None:
    session = opened("READ COMMITTED")
    session.get_one(Account, "a").balance += 1
    write(engine, balance(7))
    session.commit()
    assert session.get_one(Account, "a").balance == 11


def test_only_the_rows_it_returned_and_the_columns_it_read(engine: sa.Engine, opened: Open) -> None:
    session = opened("READ COMMITTED")
    wanted = sa.select(Account.balance).where(Account.id.in_(["a", "b"]), Account.balance > 10).with_for_update()
    write(engine, balance(20, "b"))
    assert session.scalars(wanted).all() == [20]
    session.add(Account(id="c", balance=0))
    session.flush()
    write(engine, balance(0, "a"))
    write(engine, note("not read", "b"))
    session.commit()


def test_a_row_of_an_index(engine: sa.Engine, opened: Open) -> None:
    session = opened("READ COMMITTED")
    card = session.scalars(sa.select(Card).where(Card.account == "a").limit(1).with_for_update()).one()
    card.state = "taken"
    session.flush()
    write(engine, sa.update(Card).where(Card.id == "a1").values(state="another's"))
    refused(session)


def test_a_join_checks_the_tables_named(engine: sa.Engine, opened: Open) -> None:
    joined = sa.select(Account).options(joinedload(Account.cards)).where(Account.id == "a")
    both: Any = sa.select(Account, Card).join(Card).where(Account.id == "a")
    locked = (joined.with_for_update(), both.with_for_update(of=Card), joined.with_for_update(of=Account))
    for statement, fails in zip(locked, (True, True, False), strict=True):
        session = opened("READ COMMITTED")
        session.scalars(statement).unique().one()
        write(engine, sa.update(Card).where(Card.id == "a1").values(state=f"{fails} {statement._for_update_arg.of}"))
        if fails:
            refused(session)
        else:
            session.commit()


def test_more_than_a_hundred_rows(engine: sa.Engine, opened: Open, calls: Calls) -> None:
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        session.execute(sa.insert(Account), [{"id": f"n{number}", "balance": 0} for number in range(150)])
    session = opened("READ COMMITTED")
    session.scalars(sa.select(Account).with_for_update()).all()
    calls.clear()
    session.commit()
    assert calls.operations == ["TransactGetItems", "TransactGetItems"]


def test_skip_locked_is_refused_with_what_to_do_instead(opened: Open) -> None:
    with pytest.raises(exc.NotSupportedError, match="Take a row by an UPDATE whose WHERE names its key"):
        opened("READ COMMITTED").scalars(sa.select(Account).with_for_update(skip_locked=True))


def test_in_autocommit_there_is_no_commit_to_check(engine: sa.Engine, opened: Open) -> None:
    session = opened("AUTOCOMMIT")
    assert session.get_one(Account, "a", with_for_update=True).balance == 10
    write(engine, balance(7))
    session.commit()


# --- refresh() and populate_existing ----------------------------------------------------------------------------

ANEW: dict[str, Reads] = {
    "refresh": lambda session: session.refresh(session.get_one(Account, "a")),
    "refresh, for update": lambda session: session.refresh(session.get_one(Account, "a"), with_for_update=True),
    "get": lambda session: session.get(Account, "a", populate_existing=True),
    "select": lambda session: session.scalars(
        sa.select(Account).where(Account.balance > 0, Account.id == "a").execution_options(populate_existing=True)
    ).one(),
}


@pytest.mark.parametrize("read", ANEW.values(), ids=ANEW)
@pytest.mark.parametrize("level", LEVELS)
def test_it_reads_past_what_was_read_before(engine: sa.Engine, opened: Open, level: str, read: Reads) -> None:
    session = opened(level)
    account = session.get_one(Account, "a")
    write(engine, balance(7))
    read(session)
    assert account.balance == 7
    assert session.scalar(sa.select(Account.balance).where(Account.id == "a")) == 7
    account.balance += 1
    session.commit()
    assert session.get_one(Account, "a").balance == 8


@pytest.mark.parametrize("level", LEVELS[1:])
def test_what_is_read_anew_is_what_commit_checks(engine: sa.Engine, opened: Open, level: str) -> None:
    session = opened(level)
    account = session.get_one(Account, "a")
    write(engine, balance(7))
    session.refresh(account)
    account.note = "mine"
    write(engine, balance(8))
    refused(session)


@pytest.mark.parametrize("level", LEVELS)
def test_own_writes_are_seen_all_the_same(engine: sa.Engine, opened: Open, level: str) -> None:
    session = opened(level)
    account = session.get_one(Account, "a")
    account.balance = 1
    session.flush()
    write(engine, note("theirs"))
    session.refresh(account)
    assert account.balance == 1


def test_an_expired_object_is_what_the_transaction_has_read(engine: sa.Engine, opened: Open) -> None:
    session = opened("REPEATABLE READ")
    account = session.get_one(Account, "a")
    write(engine, balance(7))
    session.expire(account)
    assert account.balance == 10
