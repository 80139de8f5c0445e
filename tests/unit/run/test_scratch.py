"""The local step's database: rows in, a statement, rows out, and what it refuses."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import (
    DataError,
    OperationalError,
    ProgrammingError,
    UndefinedColumn,
    Unsupported,
    UnsupportedValue,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.scratch import CHUNK, Scratch

NOW = "2026-05-06T07:08:09.123456"
PEOPLE = (Column("id", Kind.INTEGER), Column("name", Kind.STRING), Column("paid", Kind.DECIMAL))
ROWS = [(1, "Ann", Decimal("0.1")), (2, "bob", Decimal("0.2")), (3, None, None)]


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    with Scratch(now=NOW) as opened:
        yield opened


@pytest.fixture
def people(scratch: Scratch) -> Scratch:
    scratch.create("people", PEOPLE)
    scratch.load("people", ROWS)
    return scratch


def all_of(scratch: Scratch, text: str, *outputs: Kind | None, **values: Any) -> list[tuple[Any, ...]]:
    return [row for chunk in scratch.run(text, values, outputs) for row in chunk]


def test_a_statement_returns_the_declared_types(people: Scratch) -> None:
    rows = all_of(people, "SELECT id, name, paid FROM people ORDER BY id", Kind.INTEGER, Kind.STRING, Kind.DECIMAL)
    assert rows == ROWS
    assert isinstance(rows[0][2], Decimal)


def test_values_are_bound_by_name(people: Scratch) -> None:
    assert all_of(people, "SELECT id FROM people WHERE name = :who", None, who="bob") == [(2,)]


def test_pages_add_up(people: Scratch) -> None:
    people.load("people", iter([(4, "Dan", Decimal(1))]))
    people.load("people", [])
    assert all_of(people, "SELECT count(*), sum(paid) FROM people", None, Kind.DECIMAL) == [(4, Decimal("1.3"))]


def test_rows_come_in_chunks_and_in_order(scratch: Scratch) -> None:
    scratch.create("t", [Column("n", Kind.INTEGER)])
    scratch.load("t", ((n,) for n in range(2 * CHUNK + 1)))
    chunks = list(scratch.run("SELECT n FROM t ORDER BY n DESC", {}, [Kind.INTEGER]))
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 1]
    assert [row for chunk in chunks for row in chunk] == [(n,) for n in reversed(range(2 * CHUNK + 1))]


def test_a_statement_that_is_not_read_to_its_end_ends(people: Scratch) -> None:
    chunks = people.run("SELECT id FROM people", {}, [None])
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    people.load("people", [(9, "Zoe", None)])
    assert all_of(people, "SELECT max(id) FROM people", Kind.INTEGER) == [(9,)]


def test_a_table_without_columns_has_its_rows(scratch: Scratch) -> None:
    scratch.create("t", [])
    scratch.load("t", [()] * 3)
    assert all_of(scratch, "SELECT count(*) FROM t", Kind.INTEGER) == [(3,)]


def test_a_schema_is_the_name_before_the_dot(scratch: Scratch) -> None:
    for schema in (None, "staging", 'odd "one"'):
        scratch.create("t", [Column("x", Kind.STRING)], schema=schema)
        scratch.create("u", [Column("x", Kind.STRING)], schema=schema)
        scratch.load("t", [(f"in {schema}",)], schema=schema)
    text = 'SELECT a.x, b.x, c.x FROM t AS a, staging.t AS b, "odd ""one""".t AS c'
    assert all_of(scratch, text, None, None, None) == [("in None", "in staging", 'in odd "one"')]


@pytest.mark.parametrize("schema", ["main", "Temp"])
def test_a_schema_of_sqlites_own_is_refused(scratch: Scratch, schema: str) -> None:
    with pytest.raises(Unsupported, match=f"'{schema}'"):
        scratch.create("t", PEOPLE, schema=schema)


def test_more_schemas_than_sqlite_takes_are_refused(scratch: Scratch) -> None:
    def create_many() -> None:
        for at in range(130):  # 10 by default, at most 125
            scratch.create("t", PEOPLE, schema=f"s{at}")

    with pytest.raises(Unsupported, match="too many attached databases"):
        create_many()


def test_names_of_sqlites_own_are_refused(scratch: Scratch) -> None:
    with pytest.raises(Unsupported, match="SQLite_t"):
        scratch.create("SQLite_t", PEOPLE)


def test_columns_that_differ_in_case_only_are_refused(scratch: Scratch) -> None:
    with pytest.raises(Unsupported, match="Two columns are called A"):
        scratch.create("t", [Column("a", Kind.STRING), Column("A", Kind.STRING)])


