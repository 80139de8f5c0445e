"""What once went wrong, on the embedded server, as a user would meet it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload, subqueryload


class Base(DeclarativeBase):
    pass


class Basket(Base):
    __tablename__ = "baskets"
    id: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int | None]
    weight: Mapped[Decimal | None] = mapped_column(sa.Numeric(8, 2))
    fruits: Mapped[list[Fruit]] = relationship()


class Fruit(Base):
    __tablename__ = "fruits"
    id: Mapped[str] = mapped_column(primary_key=True)
    basket: Mapped[str] = mapped_column(sa.ForeignKey("baskets.id"), index=True)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = sa.create_engine("dynamodb+local://", scan="allow")
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def fill(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add_all(
            [
                Basket(id="none"),
                Basket(id="empty", count=0, weight=Decimal(0)),
                Basket(id="light", count=1, weight=Decimal("0.5")),
                Basket(id="full", count=7, weight=Decimal(-3)),
            ]
        )


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("count", ["full", "light"]),
        ("NOT count", ["empty"]),
        ("count IS TRUE", ["full", "light"]),
        ("count IS NOT TRUE", ["empty", "none"]),
        ("weight", ["full", "light"]),
        ("weight AND id = 'light'", ["light"]),
    ],
)
def test_a_number_is_true_where_it_is_not_0(engine: Engine, where: str, found: list[str]) -> None:
    fill(engine)
    with engine.connect() as connection:
        declared = sa.select(Basket.id).where(sa.text(where))
        assert sorted(connection.scalars(declared)) == found
        assert sorted(connection.scalars(sa.text(f"SELECT id FROM baskets WHERE {where}"))) == found


def test_subqueryload_loads_what_selectinload_loads(engine: Engine) -> None:
    fill(engine)
    with Session(engine) as session, session.begin():
        session.add_all([Fruit(id="apple", basket="full"), Fruit(id="pear", basket="full")])
    for load in (subqueryload, selectinload):
        with Session(engine) as session:
            baskets = session.scalars(sa.select(Basket).options(load(Basket.fruits))).all()
            assert {b.id: sorted(f.id for f in b.fruits) for b in baskets} == {
                "none": [],
                "empty": [],
                "light": [],
                "full": ["apple", "pear"],
            }


def test_dispose_while_others_are_writing() -> None:
    keeper = sa.create_engine("dynamodb+local:///?name=busy", scan="allow")
    with keeper.connect() as kept:
        Base.metadata.create_all(kept)
        busy = sa.create_engine("dynamodb+local:///?name=busy", isolation_level="AUTOCOMMIT")
        failures: list[Exception] = []

        def write(name: str) -> None:
            try:
                for turn in range(8):
                    with busy.connect() as connection:
                        rows = [{"id": f"{name}{turn}.{number}"} for number in range(4)]
                        connection.execute(sa.insert(Basket), rows)
            except exc.SQLAlchemyError as failure:
                failures.append(failure)

        threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            busy.dispose()
            threads[0].join(0.1)
        busy.dispose()
        assert failures == []
        assert kept.scalar(sa.select(sa.func.count()).select_from(Basket)) == 96
    keeper.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns where other threads run
def test_a_forked_child_that_disposes_keeps_its_parents_tables(engine: Engine) -> None:
    fill(engine)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for count in (1, 2):
                engine.dispose()
                with engine.begin() as connection:
                    connection.execute(sa.update(Basket).where(Basket.id == "none").values(count=count))
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with engine.connect() as connection:
        assert connection.scalar(sa.select(Basket.count).where(Basket.id == "none")) == 2


@pytest.mark.parametrize(
    "given",
    [
        "CASE WHEN lower(:a) LIKE lower(:b) THEN :ten END",
        "CASE id WHEN 'x' THEN :ten ELSE :ten END",
        "CASE WHEN EXISTS (SELECT 1) THEN :ten END",
        "coalesce(nullif(count = 5, :yes), :ten)",
    ],
)
def test_a_number_beside_a_condition_stays_a_number(engine: Engine, given: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(Basket).values(id="x", count=5))
        values = {"a": "a", "b": "A", "ten": 10, "yes": True}
        asked = {name: value for name, value in values.items() if f":{name}" in given}
        assert connection.scalar(sa.text(f"SELECT {given} AS found FROM baskets"), asked) == 10
