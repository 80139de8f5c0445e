"""What operations of a migration do to a table and to the rows that are there, up and down and run again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sqlalchemy_dynamorm.run.request import Request
from tests.service.project import Project

START = """
op.create_table(
    "people", sa.Column("id", sa.String(4), primary_key=True), sa.Column("mail", sa.String), sa.Column("n", sa.Integer)
)
people = sa.table("people", sa.column("id"), sa.column("mail"), sa.column("n"))
op.bulk_insert(people, [{"id": f"p{n}", "mail": f"m{n}", "n": n} for n in range(60)])
"""


@pytest.fixture
def people(project: Project) -> Project:
    """A table with sixty rows."""
    project.migration("a1", None, START, 'op.drop_table("people")')
    project.upgrade()
    return project


def columns(project: Project) -> dict[str, sa.engine.interfaces.ReflectedColumn]:
    return {column["name"]: column for column in sa.inspect(project.engine).get_columns("people")}


def ran_twice(project: Project, up: str, back: str = "pass") -> None:
    """Run a migration that fails at its end, and run it again: what it did the first time is no hindrance."""
    project.migration("b2", "a1", f"{up}\nfail_once('end')", back)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIGRATION_FAILS", "end")
        with pytest.raises(RuntimeError):
            project.upgrade()
    assert project.version() == ["a1"]
    project.upgrade()
    assert project.version() == ["b2"]


def test_a_column_is_added_and_its_default_given_to_the_rows(people: Project) -> None:
    column = 'sa.Column("size", sa.Integer, server_default="7", nullable=False)'
    ran_twice(people, f'op.add_column("people", {column})', 'op.drop_column("people", "size", dynamodb_remove=True)')
    assert people.rows("SELECT count(*) FROM people WHERE size = 7") == [60]
    assert columns(people)["size"]["nullable"] is False
    people.downgrade("a1")
    assert "size" not in columns(people)
    assert people.rows("SELECT count(*) FROM people WHERE id = 'p1'") == [1]
    people.migration("b2", "a1", 'op.add_column("people", sa.Column("size", sa.Integer))')
    people.upgrade()
    people.renew()
    assert people.rows("SELECT count(*) FROM people WHERE size = 7") == [0]


def test_a_column_gets_another_name_and_its_values_with_it(people: Project) -> None:
    up, back = (
        f'op.alter_column("people", "{a}", new_column_name="{b}")' for a, b in (("mail", "post"), ("post", "mail"))
    )
    ran_twice(people, up, back)
    assert people.rows("SELECT post FROM people WHERE id = 'p9'") == ["m9"]
    assert {"id", "n", "post"} == set(columns(people))
    people.downgrade("a1")
    people.renew()
    assert people.rows("SELECT mail FROM people WHERE id = 'p9'") == ["m9"]


def test_a_column_changes_its_type_nullability_default_and_comment(people: Project) -> None:
    change = 'nullable=False, type_=sa.Numeric(10, 2), server_default="1", comment="how many"'
    ran_twice(people, f'op.alter_column("people", "n", {change})')
    found = columns(people)["n"]
    assert isinstance(found["type"], sa.NUMERIC)
    assert (found["nullable"], found["default"], found["comment"]) == (False, "'1'", "how many")


def test_a_unique_constraint_is_kept_from_then_on(people: Project) -> None:
    up = 'op.create_unique_constraint("one_mail", "people", ["mail"])'
    ran_twice(people, up, 'op.drop_constraint("one_mail", "people", type_="unique")')
    metadata = sa.MetaData()
    with people.engine.connect() as connection:
        table = sa.Table("people", metadata, autoload_with=connection)
    with pytest.raises(sa.exc.IntegrityError), people.engine.begin() as connection:
        connection.execute(table.insert().values(id="new", mail="m3"))
    people.downgrade("a1")
    assert sa.inspect(people.engine).get_unique_constraints("people") == []


def test_rows_with_the_same_values_are_reported_before_anything_changes(people: Project) -> None:
    with people.engine.begin() as connection:
        connection.execute(sa.text("UPDATE people SET mail = 'm1' WHERE id = 'p2'"))
    people.migration("b2", "a1", 'op.create_unique_constraint("one_mail", "people", ["mail"])')
    with pytest.raises(
        sa.exc.IntegrityError,
        match=r"1 rows of .*people.* the constraint was not added",
    ):
        people.upgrade()
    assert sa.inspect(people.engine).get_unique_constraints("people") == []


def test_foreign_keys_checks_and_comments_are_declared(people: Project) -> None:
    ran_twice(
        people,
        """
op.create_foreign_key("fk_boss", "people", "people", ["mail"], ["id"])
op.create_check_constraint("positive", "people", "n >= 0")
op.create_table_comment("people", "Who they are")
""",
        """
op.drop_table_comment("people")
op.drop_constraint("positive", "people", type_="check")
op.drop_constraint("fk_boss", "people", type_="foreignkey")
""",
    )
    inspector = sa.inspect(people.engine)
    assert [key["name"] for key in inspector.get_foreign_keys("people")] == ["fk_boss"]
    assert [check["name"] for check in inspector.get_check_constraints("people")] == ["positive"]
    assert inspector.get_table_comment("people") == {"text": "Who they are"}
    people.downgrade("a1")
    inspector = sa.inspect(people.engine)
    assert (inspector.get_foreign_keys("people"), inspector.get_check_constraints("people")) == ([], [])
    assert inspector.get_table_comment("people") == {"text": None}


def test_options_are_set(people: Project) -> None:
    ran_twice(people, 'op.set_table_options("people", ttl="n", deletion_protection=True, tags={"team": "a"})')
    people.migration("c3", "b2", 'op.set_table_options("people", deletion_protection=False, ttl=False)')
    people.upgrade()
    people.downgrade("b2")


def test_a_batch_changes_one_table(people: Project) -> None:
    ran_twice(
        people,
        """
