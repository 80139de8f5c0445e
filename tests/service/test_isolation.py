"""Each anomaly and what each isolation level makes of it; the table in docs/transactions.md says the same.

Two connections to ministack, one step of each after another. dynalite has no transactions.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm.dialect.stale import StaleRowError
from tests.conftest import Calls
from tests.service.sessions import Open

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
REPEATABLE = LEVELS[1:]


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]
    note: Mapped[str | None]


class Versioned(Base):
    __tablename__ = "versioned"
    id: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


@pytest.fixture
def engine(local_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(local_url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Account(id=name, balance=10) for name in ("a", "b")])
        session.add(Versioned(id="a", balance=10))
        session.commit()
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


def balance(session: Session, name: str = "a") -> int | None:
    return session.scalar(sa.select(Account.balance).where(Account.id == name))


def write(opened: Open, value: int, name: str = "a") -> None:
    """Another transaction, which commits."""
    with opened("READ COMMITTED") as other:
        other.execute(sa.update(Account).where(Account.id == name).values(balance=value))
        other.commit()


@pytest.mark.parametrize("level", LEVELS)
def test_dirty_read(opened: Open, level: str) -> None:
    reader, writer = opened(level), opened("READ COMMITTED")
    writer.execute(sa.update(Account).where(Account.id == "a").values(balance=0))
    assert balance(reader) == 10
    writer.rollback()
    assert balance(reader) == 10


@pytest.mark.parametrize("level", LEVELS)
def test_read_your_writes(opened: Open, level: str) -> None:
    session = opened(level)
    session.execute(sa.update(Account).where(Account.id == "a").values(balance=1))
    session.add(Account(id="c", balance=3))
    session.flush()
    assert (balance(session), balance(session, "c")) == (1, 3)


@pytest.mark.parametrize(("level", "again"), [("READ COMMITTED", 7), *((level, 10) for level in REPEATABLE)])
def test_non_repeatable_read(opened: Open, level: str, again: int) -> None:
    session = opened(level)
    assert balance(session) == 10
    write(opened, 7)
    assert balance(session) == again


@pytest.mark.parametrize("level", LEVELS)
def test_lost_update(opened: Open, level: str) -> None:
    session = opened(level)
    account = session.get_one(Account, "a")
    write(opened, 7)
    account.balance += 1
    if level == "READ COMMITTED":  # as in SQL: guarded by a version, or not at all
        session.commit()
        assert balance(opened(level)) == 11
    else:
        with pytest.raises(exc.OperationalError, match="changed by another"):
            session.commit()
        assert balance(opened(level)) == 7


@pytest.mark.parametrize("level", LEVELS)
def test_lost_update_with_a_version(opened: Open, level: str) -> None:
    session, other = opened(level), opened(level)
    mine, theirs = session.get_one(Versioned, "a"), other.get_one(Versioned, "a")
    theirs.balance = 7
    other.commit()
    mine.balance += 1
    with pytest.raises((StaleRowError, exc.OperationalError)):
        session.commit()
    session.rollback()
    assert session.get_one(Versioned, "a").balance == 7


@pytest.mark.parametrize("level", LEVELS)
def test_write_skew_by_key(opened: Open, level: str) -> None:
    one, two = opened(level), opened(level)
    for session, name in ((one, "a"), (two, "b")):
        if (balance(session, "a") or 0) + (balance(session, "b") or 0) >= 20:
            session.execute(sa.update(Account).where(Account.id == name).values(balance=-10))
    one.commit()
    if level == "READ COMMITTED":
        two.commit()
        assert (balance(one, "a"), balance(one, "b")) == (-10, -10)
    else:
        with pytest.raises(exc.OperationalError, match="changed by another"):
            two.commit()
        assert (balance(one, "a"), balance(one, "b")) == (-10, 10)


@pytest.mark.parametrize("level", LEVELS)
def test_write_skew_is_seen_by_for_a_key_that_was_free(opened: Open, level: str) -> None:
    session = opened(level)
    assert balance(session, "new") is None
    with opened("READ COMMITTED") as other:
        other.add(Account(id="new", balance=1))
        other.commit()
    session.execute(sa.update(Account).where(Account.id == "a").values(balance=0))
    if level == "READ COMMITTED":
        session.commit()
    else:
        with pytest.raises(exc.OperationalError, match="changed by another"):
            session.commit()


def test_phantom(opened: Open) -> None:
    count = sa.select(sa.func.count()).select_from(Account)
    for level in LEVELS[:2]:
        session = opened(level)
        before = session.scalar(count) or 0
        with opened("READ COMMITTED") as other:
            other.add(Account(id=level, balance=0))
            other.commit()
        assert session.scalar(count) == before + 1
    with pytest.raises(exc.NotSupportedError, match="In SERIALIZABLE items are read by their whole key only"):
        opened("SERIALIZABLE").scalar(count)


def test_a_read_only_transaction_in_serializable_is_verified(opened: Open, calls: Calls) -> None:
    session = opened("SERIALIZABLE")
    assert (balance(session, "a"), balance(session, "b"), balance(session, "a")) == (10, 10, 10)
    session.commit()
    assert calls.operations == ["GetItem", "GetItem", "TransactGetItems"]
    assert balance(session) == 10
    write(opened, 7)
    with pytest.raises(exc.OperationalError, match="changed by another"):
        session.commit()


@pytest.mark.parametrize("level", LEVELS)
def test_a_commit_is_seen_whole(opened: Open, level: str) -> None:
    session, reader = opened(level), opened("READ COMMITTED")
    session.execute(sa.update(Account).values(balance=5) if level != "SERIALIZABLE" else _both(5))
    assert [balance(reader, name) for name in "ab"] == [10, 10]
    session.commit()
    assert [balance(reader, name) for name in "ab"] == [5, 5]


def _both(value: int) -> sa.Update:
    return sa.update(Account).where(Account.id.in_(["a", "b"])).values(balance=value)


@pytest.mark.parametrize("level", LEVELS)
def test_get_or_create_in_a_savepoint(opened: Open, level: str, calls: Calls) -> None:
    session = opened(level)
    session.add(Account(id="c", balance=1))
    session.flush()
    calls.clear()
    nested = session.begin_nested()
    session.add(Account(id="a", balance=99))
    with pytest.raises(exc.IntegrityError):
        session.flush()
    nested.rollback()
    assert calls.operations == ["GetItem"]
    assert session.get_one(Account, "a").balance == 10
    with session.begin_nested():
        session.add(Account(id="d", balance=4))
    session.commit()
    assert [balance(session, name) for name in "acd"] == [10, 1, 4]


def test_get_or_create_of_two_at_once_has_one_winner(opened: Open) -> None:
    one, two = opened("READ COMMITTED"), opened("READ COMMITTED")
    for session in (one, two):
        with session.begin_nested():
            session.add(Account(id="both", balance=1))
    one.commit()
    with pytest.raises(exc.IntegrityError):
        two.commit()
    two.rollback()
    assert two.get_one(Account, "both").balance == 1


def test_an_orm_update_of_loaded_objects_reads_nothing_more(opened: Open, calls: Calls) -> None:
    session = opened("READ COMMITTED")
    for account in session.scalars(sa.select(Account)):
        account.balance += 1
    session.commit()
    assert calls.operations == ["Scan", "TransactWriteItems"]


def test_many_updates_of_items_not_read_are_one_batch(opened: Open, calls: Calls) -> None:
    session = opened("READ COMMITTED")
    session.execute(sa.update(Account), [{"id": name, "balance": 1} for name in ("a", "b")])
    session.commit()
    assert calls.operations == ["BatchGetItem", "TransactWriteItems"]


def test_an_error_inside_a_savepoint_leaves_the_rest(opened: Open) -> None:
    session = opened("READ COMMITTED")
    session.add(Account(id="c", balance=1))
    session.flush()
    outer = session.begin_nested()
    session.add(Account(id="d", balance=1))
    session.flush()
    with session.begin_nested():
        session.execute(sa.delete(Account).where(Account.id == "a"))
    outer.rollback()
    session.commit()
    assert [balance(session, name) for name in "acd"] == [10, 1, None]


def test_create_all_that_creates_nothing_commits_nothing(engine: sa.Engine, calls: Calls) -> None:
    with engine.connect() as connection:
        connection.execute(sa.update(Account).where(Account.id == "a").values(balance=0))
        Base.metadata.create_all(connection)
        connection.rollback()
        assert connection.scalar(sa.select(Account.balance).where(Account.id == "a")) == 10
