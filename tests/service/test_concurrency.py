"""One engine in many threads, in forked processes, and in processes that are killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.servers import Server

metadata = sa.MetaData()
rows = sa.Table(
    "rows",
    metadata,
    sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String, unique=True),
)
ids = sa.Table("ids", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.String))
TOGETHER = 40


@pytest.fixture
def url(ministack: Server, schema: str) -> Iterator[str]:
    url = ministack.url(schema, scan="allow")
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    yield url
    metadata.drop_all(engine)
    engine.dispose()


COMMITTING = """
import sys
import sqlalchemy as sa
from tests.service.test_concurrency import TOGETHER, rows
engine = sa.create_engine(sys.argv[1])
with engine.connect() as connection:
    connection.execute(sa.select(rows).where(rows.c.batch == 0, rows.c.number == 0))
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    for batch in range(int(sys.argv[2]), 10**9, 10):
        for number in range(TOGETHER):
            connection.execute(rows.insert().values(batch=batch, number=number, code=f"{batch} {number}"))
        connection.commit()
"""


def test_a_process_that_is_killed_in_a_commit_leaves_all_or_nothing(url: str) -> None:
    jitter, kills = random.Random(7), 3
    for kill in range(kills):
        with subprocess.Popen([sys.executable, "-c", COMMITTING, url, str(kill)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(jitter.uniform(0.1, 0.6))
            process.kill()
        assert process.returncode == -signal.SIGKILL
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        counted = sa.select(rows.c.batch, sa.func.count()).group_by(rows.c.batch)
        found: dict[int, int] = dict(tuple(row) for row in connection.execute(counted))
        codes = connection.scalars(sa.select(rows.c.code)).all()
    # The guards of a commit that was not applied are not there either: its values can be taken.
    taken = {batch % 10: batch for batch in sorted(found)}
    with engine.begin() as connection:
        for kill in range(kills):
            batch = taken.get(kill, kill - 10) + 10
            connection.execute(rows.insert().values(batch=-kill - 1, number=0, code=f"{batch} 0"))
    engine.dispose()
    assert set(found.values()) <= {TOGETHER}
    assert len(codes) == len(set(codes)) == len(found) * TOGETHER


FORKING = """
import os, sys, threading, warnings
import sqlalchemy as sa
from tests.service.test_concurrency import ids
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, of a fork with threads: which is what is tried
engine = sa.create_engine(sys.argv[1])
def write(who):
    with engine.begin() as connection:
        connection.execute(sa.insert(ids).values(who=who))
        connection.execute(sa.insert(ids).values(who=who))
    with engine.connect() as connection:
        wanted = connection.execute(sa.select(ids.c.id).where(ids.c.who == who)).all()
        assert len(wanted) == 2, wanted
write("before")
held, release = threading.Event(), threading.Event()
def connecting():
    with engine.dialect.client._lock:
        held.set()
        release.wait()
thread = threading.Thread(target=connecting)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    write("child")
    os._exit(0)
_, status = os.waitpid(child, 0)
release.set()
thread.join()
write("parent")
engine.dispose()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_and_its_parent_go_on_with_one_engine(url: str) -> None:
    assert subprocess.run([sys.executable, "-c", FORKING, url], check=False, timeout=60).returncode == 0


def test_threads_share_an_engine(url: str) -> None:
    engine = sa.create_engine(url, pool_size=8)
    failed: list[BaseException] = []

    def work(who: str) -> None:
        try:
            for _ in range(6):
                with engine.begin() as connection:
                    found = [connection.execute(sa.insert(ids).values(who=who)).inserted_primary_key for _ in range(3)]
                    assert len(set(found)) == 3
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test is to see it
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        counted = connection.execute(sa.select(ids.c.who, sa.func.count()).group_by(ids.c.who)).all()
        numbers = connection.scalars(sa.select(ids.c.id)).all()
    engine.dispose()
    assert failed == []
    assert {count for _, count in counted} == {18}
    assert len(set(numbers)) == 8 * 18
