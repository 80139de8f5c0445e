from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import Error, ProgrammingError, UndefinedColumn, Unsupported
from sqlalchemy_dynamorm.plan.altering import altered
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from sqlalchemy_dynamorm.sql.writer import write

TABLE = (
    "CREATE TABLE users (id INTEGER NOT NULL AUTOINCREMENT, name VARCHAR(30), age INTEGER DEFAULT 1, team INTEGER, "
    "born DATE, CONSTRAINT pk PRIMARY KEY (id), CONSTRAINT uq UNIQUE (name), "
    "CONSTRAINT fk FOREIGN KEY (team) REFERENCES teams (id), CONSTRAINT ck CHECK (age > 0), INDEX ix (born))"
)


def after(change: str) -> str:
    """The table's text after a change, which comes to the same when it is made again, if it may be."""
    table, alteration = read(TABLE), read(f"ALTER TABLE users {change}" if not change.startswith("COMMENT") else change)
    assert isinstance(table, nodes.CreateTable)
    assert isinstance(alteration, nodes.AlterTable)
    return write(altered(table, alteration.changes))


def replaced(old: str, new: str) -> str:
    assert old in TABLE
    return TABLE.replace(old, new)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "ADD email VARCHAR NOT NULL COMMENT 'x'",
            replaced("born DATE", "born DATE, email VARCHAR NOT NULL COMMENT 'x'"),
        ),
        ("ADD age INTEGER DEFAULT 1", TABLE),
        ("ADD age INTEGER DEFAULT '1'", TABLE),
        ("ADD IF NOT EXISTS age VARCHAR", TABLE),
        (
            "ADD mail VARCHAR CONSTRAINT um UNIQUE",
            replaced("born DATE", "born DATE, mail VARCHAR").replace("(name)", "(name), CONSTRAINT um UNIQUE (mail)"),
        ),
        ("DROP IF EXISTS nothing", TABLE),
        (
            "DROP CONSTRAINT ck, DROP age",
            replaced(" age INTEGER DEFAULT 1,", "").replace("CONSTRAINT ck CHECK (age > 0), ", ""),
        ),
        (
            "RENAME team TO club",
            replaced(" team INTEGER", " club INTEGER").replace("(team)", "(club)"),
        ),
        ("ALTER name TYPE TEXT", replaced("VARCHAR(30)", "TEXT")),
        ("ALTER id TYPE BIGINT", replaced("id INTEGER", "id BIGINT")),
        ("ALTER name SET NOT NULL", replaced("VARCHAR(30)", "VARCHAR(30) NOT NULL")),
        ("ALTER name DROP NOT NULL", TABLE),
        ("ALTER name SET DEFAULT 'it''s'", replaced("VARCHAR(30)", "VARCHAR(30) DEFAULT 'it''s'")),
        ("ALTER born SET DEFAULT CURRENT_DATE", replaced("born DATE", "born DATE DEFAULT CURRENT_TIMESTAMP")),
        ("ALTER age DROP DEFAULT", replaced(" DEFAULT 1", "")),
        ("ADD CONSTRAINT uq UNIQUE (name)", TABLE),
        ("ADD UNIQUE (age)", replaced("UNIQUE (name)", "UNIQUE (name), UNIQUE (age)")),
        ("DROP CONSTRAINT uq", replaced("CONSTRAINT uq UNIQUE (name), ", "")),
        ("DROP CONSTRAINT IF EXISTS nothing", TABLE),
        ("SET (pitr='true')", TABLE),
        ("COMMENT ON TABLE users IS 'x'", TABLE + " COMMENT 'x'"),
        ("COMMENT ON COLUMN users.name IS 'x'", replaced("VARCHAR(30)", "VARCHAR(30) COMMENT 'x'")),
        ("COMMENT ON CONSTRAINT fk ON users IS 'x'", replaced("teams (id)", "teams (id) COMMENT 'x'")),
        ("COMMENT ON CONSTRAINT pk ON users IS 'x'", replaced("PRIMARY KEY (id)", "PRIMARY KEY (id) COMMENT 'x'")),
    ],
)
def test_what_a_change_makes_of_a_table(change: str, expected: str) -> None:
    assert after(change) == expected


def test_a_column_that_was_renamed_stays_renamed() -> None:
    assert after("RENAME team TO club, RENAME team TO club") == after("RENAME team TO club")


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ("ADD age VARCHAR", ProgrammingError, "'age' already, declared otherwise"),
        ("ADD x FROB", Unsupported, "FROB"),
        ("ADD x INTEGER DEFAULT 'a'", Unsupported, "DEFAULT"),
        ("ADD x INTEGER AUTOINCREMENT", Unsupported, "AUTOINCREMENT"),
        ("ADD x TTL, ADD y TTL", ProgrammingError, "2 columns of the type TTL"),
        ("DROP nothing", UndefinedColumn, "'nothing'"),
        ("DROP id", Unsupported, "of the table's key"),
        ("DROP born", ProgrammingError, "used by the index ix"),
        ("DROP name", ProgrammingError, "used by the unique constraint uq"),
        ("DROP age", ProgrammingError, "used by the CHECK ck"),
        ("DROP team", ProgrammingError, "used by the foreign key fk"),
        ("RENAME id TO key", Unsupported, "of the table's key"),
        ("RENAME born TO day", ProgrammingError, "used by the index ix"),
        ("RENAME team TO age", ProgrammingError, "'age' already"),
        ("RENAME nothing TO more", UndefinedColumn, "'nothing'"),
        ("ALTER id TYPE VARCHAR", Unsupported, "of a key or an index"),
        ("ALTER born TYPE INTEGER", Unsupported, "of a key or an index"),
        ("ALTER age TYPE BLOB", Unsupported, "DEFAULT"),
        ("ALTER id DROP NOT NULL", ProgrammingError, "of the key"),
        ("ALTER age SET DEFAULT 'x'", Unsupported, "DEFAULT"),
        ("ALTER age SET DEFAULT CURRENT_DATE", Unsupported, "expression"),
        ("ADD UNIQUE (nothing)", UndefinedColumn, "'nothing'"),
        ("ADD CONSTRAINT uq UNIQUE (age)", ProgrammingError, "constraint 'uq' already"),
        ("DROP CONSTRAINT nothing", ProgrammingError, "no constraint 'nothing'"),
        ("DROP CONSTRAINT pk", Unsupported, "keeps its key"),
        ("COMMENT ON CONSTRAINT nothing ON users IS 'x'", ProgrammingError, "no constraint"),
        ("COMMENT ON COLUMN users.nothing IS 'x'", UndefinedColumn, "'nothing'"),
    ],
)
def test_what_cannot_be_changed(change: str, kind: type[Error], says: str) -> None:
    with pytest.raises(kind, match=says):
        after(change)
