"""What an error says of its row: the statement, the key, the row's number; at the statement and at commit."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import NumberSet, errors
from sqlalchemy_dynamorm.dialect.stale import StaleRowError


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int | None]
    weight: Mapped[float | None]
    text: Mapped[str | None]
    marks: Mapped[set[int] | None] = mapped_column(NumberSet)


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    email: Mapped[str] = mapped_column(unique=True)


@pytest.fixture
def engine(made: sa.Engine) -> sa.Engine:
    """One row in each table."""
    with Session(made.execution_options(isolation_level="AUTOCOMMIT")) as session:
        session.execute(sa.delete(Row))
        session.execute(sa.delete(User))
    with Session(made) as session:
        session.add_all([Row(id="a", n=1), User(id=1, email="ada@x")])
        session.commit()
    return made


def rows(*ids: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": each, "n": 0, **more} for each in ids]


def count(engine: sa.Engine) -> int | None:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Row))


def original(caught: Any) -> errors.Error:
    """The DBAPI's error, after it has been pickled."""
    error = pickle.loads(pickle.dumps(caught.value.orig))
    assert isinstance(error, errors.Error)
    assert type(error) is type(caught.value.orig)
    assert str(error) == str(caught.value.orig)
    return error


# --- at commit --------------------------------------------------------------------------------------------------


def test_a_duplicate_key_at_commit(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Row), rows("b", "a", "c"))
        connection.execute(sa.update(Row).where(Row.id == "c").values(n=1))
        with pytest.raises(exc.IntegrityError, match="It is row 2 of the 3 of its statement") as caught:
            connection.commit()
    error = original(caught)
    assert isinstance(error, errors.DuplicateKey)
    assert (error.key, error.row_number) == ({"id": {"S": "a"}}, 2)
    assert (error.statement or "").startswith("INSERT INTO rows")
    assert (error.table or "").endswith("rows")
    assert error.operation == "TransactWriteItems"
    assert count(engine) == 1


def test_a_unique_violation_at_commit(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(User), [{"id": 2, "email": "bob@x"}, {"id": 3, "email": "ada@x"}])
        with pytest.raises(exc.IntegrityError, match="row 2 of the 2") as caught:
            connection.commit()
    error = original(caught)
    assert isinstance(error, errors.UniqueViolation)
    assert (error.key, error.row_number) == ({"id": {"N": "3"}}, 2)
    assert (error.statement or "").startswith("INSERT INTO users")


@pytest.mark.parametrize(
    "change",
    [sa.update(Row).where(Row.id == "a", Row.n == 1).values(n=5), sa.delete(Row).where(Row.id == "a", Row.n == 1)],
)
def test_a_stale_row_at_commit(engine: sa.Engine, change: Any) -> None:
    with engine.connect() as mine, engine.connect() as theirs:
        mine.execute(change)
        theirs.execute(sa.update(Row).where(Row.id == "a").values(n=2))
        theirs.commit()
        with pytest.raises(StaleRowError) as caught:
            mine.commit()
        mine.rollback()
        assert mine.scalar(sa.select(Row.n)) == 2
    error = original(caught)
    assert (error.key, error.row_number) == ({"id": {"S": "a"}}, 1)
    assert "rows.n = :n_1" in (error.statement or "")


def test_what_was_read_and_changed(engine: sa.Engine) -> None:
    with Session(engine) as mine, Session(engine) as theirs:
        mine.get_one(Row, "a", with_for_update=True)
        theirs.get_one(Row, "a").n = 2
        theirs.commit()
        mine.add(Row(id="b"))
        with pytest.raises(exc.OperationalError) as caught:
            mine.commit()
    error = original(caught)
    assert isinstance(error, errors.SerializationError)
    assert error.key == {"id": {"S": "a"}}
    assert error.retryable


# --- at the statement -------------------------------------------------------------------------------------------


def test_a_duplicate_key_at_the_statement(engine: sa.Engine) -> None:
    early = engine.execution_options(dynamodb_insert_check="statement")
    with early.connect() as connection, pytest.raises(exc.IntegrityError, match="row 2 of the 2") as caught:
        connection.execute(sa.insert(Row), rows("b", "a"))
    error = original(caught)
    assert (error.key, error.row_number) == ({"id": {"S": "a"}}, 2)
    assert (error.statement or "").startswith("INSERT INTO rows")


