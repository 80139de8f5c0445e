"""An upgrade that is killed at any point and run again ends in the same schema and data, on a service that is slow.

``MIGRATION_KILLS`` says how often it is killed, twice without it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tests.servers import Server
from tests.service.project import Project

KILLS = int(os.environ.get("MIGRATION_KILLS", "2"))
ONE = """
columns = sa.Column("id", sa.String, primary_key=True), sa.Column("mail", sa.String), sa.Column("n", sa.Integer)
op.create_table("people", *columns)
op.create_index("by_n", "people", ["n"])
columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.String), sa.Column("note", sa.Text)
op.create_table("orders", *columns)
op.create_table("passing", sa.Column("id", sa.Integer, primary_key=True))
people = sa.table("people", sa.column("id"), sa.column("mail"), sa.column("n"))
op.bulk_insert(people, [{"id": f"p{n}", "mail": f"m{n}", "n": n} for n in range(40)])
"""
TWO = """
op.add_column("people", sa.Column("size", sa.Integer, server_default="7", nullable=False))
op.alter_column("people", "mail", new_column_name="post")
op.create_unique_constraint("one_post", "people", ["post"])
op.create_foreign_key("fk_who", "orders", "people", ["who"], ["id"])
people = sa.Table("people", sa.MetaData(), sa.Column("id", sa.String, primary_key=True), sa.Column("n", sa.Integer))
op.backfill(people, lambda row: {"n": row["n"] + 1}, "more", chunk=5)
op.create_table_comment("orders", "What they bought")
op.drop_index("by_n", table_name="people")
op.drop_column("orders", "note")
op.drop_table("passing")
"""


def state(project: Project) -> dict[str, Any]:
    """All that the migrations make."""
    project.renew()
    inspector = sa.inspect(project.engine)
    inspector.get_columns("people")
    return {
        "version": project.version(),
        "tables": inspector.get_table_names(),
        "columns": [
            (column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns("people")
        ],
        "indexes": inspector.get_indexes("people"),
        "unique": inspector.get_unique_constraints("people"),
        "orders": [column["name"] for column in inspector.get_columns("orders")],
        "foreign": inspector.get_foreign_keys("orders"),
        "comment": inspector.get_table_comment("orders"),
        "rows": sorted(project.rows("SELECT id || '/' || post || '/' || n || '/' || size FROM people")),
    }


def slow(project: Project, seed: int, to: str = "head") -> dict[str, Any]:
    """The upgrade, in a process that finds the service slow."""
    upgrade = project.command_line("upgrade", to)
    arguments = [sys.executable, "-m", "tests.service.slow_schema", "upgrade", to]
    return {**upgrade, "args": arguments, "env": {**upgrade["env"], "SLOW_SEED": str(seed)}}


def test_killed_anywhere_and_run_again_it_ends_the_same(project: Project, ministack: Server, schema: str) -> None:
    project.url = ministack.url(schema)
    project.migration("a1", None, ONE)
    project.migration("b2", "a1", TWO)
    project.edit_env("connection=connection,", "connection=connection, dynamodb_lock_lease=1,")
    upgrade = slow(project, 0)
    before = time.monotonic()
    subprocess.run(**upgrade, check=True, timeout=120)
    took = time.monotonic() - before
    wanted = state(project)
    assert wanted["rows"][0] == "p0/m0/1/7"
    killed, seed = 0, 0
    chance = random.Random(0)
    while killed < KILLS:
        seed += 1
        upgrade = slow(project, seed)
        for table in ("people", "orders", "alembic_version"):
            with project.engine.connect() as connection:
                connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
        running = subprocess.Popen(**upgrade, stderr=subprocess.DEVNULL)
        try:
            running.wait(chance.uniform(0.4, 1) * took)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            killed += 1
        else:
            took *= 0.8  # it was done before; the next is killed earlier
        running.wait()
        subprocess.run(**upgrade, check=True, timeout=120)
        assert state(project) == wanted


FILLED = """
op.create_table("places", sa.Column("id", sa.String, primary_key=True), sa.Column("city", sa.String))
op.bulk_insert(places, [{"id": f"p{n}", "city": f"c{n}"} for n in range(120)])
"""
COPY = 'op.rebuild_table("places", "by_city", primary_key=["city", "id"])'


@contextmanager
def written(project: Project) -> Iterator[None]:
    """The table in use: its items are changed, deleted and inserted all the time."""
    stop, chance = threading.Event(), random.Random(1)
    changes = (
        "UPDATE places SET city = '{value}' WHERE id = '{key}'",
        "DELETE FROM places WHERE id = '{key}'",
        "INSERT OR REPLACE INTO places (id, city) VALUES ('{key}', '{value}')",
    )

    def write() -> None:
        engine = sa.create_engine(project.url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not stop.wait(0.1):
                change = chance.choice(changes)
                key, value = f"p{chance.randrange(150)}", f"c{chance.randrange(9)}"
                connection.execute(sa.text(change.format(key=key, value=value)))
        engine.dispose()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def test_a_copy_of_a_table_in_use_is_killed_and_loses_nothing(project: Project, ministack: Server, schema: str) -> None:
    project.url = ministack.url(schema)
    project.migration("a1", None, FILLED)
    project.migration("b2", "a1", f'op.follow_writes("places")\n{COPY}')
    project.migration("c3", "b2", f'op.writes_frozen("places")\n{COPY}')
    project.edit_env("connection=connection,", "connection=connection, dynamodb_lock_lease=1,")
    project.renew()
    chance = random.Random(0)

    def upgraded(to: str, seed: int) -> None:
        """Killed on the way, and run again."""
        upgrade = slow(project, seed, to)
        upgrade["env"] |= {"SLOW_PAGE": "5"}
        running = subprocess.Popen(**upgrade, stderr=subprocess.DEVNULL)
        try:
            running.wait(chance.uniform(1, 6))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
        running.wait()
        subprocess.run(**upgrade, check=True, timeout=120)

    for seed in range(max(1, KILLS // 2)):
        for table in ("places", "by_city", "alembic_version"):
            with project.engine.connect() as connection:
                connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
        project.upgrade("a1")
        with written(project):
            upgraded("b2", seed)
        upgraded("head", seed)
        project.renew()
        old, new = (sorted(project.rows(f"SELECT id || '/' || city FROM {table}")) for table in ("places", "by_city"))
        assert new == old
        assert len(new) > 50
        assert sa.inspect(project.engine).get_table_options("places").get("dynamodb_stream") is None
