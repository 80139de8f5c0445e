"""Migrations with a stock ``env.py``, in this process and by the command line."""

from __future__ import annotations

import re
import subprocess
import textwrap

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError

from tests.conftest import Calls
from tests.servers import Server
from tests.service.project import METADATA, Project

TABLE = """
op.create_table(
    "places", sa.Column("id", sa.String(4), primary_key=True), sa.Column("city", sa.String), sa.Column("n", sa.Integer)
)
"""
ROWS = """
op.bulk_insert(places, [{"id": "a", "city": "Rome"}, {"id": "b", "city": "Oslo"}])
op.execute("INSERT INTO places (id, city, n) VALUES ('c', 'Rome', 3)")
fail_once("rows")
"""
INDEX = """
op.create_index("by_city", "places", ["city"])
fail_once("index")
op.execute(sa.text("UPDATE places SET n = 1 WHERE id = 'a'"))
"""


@pytest.fixture
def three(project: Project) -> Project:
    """A project with three migrations: a table, rows, an index."""
    project.migration("a1", None, TABLE, 'op.drop_table("places")')
    project.migration("b2", "a1", ROWS, "op.execute(\"DELETE FROM places WHERE id IN ('a', 'b', 'c')\")")
    project.migration("c3", "b2", INDEX, 'op.drop_index("by_city", table_name="places")')
    return project


def test_up_and_down(three: Project) -> None:
    three.upgrade()
    assert three.version() == ["c3"]
    assert three.rows("SELECT id FROM places WHERE city = 'Rome' ORDER BY id") == ["a", "c"]
    three.downgrade("-1")
    assert (three.version(), three.indexes()) == (["b2"], [])
    three.downgrade("a1")
    assert (three.version(), three.rows("SELECT id FROM places")) == (["a1"], [])
    three.downgrade("base")
    assert (three.version(), sa.inspect(three.engine).get_table_names()) == ([], ["alembic_version"])
    three.upgrade()
    assert three.version() == ["c3"]


def test_current_history_and_stamp(three: Project) -> None:
    assert three.run(command.current) == ""
    three.upgrade("b2")
    assert three.run(command.current) == "b2\n"
    assert three.run(command.history) == "b2 -> c3 (head), c3\na1 -> b2, b2\n<base> -> a1, a1\n"
    three.run(command.stamp, "c3")
    assert three.run(command.current) == "c3 (head)\n"
    three.run(command.stamp, "a1", purge=True)
    assert three.version() == ["a1"]
    three.run(command.stamp, "base")
    assert three.version() == []


def test_rows_and_version_are_one_transaction(three: Project, calls: Calls) -> None:
    three.upgrade("a1")
    calls.clear()
    three.upgrade("b2")
    assert calls.count["TransactWriteItems"] == 1
    assert calls.count["UpdateItem"] == 2  # the lock is taken, and let go
    assert not {"PutItem", "DeleteItem", "BatchWriteItem"} & set(calls.operations)
    assert three.rows("SELECT id FROM places ORDER BY id") == ["a", "b", "c"]


def test_rows_after_the_last_definition_go_with_the_version(three: Project, calls: Calls) -> None:
    three.upgrade("b2")
    calls.clear()
    three.upgrade("c3")
    assert calls.count["TransactWriteItems"] == 1
    assert calls.operations.index("UpdateTable") < calls.operations.index("TransactWriteItems")
    # The one PutItem is the table's declaration, which has the new index; rows and version go in the transaction.
    assert calls.count["PutItem"] == 1
    assert calls.operations.index("UpdateTable") < calls.operations.index("PutItem")
    assert calls.operations.index("PutItem") < calls.operations.index("TransactWriteItems")
    assert calls.count["UpdateItem"] == 2  # the lock is taken, and let go
    assert calls.count["DeleteItem"] == 0


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "AUTOCOMMIT"])
def test_the_isolation_level_of_the_engine_does_not_matter(three: Project, isolation: str) -> None:
    three.edit_env("poolclass=", f"isolation_level={isolation!r}, poolclass=")
    three.upgrade()
    assert three.version() == ["c3"]
    three.downgrade("base")
    assert three.version() == []


