"""What one does with airports. The calls that each step promises are those of ``docs/reads.md`` and ``writes.md``."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session
from tqdm import tqdm

from demo import migrate, model
from demo.data import Row
from demo.model import Airport
from demo.report import Report
from sqlalchemy_dynamorm.errors import DuplicateKey, ScanRefused

NOWHERE = Airport(
    icao="ZZZZ", name="Nowhere", city="Reykjavik", country="IS", elevation=0.0, lat=0.0, lon=0.0, tz="Etc/UTC"
)


def load(report: Report, rows: list[Row]) -> None:
    """Each airport as it comes, several in parallel: no limit on how many, and half the price of a transaction."""
    autocommit = report.engine.execution_options(isolation_level="AUTOCOMMIT")
    title = "Load the airports, each written at once"
    with report.step(title, insert(Airport), PutItem=len(rows)), Session(autocommit) as session:
        for batch in batches(rows, 500):
            session.execute(insert(Airport), batch)


def load_in_transactions(report: Report, rows: list[Row]) -> None:
    """The same a hundred at a time, all or none of them: fewer calls, at twice the price."""
    # A commit of one row goes as itself.
    promised = {"TransactWriteItems": (len(rows) + 98) // 100, "PutItem": int(len(rows) % 100 == 1)}
    title = "Load the airports in transactions of 100"
    with report.step(title, insert(Airport), **promised), Session(report.engine) as session:
        for batch in batches(rows, 100):
            session.execute(insert(Airport), batch)
            session.commit()


def batches(rows: list[Row], size: int) -> Iterator[list[Row]]:
    with tqdm(total=len(rows), unit=" airports") as progress:
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            yield batch
            progress.update(len(batch))


def read(report: Report, rows: list[Row]) -> None:
    with Session(report.engine) as session:
        with report.step("One airport by its key", select(Airport).where(Airport.icao == "BIRK"), GetItem=1):
            report.result(described(session.get_one(Airport, "BIRK")))

        keys = [row["icao"] for row in rows[:150]]
        many = select(Airport.icao, Airport.name).where(Airport.icao.in_(keys + keys))
        with report.step("Many by their keys, each asked for once", many, BatchGetItem=math.ceil(len(keys) / 100)):
            report.result(f"{len(session.execute(many).all())} airports for {len(keys)} keys given twice")

        by_code = select(Airport).where(Airport.iata == "LHR")
        with report.step("One by its IATA code", by_code, Query=1):
            report.result(described(session.scalars(by_code).one()))

        city = select(Airport).where(Airport.country == "GB", Airport.city == "London").order_by(Airport.icao)
        with report.step("All airports of a city", city, Query=1):
            report.result(", ".join(airport.name for airport in session.scalars(city)))

        like = select(Airport.city, Airport.icao).where(Airport.country == "IS", Airport.city.like("Rey%"))
        with report.step("A range of the sort key, by its beginning", like, Query=1):
            report.result(", ".join(f"{city} {icao}" for city, icao in session.execute(like)))

        between = (
            select(Airport.city)
            .where(Airport.country == "IS", Airport.city.between("H", "K"))
            .order_by(Airport.city.desc())
            .limit(5)
        )
        with report.step("A range between two ends, backwards, the first five", between, Query=1):
            report.result(", ".join(str(city) for city in session.scalars(between)))


def write(report: Report) -> None:
    autocommit = report.engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        change = update(Airport).where(Airport.icao == "BIRK").values(elevation=49.0)
        with report.step("An update by key", change, UpdateItem=1):
            report.result(f"{connection.execute(change).rowcount} row changed")

        remove = delete(Airport).where(Airport.icao == "BIRL")
        with report.step("A delete by key", remove, DeleteItem=1):
            report.result(f"{connection.execute(remove).rowcount} row deleted")
        with report.step("The same again, of a row that is gone", remove, DeleteItem=1):
            report.result(f"{connection.execute(remove).rowcount} rows deleted")

        twice = insert(Airport)
        with report.step("An insert of a key that is taken", twice, PutItem=1), report.refusal(DuplicateKey):
            connection.execute(twice, {**columns(NOWHERE), "icao": "BIRK"})


def transact(report: Report) -> None:
    change = update(Airport).where(Airport.icao == "BIRK").values(name="Reykjavik City Airport")
    remove = delete(Airport).where(Airport.icao == "BIRS")
    with (
        report.step(
            "Three changes in one transaction: two items are read, one call commits all",
            *(insert(Airport), change, remove),
            GetItem=2,
            TransactWriteItems=1,
        ),
        Session(report.engine) as session,
    ):
        session.add(Airport(**columns(NOWHERE)))
        session.execute(change)
        session.execute(remove)
        session.commit()

    back = update(Airport).where(Airport.icao == "ZZZZ").values(name="Somewhere")
    # In a transaction an item is read once; the next transaction reads it anew.
    with (
        report.step("A change that is rolled back: nothing is written", back, GetItem=2),
        Session(report.engine) as session,
    ):
        session.execute(back)
        report.result(f"inside the transaction: {session.get_one(Airport, 'ZZZZ').name}")
        session.rollback()
        report.result(f"after the rollback: {session.get_one(Airport, 'ZZZZ').name}")


def migrated(report: Report, url: str) -> None:
    zone = select(Airport.icao).where(Airport.tz == "Atlantic/Reykjavik")
    with (
        report.step("A query that no key or index serves", zone),
        Session(report.engine) as session,
        report.refusal(ScanRefused),
    ):
        session.scalars(zone).all()

    print("\n   Alembic: upgrade to v2, which adds the index")
    migrate.upgrade(url, "v2")
    model.add_timezone_index()
    report.engine.clear_compiled_cache()  # the statement above was compiled for a table without it

    with report.step("The same query, with the index", zone, Query=1), Session(report.engine) as session:
        report.result(f"{len(session.scalars(zone).all())} airports")


def described(airport: Airport) -> str:
    return f"{airport.icao} {airport.iata}: {airport.name}, {airport.city}, {airport.country}"


def columns(airport: Airport) -> Row:
    return {name: getattr(airport, name) for name in Airport.__table__.columns.keys()}  # noqa: SIM118 - a collection


def check_count(engine: Engine, expected: int) -> None:
    """Count what was loaded. The table is asked for whole, so the scan needs no leave."""
    with engine.connect() as connection:
        found = connection.scalar(select(func.count()).select_from(Airport))
    if found != expected:
        sys.exit(f"{expected:,} airports were loaded, and {found:,} are there.")
