from __future__ import annotations

from sqlalchemy_dynamorm.dialect.scripts import statements

SCRIPT = """-- Running upgrade  -> a1; with a semicolon

CREATE TABLE t (id VARCHAR NOT NULL, PRIMARY KEY (id)) COMMENT 'it''s; -- a text';
INSERT INTO "a;b" (id) VALUES ('x-y');

;
UPDATE t SET n = n - 1"""


def test_a_semicolon_or_a_comment_in_quotes_is_text() -> None:
    assert list(statements(SCRIPT)) == [
        "CREATE TABLE t (id VARCHAR NOT NULL, PRIMARY KEY (id)) COMMENT 'it''s; -- a text'",
        """INSERT INTO "a;b" (id) VALUES ('x-y')""",
        "UPDATE t SET n = n - 1",
    ]


def test_an_empty_script_has_none() -> None:
    assert list(statements("-- nothing\n;;")) == []
