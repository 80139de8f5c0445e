"""ON CONFLICT and bulk writes on real servers: what is sent, what is left. dynalite has no transactions."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from sqlalchemy_dynamorm import count_calls, insert
from sqlalchemy_dynamorm.errors import ItemTooLarge, SerializationError, UniqueViolation
from tests.conftest import Calls
from tests.servers import Server


class Base(orm.DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stock"
    shop: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    article: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    count: orm.Mapped[int | None]
    price: orm.Mapped[Decimal | None] = orm.mapped_column(sa.Numeric(10, 2))
    note: orm.Mapped[str | None] = orm.mapped_column(server_default="new")
    doc: orm.Mapped[Any] = orm.mapped_column(sa.JSON, nullable=True)


class Person(Base):
    __tablename__ = "people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    email: orm.Mapped[str | None] = orm.mapped_column(unique=True)
    name: orm.Mapped[str | None]


NEW = insert(Stock)
ADD = NEW.on_conflict_do_update(
    index_elements=["shop", "article"], set_={"count": Stock.count + NEW.excluded.count, "note": "again"}
)


def engine_of(server: Server, *tables: Any) -> Iterator[sa.Engine]:
    schema = f"t{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server.url(schema, system_table=f"{schema}-system"))
    found = [table.__table__ for table in tables]
    Base.metadata.create_all(engine, found)
    yield engine
    Base.metadata.drop_all(engine, found)
    engine.dispose()


@pytest.fixture(scope="module")
def transacting(ministack: Server) -> Iterator[sa.Engine]:
    yield from engine_of(ministack, Stock, Person)


@pytest.fixture
def engine(transacting: sa.Engine) -> sa.Engine:
    """With transactions; nothing is stored."""
    with transacting.begin() as connection:
        for table in (Stock, Person):
            connection.execute(sa.delete(table))
    return transacting


@pytest.fixture(scope="module")
def each(server: Server) -> Iterator[sa.Engine]:
    yield from engine_of(server, Stock)


@pytest.fixture
def autocommit(each: sa.Engine) -> Iterator[sa.Connection]:
    """On either server; nothing is stored."""
    with each.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.delete(Stock))
        yield connection


def stock(connection: Any, *columns: Any) -> list[tuple[Any, ...]]:
    found = sa.select(*(columns or (Stock.article, Stock.count))).order_by(Stock.article)
    return [tuple(row) for row in connection.execute(found.where(Stock.shop == "a"))]


def rows(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{"shop": "a", "article": number, "count": 1, **more} for number in numbers]


# --- AUTOCOMMIT ---


def test_do_nothing(autocommit: sa.Connection, calls: Calls) -> None:
    calls.clear()
    nothing = NEW.on_conflict_do_nothing()
    assert autocommit.execute(nothing, rows(1, 2)).rowcount == 2
    assert autocommit.execute(nothing, rows(2, 3, 3)).rowcount == 1
    assert calls.operations == ["PutItem"] * 4
    assert autocommit.execute(nothing.returning(Stock.article), rows(3, 4)).all() == [(4,)]
    assert stock(autocommit) == [(1, 1), (2, 1), (3, 1), (4, 1)]


def test_do_update(autocommit: sa.Connection) -> None:
    again = NEW.on_conflict_do_update(index_elements=["shop", "article"], set_={"count": 5, "note": NEW.excluded.note})
    assert autocommit.execute(again, rows(1, 2, 1)).rowcount == 3
    assert stock(autocommit) == [(1, 5), (2, 1)]
    returned = autocommit.execute(ADD.returning(Stock.article, Stock.count, Stock.note), rows(2, 3))
    assert returned.all() == [(2, 2, "again"), (3, 1, "new")]


def test_do_update_where(autocommit: sa.Connection) -> None:
    keep = NEW.on_conflict_do_update(
        index_elements=["shop", "article"],
        set_={"price": NEW.excluded.price},
        where=sa.or_(Stock.price < NEW.excluded.price, Stock.price.is_(None)),
    )
    prices = [None, Decimal("2.50"), Decimal("1.00"), Decimal("2.505")]
    assert [autocommit.execute(keep, rows(1, price=price)).rowcount for price in prices] == [1, 1, 0, 1]
    assert stock(autocommit, Stock.price) == [(Decimal("2.51"),)]


def test_all_that_the_row_has_is_one_update(autocommit: sa.Connection, calls: Calls) -> None:
    everything = {name: NEW.excluded[name] for name in ("shop", "article", "count", "price", "note", "doc")}
    whole = NEW.on_conflict_do_update(index_elements=["shop", "article"], set_=everything)
    calls.clear()
    for count in (1, 2):
        values = rows(1, price=Decimal("1.5"), note=None, doc={"a": [1, None]})[0] | {"count": count}
        assert autocommit.execute(whole, values).rowcount == 1
    assert calls.operations == ["UpdateItem"] * 2
    assert stock(autocommit, Stock.count, Stock.note, Stock.doc) == [(2, None, {"a": [1, None]})]


def test_a_computed_set_is_of_the_row_as_it_is(autocommit: sa.Connection) -> None:
    double = NEW.on_conflict_do_update(
        index_elements=["shop", "article"], set_={"count": Stock.count * 2 + NEW.excluded.count}
    )
    for _ in range(3):
        autocommit.execute(double, rows(1))
    assert stock(autocommit) == [(1, 7)]


MOST = NEW.on_conflict_do_update(
    index_elements=["shop", "article"],
    set_={
        "count": sa.func.max(Stock.count, NEW.excluded.count),
        "note": sa.func.lower(NEW.excluded.note) + sa.case((NEW.excluded.count > Stock.count, "+"), else_="-"),
    },
    where=sa.func.length(Stock.note) < 5,
)


def test_functions_and_case_are_computed_of_the_row_in_the_way(autocommit: sa.Connection, calls: Calls) -> None:
    calls.clear()
    assert autocommit.execute(MOST, rows(1, 2, note="A")).rowcount == 2
    assert calls.operations == ["GetItem", "PutItem"] * 2
    calls.clear()
    assert autocommit.execute(MOST, rows(1, note="B")).rowcount == 1
    assert calls.operations == ["GetItem", "UpdateItem"]
    assert autocommit.execute(MOST.returning(Stock.count, Stock.note), [rows(2, note="C")[0] | {"count": 3}]).all() == [
        (3, "c+")
    ]
    assert stock(autocommit, Stock.count, Stock.note) == [(1, "b-"), (3, "c+")]
    autocommit.execute(sa.update(Stock).where(Stock.shop == "a", Stock.article == 1).values(note="too long"))
    assert autocommit.execute(MOST, rows(1, note="D")).rowcount == 0
    assert stock(autocommit, Stock.note) == [("too long",), ("c+",)]


def test_they_are_computed_with_exact_numbers_or_not_at_all(autocommit: sa.Connection) -> None:
    dearest = NEW.on_conflict_do_update(
        index_elements=["shop", "article"], set_={"price": sa.func.max(Stock.price, NEW.excluded.price)}
    )
    for price in ("1.10", "3.30", "2.20"):
        autocommit.execute(dearest, rows(1, price=Decimal(price)))
    assert stock(autocommit, Stock.price) == [(Decimal("3.30"),)]
    with pytest.raises(sa.exc.DataError, match=r"value of excluded\.price holds a number"):
        autocommit.execute(dearest, rows(1, price=Decimal("123456789012345678901.23")))
    assert stock(autocommit, Stock.price) == [(Decimal("3.30"),)]


def test_as_text_with_bare_names_and_lists(autocommit: sa.Connection) -> None:
    text = sa.text(
        "INSERT INTO stock AS old (shop, article, count) SELECT 'a', :number, 1 ON CONFLICT (shop, article) "
        'DO UPDATE SET count = CASE WHEN old.count % 2 IN :odd THEN count * 10 ELSE Excluded."count" END '
        "RETURNING count"
    ).bindparams(sa.bindparam("odd", expanding=True))
    assert [autocommit.execute(text, {"number": 1, "odd": [1, 3]}).scalar() for _ in range(3)] == [1, 10, 1]


def test_postgresqls_insert_and_text_are_the_same(autocommit: sa.Connection) -> None:
    new = postgresql.insert(Stock)
    added = new.on_conflict_do_update(
        index_elements=[Stock.shop, Stock.article], set_={"count": Stock.count + new.excluded.count}
    )
    assert autocommit.execute(added, rows(1)).rowcount == 1
    text = sa.text(
        "INSERT INTO stock (shop, article, count) VALUES ('a', 1, :n) "
        "ON CONFLICT (article, shop) DO UPDATE SET count = stock.count + excluded.count RETURNING count"
    )
    assert autocommit.execute(text, {"n": 5}).scalar() == 6
    for begin in ("REPLACE INTO", "INSERT OR IGNORE INTO"):
        autocommit.execute(sa.text(f"{begin} stock (shop, article, count) VALUES ('a', 2, 1), ('a', 1, 8)"))
    assert stock(autocommit) == [(1, 8), (2, 1)]


def test_a_replace_of_many_is_batches_and_takes_the_place_of_all_that_was_there(
    autocommit: sa.Connection, calls: Calls
) -> None:
    autocommit.execute(sa.insert(Stock), rows(7, note="old", price=Decimal(3)))
    calls.clear()
    assert autocommit.execute(NEW.on_conflict_replace(), rows(*range(60), 7)).rowcount == 61
    assert calls.operations == ["BatchWriteItem"] * 3
    assert len(stock(autocommit)) == 60
    assert stock(autocommit, Stock.note, Stock.price)[7] == ("new", None)


def test_an_item_that_is_too_large_leaves_nothing_written(autocommit: sa.Connection) -> None:
    large = [*rows(1, note="x"), *rows(2, note="x" * 410_000)]
    with pytest.raises(sa.exc.DataError) as caught:
        autocommit.execute(NEW.on_conflict_replace(), large)
    assert isinstance(caught.value.orig, ItemTooLarge)
    assert stock(autocommit) == []


COMPUTED = NEW.on_conflict_do_update(
    index_elements=["shop", "article"], set_={"count": sa.func.abs(Stock.count) + NEW.excluded.count}
)


@pytest.mark.parametrize("statement", [ADD, COMPUTED])
def test_writers_at_once_lose_nothing(engine: sa.Engine, statement: Any) -> None:
    def add() -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for _ in range(10):
                connection.execute(statement, rows(1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert stock(connection) == [(1, 40)]


# --- transactions ---


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_own_writes_savepoints_and_one_action_an_item(engine: sa.Engine, level: Any) -> None:
    with engine.connect().execution_options(isolation_level=level) as connection, count_calls(engine) as calls:
        connection.execute(ADD, rows(1))
        savepoint = connection.begin_nested()
        assert connection.execute(ADD.returning(Stock.count), rows(1)).scalar_one() == 2
        savepoint.rollback()
        assert connection.execute(NEW.on_conflict_do_nothing(), rows(1, 2)).rowcount == 1
        connection.execute(sa.delete(Stock).where(Stock.shop == "a", Stock.article == 2))
        assert connection.execute(ADD.returning(Stock.note), rows(2)).scalar_one() == "new"
        assert connection.execute(NEW.on_conflict_replace(), rows(2, 3, note="last")).rowcount == 2
        connection.commit()
    assert calls.by_operation["TransactWriteItems"] == 1
    with engine.connect() as connection:
        assert stock(connection, Stock.article, Stock.note) == [(1, "new"), (2, "last"), (3, "last")]


def test_a_lost_race_is_a_serialization_error(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(ADD, rows(1))
        with engine.begin() as other:
            other.execute(ADD, rows(1))
        with pytest.raises(sa.exc.OperationalError) as caught:
            connection.commit()
    assert isinstance(caught.value.orig, SerializationError)


def test_a_sum_of_another_is_no_conflict(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(ADD, rows(1))
    with engine.begin() as connection, engine.connect() as other:
        connection.execute(ADD, rows(1))
        other.execute(ADD, rows(1))
        other.commit()
    with engine.connect() as connection:
        assert stock(connection) == [(1, 3)]


def test_what_was_computed_with_must_be_unchanged_at_commit(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(MOST, rows(1, 2, note="A"))
    with engine.connect() as connection:
        assert connection.execute(MOST.returning(Stock.note), rows(1, note="B")).scalar_one() == "b-"
        with engine.begin() as other:
            other.execute(ADD, rows(1))
        with pytest.raises(sa.exc.OperationalError) as caught:
            connection.commit()
    assert isinstance(caught.value.orig, SerializationError)
    with engine.connect() as connection:
        assert stock(connection, Stock.count, Stock.note) == [(2, "again"), (1, "A")]


class TestUnique:
    """The target is a unique constraint, or another is in the way."""

    @pytest.fixture(params=["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ"])
    def session(self, engine: sa.Engine, request: pytest.FixtureRequest) -> Iterator[orm.Session]:
        with orm.Session(engine.execution_options(isolation_level=request.param)) as session:
            session.add_all([Person(id=1, email="ada@x", name="Ada"), Person(id=2, email="bob@x", name="Bob")])
            session.commit()
            yield session

    def people(self, session: orm.Session) -> list[tuple[Any, ...]]:
        session.commit()
        return [
            tuple(row) for row in session.execute(sa.select(Person.id, Person.email, Person.name).order_by(Person.id))
        ]

    def test_the_row_with_the_value_is_changed(self, session: orm.Session) -> None:
        new = insert(Person)
        statement = new.on_conflict_do_update(index_elements=["email"], set_={"name": new.excluded.name})
        found = session.scalars(
            statement.values([{"email": "ada@x", "name": "A."}, {"email": "eve@x", "name": "Eve"}]).returning(Person.id)
        ).all()
        assert found[0] == 1
        assert self.people(session) == [(1, "ada@x", "A."), (2, "bob@x", "Bob"), (found[1], "eve@x", "Eve")]

    def test_a_value_moves_to_another_row(self, session: orm.Session) -> None:
        new = insert(Person)
        session.execute(
            new.values(id=1, email="new@x").on_conflict_do_update(
                index_elements=["id"], set_={"email": new.excluded.email}
            )
        )
        session.execute(new.values(id=3, email="ada@x").on_conflict_do_nothing())
        assert self.people(session) == [(1, "new@x", "Ada"), (2, "bob@x", "Bob"), (3, "ada@x", None)]
        assert session.scalar(sa.select(Person.id).where(Person.email == "new@x")) == 1

    def test_a_value_is_computed_and_its_guard_moves(self, session: orm.Session) -> None:
        new = insert(Person)
        computed = {"email": sa.func.lower(new.excluded.name) + "@x", "name": sa.func.coalesce(sa.null(), Person.name)}
        session.execute(
            new.values(id=7, email="ada@x", name="EVE").on_conflict_do_update(index_elements=["email"], set_=computed)
        )
        assert self.people(session) == [(1, "eve@x", "Ada"), (2, "bob@x", "Bob")]
        assert session.scalar(sa.select(Person.id).where(Person.email == "eve@x")) == 1
        session.execute(sa.insert(Person).values(id=3, email="ada@x"))
        session.commit()

    def test_a_replace_removes_every_row_in_the_way(self, session: orm.Session) -> None:
        result = session.execute(insert(Person).values(id=1, email="bob@x", name="both").on_conflict_replace())
        assert result.rowcount == 1  # type: ignore[attr-defined]
        assert self.people(session) == [(1, "bob@x", "both")]
        session.execute(sa.insert(Person).values(id=2, email="ada@x"))
        session.commit()

    def test_another_constraint_is_a_violation(self, session: orm.Session) -> None:
        new = insert(Person).values(id=3, email="ada@x").on_conflict_do_nothing(index_elements=["id"])

        def write() -> None:
            session.execute(new)
            session.commit()

        with pytest.raises(sa.exc.IntegrityError) as caught:
            write()
        assert isinstance(caught.value.orig, UniqueViolation)

    def test_in_a_savepoint_another_constraint_is_found_at_once(self, engine: sa.Engine) -> None:
        with orm.Session(engine) as session:
            session.add(Person(id=1, email="ada@x"))
            session.commit()
            with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
                session.execute(insert(Person).values(id=3, email="ada@x").on_conflict_do_nothing(["id"]))
            session.commit()
            assert session.get(Person, 3) is None


# --- the ORM's own bulk ---


class TestBulk:
    @pytest.fixture
    def session(self, autocommit: sa.Connection) -> Iterator[orm.Session]:
        with orm.Session(autocommit) as session:
            yield session

    def test_bulk_inserts(self, session: orm.Session, calls: Calls) -> None:
        calls.clear()
        session.bulk_insert_mappings(Stock, rows(*range(40)))
        session.bulk_save_objects([Stock(**row) for row in rows(*range(40, 60))])
        session.execute(sa.insert(Stock), rows(*range(60, 80)))
        session.execute(NEW.on_conflict_replace(), rows(*range(50, 150)))
        assert calls.count == {"PutItem": 80, "BatchWriteItem": 4}
        assert session.scalar(sa.select(sa.func.count()).select_from(Stock)) == 150

    def test_an_upsert_gives_objects(self, session: orm.Session) -> None:
        session.execute(ADD, rows(1))
        found = session.scalars(ADD.returning(Stock), rows(1, 2), execution_options={"populate_existing": True}).all()
        assert [(each.article, each.count) for each in found] == [(1, 2), (2, 1)]

    def test_deletes_by_key_are_counted(self, session: orm.Session, calls: Calls) -> None:
        session.execute(NEW.on_conflict_replace(), rows(*range(30)))
        calls.clear()
        by_key = sa.delete(Stock).where(Stock.shop == "a", Stock.article == sa.bindparam("number"))
        result = session.connection().execute(by_key, [{"number": number} for number in range(20, 40)])
        assert (result.rowcount, calls.operations) == (10, ["DeleteItem"] * 20)
