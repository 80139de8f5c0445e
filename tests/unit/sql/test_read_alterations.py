from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import SQLSyntaxError, Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.writer import write

T = nodes.TableName("t")
INTEGER = nodes.TypeName("INTEGER")
A = nodes.ColumnDefinition("a", INTEGER)

CHANGES: dict[str, nodes.Change] = {
    "ADD COLUMN a INTEGER": nodes.AddColumn(A),
    "ADD a INTEGER": nodes.AddColumn(A),
    "ADD COLUMN IF NOT EXISTS a INTEGER": nodes.AddColumn(A, if_not_exists=True),
    "ADD a INTEGER CONSTRAINT u UNIQUE": nodes.AddColumn(A, (nodes.Unique(("a",), "u"),)),
    "ADD a INTEGER REFERENCES x (id) ON DELETE CASCADE": nodes.AddColumn(
        A, (nodes.ForeignKey(("a",), nodes.TableName("x"), ("id",), on_delete="CASCADE"),)
    ),
    "ADD a INTEGER CHECK (a > 1)": nodes.AddColumn(A, (nodes.CheckConstraint("a > 1"),)),
    "ADD a INTEGER DEFAULT 5 NOT NULL COMMENT 'x'": nodes.AddColumn(
        nodes.ColumnDefinition("a", INTEGER, True, default=nodes.Literal(5), comment="x")
    ),
    "DROP COLUMN a": nodes.DropColumn("a"),
    'DROP "column"': nodes.DropColumn("column"),
    "DROP IF EXISTS a": nodes.DropColumn("a", if_exists=True),
    "RENAME COLUMN a TO b": nodes.RenameColumn("a", "b"),
    "RENAME a TO b": nodes.RenameColumn("a", "b"),
    "ALTER COLUMN a TYPE NUMERIC(10, 2)": nodes.SetType("a", nodes.TypeName("NUMERIC", ("10", "2"))),
    "ALTER a SET DATA TYPE INTEGER": nodes.SetType("a", INTEGER),
    "ALTER a SET NOT NULL": nodes.SetNotNull("a", True),
    "ALTER a DROP NOT NULL": nodes.SetNotNull("a", False),
    "ALTER a SET DEFAULT -5": nodes.SetDefault("a", "-5"),
    "ALTER a SET DEFAULT CURRENT_DATE": nodes.SetDefault("a", "CURRENT_DATE"),
    "ALTER a SET DEFAULT 'it''s'": nodes.SetDefault("a", "'it''s'"),
    "ALTER a DROP DEFAULT": nodes.SetDefault("a", None),
    "ADD UNIQUE (a, b)": nodes.AddConstraint(nodes.Unique(("a", "b"))),
    "ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s.x": nodes.AddConstraint(
        nodes.ForeignKey(("a",), nodes.TableName("x", "s"), (), "f")
    ),
    "ADD CONSTRAINT c CHECK (a > (1))": nodes.AddConstraint(nodes.CheckConstraint("a > (1)", "c")),
    "DROP CONSTRAINT c": nodes.DropConstraint("c"),
    "DROP CONSTRAINT IF EXISTS c": nodes.DropConstraint("c", if_exists=True),
    "SET (ttl='expires', pitr=TRUE, read_capacity=5)": nodes.SetOptions(
        (("ttl", "expires"), ("pitr", "true"), ("read_capacity", "5"))
    ),
}


@pytest.mark.parametrize("text", CHANGES)
def test_a_change_is_read_and_reads_back(text: str) -> None:
    found = read(f"ALTER TABLE t {text}")
    assert found == nodes.AlterTable(T, (CHANGES[text],))
    assert read(write(found)) == found


RENAMES = {
    "ALTER TABLE t RENAME TO u": nodes.RenameTable(T, nodes.TableName("u")),
    "ALTER TABLE s.t RENAME TO u": nodes.RenameTable(nodes.TableName("t", "s"), nodes.TableName("u", "s")),
    "ALTER TABLE t RENAME TO x.u PRIMARY KEY (a, b) WITH (writes_frozen=TRUE)": nodes.RenameTable(
        T, nodes.TableName("u", "x"), ("a", "b"), (("writes_frozen", "true"),)
    ),
}


@pytest.mark.parametrize("text", RENAMES)
def test_a_table_of_another_name_is_read_and_reads_back(text: str) -> None:
    found = read(text)
    assert found == RENAMES[text]
    assert read(write(found)) == found


def test_several_changes_of_a_table_that_may_be_missing() -> None:
    found = read("ALTER TABLE IF EXISTS s.t ADD a INTEGER, DROP b, SET (ttl='a')")
    assert isinstance(found, nodes.AlterTable)
    assert (found.table, found.if_exists, len(found.changes)) == (nodes.TableName("t", "s"), True, 3)
    assert read(write(found)) == found


COMMENTS = {
    "COMMENT ON TABLE t IS 'x'": nodes.SetComment("TABLE", None, "x"),
    "COMMENT ON TABLE t IS NULL": nodes.SetComment("TABLE", None, None),
    "COMMENT ON COLUMN t.a IS 'it''s'": nodes.SetComment("COLUMN", "a", "it's"),
    "COMMENT ON CONSTRAINT c ON t IS 'x'": nodes.SetComment("CONSTRAINT", "c", "x"),
}


@pytest.mark.parametrize("text", COMMENTS)
def test_a_comment_is_read_and_reads_back(text: str) -> None:
    found = read(text)
    assert found == nodes.AlterTable(T, (COMMENTS[text],))
    assert write(found) == text
    assert read(text.replace(" t", " s.t")) == nodes.AlterTable(nodes.TableName("t", "s"), (COMMENTS[text],))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ALTER TABLE IF EXISTS t RENAME TO u", "IF EXISTS with RENAME TO"),
        ("ALTER TABLE t RENAME TO u, DROP a", "RENAME TO with other changes"),
        ("ALTER TABLE t DROP a, RENAME TO u", "RENAME TO with other changes"),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", "RENAME CONSTRAINT"),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", "ADD PRIMARY KEY"),
        ("ALTER TABLE t ADD a INTEGER PRIMARY KEY", "PRIMARY KEY"),
        ("ALTER TABLE t DROP a CASCADE", "CASCADE"),
        ("ALTER TABLE t ALTER a TYPE INTEGER USING a", "USING"),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ENABLE"),
        ("ALTER TABLE t ALTER a SET DEFAULT lower('x')", "an expression"),
        ("ALTER INDEX i RENAME TO j", "ALTER INDEX"),
        ("COMMENT ON INDEX i IS 'x'", "INDEX"),
        ("EXPLAIN ALTER TABLE t DROP a", "EXPLAIN ALTER"),
    ],
)
def test_what_is_not_handled_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE t",
        "ALTER TABLE t ADD",
        "ALTER TABLE t ADD a",
        "ALTER TABLE t ADD a INTEGER,",
        "ALTER TABLE t ADD a INTEGER)",
        "ALTER TABLE t SET ()",
        "ALTER TABLE t SET (ttl)",
        "ALTER TABLE t ALTER a SET DEFAULT",
        "COMMENT ON COLUMN a IS 'x'",
        "COMMENT ON TABLE t IS 5",
        "COMMENT ON TABLE t",
    ],
)
def test_what_is_not_sql(text: str) -> None:
    with pytest.raises(SQLSyntaxError):
        read(text)
