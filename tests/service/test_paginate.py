"""Pages of a SELECT: together they are its rows, each once, on each server and by every access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, Index, Row, create_engine, exc, func, insert, select, tuple_
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm.orm import paginate
from tests.conftest import Calls
from tests.servers import Server


class Base(DeclarativeBase):
    pass


class Reading(Base):
    __tablename__ = "readings"
    __table_args__ = (
        Index("readings_by_place", "place", "at"),
        Index("readings_by_kind", "kind", dynamodb_projection="KEYS_ONLY"),
    )
    sensor: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str]
    kind: Mapped[str]
    value: Mapped[int]


ROWS = [
    {"sensor": sensor, "at": at, "place": "xyz"[at % 3], "kind": "ab"[at % 2], "value": at % 5}
    for sensor in ("s", "t", "u")
    for at in range(12)
]


@pytest.fixture
def engine(server: Server, schema: str) -> Iterator[Engine]:
    engine = create_engine(server.url(schema))
    Base.metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(insert(Reading), ROWS)
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


KEYS = [("s", 3), ("u", 1), ("t", 99), ("t", 4), ("s", 5)]
STATEMENTS = [
    select(Reading),
    select(Reading.value),
    select(Reading).where(Reading.value > 2).execution_options(dynamodb_scan="allow"),
    select(Reading).execution_options(dynamodb_segments=3),
    select(Reading).where(Reading.sensor == "s"),
    select(Reading.value).where(Reading.sensor == "s").order_by(Reading.at.desc()),
    select(Reading).where(Reading.sensor == "s", Reading.value != 2),
    select(Reading).where(Reading.sensor == "s", Reading.at != 4),
    select(Reading).where(Reading.sensor.in_(["s", "u", "none"])),
    select(Reading.sensor, Reading.at).where(Reading.place == "x").order_by(Reading.at),
    select(Reading).where(Reading.kind == "a"),
    select(Reading).where(Reading.kind == "a", Reading.value == 2),
    select(Reading).where(Reading.sensor == "s", Reading.at == 3),
    select(Reading).where(Reading.sensor == "s", Reading.at.in_([1, 2, 3, 50, 4])),
    select(Reading).where(Reading.sensor == "s", Reading.sensor == "t"),
]


def pages(bind: Any, statement: Any, size: int, **more: Any) -> list[list[Any]]:
    found, cursor = [], None
    while True:
        items, cursor = paginate(bind, statement, size, cursor, **more)
        found.append(list(items))
        if cursor is None:
            return found


@pytest.mark.parametrize("size", [1, 4, 100])
def test_the_pages_are_the_rows(engine: Engine, size: int) -> None:
    with Session(engine) as session:
        for statement in STATEMENTS:
            whole = session.execute(statement).all()
            found = pages(session, statement, size)
            rows = [tuple(row) if isinstance(row, Row) else (row,) for page in found for row in page]
            assert Counter(rows) == Counter(map(tuple, whole)), str(statement)
            assert all(len(page) == size for page in found[:-1]), str(statement)
            if statement._order_by_clauses:
                assert rows == [tuple(row) for row in whole]


def test_a_page_of_a_partition_is_one_call(engine: Engine, calls: Calls) -> None:
    statement = select(Reading).where(Reading.sensor == "s").order_by(Reading.at)
    with engine.connect() as connection:
        first = paginate(connection, statement, 5)
        assert [row.at for row in first.items] == [0, 1, 2, 3, 4]
        second = paginate(connection, statement, 7, first.cursor)  # another size is no other statement
    assert ([row.at for row in second.items], second.cursor) == ([5, 6, 7, 8, 9, 10, 11], None)
    assert calls.operations == ["Query", "Query"]


def test_keys_are_read_a_page_at_a_time(engine: Engine, calls: Calls) -> None:
    statement = select(Reading).where(tuple_(Reading.sensor, Reading.at).in_(KEYS))
    with Session(engine) as session:
        found = pages(session, statement, 2)
    assert [len(page) for page in found] == [2, 2]
    assert calls.operations == ["BatchGetItem"] * 3  # one of the keys is of no item


def test_what_was_added_meanwhile_does_not_move_the_pages(engine: Engine) -> None:
    statement = select(Reading.at).where(Reading.sensor == "s").order_by(Reading.at)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        first = paginate(connection, statement, 3)
        connection.execute(insert(Reading), {"sensor": "s", "at": -1, "place": "x", "kind": "a", "value": 0})
        assert paginate(connection, statement, 3, first.cursor).items == [3, 4, 5]


OF = select(Reading).where(Reading.sensor == "s")


@pytest.mark.parametrize(
    ("other", "secret"),
    [
        (select(Reading).where(Reading.sensor == "t"), b""),
        (OF.order_by(Reading.at.desc()), b""),
        (select(Reading.at).where(Reading.sensor == "s"), b""),
        (OF, b"another"),
    ],
)
def test_a_cursor_of_another_statement_is_refused(engine: Engine, other: Any, secret: bytes) -> None:
    with Session(engine) as session:
        cursor = paginate(session, OF, 2).cursor
        with pytest.raises(exc.ProgrammingError, match="cursor"):
            paginate(session, other, 2, cursor, secret=secret)


@pytest.mark.parametrize(
    "change", [lambda text: "x" + text[1:], lambda text: text[:-3], lambda text: "", lambda _: "é"]
)
def test_a_changed_cursor_is_refused(engine: Engine, change: Any) -> None:
    with Session(engine) as session:
        cursor = paginate(session, OF, 2, secret="s").cursor
        assert cursor is not None
        assert paginate(session, OF, 2, cursor, secret="s").items
        with pytest.raises(exc.ProgrammingError, match="cursor"):
            paginate(session, OF, 2, change(cursor), secret="s")


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        (OF.limit(3), exc.ProgrammingError, "leave LIMIT"),
        (OF.offset(3), exc.ProgrammingError, "leave LIMIT"),
        (select(Reading.kind).distinct(), exc.NotSupportedError, "SQLite"),
        (OF.union_all(OF), exc.NotSupportedError, "SQLite"),
        (OF.order_by(Reading.value), exc.NotSupportedError, "sorted here"),
        (select(func.count()).select_from(Reading), exc.NotSupportedError, "COUNT"),
    ],
)
def test_what_has_no_pages_is_refused(engine: Engine, statement: Any, error: type[Exception], message: str) -> None:
    with Session(engine) as session, pytest.raises(error, match=message):
        paginate(session, statement, 2)


@pytest.mark.parametrize("size", [0, -1, True, "3"])
def test_a_size_is_a_number_of_rows(engine: Engine, size: Any) -> None:
    with Session(engine) as session, pytest.raises(exc.DataError, match="size"):
        paginate(session, OF, size)


def test_a_page_beside_unsent_writes_is_refused(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(insert(Reading), {"sensor": "s", "at": 77, "place": "x", "kind": "a", "value": 0})
        with pytest.raises(exc.ProgrammingError, match="commit first"):
            paginate(connection, OF, 2)