def test_a_column_with_a_nul_in_its_name_is_refused(scratch: Scratch) -> None:
    with pytest.raises(Unsupported, match="NUL"):
        scratch.create("t", [Column("a\0b", Kind.STRING)])


def test_odd_names_work(scratch: Scratch) -> None:
    scratch.create('a "b".c', [Column('x "y"', Kind.STRING), Column("rowid", Kind.STRING)])
    scratch.load('a "b".c', [("here", "mine")])
    assert all_of(scratch, 'SELECT "x ""y""", rowid FROM "a ""b"".c"', None, None) == [("here", "mine")]


# ---- lists


def test_a_list_is_a_table(people: Scratch) -> None:
    people.create_list("ids", 1)
    people.load_list("ids", [(n,) for n in range(2, 100_000)])
    assert all_of(people, "SELECT id FROM people WHERE id IN (SELECT c0 FROM ids) ORDER BY id", None) == [(2,), (3,)]


def test_a_list_of_rows(people: Scratch) -> None:
    people.create_list("pairs", 2)
    people.load_list("pairs", [(1, "Ann"), [2, "Bob"], (3, None)])
    assert all_of(people, "SELECT id FROM people WHERE (id, name) IN (SELECT c0, c1 FROM pairs)", None) == [(1,)]


def test_a_list_with_null_is_unknown(people: Scratch) -> None:
    people.create_list("ids", 1)
    people.load_list("ids", [(1,), (None,)])
    assert all_of(people, "SELECT id FROM people WHERE id NOT IN (SELECT c0 FROM ids)", None) == []


def test_a_list_of_decimals_matches(people: Scratch) -> None:
    people.create_list("given", 1)
    people.load_list("given", [(Decimal("0.10"),), (Decimal(7),)])
    assert all_of(people, "SELECT id FROM people WHERE paid IN (SELECT c0 FROM given)", None) == [(1,)]


def test_a_wide_number_in_a_list_is_refused_unless_it_is_only_compared(scratch: Scratch) -> None:
    wide = 10**30 + 1
    scratch.create("t", [Column("n", Kind.DECIMAL)], shown=["n"])
    scratch.load("t", [(Decimal(wide),), (Decimal(wide + 1),)])
    scratch.create_list("given", 1)
    with pytest.raises(UnsupportedValue, match=":given"):
        scratch.load_list("given", [(wide,)])
    scratch.load_list("given", [(wide,)], shown=True)
    found = all_of(scratch, "SELECT n FROM t WHERE n IN (SELECT c0 FROM given)", Kind.DECIMAL)
    assert found == [(Decimal(wide),)]


# ---- what SQL means


def test_like_is_case_sensitive(people: Scratch) -> None:
    assert all_of(people, "SELECT name FROM people WHERE name LIKE 'B%'", None) == []
    assert all_of(people, "SELECT name FROM people WHERE lower(name) LIKE lower('B%')", None) == [("bob",)]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python can't switch it off before 3.12")
def test_a_misspelt_quoted_name_is_no_string(people: Scratch) -> None:
    with pytest.raises(UndefinedColumn, match="nmae"):
        all_of(people, 'SELECT "nmae" FROM people', None)


def test_a_decimal_is_divided_truly(scratch: Scratch) -> None:
    scratch.create("t", [Column("d", Kind.DECIMAL), Column("i", Kind.INTEGER)])
    scratch.load("t", [(Decimal(5), 5)])
    assert all_of(scratch, "SELECT d / 2, i / 2 FROM t", Kind.DECIMAL, Kind.INTEGER) == [(Decimal("2.5"), 2)]


def test_json_is_computed_with(scratch: Scratch) -> None:
    scratch.create("t", [Column("doc", Kind.DOCUMENT)])
    scratch.load("t", [({"b": [1, {"c": "é"}], "a": None},), (None,)])
    text = "SELECT doc, JSON_QUOTE(JSON_EXTRACT(doc, '$.b[1]')), JSON_EXTRACT(doc, '$.b[1].c') FROM t"
    assert all_of(scratch, text, Kind.DOCUMENT, Kind.DOCUMENT, None) == [
        ({"a": None, "b": [1, {"c": "é"}]}, {"c": "é"}, "é"),
        (None, None, None),
    ]