LEVELS = ("AUTOCOMMIT", "READ COMMITTED")
LONG = "x" * 3000
BAD: dict[str, tuple[dict[str, Any], type[Exception], type[errors.Error], str]] = {
    "an over-long key": ({"id": LONG}, exc.DataError, errors.DataError, "2048"),
    "an item over 400 KB": ({"text": "x" * 410_000}, exc.DataError, errors.ItemTooLarge, "409600"),
    "NaN": ({"weight": math.nan}, exc.DataError, errors.UnsupportedValue, "NaN"),
    "an infinity": ({"weight": -math.inf}, exc.DataError, errors.UnsupportedValue, "infinit"),
    "a key twice": ({"id": "b"}, exc.IntegrityError, errors.DuplicateKey, "primary key"),
    "no key": ({"id": None}, exc.IntegrityError, errors.NotNullViolation, "key column 'id'"),
    "39 digits": ({"n": 10**38 + 1}, exc.DataError, errors.UnsupportedValue, "38"),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_row_of_an_executemany_is_named_and_nothing_is_written(
    engine: sa.Engine, level: Any, bad: tuple[dict[str, Any], type[Exception], type[errors.Error], str]
) -> None:
    given, wrapped, kind, words = bad
    batch = [{**each, "text": None, "weight": None} for each in rows("b", "c", "d")]
    batch[2] |= given
    with engine.connect().execution_options(isolation_level=level) as connection:
        with pytest.raises(wrapped, match=f"{words}.* It is row 3 of the 3 of its statement") as caught:
            connection.execute(sa.insert(Row), batch)
        connection.commit()
    error = original(caught)
    assert (type(error), error.row_number) == (kind, 3)
    assert LONG not in str(error)
    assert count(engine) == 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("name", "bad", "words"), [("weight", math.nan, "NaN"), ("n", 10**38 + 1, "38")])
def test_a_bad_row_of_many_updates(engine: sa.Engine, level: Any, name: str, bad: Any, words: str) -> None:
    with engine.connect().execution_options(isolation_level=level) as connection:
        change = sa.update(Row).where(Row.id == sa.bindparam("key")).values({name: sa.bindparam("new")})
        with pytest.raises(exc.DataError, match=f"{words}.* It is row 2 of the 2 of its statement"):
            connection.execute(change, [{"key": "a", "new": 7}, {"key": "a", "new": bad}])
        connection.commit()
        assert connection.scalar(sa.select(Row.__table__.c[name]).where(Row.id == "a")) == (1 if name == "n" else None)


def test_an_item_that_grows_too_large(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        change = sa.update(Row).where(Row.id == sa.bindparam("key")).values(text=sa.bindparam("new"))
        with pytest.raises(exc.DataError, match=r"409600.* It is row 2 of the 2") as caught:
            connection.execute(change, [{"key": "a", "new": "x"}, {"key": "a", "new": "x" * 410_000}])
        connection.commit()
        assert connection.scalar(sa.select(Row.text)) is None
    assert original(caught).key == {"id": {"S": "a"}}


def test_four_megabytes_in_a_transaction(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Row), rows(*(f"r{number}" for number in range(11)), text="x" * 390_000))
        with pytest.raises(exc.DataError, match=r"4194304.*nothing was sent") as caught:
            connection.commit()
    assert type(original(caught)) is errors.TransactionTooLarge
    assert count(engine) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_a_set_that_becomes_empty_is_no_attribute(engine: sa.Engine, level: Any) -> None:
    with engine.connect().execution_options(isolation_level=level) as connection:
        for change in ({1, 2}, set(), {3}, None):
            connection.execute(sa.update(Row).where(Row.id == "a").values(marks=change))
            connection.commit()
            assert connection.scalar(sa.select(Row.marks)) == (change or None)
        connection.execute(sa.insert(Row), [{"id": "b", "marks": set()}])
        connection.commit()
        assert connection.scalar(sa.select(Row.marks).where(Row.id == "b")) is None


def _written(connection: sa.Connection, statement: sa.Insert) -> None:
    connection.execute(statement)
    connection.commit()


@pytest.mark.parametrize("level", LEVELS)
def test_a_missing_table(engine: sa.Engine, level: Any) -> None:
    missing = sa.Table("nowhere", sa.MetaData(), sa.Column("id", sa.String, primary_key=True))
    with engine.connect().execution_options(isolation_level=level) as connection:
        if level != "AUTOCOMMIT":
            connection.execute(sa.insert(Row), rows("b"))
        with pytest.raises(exc.ProgrammingError, match="There is no table") as caught:
            _written(connection, sa.insert(missing).values(id="x"))
        assert type(original(caught)) is errors.UndefinedTable
    assert count(engine) == 1
