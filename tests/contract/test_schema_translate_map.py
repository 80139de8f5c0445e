"""One compiled statement, used with two schema maps by two threads at once, goes to two tables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session
from sqlalchemy.testing import config, fixtures

TENANTS = ("tenant_a", "tenant_b")
ROUNDS = 20


METADATA = sa.MetaData()
NOTES = sa.Table(
    "translated_notes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(50), nullable=False),
    schema="tenant",
)


def suite_engine() -> sa.Engine:
    return cast("sa.Engine", config.db)


def engine_of(tenant: str) -> sa.Engine:
    """The suite's engine under another map. It shares the cache of compiled statements."""
    return suite_engine().execution_options(schema_translate_map={"tenant": tenant})


def in_threads(work: Callable[[str], Any]) -> list[Any]:
    """What ``work`` gives for each tenant, both at the same time."""
    start = threading.Barrier(len(TENANTS))

    def run(tenant: str) -> Any:
        start.wait(timeout=10)
        return [work(tenant) for _ in range(ROUNDS)]

    with ThreadPoolExecutor(len(TENANTS)) as pool:
        return list(pool.map(run, TENANTS))


class SchemaTranslateMapTest(fixtures.TestBase):
    __only_on__ = "dynamodb"

    @pytest.fixture(autouse=True)
    def two_tenants(self) -> Iterator[None]:
        for tenant in TENANTS:
            METADATA.create_all(engine_of(tenant))
            with engine_of(tenant).begin() as connection:
                connection.execute(sa.insert(NOTES), [{"id": 1, "owner": tenant}])
        yield
        for tenant in TENANTS:
            METADATA.drop_all(engine_of(tenant))

    def test_create_all_makes_a_table_in_each_schema(self) -> None:
        inspector = sa.inspect(suite_engine())
        found = [inspector.get_table_names(schema=tenant) for tenant in TENANTS]
        assert found == [["translated_notes"]] * 2
        assert inspector.get_table_names(schema="tenant") == []

    def test_core_in_threads(self) -> None:
        statement = sa.select(NOTES.c.owner).where(NOTES.c.id == 1)

        def work(tenant: str) -> Any:
            with engine_of(tenant).connect() as connection:
                result = connection.execute(statement)
                compiled.add(id(result.context.compiled))
                return result.scalar_one()

        compiled: set[int] = set()
        with suite_engine().connect() as connection:  # compiled once, so that the threads find it
            connection.execution_options(schema_translate_map={"tenant": TENANTS[0]}).execute(statement)
        assert in_threads(work) == [["tenant_a"] * ROUNDS, ["tenant_b"] * ROUNDS]
        assert len(compiled) == 1

    def test_orm_in_threads(self) -> None:
        class Base(DeclarativeBase):  # here, since SQLAlchemy's plugin clears the mappers before each test
            pass

        class Note(Base):
            __table__ = NOTES

            id: Mapped[int]
            owner: Mapped[str]

        def work(tenant: str) -> Any:
            with Session(engine_of(tenant)) as session:
                note = session.get_one(Note, 1)
                note.owner = f"{tenant}!"
                session.commit()
                found = session.scalars(sa.select(Note.owner).where(Note.id == 1)).one()
                note.owner = tenant
                session.commit()
                return found

        assert in_threads(work) == [["tenant_a!"] * ROUNDS, ["tenant_b!"] * ROUNDS]

    def test_one_connection_with_two_maps(self) -> None:
        statement = sa.select(NOTES.c.owner).where(NOTES.c.id == 1)
        with suite_engine().connect() as connection:
            found = [
                connection.execute(
                    statement, execution_options={"schema_translate_map": {"tenant": tenant}}
                ).scalar_one()
                for tenant in TENANTS
            ]
        assert found == list(TENANTS)

    def test_writes_go_to_one_of_them(self) -> None:
        with engine_of("tenant_a").begin() as connection:
            connection.execute(sa.insert(NOTES), [{"id": 2, "owner": "only here"}])
            connection.execute(sa.delete(NOTES).where(NOTES.c.id == 1))
        counts = []
        for tenant in TENANTS:
            with engine_of(tenant).connect() as connection:
                counts.append(connection.execute(sa.select(NOTES.c.id).order_by(NOTES.c.id)).scalars().all())
        assert counts == [[2], [1]]
