"""Migrations with the ``env.py`` of ``alembic init -t async``, which runs them by ``run_sync``."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

if os.environ.get("CI") != "true":
    pytest.importorskip("greenlet")

from tests.conftest import Calls
from tests.service.project import Project

TABLE = 'op.create_table("places", sa.Column("id", sa.String(4), primary_key=True), sa.Column("city", sa.String))'
ROWS = 'op.bulk_insert(places, [{"id": "a", "city": "Rome"}, {"id": "b", "city": "Oslo"}])\nfail_once("rows")'
INDEX = 'op.create_index("by_city", "places", ["city"])'
MODELS = """import sqlalchemy as sa
target_metadata = sa.MetaData()
sa.Table(
    "places", target_metadata, sa.Column("id", sa.String(4), primary_key=True), sa.Column("city", sa.String, index=True)
)
"""


@pytest.fixture
def project(tmp_path: Path, local_url: str) -> Iterator[Project]:
    found = Project(tmp_path, local_url, sa.create_engine(local_url))
    command.init(Config(str(tmp_path / "alembic.ini"), stdout=io.StringIO()), str(tmp_path / "migrations"), "async")
    yield found
    found.engine.dispose()


@pytest.fixture
def three(project: Project) -> Project:
    project.migration("a1", None, TABLE, 'op.drop_table("places")')
    project.migration("b2", "a1", ROWS, "op.execute(\"DELETE FROM places WHERE id IN ('a', 'b')\")")
    project.migration("c3", "b2", INDEX, 'op.drop_index("by_city", table_name="places")')
    return project


def test_up_and_down(three: Project) -> None:
    three.upgrade()
    assert (three.version(), three.indexes()) == (["c3"], ["by_city"])
    assert three.rows("SELECT id FROM places WHERE city = 'Rome'") == ["a"]
    three.downgrade("base")
    assert (three.version(), sa.inspect(three.engine).get_table_names()) == ([], ["alembic_version"])


def test_a_migration_that_fails_lets_go_of_the_lock(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATION_FAILS", "rows")
    with pytest.raises(RuntimeError, match="rows"):
        three.upgrade()
    assert (three.version(), three.rows("SELECT id FROM places")) == (["a1"], [])
    monkeypatch.delenv("MIGRATION_FAILS")
    three.upgrade()
    assert three.version() == ["c3"]


def test_the_calls_are_those_of_a_stock_environment(three: Project, tmp_path: Path, calls: Calls) -> None:
    three.upgrade()
    three.downgrade("base")
    awaited = calls.count
    calls.clear()
    plain = tmp_path / "plain"
    command.init(Config(str(plain / "alembic.ini"), stdout=io.StringIO()), str(plain / "migrations"))
    for script in (three.folder / "migrations" / "versions").glob("*.py"):
        (plain / "migrations" / "versions" / script.name).write_text(script.read_text())
    other = Project(plain, f"{three.url}plain", sa.create_engine(f"{three.url}plain"))
    other.upgrade()
    other.downgrade("base")
    assert awaited == calls.count
    other.engine.dispose()


def test_autogenerate_and_check(project: Project) -> None:
    project.edit_env("target_metadata = None", MODELS)
    project.run(command.revision, message="places", autogenerate=True)
    project.upgrade()
    assert project.indexes() == ["ix_places_city"]
    assert "No new upgrade operations detected" in project.run(command.check)


def test_the_command_line_and_offline(three: Project) -> None:
    upgraded = subprocess.run(
        **three.command_line("upgrade", "head", "--sql"), capture_output=True, text=True, check=False
    )
    assert upgraded.returncode == 0, upgraded.stderr
    assert "CREATE INDEX by_city" in upgraded.stdout
