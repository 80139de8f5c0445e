"""``run-script``: what fails, how to go on, and the lock that it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.__main__ import main
from sqlalchemy_dynamorm.dialect.locking import take
from tests.service.project import Project

SCRIPT = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num));
CREATE TABLE places (id VARCHAR NOT NULL, PRIMARY KEY (id));
INSERT INTO places (id) VALUES ('a');
INSERT INTO nowhere (id) VALUES ('b');
INSERT INTO alembic_version (version_num) VALUES ('a1');
"""


@pytest.fixture
def script(project: Project) -> Path:
    """A script whose fourth statement fails."""
    found = project.folder / "up.sql"
    found.write_text(SCRIPT)
    return found


def test_where_a_statement_fails_it_says_how_to_go_on(
    project: Project, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run-script", project.url, str(script)]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == "INSERT INTO places (id) VALUES ('a')"
    assert "Statement 4 failed: " in printed.err
    assert "Statements 1 to 2 are done and stay; when the cause is mended, go on with --from 3." in printed.err
    assert project.rows("SELECT id FROM places") == []
    script.write_text(SCRIPT.replace("nowhere", "places"))
    assert main(["run-script", project.url, str(script), "--from", "3"]) == 0
    assert (project.version(), sorted(project.rows("SELECT id FROM places"))) == (["a1"], ["a", "b"])


def test_rows_after_the_last_version_are_committed_or_named(
    project: Project, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text(SCRIPT.replace("nowhere", "places") + "INSERT INTO places (id) VALUES ('c')")
    assert main(["run-script", project.url, str(script)]) == 0
    assert sorted(project.rows("SELECT id FROM places")) == ["a", "b", "c"]
    assert main(["run-script", project.url, str(script), "--from", "6"]) == 1
    assert "Statement 6 failed" in capsys.readouterr().err


def test_it_waits_for_a_migration(project: Project, script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = project.engine.raw_connection()
    ours = raw.dbapi_connection
    lock = take(ours, ours.tables.physical_by_rule("alembic_version", None), lease=1.0)  # type: ignore[arg-type, union-attr]
    assert lock is not None
    lock._stop.set()  # its owner is gone
    script.write_text(SCRIPT.replace("nowhere", "places"))
    assert main(["run-script", project.url, str(script)]) == 0
    assert "Waiting for the migration lock" in capsys.readouterr().out
    raw.close()


def test_a_script_whose_lock_is_broken_does_not_move_the_version(
    project: Project, script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sqlalchemy_dynamorm.dialect import scripts

    def broken(line: str) -> None:
        if "('b')" in line:
            assert main(["unlock", project.url]) == 0

    text = SCRIPT.replace("nowhere", "places")
    with pytest.raises(scripts.ScriptFailed, match=r"Statement 5 failed: .*taken or broken"):
        scripts.run_script(project.url, text, say=broken)
    assert sa.inspect(project.engine).has_table("places")
    assert (project.version(), project.rows("SELECT id FROM places")) == ([], [])