with op.batch_alter_table("people") as batch:
    batch.add_column(sa.Column("size", sa.Integer))
    batch.alter_column("mail", nullable=False)
    batch.create_index("by_n", ["n"])
""",
    )
    assert columns(people)["mail"]["nullable"] is False
    assert "size" in columns(people)
    assert [index["name"] for index in sa.inspect(people.engine).get_indexes("people")] == ["by_n"]


BACKFILL = """
people = sa.Table("people", sa.MetaData(), sa.Column("id", sa.String, primary_key=True), sa.Column("n", sa.Integer))
counts = op.backfill(people, lambda row: {"n": row["n"] + 1}, "one_more")
assert (counts.read, counts.changed) == (60, 60)
"""


def test_a_backfill_changes_each_row_once_however_often_it_is_run(people: Project) -> None:
    ran_twice(people, BACKFILL)
    assert people.rows("SELECT sum(n) FROM people") == [sum(range(60)) + 60]
    people.downgrade("a1")
    people.upgrade()
    assert people.rows("SELECT sum(n) FROM people") == [sum(range(60)) + 120]


DROPS = """
op.drop_index("by_n", table_name="people")
op.drop_constraint("one_mail", "people", type_="unique")
op.drop_column("people", "mail", dynamodb_remove=True)
op.drop_table("people")
"""
MADE = """
op.create_index("by_n", "people", ["n"])
op.create_unique_constraint("one_mail", "people", ["mail"])
"""


def test_what_an_earlier_run_dropped_is_passed_with_a_warning(
    people: Project, caplog: pytest.LogCaptureFixture
) -> None:
    people.migration("a2", "a1", MADE)
    people.upgrade()
    people.migration("b2", "a2", f"{DROPS}\nfail_once('end')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIGRATION_FAILS", "end")
        with pytest.raises(RuntimeError):
            people.upgrade()
    assert not sa.inspect(people.engine).has_table("people")
    caplog.clear()
    people.upgrade()
    assert people.version() == ["b2"]
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    end = ": it is not there; an earlier run of this migration has dropped it"
    assert told == [
        f"DROP INDEX by_n ON people{end}",
        f"ALTER TABLE people DROP CONSTRAINT one_mail{end}",
        f"ALTER TABLE people DROP COLUMN mail{end}",
        f"DROP TABLE people{end}",
    ]
    people.migration("c3", "b2", 'op.drop_table("people")')
    with pytest.raises(sa.exc.ProgrammingError, match="There is no table 'people'"):
        people.upgrade()  # what was kept is forgotten with the version


@pytest.mark.parametrize(
    ("up", "message"),
    [
        ('op.drop_table("poeple")', "no table 'poeple'"),
        ('op.drop_index("by_x", table_name="people")', "no index 'by_x'"),
        ('op.drop_column("people", "male")', "no column 'male'"),
        ('op.drop_column("people", "male", dynamodb_remove=True)', "no column 'male'"),
        ('op.drop_constraint("one", "people", type_="unique")', "no constraint 'one'"),
    ],
)
def test_a_misspelt_name_fails_however_often_it_is_run(people: Project, up: str, message: str) -> None:
    people.migration("b2", "a1", up)
    for _ in range(2):
        with pytest.raises(sa.exc.ProgrammingError, match=message):
            people.upgrade()
    assert people.version() == ["a1"]
    people.migration("b2", "a1", up[:-1] + ", if_exists=True)")
    people.upgrade()


def test_a_definition_after_a_backfill_does_not_let_it_be_done_again(people: Project) -> None:
    ran_twice(people, f'{BACKFILL}\nop.create_table_comment("people", "Who they are")')
    assert people.rows("SELECT sum(n) FROM people") == [sum(range(60)) + 60]


def test_items_that_an_index_could_not_have_are_counted_before_it_is_made(people: Project) -> None:
    raw = people.engine.raw_connection()
    client = raw.dbapi_connection.client  # type: ignore[union-attr]
    physical = raw.dbapi_connection.tables.physical("people", None)  # type: ignore[union-attr]
    mails = ({"N": "1"}, {"NULL": True}, {"S": ""}, {"S": "fine"}, {"S": "ü" * 1025})
    for number, mail in enumerate(mails):
        client.ask(Request("PutItem", {"TableName": physical, "Item": {"id": {"S": f"q{number}"}, "mail": mail}}))
    raw.close()
    people.migration("b2", "a1", 'op.create_index("by_mail", "people", ["mail", "n"], dynamodb_check_items=True)')
    with pytest.raises(
        sa.exc.DataError, match=r"4 items of .*people' have a 'mail' that is empty, not of the type S, or longer"
    ):
        people.upgrade()
    assert sa.inspect(people.engine).get_indexes("people") == []
    with people.engine.begin() as connection:
        connection.execute(sa.text("UPDATE people SET mail = NULL WHERE id IN ('q0', 'q1', 'q2', 'q4')"))
    people.upgrade()
    [index] = sa.inspect(people.engine).get_indexes("people")
    assert index["column_names"] == ["mail", "n"]
