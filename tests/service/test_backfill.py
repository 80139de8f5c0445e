"""``backfill``: each row once, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sqlalchemy_dynamorm import backfill
from sqlalchemy_dynamorm.dialect.backfill import Backfilled, BackfillFailed
from sqlalchemy_dynamorm.errors import ProgrammingError, Unsupported
from tests.conftest import Calls

ROWS = 60


@pytest.fixture
def engine(local_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(local_url)
    yield made
    made.dispose()


@pytest.fixture
def table(engine: sa.Engine) -> sa.Table:
    metadata = sa.MetaData()
    found = sa.Table(
        "rows",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer),
        sa.Column("doc", sa.JSON),
    )
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.insert(found), [{"id": at, "n": at, "doc": {"at": at}} for at in range(ROWS)])
    return found


def total(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.sum(table.c.n))) or 0)


def one_more(row: Mapping[str, Any]) -> dict[str, Any]:
    assert row["doc"] == {"at": row["id"]}
    return {"n": row["n"] + 1}


ALL = sum(range(ROWS))


@pytest.mark.parametrize("segments", [1, 3])
def test_each_row_is_changed_once(engine: sa.Engine, table: sa.Table, segments: int) -> None:
    seen: list[Backfilled] = []
    assert backfill(engine, table, one_more, segments=segments, progress=seen.append) == Backfilled(ROWS, ROWS)
    assert total(engine, table) == ALL + ROWS
    assert seen[-1] == Backfilled(ROWS, ROWS)
    assert len(seen) >= 3


def test_rows_that_stay_as_they_are_are_not_written(engine: sa.Engine, table: sa.Table, calls: Calls) -> None:
    found = backfill(engine, table, lambda row: {"n": -1} if row["id"] < 5 else {"n": row["n"]})
    assert found == Backfilled(ROWS, 5)
    assert calls.count["PutItem"] + calls.count["DeleteItem"] <= 3  # its progress: begun, and forgotten


def test_a_dry_run_writes_nothing(engine: sa.Engine, table: sa.Table) -> None:
    assert backfill(engine, table, one_more, dry_run=True) == Backfilled(ROWS, ROWS)
    assert total(engine, table) == ALL


def test_a_function_that_raises_leaves_what_can_be_gone_on_with(engine: sa.Engine, table: sa.Table) -> None:
    calls = 0

    def fails(row: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls == 40:
            raise ValueError(row["n"])
        return {"n": row["n"] + 1}

    with pytest.raises(BackfillFailed, match=r"raised ValueError.*30 rows were done before") as failure:
        backfill(engine, table, fails, name="more", chunk=15)
    assert failure.value.row is not None
    assert total(engine, table) == ALL + 30
    assert backfill(engine, table, one_more, name="more", chunk=15) == Backfilled(ROWS, ROWS)
    assert total(engine, table) == ALL + ROWS


def test_what_is_kept_is_not_done_again(engine: sa.Engine, table: sa.Table) -> None:
    for _ in range(2):
        assert backfill(engine, table, one_more, keep=True) == Backfilled(ROWS, ROWS)
    assert total(engine, table) == ALL + ROWS


def test_a_row_that_another_changes_meanwhile_is_read_anew(engine: sa.Engine, table: sa.Table) -> None:
    meddled = False

    def meddling(row: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal meddled
        if not meddled:
            meddled = True
            with engine.begin() as other:
                other.execute(table.update().where(table.c.id == row["id"]).values(n=1000))
                other.execute(table.delete().where(table.c.id == (row["id"] + 1) % ROWS))
        return {"n": row["n"] + 1}

    backfill(engine, table, meddling)
    with engine.connect() as connection:
        values = set(connection.scalars(sa.select(table.c.n)))
    assert 1001 in values
    assert len(values) == ROWS - 1


def test_a_connection_and_a_mapped_class_will_do(engine: sa.Engine, table: sa.Table) -> None:
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "rows"
        id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        n: Mapped[int | None]

    with engine.connect() as connection:
        assert backfill(connection, Row, lambda row: {"n": row["n"] + 1}, share=1) == Backfilled(ROWS, ROWS)
    assert total(engine, table) == ALL + ROWS


@pytest.mark.parametrize(
    ("change", "why"), [({"x": 1}, "sets the column 'x'"), ({"id": 99}, "sets a column of the primary key")]
)
def test_what_cannot_be_set_is_said(engine: sa.Engine, table: sa.Table, change: dict[str, int], why: str) -> None:
    with pytest.raises(BackfillFailed, match=why):
        backfill(engine, table, lambda _: change)
    assert total(engine, table) == ALL


def test_what_it_cannot_do_is_refused(engine: sa.Engine, table: sa.Table) -> None:
    with pytest.raises(Unsupported, match="primary key"):
        backfill(engine, sa.Table("t", sa.MetaData(), sa.Column("a", sa.String)), one_more)
    with pytest.raises(ProgrammingError, match="1 to 99"):
        backfill(engine, table, one_more, chunk=100)
    with pytest.raises(ProgrammingError, match="share"):
        backfill(engine, table, one_more, share=2)
