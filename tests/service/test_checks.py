"""CHECK constraints, through SQLAlchemy and as text: whichever statement breaks one fails, and changes nothing."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from sqlalchemy_dynamorm import errors, insert
from sqlalchemy_dynamorm.run import checking
from tests.conftest import Calls
from tests.servers import Server


class Base(orm.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        sa.CheckConstraint("balance >= lowest", name="covered"),
        sa.CheckConstraint("length(name) > 2", name="named"),
        sa.CheckConstraint("name ~ '^[a-z]'", name="spelt"),
    )
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    balance: orm.Mapped[int] = orm.mapped_column(sa.CheckConstraint("balance < 1000"), default=0)
    lowest: orm.Mapped[int | None]
    name: orm.Mapped[str | None]
    state: orm.Mapped[str | None] = orm.mapped_column(
        sa.Enum("open", "closed", name="states", native_enum=False, create_constraint=True)
    )
    twice: orm.Mapped[int | None] = orm.mapped_column(sa.Computed("balance * 2"), sa.CheckConstraint("twice <> 26"))


@pytest.fixture(params=["AUTOCOMMIT", "READ COMMITTED"])
def engine(request: pytest.FixtureRequest, server: Server, schema: str) -> Iterator[sa.Engine]:
    if request.param != "AUTOCOMMIT" and server.name == "dynalite":
        pytest.skip("dynalite has no transactions")
    url = server.url(schema, system_table=f"{schema}-system", scan="allow")
    found = sa.create_engine(url, isolation_level=request.param)
    Base.metadata.create_all(found)
    with orm.Session(found) as session:
        session.add_all([Account(id=1, balance=10, lowest=-5, name="ann"), Account(id=2, balance=20)])
        session.commit()
    yield found
    found.dispose()


def balances(engine: sa.Engine) -> dict[int, int]:
    with engine.connect() as connection:
        return {row.id: row.balance for row in connection.execute(sa.select(Account.id, Account.balance))}


BREAKING: dict[str, tuple[Any, str]] = {
    "insert": (sa.insert(Account).values(id=3, balance=1000), "balance < 1000"),
    "insert two columns": (sa.insert(Account).values(id=3, balance=1, lowest=2), "'covered'"),
    "insert a function": (sa.insert(Account).values(id=3, name="x"), "'named'"),
    "insert computed": (sa.insert(Account).values(id=3, balance=13), "twice <> 26"),
    "insert an enum": (sa.text("INSERT INTO accounts (id, balance, state) VALUES (3, 1, 'ajar')"), "'states'"),
    "insert select": (
        sa.insert(Account).from_select(["id", "balance"], sa.select(Account.id + 5, sa.literal(1000))),
        "1000",
    ),
    "upsert": (insert(Account).values(id=1, balance=1000).on_conflict_do_nothing(), "balance < 1000"),
    "do update": (
        insert(Account).values(id=1, balance=5).on_conflict_do_update(index_elements=["id"], set_={"balance": -6}),
        "'covered'",
    ),
    "update": (sa.update(Account).where(Account.id == 1).values(balance=1000), "balance < 1000"),
    "update by what is there": (
        sa.update(Account).where(Account.id == 1).values(balance=Account.balance - 16),
        "'covered'",
    ),
    "update the other side": (sa.update(Account).where(Account.id == 1).values(lowest=11), "'covered'"),
    "update computed here": (
        sa.update(Account).where(Account.id == 1).values(name=sa.func.substr(Account.name, 1, 2)),
        "'named'",
    ),
    "update a computed column's part": (sa.update(Account).where(Account.id == 1).values(balance=13), "twice <> 26"),
    "update many": (sa.update(Account).values(balance=Account.balance + 990), "balance < 1000"),
    "update from": (
        sa.update(Account)
        .where(Account.id == sa.table("accounts", sa.column("id")).alias("o").c.id + 0, Account.id == 1)
        .values(balance=5000),
        "balance < 1000",
    ),
    "move": (sa.update(Account).where(Account.id == 1).values(id=9, balance=1000), "balance < 1000"),
}


def test_a_statement_that_breaks_one_fails_and_changes_nothing(engine: sa.Engine, server: Server) -> None:
    for what, (statement, says) in BREAKING.items():
        if what == "move" and server.name == "dynalite":  # it takes a transaction
            continue
        with engine.connect() as connection:
            with pytest.raises(exc.IntegrityError) as found:
                connection.execute(statement)
            connection.commit()
        assert isinstance(found.value.orig, errors.CheckViolation), what
        assert says in str(found.value.orig), what
        assert found.value.orig.row_number == 1, what
        assert balances(engine) == {1: 10, 2: 20}, what


def test_what_holds_or_is_null_is_written(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        for statement in (
            sa.insert(Account).values(id=3, balance=999, name="bob", state="open"),
            sa.update(Account).where(Account.id == 1).values(balance=Account.balance - 15),
            sa.update(Account).where(Account.id == 2).values(balance=-500),  # no lowest is known
            sa.update(Account).where(Account.id == 1).values(name=None, state=None),
            sa.update(Account).where(Account.id == 77).values(balance=1000),  # there is no such row
        ):
            connection.execute(statement)
        connection.commit()
    assert balances(engine) == {1: -5, 2: -500, 3: 999}


def test_a_flush_fails_and_the_session_goes_on(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        account = session.get_one(Account, 1)
        account.balance = -6
        with pytest.raises(exc.IntegrityError, match="covered"):
            session.flush()
        session.rollback()
        account.balance = -4
        session.commit()
    assert balances(engine) == {1: -4, 2: 20}


def test_executemany_says_which_row(engine: sa.Engine) -> None:
    rows = [{"id": 5, "balance": 1}, {"id": 6, "balance": 5000}]
    with engine.connect() as connection, pytest.raises(exc.IntegrityError) as found:
        connection.execute(sa.insert(Account), rows)
    assert isinstance(found.value.orig, errors.CheckViolation)
    assert (found.value.orig.row_number, found.value.orig.key) == (2, {"id": {"N": "6"}})
    assert balances(engine) == {1: 10, 2: 20}


def test_own_writes_and_savepoints(url: str) -> None:
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(Account).values(id=3, balance=5, lowest=0))
        savepoint = connection.begin_nested()
        connection.execute(sa.update(Account).where(Account.id == 3).values(balance=1))
        with pytest.raises(exc.IntegrityError, match="covered"):
            connection.execute(sa.update(Account).where(Account.id == 3).values(lowest=2))
        savepoint.rollback()
        connection.execute(sa.update(Account).where(Account.id == 3).values(lowest=2))
    assert balances(engine) == {3: 5}
    engine.dispose()


def test_the_calls(engine: sa.Engine, calls: Calls) -> None:
    at_once = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    expected: list[tuple[Any, list[str]]] = [
        (sa.insert(Account).values(id=3, balance=5, name="bob"), ["PutItem"]),
        (sa.update(Account).where(Account.id == 3).values(name="eve"), ["UpdateItem"]),  # SET alone decides
        (sa.update(Account).where(Account.id == 3).values(balance=6), ["GetItem", "UpdateItem"]),
        (sa.update(Account).where(Account.id == 3).values(balance=Account.balance + 1), ["GetItem", "UpdateItem"]),
        (sa.update(Account).where(Account.id == 3).values(name="x"), ["GetItem"]),
        (sa.insert(Account).values(id=4, balance=5000), []),
        (sa.delete(Account).where(Account.id == 3), ["DeleteItem"]),
    ]
    with at_once as connection:
        for statement, wanted in expected:
            before = len(calls.operations)
            try:
                connection.execute(statement)
            except exc.IntegrityError:
                assert wanted in ([], ["GetItem"])
            assert calls.operations[before:] == wanted


def test_a_number_is_taken_as_often_as_it_is_there(local_url: str) -> None:
    engine, metadata = sa.create_engine(local_url), sa.MetaData()
    seats = sa.Table(
        "seats",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("free", sa.Integer, sa.CheckConstraint("free >= 0 AND free < 100")),
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(seats.insert(), [{"id": 1, "free": 8}, {"id": 2, "free": 8}])

    def take(of: tuple[str, int]) -> str:
        level, row = of
        try:
            with engine.connect().execution_options(isolation_level=level) as connection:
                connection.execute(seats.update().where(seats.c.id == row).values(free=seats.c.free - 1))
                connection.commit()
        except (exc.IntegrityError, exc.OperationalError) as error:
            return type(error.orig).__name__
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        at_once = Counter(pool.map(take, [("AUTOCOMMIT", 1)] * 12))
        together = Counter(pool.map(take, [("READ COMMITTED", 2)] * 12))
    assert at_once == {"taken": 8, "CheckViolation": 4}
    assert together["taken"] == 8
    assert {*together} <= {"taken", "CheckViolation", "SerializationError"}
    with engine.connect() as connection:
        assert {*connection.execute(sa.select(seats.c.free)).scalars()} == {0}
    engine.dispose()


def test_a_text_knows_those_that_its_table_was_made_with(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_told", set())
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with caplog.at_level(logging.WARNING), engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE boxes (id INTEGER, size INTEGER CHECK (size > 0), label VARCHAR, flag BOOLEAN, "
            "CONSTRAINT flagged CHECK (flag IN (0, 1)), CONSTRAINT odd CHECK (label ~ 'x'), PRIMARY KEY (id))"
        )
        assert "'odd' on 'boxes' (label ~ 'x') is declared only, and not enforced" in caplog.text
        connection.exec_driver_sql("INSERT INTO boxes (id, size, flag) VALUES (1, 1, true)")
        with pytest.raises(exc.IntegrityError, match="size > 0"):
            connection.exec_driver_sql("INSERT INTO boxes (id, size) VALUES (2, 0)")
        with pytest.raises(exc.IntegrityError, match="size > 0"):
            connection.exec_driver_sql("UPDATE boxes SET size = size * 0 WHERE id = 1")
        reflected = sa.Table("boxes", sa.MetaData(), autoload_with=connection)
        with pytest.raises(exc.IntegrityError, match="size > 0"):
            connection.execute(sa.insert(reflected).values(id=2, size=0))
    engine.dispose()


def test_rows_must_hold_one_that_is_added(url: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE boxes (id INTEGER, size INTEGER, PRIMARY KEY (id))")
        for id_, size in ((1, "0"), (2, "-1"), (3, "5"), (4, "NULL")):
            connection.exec_driver_sql(f"INSERT INTO boxes (id, size) VALUES ({id_}, {size})")
        add = "ALTER TABLE boxes ADD CONSTRAINT positive CHECK (size > 0)"
        with pytest.raises(exc.IntegrityError, match="is false of 2 of its rows, so it was not added"):
            connection.exec_driver_sql(add)
        assert sa.inspect(engine).get_check_constraints("boxes") == []
        connection.exec_driver_sql("INSERT INTO boxes (id, size) VALUES (5, 0)")
        connection.exec_driver_sql("DELETE FROM boxes WHERE id IN (1, 2, 5)")
        connection.exec_driver_sql(add)
        with pytest.raises(exc.IntegrityError, match="'positive'"):
            connection.exec_driver_sql("INSERT INTO boxes (id, size) VALUES (5, 0)")
        connection.exec_driver_sql("ALTER TABLE boxes DROP CONSTRAINT positive")
        connection.exec_driver_sql("INSERT INTO boxes (id, size) VALUES (5, 0)")
    engine.dispose()
