"""Statements that write and look at other rows or compute: what they change, and by which calls, on each server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import count_calls
from tests.servers import Server

METADATA = sa.MetaData()
PEOPLE = sa.Table(
    "people",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String),
    sa.Column("age", sa.Integer),
    sa.Column("paid", sa.Numeric(10, 2)),
)
ORDERS = sa.Table(
    "orders",
    METADATA,
    sa.Column("shop", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("person", sa.Integer, index=True),
    sa.Column("amount", sa.Numeric(10, 2)),
)
P, OF = PEOPLE.c, ORDERS.c


@pytest.fixture(params=["AUTOCOMMIT", "READ COMMITTED"])
def engine(server: Server, schema: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    if server.name == "dynalite" and request.param != "AUTOCOMMIT":
        pytest.skip("dynalite has no transactions")
    engine = sa.create_engine(server.url(schema), isolation_level=request.param)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            PEOPLE.insert(), [{"id": n, "name": f"N{n}", "age": 10 * n, "paid": Decimal(n)} for n in range(1, 5)]
        )
        connection.execute(
            ORDERS.insert(),
            [{"shop": "ab"[n % 2], "number": n, "person": 1 + n // 2, "amount": Decimal(n) / 4} for n in range(1, 6)],
        )
    yield engine
    METADATA.drop_all(engine)
    engine.dispose()


def changed(engine: Engine, statement: Any) -> tuple[int, list[str]]:
    """The rowcount and the calls."""
    with count_calls(engine) as calls, engine.begin() as connection:
        count = connection.execute(statement).rowcount
    return count, calls.operations


def column(engine: Engine, found: Any) -> list[Any]:
    with engine.connect() as connection:
        return [row[1] for row in sorted(map(tuple, connection.execute(sa.select(P.id, found))))]


OF_SHOP_A = sa.select(OF.person).where(OF.shop == "a")  # persons 2 and 3


def test_keys_that_a_query_gives_are_read_by_key(engine: Engine) -> None:
    count, calls = changed(engine, sa.update(PEOPLE).where(P.id.in_(OF_SHOP_A)).values(name="x"))
    assert (count, calls[:2]) == (2, ["Query", "BatchGetItem"])
    assert column(engine, P.name) == ["N1", "x", "x", "N4"]
    assert changed(engine, sa.delete(PEOPLE).where(P.id.in_(OF_SHOP_A)))[0] == 2
    assert column(engine, P.id) == [1, 4]


def test_a_correlated_exists(engine: Engine) -> None:
    dear = sa.exists().where(OF.shop == "b", OF.person == P.id, OF.amount * 40 > P.age)
    assert changed(engine, sa.update(PEOPLE).where(dear).values(age=0))[0] == 2
    assert column(engine, P.age) == [10, 0, 0, 40]


def test_what_set_computes(engine: Engine) -> None:
    computed = sa.update(PEOPLE).values(
        name=sa.case((P.age > 20, sa.func.lower(P.name)), else_=P.name + "!"), paid=P.paid / 3
    )
    assert changed(engine, computed)[0] == 4
    assert column(engine, P.name) == ["N1!", "N2!", "n3", "n4"]
    assert column(engine, P.paid) == [Decimal("0.33"), Decimal("0.67"), Decimal("1.00"), Decimal("1.33")]
    spent = sa.select(sa.func.sum(OF.amount)).where(OF.person == P.id).scalar_subquery()
    assert changed(engine, sa.update(PEOPLE).where(P.id <= 3, P.id.in_([1, 2, 3])).values(paid=spent))[0] == 3
    assert column(engine, P.paid)[:3] == [Decimal("0.25"), Decimal("1.25"), Decimal("2.25")]


def test_one_row_is_read_and_written(engine: Engine) -> None:
    _, calls = changed(engine, sa.update(PEOPLE).where(P.id == 1).values(name=sa.func.lower(P.name)))
    assert calls == ["GetItem", "UpdateItem"]


def test_update_from_and_delete_using(engine: Engine) -> None:
    joined = (
        sa.update(PEOPLE).where(P.id == OF.person, OF.shop == "b", OF.number == 3).values(paid=OF.amount, name="from")
    )
    assert changed(engine, joined)[0] == 1
    assert column(engine, P.name) == ["N1", "from", "N3", "N4"]
    assert column(engine, P.paid)[1] == Decimal("0.75")
    assert changed(engine, sa.delete(PEOPLE).where(P.id == OF.person, OF.shop == "a"))[0] == 2
    assert column(engine, P.id) == [1, 4]


def test_a_cte_before_a_delete(engine: Engine) -> None:
    rich = sa.select(OF.person.label("id")).where(OF.shop == "a").cte("rich")
    assert changed(engine, sa.delete(PEOPLE).where(P.id.in_(sa.select(rich.c.id))))[0] == 2


def test_a_scan_is_refused_and_the_index_named(engine: Engine) -> None:
    names = sa.select(OF.shop).where(OF.shop == "a")
    with pytest.raises(exc.NotSupportedError, match='Index\\("ix_people_name"'), engine.begin() as connection:
        connection.execute(sa.delete(PEOPLE).where(P.name.in_(names)))
    with engine.begin() as connection:
        counted = sa.delete(PEOPLE).where(sa.func.lower(P.name) == "n2")
        assert connection.execute(counted, execution_options={"dynamodb_scan": "allow"}).rowcount == 1


def test_returning(engine: Engine) -> None:
    with engine.begin() as connection:
        shown = connection.execute(
            sa.update(PEOPLE).where(P.id.in_(OF_SHOP_A)).values(name=sa.func.lower(P.name)).returning(P.id, P.name)
        )
        assert sorted(map(tuple, shown)) == [(2, "n2"), (3, "n3")]


def test_returning_that_computes(engine: Engine) -> None:
    statement = sa.update(PEOPLE).where(P.id <= 2, P.id.in_([1, 2])).values(age=P.age + 1)
    shown = statement.returning(sa.func.lower(P.name), P.age * 2, sa.case((P.age > 20, "old"), else_="young"))
    with engine.begin() as connection:
        assert sorted(map(tuple, connection.execute(shown))) == [("n1", 22, "young"), ("n2", 42, "old")]
        made = sa.insert(PEOPLE).returning(P.id + 1, sa.func.upper(P.name))
        rows = connection.execute(made, [{"id": 8, "name": "x"}, {"id": 7, "name": "y"}])
        assert list(map(tuple, rows)) == [(9, "X"), (8, "Y")]
        gone = connection.execute(sa.delete(PEOPLE).where(P.id == 8).returning(P.name + "!"))
        assert list(map(tuple, gone)) == [("x!",)]


def test_keys_of_many_rows(engine: Engine, server: Server) -> None:
    if server.name == "dynalite":
        pytest.skip("dynalite has no transactions")
    moved = sa.update(PEOPLE).where(P.id.in_([1, 2, 3])).values(id=sa.case((P.id == 2, 20), else_=P.id + 100))
    assert changed(engine, moved)[0] == 3
    assert column(engine, P.name) == ["N4", "N2", "N1", "N3"]


def test_insert_from_select(engine: Engine) -> None:
    copied = sa.insert(PEOPLE).from_select(["id", "paid"], sa.select(OF.number + 10, OF.amount).where(OF.shop == "a"))
    count, calls = changed(engine, copied)
    assert (count, calls[0]) == (2, "Query")
    assert column(engine, P.paid)[4:] == [Decimal("0.50"), Decimal("1.00")]
    grouped = sa.select(20 + OF.person, sa.func.sum(OF.amount)).where(OF.shop == "b").group_by(OF.person)
    with engine.begin() as connection:
        shown = connection.execute(sa.insert(PEOPLE).from_select(["id", "paid"], grouped).returning(P.id, P.paid))
        assert sorted(map(tuple, shown)) == [(21, Decimal("0.25")), (22, Decimal("0.75")), (23, Decimal("1.25"))]
    nothing = sa.insert(PEOPLE).from_select(["id"], sa.select(OF.number).where(OF.shop == "nowhere"))
    assert changed(engine, nothing) == (0, ["Query"])
    with pytest.raises(exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.insert(PEOPLE).from_select(["id"], sa.select(OF.person).where(OF.shop == "a")))


def test_values_that_are_computed(engine: Engine) -> None:
    highest = sa.select(sa.func.max(OF.number)).where(OF.shop == "a").scalar_subquery()
    statement = sa.insert(PEOPLE).values([{"id": highest + 30, "name": sa.func.lower("X")}, {"id": 40, "name": "Y"}])
    assert changed(engine, statement)[0] == 2
    assert column(engine, P.name)[4:] == ["x", "Y"]


def test_defaults_and_onupdate_that_are_queries(ministack: Server, schema: str) -> None:
    metadata, engine = sa.MetaData(), sa.create_engine(ministack.url(schema))
    counters = sa.Table("counters", metadata, sa.Column("id", sa.String, primary_key=True), sa.Column("n", sa.Integer))
    following = sa.select(counters.c.n + 1).where(counters.c.id == "x").scalar_subquery()
    numbered = sa.Table(
        "numbered",
        metadata,
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("n", sa.Integer, default=following, onupdate=following),
        sa.Column("name", sa.String, onupdate=sa.func.upper("changed")),
        sa.Column("doc", sa.JSON),
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(counters.insert(), {"id": "x", "n": 5})
        connection.execute(numbered.insert(), [{"id": "a", "doc": sa.JSON.NULL}, {"id": "b", "doc": [1.5, "s"]}])
        connection.execute(counters.update().values(n=10))
        connection.execute(numbered.update().where(numbered.c.id == "a").values(id="c"))
        connection.execute(
            numbered.insert().from_select(
                ["id", "n", "doc"], sa.select(numbered.c.id + "2", numbered.c.n, numbered.c.doc)
            )
        )
    with engine.begin() as connection:
        found = connection.execute(sa.select(numbered.c.id, numbered.c.n, numbered.c.name, numbered.c.doc))
        assert sorted(map(tuple, found)) == [
            ("b", 6, None, [1.5, "s"]),
            ("b2", 6, None, [1.5, "s"]),
            ("c", 11, "CHANGED", None),
            ("c2", 11, None, None),
        ]
        null = sa.select(sa.func.count()).where(numbered.c.doc.is_not(None)).select_from(numbered)
        assert connection.scalar(null, execution_options={"dynamodb_scan": "allow"}) == 4  # JSON null is a value
    metadata.drop_all(engine)
    engine.dispose()


def test_tables_of_other_keys(ministack: Server, schema: str) -> None:
    """Packed keys, hidden keys, unique values, a schema, an alias."""
    metadata, engine = sa.MetaData(), sa.create_engine(ministack.url(schema, scan="allow"))
    beds = sa.Table(
        "beds",
        metadata,
        *(sa.Column(name, sa.String, primary_key=True) for name in ("house", "floor", "room")),
        sa.Column("patient", sa.String, unique=True),
        schema=f"{schema}x",
    )
    log = sa.Table("log", metadata, sa.Column("text", sa.String), sa.Column("n", sa.Integer))
    metadata.create_all(engine)
    other: Any = beds.alias("other")
    with engine.begin() as connection:
        rows = [{"house": "h", "floor": "1", "room": str(n), "patient": f"P{n}"} for n in range(3)]
        connection.execute(beds.insert(), rows)
        connection.execute(log.insert(), [{"text": f"T{n}", "n": n} for n in range(4)])
    with engine.begin() as connection:
        lower = sa.update(beds).where(sa.func.length(beds.c.room) == 1).values(patient=sa.func.lower(beds.c.patient))
        assert connection.execute(lower).rowcount == 3
        assert connection.execute(sa.update(other).where(other.c.room + "" == "0").values(room="00")).rowcount == 1
        assert connection.execute(sa.update(log).where(log.c.n % 2 == 1).values(text=log.c.text + "!")).rowcount == 2
        assert connection.execute(sa.delete(log).where(sa.func.lower(log.c.text) == "t0")).rowcount == 1
        copied = sa.select(beds.c.patient, sa.literal(9)).where(beds.c.house == "h", beds.c.room != "1")
        assert connection.execute(sa.insert(log).from_select(["text", "n"], copied)).rowcount == 2
    with engine.begin() as connection:
        found = sorted(map(tuple, connection.execute(sa.select(beds.c.room, beds.c.patient))))
        assert found == [("00", "p0"), ("1", "p1"), ("2", "p2")]
        assert sorted(connection.scalars(sa.select(log.c.text))) == ["T1!", "T2", "T3!", "p0", "p2"]
    with pytest.raises(exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.update(beds).where(beds.c.patient == "p1").values(patient=sa.func.lower("P2")))
    metadata.drop_all(engine)
    engine.dispose()


def test_what_others_change_meanwhile_is_computed_anew(ministack: Server, schema: str) -> None:
    """Four threads make one text longer, by a function: none of their changes is lost."""
    engine = sa.create_engine(ministack.url(schema), isolation_level="AUTOCOMMIT")
    METADATA.create_all(engine)
    longer = (
        sa.update(PEOPLE)
        .where(P.id == 1, sa.func.length(P.name) < 99)
        .values(name=sa.func.replace(P.name + "b", "b", "a"))
    )

    def work(_: int) -> int:
        with engine.connect() as connection:
            return sum(connection.execute(longer).rowcount for _ in range(4))

    with engine.connect() as connection:
        connection.execute(PEOPLE.insert(), {"id": 1, "name": ""})
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == 16
        assert connection.scalar(sa.select(P.name)) == "a" * 16
    METADATA.drop_all(engine)
    engine.dispose()


class Base(DeclarativeBase):
    pass


class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012


class Dog(Animal):
    __tablename__ = "dogs"
    id: Mapped[int] = mapped_column(sa.ForeignKey("animals.id"), primary_key=True)
    tricks: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012


@pytest.mark.parametrize("synchronize", ["auto", "evaluate", "fetch", False])
def test_the_orm_knows_what_its_statements_changed(ministack: Server, schema: str, synchronize: Any) -> None:
    engine = sa.create_engine(ministack.url(schema, scan="allow"))
    Base.metadata.create_all(engine)
    option = {"synchronize_session": synchronize}
    with Session(engine) as session:
        session.add_all([Animal(id=1, name="Tom"), Dog(id=2, name="Rex", tricks=1), Dog(id=3, name="Bo", tricks=5)])
        session.commit()
        dogs = session.scalars(sa.select(Dog).order_by(Dog.id)).all()
        session.execute(sa.update(Dog).where(Dog.tricks > 2).values(tricks=Dog.tricks + 1), execution_options=option)
        session.execute(sa.update(Animal).where(Animal.id == 2).values(name="Max"), execution_options=option)
        if synchronize:
            assert [(dog.tricks, dog.name) for dog in dogs] == [(1, "Max"), (6, "Bo")]
        session.commit()
        assert [(dog.tricks, dog.name) for dog in dogs] == [(1, "Max"), (6, "Bo")]
        deleted = sa.delete(Animal).where(Animal.id.in_(sa.select(Dog.id).where(Dog.tricks == 1)))
        fetch = "fetch" if synchronize == "evaluate" else synchronize
        session.execute(deleted, execution_options={"synchronize_session": fetch})
        session.commit()
        assert session.scalars(sa.select(Animal.name).order_by(Animal.id)).all() == ["Tom", "Bo"]
    Base.metadata.drop_all(engine)
    engine.dispose()
