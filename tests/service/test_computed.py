"""Computed columns, through SQLAlchemy and as text: stored, and right whichever statement changes a part of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from tests.conftest import Calls
from tests.servers import Server


class Base(orm.DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "lines"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    count: orm.Mapped[int | None]
    packs: orm.Mapped[int | None]
    price: orm.Mapped[Decimal | None] = orm.mapped_column(sa.Numeric(10, 2))
    name: orm.Mapped[str | None]
    total: orm.Mapped[Decimal | None] = orm.mapped_column(sa.Numeric(12, 2), sa.Computed("price * count"))
    each: orm.Mapped[int | None] = orm.mapped_column(sa.Computed("count / packs", persisted=True), index=True)
    label: orm.Mapped[str | None] = orm.mapped_column(sa.Computed("coalesce(name, 'no') || '!'"))


@pytest.fixture(params=["AUTOCOMMIT", "READ COMMITTED"])
def engine(request: pytest.FixtureRequest, server: Server, schema: str) -> Iterator[sa.Engine]:
    if request.param != "AUTOCOMMIT" and server.name == "dynalite":
        pytest.skip("dynalite has no transactions")
    found = sa.create_engine(server.url(schema, system_table=f"{schema}-system"), isolation_level=request.param)
    Base.metadata.create_all(found)
    yield found
    found.dispose()


def made(engine: sa.Engine, **values: object) -> tuple[object, ...]:
    """The computed columns of one row, as the table has them."""
    with engine.connect() as connection:
        return tuple(connection.execute(sa.select(Line.total, Line.each, Line.label).where(Line.id == 1)).one())


def test_a_flush_computes_and_gives_back(engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        line = Line(id=1, count=7, packs=2, price=Decimal("1.005"), name="x")
        session.add(line)
        session.flush()
        assert (line.total, line.each, line.label) == (Decimal("7.07"), 3, "x!")  # of the price as it is stored, 1.01
        session.commit()
        assert session.scalars(sa.select(Line.id).where(Line.each == 3)).all() == [1]
        line.count = 10
        session.commit()
        assert (line.total, line.each) == (Decimal("10.10"), 5)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"name": None}, (Decimal("7.00"), 3, "no!")),
        ({"count": Line.count + Line.packs}, (Decimal("9.00"), 4, "x!")),
        ({"count": Line.packs, "packs": 0}, (Decimal("2.00"), None, "x!")),
        ({"price": None}, (None, 3, "x!")),
        ({"price": 2, "count": 5, "packs": 5}, (Decimal("10.00"), 1, "x!")),
    ],
)
def test_an_update_of_a_part_keeps_it_right(
    engine: sa.Engine, values: dict[str, object], found: tuple[object, ...]
) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Line).values(id=1, count=7, packs=2, price=1, name="x"))
        connection.execute(sa.update(Line).where(Line.id == 1).values(**values))
        connection.commit()
    assert made(engine) == found


def test_what_all_parts_are_given_of_needs_no_look(engine: sa.Engine, calls: Calls) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Line).values(id=1, count=7, packs=2, price=1, name="x"))
        connection.commit()
        calls.clear()
        connection.execute(sa.update(Line).where(Line.id == 1).values(name="y"))
        connection.commit()
        autocommit = connection.get_isolation_level() == "AUTOCOMMIT"
        assert calls.count == ({"UpdateItem": 1} if autocommit else {"GetItem": 1, "UpdateItem": 1})
    assert made(engine)[2] == "y!"


def test_it_takes_no_value(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(exc.ProgrammingError, match="'total' is computed: leave it out of INSERT"):
            connection.execute(sa.insert(Line).values(id=1, total=5))
        with pytest.raises(exc.ProgrammingError, match="'total' is GENERATED ALWAYS: leave it out of SET"):
            connection.execute(sa.update(Line).where(Line.id == 1).values(total=5))


def test_a_text_knows_it_and_the_inspector_gives_it_back(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        shown = connection.execute(sa.text("INSERT INTO lines (id, count, packs) VALUES (1, 9, 3) RETURNING each"))
        assert shown.all() == [(3,)]
        connection.execute(sa.text("UPDATE lines SET packs = 2 WHERE id = 1"))
        connection.commit()
    assert made(engine) == (None, 4, "no!")
    computed = sa.Table("lines", sa.MetaData(), autoload_with=engine).c.each.computed
    assert computed is not None
    assert (str(computed.sqltext), computed.persisted) == ("count / packs", True)
