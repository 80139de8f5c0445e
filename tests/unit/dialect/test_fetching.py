from __future__ import annotations

import warnings
from typing import Any

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.fetching import by_position

T = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", sa.Integer))
ROWS = ((1, 10), (2, 20), (3, 20), (4, 20), (5, 30), (6, None))


def rows(select: Any) -> list[int]:
    """What SQLite gives for it: it is plain SQL by then."""
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    T.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(T.insert(), [{"a": a, "b": b} for a, b in ROWS])
        return list(connection.execute(by_position(select)).scalars())


def ordered(*terms: Any) -> Any:
    return sa.select(T.c.a).order_by(*(terms or (T.c.b.nulls_last(),)))


def test_what_asks_for_none_of_it_is_itself() -> None:
    for select in (sa.select(T), ordered().limit(1).offset(1), ordered().fetch(2), sa.select(T.c.b).distinct()):
        assert by_position(select) is select


def test_the_rows_that_are_tied_with_the_last() -> None:
    assert sorted(rows(ordered().fetch(2, with_ties=True))) == [1, 2, 3, 4]
    assert sorted(rows(ordered().fetch(4, with_ties=True))) == [1, 2, 3, 4]
    assert rows(ordered().fetch(1, with_ties=True)) == [1]
    assert rows(ordered().fetch(0, with_ties=True)) == []
    assert len(rows(ordered().fetch(1, with_ties=True).offset(2))) == 2
    assert rows(ordered().fetch(0, with_ties=True).offset(2)) == []
    assert rows(ordered().fetch(9, with_ties=True).offset(4)) == [5, 6]


def test_a_part_of_the_rows_rounded_up() -> None:
    by_key = ordered(T.c.a)
    assert rows(by_key.fetch(50, percent=True)) == [1, 2, 3]
    assert rows(by_key.fetch(51, percent=True)) == [1, 2, 3, 4]
    assert rows(by_key.fetch(1, percent=True)) == [1]
    assert rows(by_key.fetch(0, percent=True)) == []
    assert rows(by_key.fetch(100, percent=True)) == [1, 2, 3, 4, 5, 6]
    assert rows(by_key.fetch(34, percent=True).offset(1)) == [2, 3, 4]
    assert sorted(rows(ordered().fetch(20, percent=True, with_ties=True))) == [1, 2, 3, 4]
    assert len(rows(sa.select(T.c.a).fetch(50, percent=True))) == 3


def test_distinct_on() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SADeprecationWarning)  # SQLAlchemy 2.1: it is PostgreSQL's
        by_b = sa.select(T.c.a).distinct(T.c.b)
    assert rows(by_b.order_by(T.c.b.nulls_last(), T.c.a.desc())) == [1, 4, 5, 6]
    assert rows(by_b.order_by(T.c.b.desc().nulls_last(), T.c.a)) == [5, 2, 1, 6]
    assert rows(by_b.order_by(T.c.b.nulls_last(), T.c.a).limit(2).offset(1)) == [2, 5]
    assert len(rows(by_b)) == 4
