"""Unique constraints, through SQLAlchemy: one row for each value, whoever writes. dynalite has no transactions."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from sqlalchemy_dynamorm.dialect.explain import explain
from sqlalchemy_dynamorm.errors import TransactionTooLarge, UniqueViolation
from sqlalchemy_dynamorm.run.decode import wire_items
from sqlalchemy_dynamorm.run.request import Request
from tests.conftest import Calls
from tests.servers import Server


class Base(orm.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (sa.UniqueConstraint("org", "nick", name="uq_nick"),)
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    email: orm.Mapped[str | None] = orm.mapped_column(unique=True)
    org: orm.Mapped[int | None]
    nick: orm.Mapped[str | None]


class Plain(Base):
    __tablename__ = "plain"
    __table_args__ = (sa.UniqueConstraint("id", "name"),)
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    name: orm.Mapped[str | None]


class Ticket(Base):
    __tablename__ = "tickets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[int] = orm.mapped_column(unique=True)


class Indexed(Base):
    __tablename__ = "indexed"
    __table_args__ = (sa.Index("ix_code", "code", unique=True),)
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    code: orm.Mapped[int | None]


@pytest.fixture
def engine(ministack: Server, schema: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system"))
    Base.metadata.create_all(found)
    yield found
    Base.metadata.drop_all(found)
    found.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    with orm.Session(engine) as found:
        found.add(Account(id=1, email="ada@x", org=1, nick="ada"))
        found.commit()
        yield found


def guards(session: orm.Session) -> int:
    """The guards there are, of all tables."""
    connection: Any = session.connection().connection.dbapi_connection
    client = connection.client
    items = wire_items(client.ask(Request("Scan", {"TableName": client.settings.system_table})))
    return sum(item["id"]["S"].startswith("guard#") for item in items)


def refused(session: orm.Session, *accounts: Account) -> UniqueViolation:
    session.add_all(accounts)
    with pytest.raises(sa.exc.IntegrityError) as caught:
        session.commit()
    session.rollback()
    assert isinstance(caught.value.orig, UniqueViolation)
    return caught.value.orig


class TestInserts:
    def test_a_taken_value_is_refused(self, session: orm.Session) -> None:
        error = refused(session, Account(id=2, email="ada@x"))
        assert "accounts' (email)" in str(error)
        assert session.get(Account, 2) is None

    def test_the_error_names_constraint_and_columns(self, session: orm.Session) -> None:
        assert "'uq_nick'" in str(refused(session, Account(id=2, org=1, nick="ada")))
        assert "(org, nick)" in str(refused(session, Account(id=2, org=1, nick="ada")))

    def test_nulls_do_not_collide(self, session: orm.Session) -> None:
        session.add_all([Account(id=2, org=1), Account(id=3, org=1), Account(id=4)])
        session.commit()

    def test_other_values_are_free(self, session: orm.Session) -> None:
        session.add_all([Account(id=2, email="Ada@x", org=1, nick="b"), Account(id=3, email="", org=2, nick="ada")])
        session.commit()

    def test_two_rows_of_one_transaction(self, session: orm.Session) -> None:
        refused(session, Account(id=2, email="b@x"), Account(id=3, email="b@x"))

    def test_a_taken_key_is_still_a_duplicate_key(self, session: orm.Session) -> None:
        session.expunge_all()
        session.add(Account(id=1, email="ada@x"))
        with pytest.raises(sa.exc.IntegrityError, match="primary key"):
            session.commit()


class TestChanges:
    def test_a_freed_value_may_be_taken_in_the_same_transaction(self, session: orm.Session) -> None:
        session.get_one(Account, 1).email = "new@x"
        session.add(Account(id=2, email="ada@x"))
        session.commit()
        session.delete(session.get_one(Account, 1))
        session.add(Account(id=3, email="new@x", org=1, nick="ada"))
        session.commit()
        refused(session, Account(id=4, email="new@x"))

    def test_values_are_swapped(self, session: orm.Session) -> None:
        session.add(Account(id=2, email="bob@x"))
        session.commit()
        one, two = session.get_one(Account, 1), session.get_one(Account, 2)
        one.email, two.email = two.email, one.email
        session.commit()
        assert session.scalar(sa.select(Account.id).where(Account.email == "ada@x")) == 2
        assert guards(session) == 3

    def test_an_update_to_a_taken_value_is_refused(self, session: orm.Session) -> None:
        session.add(Account(id=2, email="bob@x", org=1, nick="bob"))
        session.commit()
        session.get_one(Account, 2).nick = "ada"
        refused(session)
        assert session.get_one(Account, 2).nick == "bob"

    def test_guards_come_and_go_with_the_values(self, session: orm.Session) -> None:
        assert guards(session) == 2
        session.get_one(Account, 1).nick = None
        session.commit()
        assert guards(session) == 1
        session.get_one(Account, 1).nick = "eve"
        session.commit()
        assert guards(session) == 2
        session.delete(session.get_one(Account, 1))
        session.commit()
        assert guards(session) == 0

    def test_a_key_that_changes_takes_its_guards_along(self, session: orm.Session) -> None:
        session.get_one(Account, 1).id = 9
        session.commit()
        assert session.scalar(sa.select(Account.id).where(Account.email == "ada@x")) == 9
        refused(session, Account(id=1, email="ada@x"))

    def test_columns_without_a_constraint_cost_no_guard(self, session: orm.Session, calls: Calls) -> None:
        calls.clear()
        session.execute(sa.update(Account).where(Account.id == 1).values(org=1))
        session.commit()
        assert calls.operations == ["GetItem", "TransactWriteItems"]
        plain = Plain(id=1, name="a")
        calls.clear()
        session.add(plain)
        session.commit()
        assert calls.operations == ["PutItem"]


class TestLookups:
    def test_two_gets_answer(self, session: orm.Session, calls: Calls) -> None:
        calls.clear()
        found = sa.select(Account).where(Account.email == "ada@x")
        assert session.scalars(found).one().id == 1
        assert calls.operations == ["GetItem", "GetItem"]
        assert "their guard" in str(explain(found, session.get_bind()))

    def test_a_value_that_nobody_has_is_one(self, session: orm.Session, calls: Calls) -> None:
        calls.clear()
        assert session.scalars(sa.select(Account).where(Account.nick == "x", Account.org == 1)).all() == []
        assert calls.operations == ["GetItem"]

    def test_own_writes_are_seen(self, session: orm.Session) -> None:
        session.get_one(Account, 1).email = "new@x"
        session.add(Account(id=2, email="two@x"))
        session.flush()
        by_email = sa.select(Account.id).where(Account.email == sa.bindparam("e"))
        assert [session.scalar(by_email, {"e": e}) for e in ("ada@x", "new@x", "two@x")] == [None, 1, 2]

    def test_the_rest_of_the_where_holds(self, session: orm.Session) -> None:
        assert session.scalars(sa.select(Account).where(Account.email == "ada@x", Account.id == 2)).all() == []
        assert session.scalars(sa.select(Account).where(Account.email == "ada@x", Account.nick == "no")).all() == []

    def test_update_and_delete_by_a_unique_value(self, session: orm.Session) -> None:
        connection = session.connection()
        assert connection.execute(sa.update(Account).where(Account.email == "ada@x").values(org=5)).rowcount == 1
        assert connection.execute(sa.delete(Account).where(Account.email == "ada@x")).rowcount == 1
        session.commit()
        assert guards(session) == 0


class TestOtherWriters:
    """Rows that other programs write without keeping the guards."""

    @pytest.fixture
    def raw(self, engine: sa.Engine) -> Any:
        with engine.connect() as connection:
            return connection.connection.dbapi_connection.client  # type: ignore[union-attr]

    def send(self, raw: Any, operation: str, **params: Any) -> None:
        raw.ask(Request(operation, {"TableName": f"{raw.settings.default_schema}.accounts", **params}))

    def test_the_guard_of_a_row_that_is_gone_is_taken_over(self, session: orm.Session, raw: Any) -> None:
        self.send(raw, "DeleteItem", Key={"id": {"N": "1"}})
        assert session.scalars(sa.select(Account.id).where(Account.email == "ada@x")).all() == []
        session.add(Account(id=2, email="ada@x"))
        session.commit()
        refused(session, Account(id=3, email="ada@x"))

    def test_the_guard_of_a_row_that_has_another_value_is_taken_over(self, session: orm.Session, raw: Any) -> None:
        self.send(raw, "PutItem", Item={"id": {"N": "1"}, "email": {"S": "other@x"}})
        session.add(Account(id=2, email="ada@x"))
        session.commit()
        assert session.scalar(sa.select(Account.id).where(Account.email == "ada@x")) == 2
        session.delete(session.get_one(Account, 1))
        session.commit()
        assert session.scalar(sa.select(Account.id).where(Account.email == "ada@x")) == 2

    def test_guards_of_rows_that_are_gone_leave_room_for_a_hundred_actions(
        self, session: orm.Session, raw: Any, calls: Calls
    ) -> None:
        session.add_all([Account(id=number, email=f"{number}@x") for number in range(10, 13)])
        session.commit()
        for number in range(10, 13):
            self.send(raw, "DeleteItem", Key={"id": {"N": str(number)}})
        calls.clear()
        session.add_all([Account(id=number, email=f"{number - 100}@x") for number in range(110, 160)])
        session.commit()
        assert calls.count["TransactWriteItems"] == 5  # refused; the three guards, each by itself; and again
        assert session.scalar(sa.select(Account.id).where(Account.email == "12@x")) == 112

    def test_all_guards_of_one_row_are_taken_over(self, engine: sa.Engine, schema: str, raw: Any) -> None:
        metadata = sa.MetaData()
        columns = [sa.Column(name, sa.String, unique=True) for name in ("email", "nick")]
        users = sa.Table("users", metadata, sa.Column("id", sa.String, primary_key=True), *columns)
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(users.insert().values(id="a", email="ada@x", nick="ada"))
        raw.ask(Request("DeleteItem", {"TableName": f"{raw.settings.default_schema}.users", "Key": {"id": {"S": "a"}}}))
        with engine.begin() as connection:
            connection.execute(users.insert().values(id="b", email="ada@x", nick="ada"))
        with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
            connection.execute(users.insert().values(id="c", email="c@x", nick="ada"))

    def test_a_guard_of_another_is_not_let_go(self, session: orm.Session, raw: Any) -> None:
        self.send(raw, "PutItem", Item={"id": {"N": "2"}, "email": {"S": "ada@x"}})
        session.delete(session.get_one(Account, 2))
        session.commit()
        refused(session, Account(id=3, email="ada@x"))

    def test_a_guard_that_is_missing_is_made(self, session: orm.Session, raw: Any) -> None:
        self.send(raw, "PutItem", Item={"id": {"N": "2"}, "email": {"S": "bob@x"}})
        session.get_one(Account, 2).email = "eve@x"
        session.commit()
        refused(session, Account(id=3, email="eve@x"))


class TestAutocommit:
    @pytest.fixture
    def connection(self, engine: sa.Engine, session: orm.Session) -> Iterator[sa.Connection]:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as found:
            yield found

    def test_every_statement_keeps_the_guards(self, connection: sa.Connection, session: orm.Session) -> None:
        table = Account.__table__
        with pytest.raises(sa.exc.IntegrityError, match=r"\(email\)"):
            connection.execute(sa.insert(Account).values(id=2, email="ada@x"))
        assert connection.execute(sa.update(Account).where(Account.id == 1).values(email="b@x")).rowcount == 1
        connection.execute(sa.insert(Account), [{"id": 2, "email": "ada@x"}, {"id": 3, "email": "c@x"}])
        assert connection.execute(sa.delete(Account).where(Account.id == 3)).rowcount == 1
        assert connection.execute(sa.delete(Account).where(Account.id == 3)).rowcount == 0
        connection.execute(sa.insert(Account).values(id=4, email="c@x"))
        with pytest.raises(sa.exc.IntegrityError, match=r"1 of the 2 rows"):
            connection.execute(sa.insert(Account), [{"id": 5, "email": "d@x"}, {"id": 6, "email": "c@x"}])
        moved = sa.update(Account).where(Account.id == 4).values(id=8).returning(table.c.id, table.c.email)
        assert connection.execute(moved).all() == [(8, "c@x")]
        assert connection.scalars(sa.select(Account.id).where(Account.email == "c@x")).all() == [8]
        assert guards(session) == 5


def test_a_unique_index_is_an_index_too(engine: sa.Engine, session: orm.Session) -> None:
    session.add(Indexed(id=1, code=7))
    session.commit()
    assert sa.inspect(engine).has_table("indexed")
    session.add(Indexed(id=2, code=7))
    with pytest.raises(sa.exc.IntegrityError, match=r"'ix_code'.*\(code\)"):
        session.commit()


def test_guards_count_towards_the_limit(session: orm.Session) -> None:
    session.add_all([Account(id=number, email=f"{number}@x") for number in range(10, 61)])
    with pytest.raises(sa.exc.DataError, match="51 items, changes 51 guards") as caught:
        session.commit()
    assert isinstance(caught.value.orig, TransactionTooLarge)


def test_without_a_system_table_it_is_read_only(session: orm.Session, ministack: Server, schema: str) -> None:
    engine = sa.create_engine(ministack.url(schema, system_table="none", scan="allow"))
    with orm.Session(engine) as without:
        assert without.scalars(sa.select(Account).where(Account.email == "ada@x")).one().id == 1
        without.add(Account(id=2, email="b@x"))
        with pytest.raises(sa.exc.NotSupportedError, match="system_table=none"):
            without.commit()
    engine.dispose()


class TestReconcile:
    def run(self, engine: sa.Engine, *options: str) -> subprocess.CompletedProcess[str]:
        place = "tests.service.test_unique:Base"
        command = [sys.executable, "-m", "sqlalchemy_dynamorm", "reconcile", *options]
        url = engine.url.render_as_string(hide_password=False)
        return subprocess.run([*command, url, place], capture_output=True, text=True, check=False)

    def test_guards_of_rows_that_others_wrote_are_made(self, engine: sa.Engine, session: orm.Session) -> None:
        with engine.connect() as connection:
            client: Any = connection.connection.dbapi_connection.client  # type: ignore[union-attr]
        name = f"{engine.dialect.default_schema_name}.accounts"
        rows = [("1", "moved@x"), ("2", "bob@x"), ("3", "two@x"), ("4", "two@x")]
        for id_, email in rows:
            item = {"id": {"N": id_}, "email": {"S": email}}
            client.ask(Request("PutItem", {"TableName": name, "Item": item}))
        found = sa.select(Account.id).where(Account.email == "bob@x")
        dry = self.run(engine)
        assert (dry.returncode, session.scalars(found).all()) == (1, [])
        assert "accounts: 4 rows; to mend: 3 guards missing, 0 stale" in dry.stdout
        assert "two rows have the same (email)" in dry.stdout
        mended = self.run(engine, "--apply")
        assert mended.returncode == 1
        assert "accounts: 4 rows; mended: 3 guards missing, 0 stale" in mended.stdout
        assert session.scalars(found).all() == [2]
        client.ask(Request("DeleteItem", {"TableName": name, "Key": {"id": {"N": "4"}}}))
        again = self.run(engine, "--apply")
        assert (again.returncode, again.stdout.count("0 guards missing, 0 stale")) == (0, 3)


def test_dropping_a_table_drops_its_guards(engine: sa.Engine, session: orm.Session) -> None:
    session.add_all([Account(id=number, email=f"{number}@x") for number in range(10, 40)])
    session.add(Indexed(id=1, code=7))
    session.commit()
    Account.__table__.drop(engine)  # type: ignore[attr-defined]
    assert guards(session) == 1


WORKER = """
import sys, threading
import sqlalchemy as sa
from tests.service.test_unique import Ticket
engine = sa.create_engine(sys.argv[1], isolation_level="AUTOCOMMIT")
def work(results):
    with engine.connect() as connection:
        for value in range(6):
            try:
                found = connection.execute(sa.insert(Ticket).values(code=value).returning(Ticket.__table__.c.id))
                results.append((value, found.scalar_one()))
            except sa.exc.IntegrityError as error:
                assert type(error.orig).__name__ == "UniqueViolation", error
results = []
threads = [threading.Thread(target=work, args=(results,)) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(results)
"""


def test_two_processes_of_sixteen_threads_have_one_winner_a_value(engine: sa.Engine, ministack: Server) -> None:
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", WORKER, url]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    won = [pair for output in outputs for pair in ast.literal_eval(output)]
    assert sorted(value for value, _ in won) == list(range(6))
    assert len({id_ for _, id_ in won}) == 6
    with orm.Session(engine) as session:
        assert sorted(session.scalars(sa.select(Ticket.code))) == list(range(6))