# ---- failures


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("SELECT frobnicate(id) FROM people", Unsupported, "frobnicate"),
        ("SELECT abs(id, id) FROM people", ProgrammingError, r"abs\(\)"),
        ("SELECT id FROM people WHERE sum(id) > 1", ProgrammingError, "HAVING"),
        ("SELECT sum(sum(id)) FROM people", ProgrammingError, "within another aggregate"),
        ("SELECT id FROM people WHERE row_number() OVER () = 1", ProgrammingError, "subquery"),
        ("SELECT nmae FROM people", UndefinedColumn, "nmae"),
        ("SELECT people.nmae FROM people", UndefinedColumn, "people.nmae"),
        ("SELECT id FROM people, people AS p", ProgrammingError, "More than one table of the FROM has a column id"),
        ("SELECT id FROM people FETCH FIRST 1 ROWS ONLY", Unsupported, "FIRST"),
        ("SELECT id FROM people LIMIT", Unsupported, "incomplete"),
        ("SELECT id FROM people WHERE id = :missing", ProgrammingError, "missing"),
        ("SELECT id FROM people UNION SELECT id, name FROM people", ProgrammingError, "same number of result columns"),
        ("SELECT json_extract(name, '$.a') FROM people", DataError, "no JSON"),
        ("SELECT json_extract('{}', 'a') FROM people", DataError, "path"),
        ("SELECT abs(-9223372036854775807 - 1) FROM people", UnsupportedValue, "64 bits"),
    ],
)
def test_what_sqlite_refuses_is_said_in_our_words(people: Scratch, text: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        all_of(people, text, None)


def test_a_sum_of_integers_beyond_64_bits_is_refused(scratch: Scratch) -> None:
    scratch.create("t", [Column("i", Kind.INTEGER)])
    scratch.load("t", [(2**63 - 1,), (1,)])
    with pytest.raises(UnsupportedValue, match="64 bits"):
        all_of(scratch, "SELECT sum(i) FROM t", Kind.INTEGER)
    with pytest.raises(UnsupportedValue, match="64 bits"):
        all_of(scratch, "SELECT i + 1 FROM t ORDER BY i DESC LIMIT 1", Kind.INTEGER)


def test_an_error_of_a_later_row_is_said_too(people: Scratch) -> None:
    people.load("people", [(n, "{}", None) for n in range(10, 10 + 2 * CHUNK)])
    people.load("people", [(9999, "broken", None)])
    chunks = people.run("SELECT json_extract(name, '$.a') FROM people WHERE id >= 10", {}, [None])
    assert next(chunks) == [(None,)] * CHUNK
    with pytest.raises(DataError, match="JSON"):
        next(chunks)


def test_the_size_cap() -> None:
    with Scratch(now=NOW, size_cap=1_000_000) as small:
        small.create("t", [Column("s", Kind.STRING)])
        page = [("x" * 1000,)] * 500
        small.load("t", page)
        with pytest.raises(OperationalError, match="SQLITE_TMPDIR"):
            small.load("t", [*page, *page])


def test_the_size_cap_of_a_schema() -> None:
    with Scratch(now=NOW, size_cap=1_000_000) as small:
        small.create("t", [Column("s", Kind.STRING)], schema="staging")
        with pytest.raises(OperationalError, match="full"):
            small.load("t", [("x" * 1000,)] * 3000, schema="staging")


def test_closing_twice_is_closing(scratch: Scratch) -> None:
    all_of(scratch, "SELECT datetime('now')", None)
    scratch.close()
    scratch.close()
    with pytest.raises(ProgrammingError, match="closed"):
        all_of(scratch, "SELECT 1", None)


def test_another_thread_may_go_on(people: Scratch) -> None:
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.extend(all_of(people, "SELECT count(*) FROM people", None)))
    thread.start()
    thread.join()
    assert seen == [(3,)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_rows_spill_into_a_file_that_nobody_else_can_read(scratch: Scratch) -> None:
    """30 MB of rows, ordered: memory holds a few MB of them (it grows by 2 MB with 1,000,000 rows of 60 MB)."""
    scratch.create("t", [Column("s", Kind.STRING)])
    before = _resident()
    for at in range(300):
        scratch.load("t", ((f"{(at * 7919 + n * 104729) % 1_000_003:07}" + "x" * 993,) for n in range(100)))
    files = [
        file for file in Path("/proc/self/fd").iterdir() if file.is_symlink() and "etilqs_" in str(file.readlink())
    ]
    assert files
    for file in files:
        assert str(file.readlink()).endswith("(deleted)")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    last = ""
    for chunk in scratch.run("SELECT s FROM t ORDER BY s", {}, [Kind.STRING]):
        assert last <= chunk[0][0] <= chunk[-1][0]
        last = chunk[-1][0]
    assert _resident() - before < 16 * 2**20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
