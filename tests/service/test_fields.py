"""The mixins of special fields, and rows that have expired and are hidden on every road. dynalite has no TTL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm.exc import StaleDataError

from sqlalchemy_dynamorm import insert
from sqlalchemy_dynamorm.orm import Expires, Timestamps, Versioned, get_many
from tests.conftest import Calls
from tests.servers import Server

UTC = dt.timezone.utc


class Base(orm.DeclarativeBase):
    pass


class Login(Timestamps, Versioned, Expires, Base):
    __tablename__ = "logins"
    __table_args__ = (sa.Index("ix_local", "user", "rank", dynamodb_local=True), {"dynamodb_hide_expired": True})
    version_start = 0
    user: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    rank: orm.Mapped[int]
    place: orm.Mapped[str] = orm.mapped_column(index=True)


class Voucher(Expires, Base):
    __tablename__ = "vouchers"
    __table_args__ = {"dynamodb_hide_expired": True}  # noqa: RUF012 - SQLAlchemy declares it so
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    code: orm.Mapped[str] = orm.mapped_column(unique=True)


PAST, FUTURE = (dt.datetime.now(UTC).replace(microsecond=0) + dt.timedelta(hours=hours) for hours in (-1, 1))


def login(number: int, expires_at: dt.datetime | None) -> Login:
    return Login(user="ada", id=number, rank=number, place="home", expires_at=expires_at)


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(
        ministack.url(schema, system_table=f"{schema}-system"), isolation_level="AUTOCOMMIT", scan="allow"
    )
    Login.__table__.create(found)  # type: ignore[attr-defined]
    with orm.Session(found) as session:
        session.add_all([login(1, PAST), login(2, FUTURE), login(3, None)])
        session.commit()
    yield found
    found.dispose()


def test_timestamps_and_versions(engine: sa.Engine) -> None:
    with orm.Session(engine) as session, orm.Session(engine) as other:
        mine, theirs = (each.get_one(Login, ("ada", 2)) for each in (session, other))
        assert (mine.version, mine.expires_at) == (0, FUTURE)
        assert dt.timedelta() <= dt.datetime.now(UTC) - mine.created_at < dt.timedelta(minutes=5)
        mine.place = "away"
        session.commit()
        assert mine.version == 1
        assert mine.updated_at > mine.created_at
        theirs.place = "there"
        with pytest.raises(StaleDataError):
            other.commit()
        other.rollback()
        other.delete(other.get_one(Login, ("ada", 2)))
        session.execute(sa.update(Login).where(Login.id == 2, Login.user == "ada").values(version=9))
        with pytest.raises(StaleDataError):
            other.commit()


ROADS: dict[str, tuple[sa.Executable, list[int]]] = {
    "the key": (sa.select(Login.id).where(Login.user == "ada", Login.id == 1), []),
    "keys": (sa.select(Login.id).where(Login.user == "ada", Login.id.in_([1, 2])), [2]),
    "a query": (sa.select(Login.id).where(Login.user == "ada").order_by(Login.id), [2, 3]),
    "an index": (sa.select(Login.id).where(Login.place == "home").order_by(Login.id), [2, 3]),
    "a local index": (sa.select(Login.id).where(Login.user == "ada", Login.rank < 3), [2]),
    "a scan": (sa.select(Login.id).where(Login.rank > 0).order_by(Login.id), [2, 3]),
    "the whole table": (sa.select(Login.id).order_by(Login.id), [2, 3]),
    "a count": (sa.select(sa.func.count()).select_from(Login), [2]),
    "a limit": (sa.select(Login.id).where(Login.user == "ada").order_by(Login.id).limit(1), [2]),
    "a sum": (sa.select(sa.func.sum(Login.rank)), [5]),
    "text": (sa.text("SELECT id FROM logins WHERE user = 'ada' ORDER BY id"), [2, 3]),
}


@pytest.mark.parametrize("road", ROADS)
def test_expired_rows_are_hidden(engine: sa.Engine, road: str) -> None:
    query, found = ROADS[road]
    with orm.Session(engine) as session:
        assert [row[0] for row in session.execute(query)] == found


def test_expired_rows_are_hidden_from_the_orm_and_from_joins(engine: sa.Engine) -> None:
    other = orm.aliased(Login)
    with orm.Session(engine) as session:
        assert session.get(Login, ("ada", 1)) is None
        assert [each and each.id for each in get_many(session, Login, [("ada", 1), ("ada", 3)])] == [None, 3]
        joined = sa.select(Login.id, other.id).join(other, Login.user == other.user).order_by(Login.id, other.id)
        assert session.execute(joined).all() == [(2, 2), (2, 3), (3, 2), (3, 3)]


def test_expired_rows_are_not_changed(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        row = sa.and_(Login.user == "ada", Login.id == 1)
        assert connection.execute(sa.update(Login).where(row).values(place="x")).rowcount == 0
        assert connection.execute(sa.update(Login).values(place="x")).rowcount == 2
        assert connection.execute(sa.delete(Login).where(row)).rowcount == 0
        assert connection.execute(sa.delete(Login).where(Login.place == "home")).rowcount == 0


def test_an_insert_over_an_expired_row_succeeds(engine: sa.Engine, calls: Calls) -> None:
    with orm.Session(engine) as session:
        calls.clear()
        session.add(login(1, FUTURE))
        session.flush()
        assert calls.count == {"PutItem": 1}
        session.commit()
        session.add(login(2, FUTURE))
        with pytest.raises(sa.exc.IntegrityError):
            session.flush()


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ"])
def test_an_expired_row_is_in_no_upserts_way(engine: sa.Engine, level: str) -> None:
    new = insert(Login)
    key = ["user", "id"]
    statements = {
        "rank": new.on_conflict_do_update(index_elements=key, set_={"rank": new.excluded.rank}),
        "sum": new.on_conflict_do_update(index_elements=key, set_={"rank": Login.rank + new.excluded.rank}),
        "max": new.on_conflict_do_update(
            index_elements=key,
            set_={"rank": sa.func.max(Login.rank, new.excluded.rank), "expires_at": new.excluded.expires_at},
            where=sa.func.lower(Login.place) == "home",
        ),
    }
    expected = {"rank": 10, "sum": 12, "max": 10}
    for name, statement in statements.items():
        with engine.connect() as connection:
            connection.execute(sa.delete(Login))
            connection.execute(
                sa.insert(Login),
                [
                    {"user": "ada", "id": at, "rank": 2, "place": "home", "version": 0, "expires_at": each}
                    for at, each in ((1, PAST), (2, FUTURE), (3, None))
                ],
            )
        rows = [
            {"user": "ada", "id": at, "rank": 10, "place": "away", "version": 0, "expires_at": FUTURE}
            for at in (1, 2, 3)
        ]
        with engine.connect().execution_options(isolation_level=level) as connection:
            assert connection.execute(statement, rows).rowcount == 3
            connection.commit()
            found = connection.execute(sa.select(Login.rank, Login.place, Login.expires_at).order_by(Login.id)).all()
        assert [tuple(row[:2]) for row in found] == [(10, "away"), (expected[name], "home"), (expected[name], "home")]
        assert [row.expires_at for row in found] == [FUTURE, FUTURE, FUTURE if name == "max" else None]


def test_unique_values_of_expired_rows_are_free(ministack: Server, schema: str) -> None:
    engine = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system"))
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Voucher(id=1, code="x", expires_at=PAST))
        session.commit()
        assert session.scalars(sa.select(Voucher.id).where(Voucher.code == "x")).all() == []
        session.add(Voucher(id=2, code="x", expires_at=FUTURE))
        session.commit()
        assert session.scalars(sa.select(Voucher.id).where(Voucher.code == "x")).all() == [2]
        with session.begin_nested():
            session.add(Voucher(id=1, code="y"))  # the expired row's key, found free at the statement
        session.commit()
        session.add(Voucher(id=3, code="x"))
        with pytest.raises(sa.exc.IntegrityError, match="another row has these values already"):
            session.commit()
    reflected = sa.Table("vouchers", sa.MetaData(), autoload_with=engine)
    assert reflected.dialect_options["dynamodb"]["hide_expired"] is True
    engine.dispose()
