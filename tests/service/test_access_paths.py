"""Which index and how many calls answer a statement, on each server: local indexes, hints, segments, wide keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, Index, create_engine, func, insert, select, update
from sqlalchemy.exc import NotSupportedError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import explain
from sqlalchemy_dynamorm.errors import UndefinedIndex
from tests.conftest import Calls
from tests.servers import Server


class Base(DeclarativeBase):
    pass


class Visit(Base):
    __tablename__ = "visits"
    __table_args__ = (
        Index("visits_by_seconds", "page", "seconds", dynamodb_local=True),
        Index("visits_by_country", "country", dynamodb_projection="KEYS_ONLY"),
    )
    page: Mapped[str] = mapped_column(primary_key=True)
    visitor: Mapped[int] = mapped_column(primary_key=True)
    seconds: Mapped[int]
    country: Mapped[str | None]


class Wide(DeclarativeBase):
    pass


class Sighting(Wide):
    __tablename__ = "sightings"
    __table_args__ = (
        Index(
            "sightings_by_kind",
            "genus",
            "species",
            "year",
            "month",
            dynamodb_hash=["genus", "species"],
            dynamodb_range=["year", "month"],
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    genus: Mapped[str]
    species: Mapped[str]
    year: Mapped[int]
    month: Mapped[int]


@pytest.fixture
def engine(server: Server, schema: str) -> Iterator[Engine]:
    """The visits: of each page ten, longest first, every second one from DE."""
    engine = create_engine(server.url(schema))
    Base.metadata.create_all(engine)
    rows = [
        {"page": page, "visitor": n, "seconds": 100 - n, "country": "DE" if n % 2 else None}
        for page in ("a", "b")
        for n in range(10)
    ]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(insert(Visit), rows)
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


def rows_of(engine: Engine, statement: Any, **options: Any) -> list[Any]:
    with Session(engine) as session:
        return [tuple(row) for row in session.execute(statement.execution_options(**options))]


def index_of(engine: Engine, statement: Any) -> str | None:
    return explain(statement, engine).rows[0][3]


def test_a_local_index_serves_a_range_an_order_and_a_count(engine: Engine, calls: Calls) -> None:
    ranged = select(Visit.visitor).where(Visit.page == "a", Visit.seconds.between(93, 95))
    assert sorted(rows_of(engine, ranged)) == [(5,), (6,), (7,)]
    longest = select(Visit.visitor, Visit.country).where(Visit.page == "a").order_by(Visit.seconds.desc()).limit(2)
    assert rows_of(engine, longest) == [(0, None), (1, "DE")]
    counted = select(func.count()).select_from(Visit).where(Visit.page == "a", Visit.seconds > 95)
    assert rows_of(engine, counted) == [(5,)]
    assert {index_of(engine, one) for one in (ranged, longest, counted)} == {"visits_by_seconds"}
    assert calls.operations == ["Query"] * 3


def test_a_key_condition_and_a_filter_on_the_tables_own_key(engine: Engine) -> None:
    statement = select(Visit.seconds).where(Visit.page == "a", Visit.seconds > 95, Visit.visitor > 2)
    with_hint = statement.with_hint(Visit, "INDEX visits_by_seconds", "dynamodb")
    assert index_of(engine, with_hint) == "visits_by_seconds"
    assert sorted(rows_of(engine, with_hint)) == sorted(rows_of(engine, statement)) == [(96,), (97,)]


def test_a_hint_chooses_an_index(engine: Engine, calls: Calls) -> None:
    statement = select(Visit.visitor).where(Visit.page == "a", Visit.country == "DE").order_by(Visit.visitor)
    assert index_of(engine, statement) is None
    assert rows_of(engine, statement) == [(n,) for n in range(1, 10, 2)]
    assert calls.operations == ["Query"]
    for hinted in (
        statement.with_hint(Visit, "INDEX visits_by_country", "dynamodb"),
        statement.execution_options(dynamodb_index="visits_by_country"),
    ):
        calls.clear()
        assert rows_of(engine, hinted) == [(n,) for n in range(1, 10, 2)]
        assert calls.operations == ["Query"]
        assert index_of(engine, hinted) == "visits_by_country"


def test_a_hint_finds_what_an_update_changes(engine: Engine, calls: Calls) -> None:
    statement = update(Visit).where(Visit.page == "a", Visit.country == "DE").values(seconds=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.execute(statement.with_hint("INDEX visits_by_country")).rowcount == 5
    assert calls.operations == ["Query"] + ["UpdateItem"] * 5


def test_a_hint_that_can_not_be_followed_is_refused(engine: Engine, calls: Calls) -> None:
    statement = select(Visit.visitor).where(Visit.page == "a")
    with pytest.raises(ProgrammingError, match="no index 'by_page'; it has 'visits_by_") as caught:
        rows_of(engine, statement, dynamodb_index="by_page")
    assert isinstance(caught.value.orig, UndefinedIndex)
    with pytest.raises(ProgrammingError, match=r"its hash key \(country\) is not given"):
        rows_of(engine, statement, dynamodb_index="visits_by_country")
    with pytest.raises(NotSupportedError, match="never strongly consistent"):
        rows_of(
            engine,
            statement.where(Visit.country == "DE"),
            dynamodb_index="visits_by_country",
            dynamodb_consistent_read="true",
        )
    assert calls.operations == []


def test_what_contradicts_itself_reads_nothing(engine: Engine, calls: Calls) -> None:
    for where in (
        (Visit.page == "a", Visit.page == "b", Visit.visitor == 1),
        (Visit.page == "a", Visit.page == "b"),
        (Visit.page.in_(["a", "b"]), Visit.page == "c"),
        (Visit.page == "a", Visit.visitor > 5, Visit.visitor < 3),
        (Visit.page == "a", Visit.seconds > 5, Visit.seconds <= 5),
        (Visit.page == "a", Visit.visitor.in_([])),
    ):
        assert rows_of(engine, select(Visit.seconds).where(*where)) == []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        gone = update(Visit).where(Visit.page == "a", Visit.visitor == 1, Visit.visitor == 2).values(seconds=0)
        assert connection.execute(gone).rowcount == 0
    assert calls.operations == []


def test_bounds_are_merged(engine: Engine, calls: Calls) -> None:
    statement = select(Visit.visitor).where(Visit.page == "a", Visit.visitor > 1, Visit.visitor >= 3, Visit.visitor < 6)
    assert rows_of(engine, statement) == [(3,), (4,), (5,)]
    assert calls.operations == ["Query"]


@pytest.mark.parametrize("segments", [2, 40])
def test_a_scan_in_segments(engine: Engine, calls: Calls, segments: int) -> None:
    everything = sorted(rows_of(engine, select(Visit.page, Visit.visitor)))
    calls.clear()
    found = rows_of(engine, select(Visit.page, Visit.visitor), dynamodb_segments=segments)
    assert sorted(found) == everything
    assert len(found) == 20
    assert rows_of(engine, select(func.count()).select_from(Visit), dynamodb_segments=segments) == [(20,)]
    assert calls.operations == ["Scan"] * (2 * segments)
    limited = rows_of(engine, select(Visit.page, Visit.visitor).limit(7), dynamodb_segments=segments)
    assert len(set(limited)) == 7
    assert set(limited) <= set(everything)


def test_segments_of_an_engine(engine: Engine, calls: Calls, server: Server, schema: str) -> None:
    other = create_engine(server.url(schema, segments="3"))
    assert rows_of(other, select(func.count()).select_from(Visit)) == [(20,)]
    assert calls.operations == ["Scan"] * 3
    assert "3 segments, in parallel" in str(explain(select(Visit.page), other))
    other.dispose()


@pytest.fixture
def wide(ministack: Server, schema: str) -> Iterator[Engine]:
    """Sightings of two kinds, a month each; only the embedded server has keys of several attributes."""
    engine = create_engine(ministack.url(schema))
    Wide.metadata.create_all(engine)
    rows = [
        {"id": 100 * kind + n, "genus": "Parus", "species": species, "year": 2000 + n // 12, "month": n % 12 + 1}
        for kind, species in enumerate(("major", "minor"))
        for n in range(36)
    ]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(insert(Sighting), rows)
    yield engine
    Wide.metadata.drop_all(engine)
    engine.dispose()


MAJOR = (Sighting.genus == "Parus", Sighting.species == "major")


@pytest.mark.parametrize(
    ("where", "ids", "queries"),
    [
        (MAJOR, range(36), 1),
        ((*MAJOR, Sighting.year == 2001), range(12, 24), 1),
        ((*MAJOR, Sighting.year > 2000), range(12, 36), 1),
        ((*MAJOR, Sighting.year == 2001, Sighting.month.between(3, 5)), range(14, 17), 1),
        ((*MAJOR, Sighting.year == 2001, Sighting.month == 3), [14], 1),
        ((*MAJOR, Sighting.year > 2000, Sighting.month == 3), [14, 26], 1),
        ((*MAJOR, Sighting.month == 3), [2, 14, 26], 1),
        ((*MAJOR, Sighting.year >= 2001, Sighting.year < 2002, Sighting.month > 10), [22, 23], 1),
        ((Sighting.genus == "Parus", Sighting.species.in_(["major", "minor"]), Sighting.year < 2000), [], 2),
        (
            (Sighting.genus.in_(["Parus", "Sitta"]), Sighting.species.in_(["minor"]), Sighting.year == 2000),
            range(100, 112),
            2,
        ),
    ],
)
def test_a_key_of_several_attributes(wide: Engine, calls: Calls, where: Any, ids: Any, queries: int) -> None:
    statement = select(Sighting.id).where(*where)
    assert index_of(wide, statement) == "sightings_by_kind"
    assert sorted(rows_of(wide, statement)) == [(n,) for n in ids]
    assert calls.operations == ["Query"] * queries


def test_a_key_of_several_attributes_gives_the_order(wide: Engine, calls: Calls) -> None:
    statement = select(Sighting.id).where(*MAJOR).order_by(Sighting.year.desc(), Sighting.month.desc()).limit(3)
    assert rows_of(wide, statement) == [(35,), (34,), (33,)]
    within = select(Sighting.id).where(*MAJOR, Sighting.year == 2001).order_by(Sighting.month).limit(2)
    assert rows_of(wide, within) == [(12,), (13,)]
    assert calls.operations == ["Query"] * 2


def test_a_part_of_the_hash_key_is_a_scan(wide: Engine) -> None:
    with pytest.raises(NotSupportedError, match=r"sightings_by_kind: its hash key \(genus, species\) is not given"):
        rows_of(wide, select(Sighting.id).where(Sighting.genus == "Parus"))


class Later(DeclarativeBase):
    pass


class Later1(Later):
    __tablename__ = "later"
    __table_args__ = (Index("later_by_city", "city"), Index("later_by_zip", "zip"))
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    city: Mapped[str]
    zip: Mapped[str]


class Now(DeclarativeBase):
    pass


class Now1(Now):
    """The same table, before its second index was made."""

    __tablename__ = "later"
    __table_args__ = (Index("later_by_zip", "zip"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    city: Mapped[str]
    zip: Mapped[str]


def test_an_index_that_is_not_there_is_left_alone(server: Server, schema: str, calls: Calls) -> None:
    engine = create_engine(server.url(schema))
    Now.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Now1(id=1, city="x", zip="1"))
        session.commit()
    both = select(Later1.id).where(Later1.city == "x", Later1.zip == "1")
    calls.clear()
    assert rows_of(engine, both) == [(1,)]
    assert rows_of(engine, both) == [(1,)]
    assert calls.operations == ["Query", "Query", "Query"]
    with pytest.raises(ProgrammingError, match="An index that would serve this statement is not there") as caught:
        rows_of(engine, select(Later1.id).where(Later1.city == "x"))
    assert isinstance(caught.value.orig, UndefinedIndex)
    Now.metadata.drop_all(engine)
    engine.dispose()


def test_verify_reads_the_items_from_the_table(engine: Engine, calls: Calls) -> None:
    statement = select(Visit.visitor).where(Visit.country == "DE", Visit.page == "a", Visit.visitor > 4)
    by_index = select(Visit.seconds).where(Visit.country == "DE").order_by(Visit.seconds)
    calls.clear()
    found = rows_of(engine, by_index, dynamodb_index_read="verify")
    assert found == rows_of(engine, by_index)
    assert rows_of(engine, statement, dynamodb_index_read="verify") == [(5,), (7,), (9,)]
    assert calls.operations == ["Query", "BatchGetItem", "Query", "BatchGetItem", "Query"]
