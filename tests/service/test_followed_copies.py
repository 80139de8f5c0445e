"""RENAME TO … WITH (follow='true'): a table that is written all the time is copied, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.errors import DatabaseError, DataError, OperationalError, Unsupported
from sqlalchemy_dynamorm.run import copied_items, following
from sqlalchemy_dynamorm.run.request import Request
from tests.servers import Server
from tests.service.project import Project
from tests.service.test_copied_tables import FROZEN, client_of, items, people, refused, run

ROWS = 24
FOLLOW = " WITH (follow='true')"
BY_CITY = "ALTER TABLE people RENAME TO persons PRIMARY KEY (city)"
SAME, BY_MAIL = "ALTER TABLE people RENAME TO persons", "ALTER TABLE people RENAME TO persons PRIMARY KEY (mail)"


@pytest.fixture
def engine(local_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr(copied_items, "PAGE", 3)
    monkeypatch.setattr(following, "PAUSE", 0.01)
    made = sa.create_engine(local_url)
    yield made
    made.dispose()


@pytest.fixture
def table(engine: sa.Engine) -> sa.Table:
    metadata = sa.MetaData()
    found = people("people", metadata)
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(found.insert(), [{"city": f"c{n % 7}", "mail": f"m{n}"} for n in range(ROWS)])
    return found


def stream(engine: sa.Engine, name: str) -> Any:
    with engine.connect() as connection:
        return sa.inspect(connection).get_table_options(name).get("dynamodb_stream")


@contextmanager
def meanwhile(engine: sa.Engine, when: Callable[[Request], bool], do: Callable[[int], None]) -> Iterator[None]:
    """Do something each time that such a request is about to be sent."""
    busy = threading.Lock()
    count = 0

    def sent(request: Request) -> None:
        nonlocal count
        if when(request) and busy.acquire(blocking=False):
            try:
                count += 1
                do(count)
            finally:
                busy.release()

    with client_of(engine).observed(sent):
        yield
    assert count


def writer(local_url: str) -> Callable[[str], None]:
    other = sa.create_engine(local_url)

    def write(text: str) -> None:
        with other.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(text))

    return write


@pytest.mark.parametrize("statement", [SAME, BY_MAIL])
def test_what_is_written_meanwhile_is_followed(
    engine: sa.Engine, table: sa.Table, statement: str, local_url: str
) -> None:
    write = writer(local_url)

    def change(n: int) -> None:
        if n > 14:
            return
        write(f"UPDATE people SET city = 'new{n}', mail = 'n{n}' WHERE id = {n}")
        write(f"DELETE FROM people WHERE id = {ROWS - n if n < 10 else ROWS + n - 9}")
        write(f"INSERT INTO people (city, mail) VALUES ('late', 'm{n - 1}')")  # the mail that n had

    of_copy = ("Scan", "BatchWriteItem", "PutItem", "GetRecords", "BatchGetItem")
    with meanwhile(engine, lambda request: request.operation in of_copy, change):
        run(engine, statement + FOLLOW)
    assert items(engine, "persons") == items(engine, "people")
    assert stream(engine, "people")
    write("UPDATE people SET city = 'last' WHERE id = 11")
    write("DELETE FROM people WHERE id = 12")
    run(engine, statement + FROZEN)
    assert items(engine, "persons") == items(engine, "people")
    assert stream(engine, "people") is None
    new = people("persons", sa.MetaData(), ("id",) if statement == SAME else ("mail",))
    with engine.begin() as connection:
        if statement == SAME:
            (added,) = connection.execute(new.insert().values(mail="new")).inserted_primary_key  # type: ignore[misc]
            assert added == ROWS + 15  # the counter went over
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(new.insert().values(id=900, mail="n7"))  # and so did the guards


@pytest.mark.parametrize("at", [4, 9, 24])
def test_a_killed_copy_goes_on(engine: sa.Engine, table: sa.Table, at: int, local_url: str) -> None:
    write, sent = writer(local_url), 0

    class Killed(BaseException):
        pass

    def dies(request: Request) -> None:
        nonlocal sent
        sent += request.operation not in ("DescribeTable", "GetItem")
        if sent == at:
            raise Killed

    for n, statement in ((1, BY_MAIL + FOLLOW), (2, BY_MAIL + FROZEN)):
        sent = 0 if n == 1 else at // 3
        with client_of(engine).observed(dies), pytest.raises(Killed):
            run(engine, statement)
        if n == 1:
            write(f"UPDATE people SET mail = 'x' WHERE id = {at}")
            write(f"DELETE FROM people WHERE id = {at + 1}")
            run(engine, statement)
    run(engine, BY_MAIL + FROZEN)
    assert items(engine, "persons") == items(engine, "people")
    assert stream(engine, "people") is None


def test_a_stream_that_others_read_stays(engine: sa.Engine, table: sa.Table, local_url: str) -> None:
    write = writer(local_url)
    write("ALTER TABLE people SET (stream='KEYS_ONLY')")
    error = refused(engine, BY_MAIL + FOLLOW)
    assert isinstance(error, Unsupported)
    assert "NEW_AND_OLD_IMAGES" in str(error)
    write("UPDATE people SET city = 'x' WHERE id = 3")
    run(engine, SAME + FOLLOW)
    write("UPDATE people SET city = 'y' WHERE id = 4")
    run(engine, SAME + FROZEN)
    assert items(engine, "persons") == items(engine, "people")
    assert stream(engine, "people") == stream(engine, "persons") == "KEYS_ONLY"


def test_who_writes_in_spite_of_a_freeze_is_found(engine: sa.Engine, table: sa.Table, local_url: str) -> None:
    write = writer(local_url)
    run(engine, SAME + FOLLOW)

    def change(n: int) -> None:
        write(f"UPDATE people SET city = 'v{n}' WHERE id = 5")

    with meanwhile(engine, lambda request: request.operation == "GetRecords", change):
        error = refused(engine, SAME + FROZEN)
    assert isinstance(error, OperationalError)
    assert "still written" in str(error)
    run(engine, SAME + FROZEN)
    assert items(engine, "persons") == items(engine, "people")


def test_items_without_a_place_are_told_and_can_be_mended(engine: sa.Engine, table: sa.Table, local_url: str) -> None:
    write = writer(local_url)
    run(engine, BY_CITY + FOLLOW)  # several items have one city, which is no error yet: they may change
    assert len(items(engine, "persons")) == 7
    error = refused(engine, BY_CITY + FROZEN)
    assert isinstance(error, DataError)
    assert f"{ROWS - 7} items" in str(error)
    for n in range(1, ROWS + 1):
        write(f"UPDATE people SET city = 'own{n}' WHERE id = {n}")
    write("UPDATE people SET city = NULL WHERE id = 8")
    assert "1 items" in str(refused(engine, BY_CITY + FROZEN))
    write("UPDATE people SET city = 'own8' WHERE id = 8")
    run(engine, BY_CITY + FROZEN)
    assert items(engine, "persons") == items(engine, "people")


def test_where_records_are_gone_all_is_compared(
    engine: sa.Engine, table: sa.Table, local_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    write, lost = writer(local_url), 0
    run(engine, BY_MAIL + FOLLOW)

    def forgotten(request: Request) -> None:
        nonlocal lost
        if request.operation == "GetRecords" and not lost:
            lost += 1
            raise DatabaseError("trimmed", code="TrimmedDataAccessException")

    write("UPDATE people SET mail = 'other' WHERE id = 3")
    write("DELETE FROM people WHERE id = 4")
    with client_of(engine).observed(forgotten):
        run(engine, BY_MAIL + FOLLOW)
    assert "24 hours" in caplog.text
    assert items(engine, "persons") == items(engine, "people")
    write("ALTER TABLE people SET (stream='false')")  # somebody ends it, and what comes then is in no record
    write("UPDATE people SET mail = 'm3' WHERE id = 3")
    write("DELETE FROM people WHERE id = 5")
    run(engine, BY_MAIL + FROZEN)
    assert "ended by others" in caplog.text
    assert items(engine, "persons") == items(engine, "people")
    assert stream(engine, "people") is None


def test_a_copy_that_is_done_is_not_done_again(engine: sa.Engine, table: sa.Table, local_url: str) -> None:
    write = writer(local_url)
    run(engine, SAME + FOLLOW)
    run(engine, SAME + FROZEN)
    write("UPDATE persons SET city = 'new' WHERE id = 5")
    for way in (FOLLOW, FROZEN):
        run(engine, SAME + way)
    assert items(engine, "persons")[4]["city"] == {"S": "new"}


def test_a_copy_under_a_freeze_is_not_followed_later(engine: sa.Engine, table: sa.Table) -> None:
    def fails(request: Request) -> None:
        if request.operation == "Scan":
            raise OperationalError("the network is down")

    with client_of(engine).observed(fails):
        refused(engine, SAME + FROZEN)
    assert "write freeze" in str(refused(engine, SAME + FOLLOW))


def test_a_migration_follows_until_the_writers_are_stopped(project: Project) -> None:
    columns = 'sa.Column("id", sa.String(4), primary_key=True), sa.Column("city", sa.String)'
    rows = 'op.bulk_insert(places, [{"id": f"p{n}", "city": f"c{n}"} for n in range(30)])'
    project.migration("a1", None, f'op.create_table("places", {columns})\n{rows}')
    up = """
