"""Sequences and identities, through SQLAlchemy and as text: numbers from the system table."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from tests.conftest import Calls
from tests.servers import Server


class Base(orm.DeclarativeBase):
    pass


invoices = sa.Sequence("invoice_numbers", start=1000, increment=10, metadata=Base.metadata)


class Invoice(Base):
    __tablename__ = "invoices"
    id: orm.Mapped[int] = orm.mapped_column(invoices, primary_key=True)
    text: orm.Mapped[str | None]


class Visit(Base):
    __tablename__ = "visits"
    id: orm.Mapped[int] = orm.mapped_column(sa.Identity(start=100, cache=10), primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(sa.Identity(always=True))
    position: orm.Mapped[int | None] = orm.mapped_column(server_default=invoices.next_value())


@pytest.fixture
def engine(server: Server, schema: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(server.url(schema, system_table=f"{schema}-system"))
    Base.metadata.create_all(found)
    yield found
    Base.metadata.drop_all(found)
    assert sa.inspect(found).get_sequence_names() == []
    found.dispose()


@pytest.fixture
def atonce(engine: sa.Engine) -> sa.Engine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def test_a_sequence_by_itself(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert connection.scalar(invoices) == 1000
        assert connection.scalar(invoices) == 1010
        assert connection.scalar(sa.select(invoices.next_value())) == 1020
        assert connection.exec_driver_sql("SELECT nextval('invoice_numbers') AS n").mappings().one() == {"n": 1030}
        assert connection.exec_driver_sql("SELECT nextval(invoice_numbers), nextval(invoice_numbers)").one() == (
            1040,
            1050,
        )
    with orm.Session(engine) as session:
        assert session.scalar(invoices) == 1060


def test_a_flush_asks_for_all_its_numbers_at_once(atonce: sa.Engine, calls: Calls) -> None:
    with orm.Session(atonce) as session:
        made = [Invoice(text=str(n)) for n in range(5)]
        session.add_all(made)
        calls.clear()
        session.flush()
        assert [each.id for each in made] == [1000, 1010, 1020, 1030, 1040]
        assert calls.count == {"GetItem": 1, "UpdateItem": 1, "PutItem": 5}
        session.commit()
        assert session.scalars(sa.select(Invoice.text).where(Invoice.id == 1040)).one() == "4"


def test_a_number_in_values_in_set_and_as_a_default(atonce: sa.Engine) -> None:
    with atonce.connect() as connection:
        connection.execute(sa.insert(Invoice).values(id=invoices.next_value(), text="a"))
        connection.execute(sa.insert(Invoice).values([{"text": "b"}, {"text": "c"}]))
        table = sa.select(Invoice.id, Invoice.text).order_by(Invoice.id)
        assert connection.execute(table).all() == [(1000, "a"), (1010, "b"), (1020, "c")]
        found = connection.execute(sa.insert(Visit).returning(Visit.id, Visit.number, Visit.position)).one()
        assert found == (100, 1, 1030)
        connection.execute(sa.update(Visit).where(Visit.id == 100).values(position=invoices.next_value()))
        assert connection.scalar(sa.select(Visit.position).where(Visit.id == 100)) == 1040
        with pytest.raises(exc.NotSupportedError, match="by the whole key"):
            connection.execute(
                sa.update(Visit).values(position=invoices.next_value()).execution_options(dynamodb_scan="allow")
            )


def test_an_identity_goes_beyond_ids_that_are_given_by_hand(atonce: sa.Engine) -> None:
    with orm.Session(atonce) as session:
        session.add(Visit())
        session.commit()
        session.add_all([Visit(id=5), Visit(id=500)])  # 5 is before the identity's start
        session.commit()
        assert sorted(session.scalars(sa.select(Visit.id))) == [5, 100, 500]
    fresh = sa.create_engine(atonce.url, system_table=atonce.dialect.settings.system_table)  # type: ignore[attr-defined]
    with orm.Session(fresh) as session:
        session.add(Visit(id=None))
        session.commit()
        assert max(session.scalars(sa.select(Visit.id))) == 501
    fresh.dispose()


def test_what_is_generated_always_takes_no_value(atonce: sa.Engine) -> None:
    with atonce.connect() as connection:
        with pytest.raises(exc.ProgrammingError, match="'number' is GENERATED ALWAYS"):
            connection.execute(sa.insert(Visit).values(number=7))
        with pytest.raises(exc.ProgrammingError, match="'number' is GENERATED ALWAYS"):
            connection.execute(sa.update(Visit).where(Visit.id == 1).values(number=7))
        assert connection.scalars(sa.select(Visit.id)).all() == []


def test_sequences_as_text(atonce: sa.Engine) -> None:
    with atonce.connect() as connection:
        run = connection.exec_driver_sql
        run("CREATE SEQUENCE short MAXVALUE 2")
        run("CREATE SEQUENCE short MAXVALUE 2")  # it is there, identical
        with pytest.raises(exc.ProgrammingError, match="there already, with another definition"):
            run("CREATE SEQUENCE short")
        assert [run("SELECT nextval(short)").scalar() for _ in range(2)] == [1, 2]
        with pytest.raises(exc.DataError, match="The numbers of sequence 'short' are used up: they end at 2"):
            run("SELECT nextval(short)")
        assert sa.inspect(connection).get_sequence_names() == ["invoice_numbers", "short"]
        run("DROP SEQUENCE short")
        run("CREATE SEQUENCE short START WITH 7 MAXVALUE 8 MINVALUE 5 CYCLE")
        assert [run("SELECT nextval(short)").scalar() for _ in range(4)] == [7, 8, 5, 6]
        run("DROP SEQUENCE short")
        with pytest.raises(exc.ProgrammingError, match="There is no sequence 'short'"):
            run("SELECT nextval(short)")
        assert not sa.inspect(connection).has_sequence("short")


def test_no_number_is_given_twice(engine: sa.Engine) -> None:
    taken: list[int] = []

    def take() -> None:
        with engine.connect() as connection:
            taken.extend(connection.scalar(invoices) for _ in range(10))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(taken) == list(range(1000, 1000 + 80 * 10, 10))


def test_identities_are_reflected(engine: sa.Engine) -> None:
    table = sa.Table("visits", sa.MetaData(), autoload_with=engine)
    assert table.c.number.identity is not None
    assert (table.c.number.identity.always, table.c.number.identity.start) == (True, 1)
    assert table.c.id.identity is not None
    assert (table.c.id.identity.start, table.c.id.identity.cache) == (100, 10)
