"""``create_async_engine``: the same statements, calls and errors as without asyncio, and no task holds up another."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload
from sqlalchemy.orm.exc import StaleDataError

if os.environ.get("CI") != "true":
    pytest.importorskip("greenlet")

from sqlalchemy.ext.asyncio import (
    AsyncAttrs,
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import NullPool

from sqlalchemy_dynamorm import backfill, count_calls, ensure_tables, explain, insert
from sqlalchemy_dynamorm.client.client import Client
from sqlalchemy_dynamorm.errors import OutcomeUnknown, ScanRefused, ServiceUnavailable, Throttled
from sqlalchemy_dynamorm.orm import Versioned, get_many, paginate
from sqlalchemy_dynamorm.run.request import Request
from tests.servers import Server

T = TypeVar("T")
SLOW = 0.3


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Author(Versioned, Base):
    __tablename__ = "authors"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list[Book]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "books"
    shelf: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[str | None] = mapped_column(sa.ForeignKey("authors.id"), index=True)
    author: Mapped[Author | None] = relationship(back_populates="books")


AUTHORS, BOOKS = Base.metadata.tables["authors"], Base.metadata.tables["books"]


@pytest.fixture(scope="module")
def library(server: Server) -> Iterator[str]:
    """The URL of an engine whose tables are there, with 12 books on the shelf ``a``; each test has its own shelves."""
    url = server.url(f"t{uuid.uuid4().hex[:12]}")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(Book), [{"shelf": "a", "number": n, "title": f"t{n}"} for n in range(12)])
    yield url
    Base.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def transacting(library: str, server: Server) -> str:
    """The same, where the server has transactions."""
    if server.name == "dynalite":
        pytest.skip("dynalite has no transactions")
    return library


@asynccontextmanager
async def engine_of(url: str, **options: Any) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url, **options)
    try:
        yield engine
    finally:
        await engine.dispose()


def run(url: str, program: Callable[[AsyncEngine], Awaitable[T]], **options: Any) -> T:
    """What a program returns that is given an engine."""

    async def main() -> T:
        async with engine_of(url, **options) as engine:
            return await program(engine)

    return asyncio.run(main())


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Each request takes a while from here on, once it is carried out; these have begun."""
    sent = Client._sent
    seen: list[Request] = []

    def slowly(client: Client, request: Request) -> bytes:
        seen.append(request)
        body = sent(client, request)
        time.sleep(SLOW)
        return body

    monkeypatch.setattr(Client, "_sent", slowly)
    return seen


# --- the same as without asyncio ---


def reads(connection: sa.Connection) -> Any:
    shelf = sa.select(Book.number).where(Book.shelf == "a")
    return [
        connection.execute(shelf.where(Book.number == 3)).all(),
        connection.execute(shelf.where(Book.number.in_([3, 5, 99])).order_by(Book.number)).all(),
        connection.execute(shelf.where(Book.number > 8).order_by(Book.number.desc())).all(),
        connection.execute(sa.select(sa.func.count()).select_from(Book)).scalar(),
        connection.execute(sa.select(Book.title).where(Book.author_id == "x")).all(),
        connection.execute(shelf.order_by(Book.title.desc()).limit(2)).all(),
        connection.execute(shelf.execution_options(yield_per=5)).all(),
        connection.execute(sa.text("EXPLAIN SELECT title FROM books WHERE shelf = 'a'")).all(),
        connection.execute(sa.text("SELECT 1")).scalar(),
    ]


def refused(connection: sa.Connection) -> Any:
    with pytest.raises(exc.DBAPIError) as scan:
        connection.execute(sa.select(Book).where(Book.title == "t1"))
    with pytest.raises(exc.IntegrityError) as taken:
        connection.execute(sa.insert(Book).values(shelf="a", number=1, title="again"))
    return [str(scan.value.orig), str(taken.value.orig)]


def writes(connection: sa.Connection) -> Any:
    mine = sa.and_(Book.shelf == "b", Book.number == 1)
    many = [{"shelf": "b", "number": n, "title": "new"} for n in range(30)]
    found = [
        connection.execute(sa.insert(Book), many).rowcount,
        connection.execute(sa.update(Book).where(mine).values(title="newer")).rowcount,
        connection.execute(sa.update(Book).where(mine, Book.title == "new").values(title="x")).rowcount,
        connection.execute(sa.update(Book).where(Book.shelf == "b", Book.number < 5).values(title="few")).rowcount,
        connection.execute(sa.delete(Book).where(mine).returning(Book.title)).scalar(),
        connection.execute(sa.delete(Book).where(Book.shelf == "b")).rowcount,
        connection.execute(insert(Book).values(shelf="a", number=1, title="x").on_conflict_do_nothing()).rowcount,
    ]
    connection.commit()
    return found