asked = []
def stopped():
    asked.append(0)
    with sa.create_engine(op.get_bind().engine.url).begin() as connection:
        connection.execute(places.update().where(places.c.id == f"p{len(asked)}").values(city="late"))
    return len(asked) == 3
op.follow_writes("places", until=stopped, share=1)
op.rename_table("places", "spots")
op.drop_table("places")
"""
    project.migration("b2", "a1", up)
    project.upgrade()
    assert sorted(project.rows("SELECT id FROM spots WHERE city = 'late'")) == ["p1", "p2", "p3"]
    assert project.rows("SELECT count(*) FROM spots") == [30]


def test_a_server_without_streams_is_named(url: str, server: Server) -> None:
    engine, metadata = sa.create_engine(url), sa.MetaData()
    plain = sa.Table("plain", metadata, sa.Column("id", sa.String, primary_key=True))
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(plain.insert(), [{"id": f"p{n}"} for n in range(5)])
    if server.name == "dynalite":
        assert "has no streams" in str(refused(engine, "ALTER TABLE plain RENAME TO other" + FOLLOW))
    else:
        run(engine, "ALTER TABLE plain RENAME TO other" + FOLLOW)
    run(engine, "ALTER TABLE plain RENAME TO other" + FROZEN)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM other")) == 5
    engine.dispose()
