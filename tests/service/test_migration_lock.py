"""Two upgrades at once, one that died, one whose lock was broken, and what a failing migration says."""

from __future__ import annotations

import logging
import subprocess
import time

import pytest
import sqlalchemy as sa

from alembic_ext.refusal import MigrationFailed
from sqlalchemy_dynamorm.__main__ import main
from tests.conftest import Calls
from tests.servers import Server
from tests.service.project import Project

TABLE = 'op.create_table("places", sa.Column("id", sa.String(4), primary_key=True))'
SLOW = TABLE + "\nimport time\ntime.sleep(1)"
ROW = "op.execute(\"INSERT INTO places (id) VALUES ('a')\")"


def configured(project: Project, options: str) -> None:
    project.edit_env("connection=connection,", f"connection=connection, {options},")


def test_the_second_of_two_waits_and_finds_nothing_to_do(project: Project, ministack: Server, schema: str) -> None:
    project.url = ministack.url(schema)
    project.migration("a1", None, SLOW + "\n" + ROW)
    upgrades = [subprocess.Popen(**project.command_line("upgrade", "head")) for _ in range(2)]
    assert [upgrade.wait(60) for upgrade in upgrades] == [0, 0]
    assert (project.version(), project.rows("SELECT id FROM places")) == (["a1"], ["a"])


@pytest.fixture
def held(project: Project) -> Project:
    """A lock whose owner has died: nothing raises its beat."""
    from sqlalchemy_dynamorm.run.lock import Lock, acquire

    connection = project.engine.raw_connection()
    ours = connection.dbapi_connection
    name = f"alembic#{ours.tables.physical('alembic_version', None)}"  # type: ignore[union-attr]
    system = ours.client.settings.system_table  # type: ignore[union-attr]
    ours.client.value(acquire(Lock(system, name, "host:1:gone", 1.0, 0), wait=0))  # type: ignore[union-attr]
    connection.close()
    project.migration("a1", None, TABLE)
    return project


def test_a_second_fails_where_it_is_told_to(held: Project) -> None:
    configured(held, "dynamodb_lock='fail'")
    with pytest.raises(MigrationFailed, match="host:1:gone holds the lock"):
        held.upgrade()
    assert not sa.inspect(held.engine).has_table("places")


def test_a_wait_has_an_end(held: Project) -> None:
    configured(held, "dynamodb_lock_wait=0.5")
    with pytest.raises(MigrationFailed, match="unlock"):
        held.upgrade()


def test_a_dead_owner_is_waited_out(held: Project, caplog: pytest.LogCaptureFixture) -> None:
    before = time.monotonic()
    held.upgrade()
    assert time.monotonic() - before >= 1.0
    assert "Waiting for the migration lock, which host:1:gone holds" in caplog.text
    assert held.version() == ["a1"]


def test_the_lock_is_broken_by_a_command(held: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unlock", held.url]) == 0
    assert capsys.readouterr().out == "taken from host:1:gone\n"
    assert main(["unlock", held.url]) == 0
    assert capsys.readouterr().out == "the migration lock is not held\n"
    configured(held, "dynamodb_lock='fail'")
    held.upgrade()
    held.downgrade("base")
    held.upgrade()  # it is let go each time
    assert held.version() == ["a1"]


def test_whose_lock_is_broken_does_not_write_the_version(project: Project) -> None:
    project.migration("a1", None, TABLE)
    unlock = f"from sqlalchemy_dynamorm.__main__ import main\nmain(['unlock', {project.url!r}])"
    project.migration("b2", "a1", f"{ROW}\n{unlock}")
    with pytest.raises(MigrationFailed, match="taken or broken"):
        project.upgrade()
    assert (project.version(), project.rows("SELECT id FROM places")) == (["a1"], [])


def test_reading_the_version_takes_no_lock(held: Project) -> None:
    from alembic import command

    configured(held, "dynamodb_lock='fail'")
    assert held.run(command.current) == ""


def test_an_unknown_mode_is_refused(project: Project) -> None:
    project.migration("a1", None, TABLE)
    configured(project, "dynamodb_lock='maybe'")
    with pytest.raises(MigrationFailed, match="wait, fail, none"):
        project.upgrade()


def test_a_failing_migration_says_what_was_done_and_what_was_not(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.migration("a1", None, f"{TABLE}\n{ROW}\nop.execute('INSERT INTO nowhere (id) VALUES (1)')")
    with caplog.at_level(logging.ERROR, "alembic.dynamodb"), pytest.raises(sa.exc.ProgrammingError):
        project.upgrade()
    [record] = caplog.records
    assert record.getMessage().splitlines() == [
        "The migration failed, and its version is not set.",
        "  done, and it stays: CREATE TABLE places",
        "  failed: INSERT INTO nowhere",
        "  not written: INSERT INTO places",
        "When the cause is mended, run the same command again: what is there already, identical, is left as it is.",
    ]


def test_one_that_succeeds_says_nothing(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.migration("a1", None, f"{TABLE}\n{ROW}")
    with caplog.at_level(logging.WARNING, "alembic.dynamodb"):
        project.upgrade()
    assert caplog.records == []


MANY = "op.bulk_insert(places, [{'id': f'{n}'} for n in range(150)])"


def test_a_version_goes_with_its_lock_in_the_last_of_several_transactions(project: Project, calls: Calls) -> None:
    project.migration("a1", None, TABLE)
    project.upgrade()
    project.migration("b2", "a1", MANY)
    calls.clear()
    project.upgrade()
    assert calls.count["TransactWriteItems"] == 3
    assert (project.version(), len(project.rows("SELECT id FROM places"))) == (["b2"], 150)


def test_whose_lock_is_broken_writes_none_of_several_transactions(project: Project) -> None:
    project.migration("a1", None, TABLE)
    project.upgrade()
    unlock = f"from sqlalchemy_dynamorm.__main__ import main\ndef broken(**_):\n    main(['unlock', {project.url!r}])"
    project.edit_env("target_metadata = None", f"target_metadata = None\n{unlock}")
    configured(project, "on_version_apply=broken")
    project.migration("b2", "a1", MANY)
    with pytest.raises(sa.exc.OperationalError, match="changed or deleted by another"):
        project.upgrade()
    assert (project.version(), project.rows("SELECT id FROM places")) == (["a1"], [])
