"""Answers that are lost before the server carried a write out, and after: never twice, and never claimed by two."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm.errors import DuplicateKey, OutcomeUnknown
from tests.conftest import Calls
from tests.faults import WRITES, Fault, Faults
from tests.servers import Server

LOSSES = (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.INTERNAL, Fault.INTERNAL_LATE, Fault.TIMED_OUT)
APPLIED = (Fault.LOST_AFTER, Fault.INTERNAL_LATE)
NOT_APPLIED = (Fault.LOST_BEFORE, Fault.INTERNAL)
LEVELS = ("AUTOCOMMIT", "READ COMMITTED")

metadata = sa.MetaData()
made = sa.Table("made", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
nameless = sa.Table("nameless", metadata, sa.Column("n", sa.Integer))
locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("n", sa.Integer),
    sa.Column("version", sa.Integer),
)

NAMES = [f"lock {number}" for number in range(12)]


@pytest.fixture(scope="module")
def tables(ministack: Server) -> Iterator[sa.Engine]:
    engine = sa.create_engine(ministack.url(f"t{uuid.uuid4().hex[:12]}"))
    metadata.create_all(engine)
    yield engine
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def engine(tables: sa.Engine) -> sa.Engine:
    with tables.begin() as connection:
        for table in metadata.tables.values():
            connection.execute(sa.delete(table))
    with tables.begin() as connection:
        connection.execute(locks.insert().values(name="there", n=1, version=1))
        connection.execute(made.insert().values(n=0))  # the counter is there
    return tables


def attempt(
    engine: sa.Engine, level: Any, statement: Any, *script: Fault | None, meanwhile: Any = None, **options: Any
) -> Any:
    """The rowcount, or the name of the error, of a statement that meets these faults; a transaction commits it.

    :param meanwhile: takes the place of waiting.
    :param options: execution options of the statement.
    """
    faults = Faults(script=list(script), operations=WRITES)
    with pytest.MonkeyPatch.context() as patch, engine.execution_options(isolation_level=level).connect() as connection:
        patch.setattr("sqlalchemy_dynamorm.client.client.time.sleep", meanwhile or (lambda seconds: None))
        try:
            with faults.injected():
                result = connection.execute(statement, execution_options=options)
                count = [tuple(row) for row in result] if statement._returning else result.rowcount
                connection.commit()
        except exc.DBAPIError as error:
            return type(error.orig).__name__
    assert not faults.script, "a fault was not met"
    return count


def stored(engine: sa.Engine, name: str = "there") -> Any:
    with engine.connect() as connection:
        row = connection.execute(sa.select(locks.c.n, locks.c.version).where(locks.c.name == name)).one_or_none()
    return None if row is None else tuple(row)


def count(engine: sa.Engine, table: sa.Table) -> Any:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", [*APPLIED, *NOT_APPLIED])
def test_an_insert_with_a_key_of_its_own_is_done_once_and_known(engine: sa.Engine, level: str, loss: Fault) -> None:
    assert attempt(engine, level, sa.insert(nameless).values(n=1), loss) == 1
    assert attempt(engine, level, sa.insert(nameless).values(n=2), loss, loss) == 1
    assert count(engine, nameless) == 2
    # The first write is the counter's: one that is repeated gives no id twice.
    script = (loss, loss) if level == "AUTOCOMMIT" else (loss, None, loss)
    assert attempt(engine, level, sa.insert(made).values(n=1), *script) == 1
    assert count(engine, made) == 2


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_insert_of_a_given_key_is_done_or_unknown(engine: sa.Engine, level: str, loss: Fault) -> None:
    found = attempt(engine, level, sa.insert(locks).values(name="new", n=1, version=1), loss)
    assert found == (1 if loss in NOT_APPLIED else "OutcomeUnknown")
    assert stored(engine, "new") == (1, 1)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_update_that_its_condition_excludes_is_done_or_unknown(engine: sa.Engine, level: str, loss: Fault) -> None:
    statement = sa.update(locks).where(locks.c.name == "there", locks.c.version == 1).values(n=5, version=2)
    assert attempt(engine, level, statement, loss) == (1 if loss in NOT_APPLIED else "OutcomeUnknown")
    assert stored(engine) == (5, 2)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_update_that_could_be_done_twice_is_not_sent_twice(
    engine: sa.Engine, calls: Calls, level: str, loss: Fault
) -> None:
    statement = sa.update(locks).where(locks.c.name == "there").values(n=5)
    calls.clear()
    assert attempt(engine, level, statement, loss) == "OutcomeUnknown"
    assert calls.count["UpdateItem"] == (0 if loss in NOT_APPLIED else 1)
    assert stored(engine) == ((1, 1) if loss in NOT_APPLIED else (5, 1))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_sum_is_added_once(engine: sa.Engine, level: str, loss: Fault) -> None:
    statement = sa.update(locks).where(locks.c.name == "there").values(n=locks.c.n + 1)
    assert attempt(engine, level, statement, loss, loss, None) == 1
    assert stored(engine) == (2, 1)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_delete_is_counted_or_unknown(engine: sa.Engine, level: str, loss: Fault) -> None:
    found = attempt(engine, level, sa.delete(locks).where(locks.c.name == "there"), loss)
    # In a transaction it is counted by what was read; the delete itself may be done twice.
    known = loss in NOT_APPLIED or (level != "AUTOCOMMIT" and loss is not Fault.TIMED_OUT)
    assert found == (1 if known else "OutcomeUnknown")
    assert stored(engine) is None


THERE = locks.c.name == "there"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("statement", "expected", "left"),
    [
        (sa.insert(locks).values(name="new", n=1, version=1), 1, (1, 1)),
        (sa.update(locks).where(THERE).values(n=5), 1, (5, 1)),
        (sa.update(locks).where(THERE).values(n=locks.c.n + 1, version=locks.c.version * 2), 1, (2, 2)),
        (sa.update(locks).where(THERE).values(n=locks.c.n + 1).returning(locks.c.n), [(2,)], (2, 1)),
        (sa.delete(locks).where(THERE), 1, None),
        (sa.delete(locks).where(THERE).returning(locks.c.version), [(1,)], None),
    ],
    ids=["insert", "update", "computed", "update returning", "delete", "delete returning"],
)
def test_with_a_token_each_single_write_is_done_once_and_known(
    engine: sa.Engine, level: str, loss: Fault, statement: Any, expected: Any, left: Any
) -> None:
    assert attempt(engine, level, statement, loss, loss, dynamodb_idempotent_writes="always") == expected
    assert stored(engine, "new" if isinstance(statement, sa.Insert) else "there") == left


def test_with_a_token_what_finds_nothing_counts_nothing(engine: sa.Engine, calls: Calls) -> None:
    nowhere = locks.c.name == "nowhere"
    for statement in (sa.update(locks).where(nowhere).values(n=5), sa.delete(locks).where(nowhere)):
        calls.clear()
        assert attempt(engine, "AUTOCOMMIT", statement, dynamodb_idempotent_writes="always") == 0
        assert calls.operations == ["TransactWriteItems"]
    taken = sa.insert(locks).values(name="there")
    assert attempt(engine, "AUTOCOMMIT", taken, dynamodb_idempotent_writes="always") == "DuplicateKey"


def test_an_engine_may_send_all_its_writes_with_a_token(engine: sa.Engine, calls: Calls) -> None:
    url = engine.url.update_query_dict({"idempotent_writes": "always"})
    always = sa.create_engine(url)
    calls.clear()
    with always.connect() as connection:
        connection.execute(sa.insert(locks), [{"name": f"bulk {n}"} for n in range(3)])
        connection.commit()
        connection.execute(sa.insert(locks).values(name="alone"))
        connection.commit()
    with always.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.insert(locks), [{"name": f"more {n}"} for n in range(3)])
    always.dispose()
    assert calls.count == {"TransactWriteItems": 5}


@pytest.mark.parametrize("level", LEVELS)
def test_of_two_workers_that_insert_one_lock_none_has_it_by_mistake(engine: sa.Engine, level: str) -> None:
    """The other one has the lock already, in equal words, when the first one's lost request is sent again."""
    statement = sa.insert(locks).values(name="lock", n=7, version=1)
    others: list[Any] = []

    def meanwhile(seconds: float) -> None:
        others.append(attempt(engine, level, statement))

    assert attempt(engine, level, statement, Fault.LOST_BEFORE, meanwhile=meanwhile) == "OutcomeUnknown"
    assert others == [1]


@pytest.mark.parametrize("level", LEVELS)
def test_many_workers_that_insert_the_same_locks_claim_each_once(engine: sa.Engine, level: str) -> None:
    found: list[tuple[str, Any]] = []
    engines = engine.execution_options(isolation_level=level)

    def work() -> None:
        for name in NAMES:
            try:
                with engines.connect() as connection:
                    connection.execute(sa.insert(locks).values(name=name, n=1, version=1))
                    connection.commit()
                found.append((name, "claimed"))
            except exc.DBAPIError as error:
                found.append((name, type(error.orig)))

    kinds = (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.INTERNAL_LATE, Fault.TIMED_OUT)
    with Faults(seed=4, rate=0.4, kinds=kinds, operations=WRITES).injected():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {how for _, how in found} == {"claimed", DuplicateKey, OutcomeUnknown}
    for name in NAMES:
        ways = Counter(how for each, how in found if each == name)
        assert ways["claimed"] <= 1
        assert ways["claimed"] or ways[OutcomeUnknown]
    assert {row[0] for row in _names(engine)} >= {*NAMES}


def _names(engine: sa.Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(sa.select(locks.c.name)).all()