def reflected(connection: sa.Connection) -> Any:
    inspector = sa.inspect(connection)
    return [
        inspector.get_table_names(),
        [(column["name"], str(column["type"])) for column in inspector.get_columns("books")],
        inspector.get_indexes("books"),
        sa.Table("authors", sa.MetaData(), autoload_with=connection).primary_key.columns.keys(),
    ]


def both_ways(url: str, script: Callable[[sa.Connection], Any], **options: Any) -> list[tuple[Any, list[str]]]:
    """What a script gives and calls, without asyncio and with it."""
    engine = sa.create_engine(url, **options)
    with count_calls(engine) as calls, engine.connect() as connection:
        found = [(script(connection), calls.operations)]
    engine.dispose()

    async def program(engine: AsyncEngine) -> tuple[Any, list[str]]:
        with count_calls(engine) as calls:
            async with engine.connect() as connection:
                return await connection.run_sync(script), calls.operations

    return [*found, run(url, program, **options)]


@pytest.mark.parametrize("script", [reads, refused, writes, reflected])
def test_results_errors_and_calls_are_the_same(library: str, script: Callable[[sa.Connection], Any]) -> None:
    plain, awaited = both_ways(library, script, isolation_level="AUTOCOMMIT")
    assert awaited[0] == plain[0]
    assert sorted(awaited[1]) == sorted(plain[1])
    assert plain[1] or script is refused


@pytest.mark.parametrize("script", [reads, writes])
@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_transactions_are_the_same(transacting: str, script: Callable[[sa.Connection], Any], level: Any) -> None:
    plain, awaited = both_ways(transacting, script, isolation_level=level)
    assert awaited[0] == plain[0]
    assert sorted(awaited[1]) == sorted(plain[1])


# --- what SQLAlchemy offers ---


