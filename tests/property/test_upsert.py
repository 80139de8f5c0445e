"""INSERT with ON CONFLICT, OR IGNORE and OR REPLACE does what the same statement does on SQLite."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import insert

from tests.servers import Server

METADATA = sa.MetaData()


def _table(name: str, *, unique: bool) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("email", sa.String, unique=unique),
        sa.Column("n", sa.Integer),
        sa.Column("s", sa.String),
    )


PLAIN, GUARDED = _table("plain", unique=False), _table("guarded", unique=True)
LEVELS = ("AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ")
SETS: list[Any] = [
    lambda t, x: {"n": x.n},
    lambda t, x: {"email": x.email, "n": x.n, "s": x.s},
    lambda t, x: {"n": t.c.n + x.n},
    lambda t, x: {"n": t.c.n - 1, "s": x.s},
    lambda t, x: {"n": sa.func.coalesce(t.c.n, 10) + x.n},
    lambda t, x: {"n": sa.func.coalesce(t.c.n, x.n)},
    lambda t, x: {"n": x.n * 2 + t.c.n},
    lambda t, x: {"s": t.c.s + "," + x.s},
    lambda t, x: {"email": x.email},
    lambda t, x: {"id": x.id, "n": x.n},
    lambda t, x: {"s": None, "n": 7},
    lambda t, x: {"n": sa.func.max(t.c.n, x.n)},
    lambda t, x: {"n": sa.case((x.n > t.c.n, x.n), else_=t.c.n + 1), "s": x.s},
    lambda t, x: {"s": sa.func.upper(x.s) + sa.func.coalesce(t.c.s, "-"), "n": t.c.n + x.n},
    lambda t, x: {"email": sa.func.nullif(x.email, t.c.s), "n": sa.func.abs(t.c.n - x.n) % 3},
    lambda t, x: {"s": sa.case((sa.and_(t.c.n.is_(None), x.id > 1), "none"), else_=sa.cast(x.n, sa.String))},
    lambda t, x: {"id": sa.func.max(t.c.id, x.id), "n": sa.func.min(x.n, t.c.n)},
]
GIVE_EMAIL = (1, 8, 14)
WHERES: list[Any] = [
    lambda t, x: None,
    lambda t, x: t.c.n < x.n,
    lambda t, x: t.c.n.is_(None),
    lambda t, x: t.c.s != "x",
    lambda t, x: x.n > 0,
    lambda t, x: sa.or_(t.c.n == x.n, x.s.is_(None)),
    lambda t, x: sa.func.max(t.c.n, x.n) > 1,
    lambda t, x: sa.and_(sa.func.length(t.c.s + x.s) == 2, t.c.n < 5),
    lambda t, x: sa.or_(sa.func.coalesce(t.c.n, x.n) > t.c.id, sa.func.lower(x.s) == "x"),
]


@dataclass(frozen=True)
class Upsert:
    """One statement, on one of the tables."""

    guarded: bool
    level: str
    form: str
    target: str
    set: int
    where: int
    rows: list[dict[str, Any]]
    many: bool
    returning: bool

    def statement(self) -> Any:
        table = GUARDED if self.guarded else PLAIN
        found = insert(table)
        if not self.many:
            found = found.values(self.rows)
        match self.form:
            case "ignore" | "replace":
                found = found.prefix_with(f"OR {self.form.upper()}")
            case "nothing":
                found = found.on_conflict_do_nothing([self.target] if self.target else None)
            case "update":
                new = found.excluded
                found = found.on_conflict_do_update(
                    [self.target or "id"], None, SETS[self.set](table, new), WHERES[self.where](table, new)
                )
        return found.returning(*table.c) if self.returning and not self.many else found


row = st.fixed_dictionaries(
    {
        "id": st.integers(1, 3),
        "email": st.sampled_from([None, "a", "b"]),
        "n": st.sampled_from([None, 0, 1, 5]),
        "s": st.sampled_from([None, "x", "y"]),
    }
)


@st.composite
def upserts(draw: st.DrawFn) -> Upsert:
    guarded, level = draw(st.booleans()), draw(st.sampled_from(LEVELS))
    form = draw(st.sampled_from(["plain", "ignore", "replace", "nothing", "update", "update", "update"]))
    set_ = draw(st.integers(0, len(SETS) - 1))
    # Of several rows in AUTOCOMMIT, those before an error stay, where SQLite has one statement. In a transaction unique
    # values may be taken between two rows and free again at commit.
    one = (level == "AUTOCOMMIT" and (guarded or form == "plain")) or (guarded and set_ in GIVE_EMAIL)
    return Upsert(
        guarded,
        level,
        form,
        draw(st.sampled_from(["", "id", *(["email"] if guarded else [])])),
        set_,
        draw(st.integers(0, len(WHERES) - 1)),
        draw(st.lists(row, min_size=1, max_size=1 if one else 3)),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def outcome(engine: sa.Engine, upsert: Upsert, level: str) -> Any:
    """What it counts and shows, or that it violates a constraint, and what is stored after it."""
    table, statement = GUARDED if upsert.guarded else PLAIN, upsert.statement()
    found: Any
    try:
        with engine.connect().execution_options(isolation_level=level) as connection:
            result = connection.execute(statement, upsert.rows) if upsert.many else connection.execute(statement)
            rows = list(map(repr, result)) if result.returns_rows else None
            # sqlite3 counts no rows before they are fetched.
            count = result.rowcount if rows is None or engine.name == "dynamodb" else len(rows)
            found = count, rows
            connection.commit()
    except sa.exc.IntegrityError:
        found = "IntegrityError"
    with engine.connect() as connection:
        return found, sorted(map(repr, connection.execute(sa.select(table))))


@pytest.fixture(scope="module")
def engines(ministack: Server) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    schema = f"t{uuid.uuid4().hex[:12]}"
    ours = sa.create_engine(ministack.url(schema, system_table=f"{schema}-system"))
    theirs = sa.create_engine("sqlite://")
    for engine in (ours, theirs):
        METADATA.create_all(engine)
    yield ours, theirs
    METADATA.drop_all(ours)
    ours.dispose()
    theirs.dispose()


EXAMPLES = int(os.environ.get("DYNAMORM_EXAMPLES", "0"))


@settings(max_examples=EXAMPLES or 40, derandomize=not EXAMPLES, deadline=None)
@given(program=st.lists(upserts(), min_size=3, max_size=8))
def test_it_is_sqlites(engines: tuple[sa.Engine, sa.Engine], program: list[Upsert]) -> None:
    ours, theirs = engines
    for engine in engines:
        with engine.begin() as connection:
            for table in (PLAIN, GUARDED):
                connection.execute(sa.delete(table))
    for upsert in program:
        assert outcome(ours, upsert, upsert.level) == outcome(theirs, upsert, "SERIALIZABLE"), upsert