def test_a_failing_migration_leaves_version_and_rows(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATION_FAILS", "rows")
    with pytest.raises(RuntimeError):
        three.upgrade()
    assert (three.version(), three.rows("SELECT id FROM places")) == (["a1"], [])
    monkeypatch.delenv("MIGRATION_FAILS")
    three.upgrade()
    assert three.version() == ["c3"]


def test_a_migration_whose_commit_fails_leaves_version_and_rows(three: Project) -> None:
    three.upgrade("a1")
    with three.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO places (id, city) VALUES ('b', 'Bonn')"))
    with pytest.raises(sa.exc.IntegrityError):
        three.upgrade()
    assert (three.version(), three.rows("SELECT city FROM places")) == (["a1"], ["Bonn"])


def test_more_rows_than_a_transaction_takes_go_as_several(three: Project, calls: Calls) -> None:
    three.upgrade()
    three.migration("d4", "c3", 'op.bulk_insert(places, [{"id": f"x{n}"} for n in range(150)])')
    calls.clear()
    three.upgrade()
    assert calls.count["TransactWriteItems"] == 3  # two of rows, each with a check of the lock, then the version
    assert (three.version(), len(three.rows("SELECT id FROM places"))) == (["d4"], 153)


@pytest.mark.parametrize("where", ["table", "index", "rows"])
def test_an_interrupted_migration_can_be_run_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    index = 'op.create_index("by_city", "places", ["city"])'
    project.migration("a1", None, f'{TABLE}\nfail_once("table")\n{index}\nfail_once("index")\n{ROWS}')
    monkeypatch.setenv("MIGRATION_FAILS", where)
    with pytest.raises(RuntimeError):
        project.upgrade()
    assert project.version() == []
    assert sa.inspect(project.engine).has_table("places")
    monkeypatch.delenv("MIGRATION_FAILS")
    project.upgrade()
    assert (project.version(), project.indexes()) == (["a1"], ["by_city"])
    assert project.rows("SELECT id FROM places ORDER BY id") == ["a", "b", "c"]


def test_a_table_that_is_there_otherwise_stops_the_migration(three: Project) -> None:
    with three.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE places (other INTEGER, PRIMARY KEY (other))"))
    with pytest.raises(sa.exc.ProgrammingError, match="another key"):
        three.upgrade()
    assert three.version() == []


def test_the_key_type_of_an_index_comes_from_the_items(three: Project) -> None:
    three.upgrade("b2")
    three.upgrade("c3")  # another engine, which knows nothing of how the table was declared
    assert three.rows("SELECT id FROM places WHERE city = 'Oslo'") == ["b"]
    assert three.indexes() == ["by_city"]


def test_the_key_type_of_an_index_comes_from_the_declaration(project: Project) -> None:
    project.migration("a1", None, TABLE)
    project.migration("b2", "a1", 'op.create_index("by_n", "places", ["city", "n"])')
    project.upgrade("a1")
    project.upgrade()  # another engine, which knows nothing of how the table was declared
    assert (project.version(), project.indexes()) == (["b2"], ["by_n"])


def test_the_key_type_of_an_index_is_asked_for_where_nothing_tells_it(project: Project) -> None:
    project.migration("a1", None, TABLE)
    project.migration("b2", "a1", 'op.create_index("by_m", "places", ["m"])')
    project.upgrade("a1")
    with pytest.raises(sa.exc.ProgrammingError, match=r"dynamodb_types=\{'m': 'S'\}"):
        project.upgrade()
    assert project.version() == ["a1"]
    project.migration("b2", "a1", "op.create_index('by_m', 'places', ['m'], dynamodb_types={'m': 'N'})")
    project.upgrade()
    assert (project.version(), project.indexes()) == (["b2"], ["by_m"])
    assert project.rows("SELECT id FROM places") == []  # what is declared can still be read


def test_branches_and_their_merge(three: Project) -> None:
    three.migration("b9", "a1", "op.execute(\"INSERT INTO places (id) VALUES ('z')\")")
    three.run(command.upgrade, "heads")
    assert three.version() == ["b9", "c3"]
    three.migration("m0", ("b9", "c3"))
    three.upgrade()
    assert three.version() == ["m0"]
    three.downgrade("b9")
    assert three.version() == ["b9", "c3"]


MOVE = """
with op.get_bind().engine.begin() as other:
    other.execute(sa.text("UPDATE alembic_version SET version_num = 'c3' WHERE version_num = 'a1'"))
"""


def test_a_version_that_another_process_has_moved_is_not_moved(three: Project) -> None:
    three.upgrade("a1")
    three.migration("b2", "a1", ROWS + MOVE)
    with pytest.raises(CommandError, match="expected to match one row"):
        three.upgrade("b2")
    assert (three.version(), three.rows("SELECT id FROM places")) == (["c3"], [])


def test_a_version_that_another_process_moves_before_the_commit_is_not_moved(three: Project) -> None:
    three.upgrade("a1")
    hook = f"from alembic import op\nimport sqlalchemy as sa\ndef move(**_):\n{textwrap.indent(MOVE, '    ')}"
    three.edit_env("target_metadata = None", f"target_metadata = None\n{hook}")
    three.edit_env("connection=connection,", "connection=connection, on_version_apply=move,")
    with pytest.raises(sa.exc.OperationalError, match="changed or deleted by another"):
        three.upgrade("b2")
    assert (three.version(), three.rows("SELECT id FROM places")) == (["c3"], [])


def test_inside_a_transaction_of_the_caller_there_is_a_warning(three: Project) -> None:
    with three.engine.connect() as connection:
        transaction = connection.begin()
        op = Operations(MigrationContext.configure(connection))
        with pytest.warns(UserWarning, match="inside a transaction of the caller"):
            op.create_table("places", sa.Column("id", sa.String, primary_key=True))
        op.execute("INSERT INTO places (id) VALUES ('a')")
        transaction.rollback()
    assert three.rows("SELECT id FROM places") == []


def test_statements_of_sql_mode_can_be_run_by_a_cursor(three: Project) -> None:
    text = three.run(command.upgrade, "head", sql=True)
    connection = three.engine.raw_connection()
    for statement in re.split(r";$", text, flags=re.MULTILINE)[:-1]:
        connection.cursor().execute(statement)
    connection.commit()
    connection.close()
    assert (three.version(), three.indexes()) == (["c3"], ["by_city"])
    assert three.run(command.current) == "c3 (head)\n"


def test_a_difference_is_found(three: Project) -> None:
    three.edit_env("target_metadata = None", METADATA)
    three.upgrade()
    with pytest.raises(CommandError, match="remove_table"):
        three.run(command.check)


# ---- the command line


def alembic(project: Project, *arguments: str, ends_with: int = 0) -> str:
    """What ``alembic …`` prints, in a process of its own."""
    done = subprocess.run(**project.command_line(*arguments), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == ends_with, done.stderr
    printed: str = done.stdout + (done.stderr if ends_with else "")
    return printed


def test_the_command_line(three: Project, ministack: Server, schema: str) -> None:
    three.url = ministack.url(schema)
    three.edit_env("target_metadata = None", METADATA)
    alembic(three, "upgrade", "head")
    assert three.version() == ["c3"]
    assert alembic(three, "current") == "c3 (head)\n"
    assert "New upgrade operations detected" in alembic(three, "check", ends_with=255)
    alembic(three, "downgrade", "base")
    assert three.version() == []


def test_the_command_line_on_an_embedded_folder(three: Project) -> None:
    three.url = f"dynamodb+local:///{three.folder}/data"
    alembic(three, "upgrade", "head")
    assert alembic(three, "current") == "c3 (head)\n"