def test_tables_are_made_and_dropped(url: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            done = await connection.run_sync(lambda own: ensure_tables(Base.metadata, own))
            names = await connection.run_sync(lambda own: sa.inspect(own).get_table_names())
        assert (done.done, names) == ([], ["authors", "books"])
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
        async with engine.connect() as connection:
            assert await connection.run_sync(lambda own: sa.inspect(own).get_table_names()) == []

    run(url, program)


def test_a_transaction_is_one_call_and_a_rollback_none(transacting: str) -> None:
    add = sa.insert(Book).values(shelf="c", number=1, title="x")

    async def program(engine: AsyncEngine) -> None:
        with count_calls(engine) as calls:
            async with engine.begin() as connection:
                await connection.execute(add)
                await connection.execute(add.values(number=2))
            assert calls.operations == ["TransactWriteItems"]
            async with engine.connect() as connection:
                await connection.execute(add.values(number=3))
                await connection.rollback()
                await connection.commit()
            assert calls.operations == ["TransactWriteItems"]
        async with engine.connect() as connection:
            found = await connection.scalars(sa.select(Book.number).where(Book.shelf == "c"))
            assert found.all() == [1, 2]

    run(transacting, program)


def test_savepoints(transacting: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with AsyncSession(engine) as session:
            session.add(Book(shelf="d", number=1, title="kept"))
            await session.flush()
            with pytest.raises(exc.IntegrityError):
                async with session.begin_nested():
                    session.add(Book(shelf="a", number=1, title="taken"))
            await session.commit()
            assert await session.get(Book, ("d", 1)) is not None
            assert (await session.get_one(Book, ("a", 1))).title == "t1"

    run(transacting, program)


def test_a_session_flushes_commits_and_reads(transacting: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        async with sessions() as session:
            ada = Author(id="ada", name="Ada", books=[Book(shelf="e", number=n, title=f"e{n}") for n in range(3)])
            session.add(ada)
            with count_calls(engine) as calls:
                await session.commit()
            assert calls.operations == ["TransactWriteItems"]
        async with sessions() as session:
            found = await session.get_one(Author, "ada", options=[selectinload(Author.books)])
            assert [book.title for book in found.books] == ["e0", "e1", "e2"]
            book = await session.get_one(Book, ("e", 1))
            author = await book.awaitable_attrs.author
            assert author is found
            found.name = "Ada L."
            await session.commit()
        async with sessions() as session:
            assert await session.scalar(sa.select(Author.name).where(Author.id == "ada")) == "Ada L."
            await session.delete(await session.get_one(Book, ("e", 2)))
            await session.rollback()
            assert await session.get(Book, ("e", 2)) is not None

    run(transacting, program)


def test_who_changes_a_row_second_is_told(transacting: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with AsyncSession(engine) as first, AsyncSession(engine) as second:
            first.add(Author(id="eve", name="Eve"))
            await first.commit()
            ours, theirs = await first.get_one(Author, "eve"), await second.get_one(Author, "eve")
            ours.name, theirs.name = "E", "V"
            await first.commit()
            with pytest.raises(StaleDataError):
                await second.commit()
            await second.rollback()
            await second.refresh(theirs)
            assert theirs.name == "E"

    run(transacting, program)


def test_a_locked_row_is_checked_at_commit(transacting: str) -> None:
    one = sa.and_(Book.shelf == "f", Book.number == 1)

    async def program(engine: AsyncEngine) -> None:
        async with AsyncSession(engine) as session, engine.connect() as other:
            await other.execute(sa.insert(Book).values(shelf="f", number=1, title="x"))
            await other.commit()
            await session.scalars(sa.select(Book).where(one).with_for_update())
            session.add(Book(shelf="f", number=2, title="x"))
            await other.execute(sa.update(Book).where(one).values(title="meanwhile"))
            await other.commit()
            with pytest.raises(exc.OperationalError, match="changed"):
                await session.commit()
            await session.rollback()

    run(transacting, program)


def test_a_stream_reads_page_by_page_with_the_next_under_way(library: str) -> None:
    numbers = sa.select(Book.number).where(Book.shelf == "a")

    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            with count_calls(engine) as calls:
                async with connection.stream(numbers) as result:
                    assert await result.fetchone() == (0,)
                    await asyncio.sleep(0.05)
                    assert calls.operations == ["Query"] * 2
                    assert [row async for row in result.scalars()] == list(range(1, 12))
                assert calls.operations == ["Query"] * 5  # the last one is empty
            async with connection.stream_scalars(numbers) as scalars:
                assert [part async for part in scalars.partitions(5)] == [
                    [0, 1, 2, 3, 4],
                    [5, 6, 7, 8, 9],
                    [10, 11],
                ]
        async with AsyncSession(engine) as session:
            found = await session.stream_scalars(sa.select(Book).where(Book.shelf == "a"))
            assert [book.number async for book in found] == list(range(12))

    run(library, program, page_size=3)


def test_a_stream_that_is_left_early_asks_for_no_more(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            with count_calls(engine) as calls:
                async with connection.stream(sa.select(Book.number).where(Book.shelf == "a")) as result:
                    assert await result.fetchone() == (0,)
                await asyncio.sleep(0.05)
                assert calls.count <= 2
            assert await connection.scalar(sa.select(Book.title).where(Book.shelf == "a", Book.number == 2)) == "t2"

    run(library, program, page_size=3)


def test_helpers_run_in_a_sessions_greenlet(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with AsyncSession(engine) as session:
            with count_calls(engine) as calls:
                found = await session.run_sync(get_many, Book, [("a", n) for n in (5, 99, 1)])
                assert [None if book is None else book.number for book in found] == [5, None, 1]
                assert calls.operations == ["BatchGetItem"]
            shelf = sa.select(Book).where(Book.shelf == "a")
            page = await session.run_sync(paginate, shelf, 7)
            rest = await session.run_sync(paginate, shelf, 7, page.cursor)
            assert ([len(page.items), len(rest.items)], rest.cursor) == ([7, 5], None)
        async with engine.connect() as connection:
            plan = await connection.run_sync(lambda own: explain(shelf, own))
            assert "Query" in plan.text

    run(library, program)


def test_consumed_capacity_is_told(ministack: Server, transacting: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            one = sa.select(Book).where(Book.shelf == "a", Book.number == 1)
            result = await connection.execute(one, execution_options={"dynamodb_capacity": True})
            assert result.context.consumed_capacity > 0  # type: ignore[attr-defined]

    run(transacting, program)


def test_a_scoped_session_is_its_tasks_own(transacting: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        scoped = async_scoped_session(async_sessionmaker(engine), scopefunc=asyncio.current_task)

        async def add(number: int) -> int:
            scoped.add(Book(shelf="g", number=number, title="x"))
            await asyncio.sleep(0)
            await scoped.commit()
            mine = id(scoped())
            await scoped.remove()
            return mine

        mine = await asyncio.gather(*(add(number) for number in range(8)))
        assert len(set(mine)) == 8
        async with engine.connect() as connection:
            counted = sa.select(sa.func.count()).select_from(Book).where(Book.shelf == "g")
            assert await connection.scalar(counted) == 8

    run(transacting, program)


def test_many_tasks_share_an_engine(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async def work(number: int) -> Any:
            async with engine.connect() as connection:
                await connection.execute(sa.insert(Book).values(shelf=f"s{number}", number=1, title="x"))
                found = await connection.execute(sa.select(Book.title).where(Book.shelf == f"s{number}"))
                return found.scalar()

        assert await asyncio.gather(*(work(number) for number in range(60))) == ["x"] * 60

    run(library, program, isolation_level="AUTOCOMMIT", pool_size=40)


# --- the event loop ---


async def ticks_during(awaitable: Coroutine[Any, Any, object]) -> int:
    """How often another task gets its turn meanwhile."""
    ticks, waited = 0, asyncio.create_task(awaitable)
    while not waited.done():
        await asyncio.sleep(0.02)
        ticks += 1
    await waited
    return ticks


async def fetched(connection: AsyncConnection, number: int = 1) -> Any:
    return await connection.scalar(sa.select(Book.title).where(Book.shelf == "a", Book.number == number))


def test_a_slow_request_holds_up_no_other_task(library: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            assert await ticks_during(fetched(connection)) > 5

    run(library, program)


def test_slow_requests_are_side_by_side(library: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> float:
        async def one(number: int) -> Any:
            async with engine.connect() as connection:
                return await fetched(connection, number)

        await one(0)
        began = time.monotonic()
        assert await asyncio.gather(*(one(number) for number in range(12))) == [f"t{n}" for n in range(12)]
        return time.monotonic() - began

    assert run(library, program, pool_size=12) < 12 * SLOW / 2


def test_a_table_that_is_slowly_made_holds_up_no_other_task(url: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            assert await ticks_during(connection.run_sync(AUTHORS.create)) > 5

    run(url, program)


def product(times: int) -> sa.Select[Any]:
    """As many rows as there are of books, to the power of that, of which SQLite sums up something."""
    first, *others = [sa.alias(BOOKS) for _ in range(times)]
    same = [sa.and_(first.c.shelf == other.c.shelf, other.c.shelf == "a") for other in others]
    return sa.select(sa.func.sum(sa.func.length(first.c.title))).where(first.c.shelf == "a", *same)


def test_what_sqlite_computes_holds_up_no_other_task(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            assert await connection.scalar(product(2)) == 26 * 12
            assert await ticks_during(connection.execute(product(6))) > 5

    run(library, program)


def test_what_sqlite_computes_ends_with_its_task(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            began = time.monotonic()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.execute(product(12)), 1)  # it would take weeks
            assert time.monotonic() - began < 10
        async with engine.connect() as connection:
            assert await connection.scalar(product(2)) == 26 * 12

    run(library, program)


def test_retries_wait_without_holding_up_others(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, refusals = Client._sent, [Throttled("slower")] * 5

    def throttled(client: Client, request: Request) -> bytes:
        if refusals:
            raise refusals.pop()
        return sent(client, request)

    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            assert await fetched(connection) == "t1"

    monkeypatch.setattr(Client, "_sent", throttled)
    monkeypatch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", lambda seconds: pytest.fail("it blocks"))
    run(library, program)
    assert refusals == []


def test_the_deadline_holds(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(client: Client, request: Request) -> bytes:
        raise ServiceUnavailable("away")

    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            began = time.monotonic()
            with pytest.raises(exc.OperationalError):
                await fetched(connection)
            assert time.monotonic() - began < 2

    monkeypatch.setattr(Client, "_sent", away)
    run(library, program, deadline=0.5, max_attempts=99)


# --- a task that is cancelled ---


async def cancelled(awaitable: Coroutine[Any, Any, object], slow: list[Request]) -> asyncio.CancelledError:
    """Cancel once a request is under way."""
    before = len(slow)
    task = asyncio.create_task(awaitable)
    while len(slow) == before:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value


def test_a_read_that_is_cancelled_leaves_a_usable_engine(library: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async def read() -> None:
            async with engine.connect() as connection:
                await fetched(connection)

        error = await cancelled(read(), slow)
        assert error.__cause__ is None
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        async with engine.connect() as connection:
            assert await fetched(connection) == "t1"

    run(library, program)


def test_a_commit_that_is_cancelled_may_be_applied_and_says_so(transacting: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async def write() -> None:
            async with AsyncSession(engine) as session, session.begin():
                session.add(Book(shelf="h", number=1, title="x"))
                session.add(Book(shelf="h", number=2, title="x"))

        error = await cancelled(write(), slow)
        assert isinstance(error.__cause__, OutcomeUnknown)
        assert [request.operation for request in slow] == ["TransactWriteItems"]
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await asyncio.sleep(2 * SLOW)  # it was under way, and is not taken back
        async with engine.connect() as connection:
            found = await connection.scalars(sa.select(Book.number).where(Book.shelf == "h"))
            assert found.all() == [1, 2]

    run(transacting, program)


def test_a_statement_that_is_cancelled_leaves_nothing_of_its_transaction(transacting: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            await connection.execute(sa.insert(Book).values(shelf="i", number=1, title="x"))
            await cancelled(fetched(connection), slow)
            with pytest.raises(exc.PendingRollbackError):
                await connection.commit()
            await connection.rollback()
            assert await fetched(connection) == "t1"
            await connection.commit()
            found = await connection.execute(sa.select(Book).where(Book.shelf == "i"))
            assert found.all() == []

    run(transacting, program)


def test_a_timeout_is_a_cancellation(library: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(fetched(connection), SLOW / 4)
        async with engine.connect() as connection:
            assert await asyncio.wait_for(fetched(connection), 20) == "t1"

    run(library, program)


# --- loops ---


def test_an_engine_outlives_its_loop(library: str) -> None:
    engine = create_async_engine(library)

    async def program() -> Any:
        async with engine.connect() as connection:
            return await fetched(connection)

    assert [asyncio.run(program()) for _ in range(3)] == ["t1"] * 3
    engine.sync_engine.dispose()


def test_threads_with_a_loop_each_share_an_engine_without_a_pool(library: str) -> None:
    engine = create_async_engine(library, poolclass=NullPool)

    async def program() -> Any:
        async def one(number: int) -> Any:
            async with engine.connect() as connection:
                return await fetched(connection, number)

        return await asyncio.gather(*(one(number) for number in range(5)))

    async def in_threads() -> Any:
        return await asyncio.gather(*(asyncio.to_thread(asyncio.run, program()) for _ in range(4)))

    assert asyncio.run(in_threads()) == [[f"t{n}" for n in range(5)]] * 4
    engine.sync_engine.dispose()


@pytest.mark.parametrize("segments", [1, 2])
def test_a_backfill_has_threads_of_its_own(transacting: str, segments: int) -> None:
    def shout(row: Any) -> dict[str, str]:
        return {"name": row["name"].upper()}

    async def program(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(sa.delete(Author))
            people = [{"id": f"p{n}", "name": f"name {n}", "version": 1} for n in range(12)]
            await connection.execute(sa.insert(Author), people)
        async with engine.connect() as connection:
            done = await connection.run_sync(lambda own: backfill(own, Author, shout, segments=segments))
            assert (done.read, done.changed) == (12, 12)
            assert await connection.scalar(sa.select(Author.name).where(Author.id == "p3")) == "NAME 3"

    run(transacting, program)


def test_outside_of_a_greenlet_it_is_refused(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        with pytest.raises(exc.MissingGreenlet), engine.sync_engine.connect() as connection:
            connection.execute(sa.select(Book).where(Book.shelf == "a"))

    run(library, program)


def test_an_engine_is_usable_after_dispose(library: str) -> None:
    async def program(engine: AsyncEngine) -> None:
        for _ in range(2):
            async with engine.connect() as connection:
                assert await fetched(connection) == "t1"
            await engine.dispose()

    run(library, program)


def test_engines_are_disposed_of_while_others_connect(library: str, slow: list[Request]) -> None:
    async def program(engine: AsyncEngine) -> None:
        async def read() -> Any:
            async with engine.connect() as connection:
                return await fetched(connection)

        async def dispose() -> None:
            for _ in range(3):
                await engine.dispose()

        found = await asyncio.wait_for(asyncio.gather(read(), dispose(), read(), dispose(), read()), 30)
        assert [title for title in found if title] == ["t1"] * 3

    run(library, program)


def test_an_embedded_server_starts_and_stops_while_others_go_on() -> None:
    async def program(engine: AsyncEngine) -> None:
        async def begin() -> None:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)

        assert await ticks_during(begin()) > 5
        async with engine.connect() as connection:
            with pytest.raises(exc.NotSupportedError) as refusal:
                await connection.execute(sa.select(Book).where(Book.title == "t1"))
            assert isinstance(refusal.value.orig, ScanRefused)
        assert await ticks_during(engine.dispose()) > 0

    run("dynamodb+local://", program)
