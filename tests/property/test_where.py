"""WHERE, ORDER BY and LIMIT mean what they mean in SQLite, locally and on every access path of each server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sqlalchemy_dynamorm.dbapi import Connection, Statement, connect
from sqlalchemy_dynamorm.plan.conditions import when_true
from sqlalchemy_dynamorm.plan.predicates import Predicate, columns_of
from sqlalchemy_dynamorm.plan.resolve import Names
from sqlalchemy_dynamorm.plan.schema import Column, Table
from sqlalchemy_dynamorm.plan.steps import Field, Projection, ReadPlan, Scan
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.evaluate import checker
from sqlalchemy_dynamorm.run.reads import Reader, Scope
from sqlalchemy_dynamorm.run.request import Request
from sqlalchemy_dynamorm.run.values import Item, encode
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.reader import read
from tests.property import oracle
from tests.property.oracle import COLUMNS, NAMES, Condition, Oracle, Ordering, Row, conditions, orderings
from tests.servers import KEY, REGION, SECRET, Server

LOCAL = settings(max_examples=300, deadline=None)
REMOTE = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@LOCAL
@given(stored=oracle.rows(), where=conditions())
def test_the_local_check_keeps_the_rows_that_sqlite_keeps(stored: list[Row], where: Condition) -> None:
    node = read(f"SELECT pk FROM things WHERE {where.text}", where.lists)
    assert isinstance(node, nodes.Select)
    assert node.table is not None
    assert node.where is not None
    predicate = when_true(node.where, Names(oracle.table("things"), node.table).resolve)
    fields = _read_by(predicate)
    test, decoder = checker(predicate, fields, bound(where.values)), RowDecoder(fields)
    kept = [(row["pk"], row["sk"]) for row in stored if test(decoder.row(_item(row)))]
    with closing(Oracle(stored)) as sqlite:
        assert sorted(kept) == sorted(sqlite.select("pk, sk", where))


def _read_by(predicate: Predicate) -> tuple[Column, ...]:
    """Every column, and those that are read in another way where a condition asks what is stored."""
    return tuple(dict.fromkeys([*COLUMNS, *columns_of(predicate)]))


@dataclass(repr=False)
class Things:
    """The table on a server."""

    connection: Connection
    table: Table
    server: Server
    stored: list[Item] = field(default_factory=list)

    def understands(self, where: Condition) -> bool:
        """Whether the server gets it right; if not, it has to accept it all the same."""
        if self.server.name in where.misread:
            self.select("pk", where)
        return self.server.name not in where.misread

    def store(self, rows: list[Row]) -> None:
        """Put these rows in the place of those that are there."""
        items = [_item(row) for row in rows]
        keys = [{name: item[name] for name in self.table.key} for item in items]
        puts: list[dict[str, Any]] = [{"PutRequest": {"Item": item}} for item in items]
        puts += [{"DeleteRequest": {"Key": key}} for key in self.stored if key not in keys]
        for at in range(0, len(puts), 25):
            request = Request("BatchWriteItem", {"RequestItems": {self.table.physical: puts[at : at + 25]}})
            self.connection.client.ask(request)
        self.stored = keys

    def statement(self, text: str, where: Condition) -> Statement:
        return Statement(text, {(None, "things"): self.table}, where.lists)

    def select(self, what: str, where: Condition, tail: str = "", **options: Any) -> list[tuple[Any, ...]]:
        statement = self.statement(f"SELECT {what} FROM things WHERE {where.text}{tail}", where)
        cursor = self.connection.cursor().execute(statement, where.values, options={"scan": "allow", **options})
        return [tuple(oracle.simple(value) for value in row) for row in cursor.fetchall()]


def _item(row: Row) -> Item:
    wires = {column.name: encode(row[column.name], column) for column in COLUMNS}
    return {name: wire for name, wire in wires.items() if wire is not None}


@pytest.fixture(scope="module")
def things(server: Server) -> Iterator[Things]:
    """The table, read three items a page."""
    connection = connect(
        endpoint_url=server.endpoint, region=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET, page_size=3
    )
    with closing(connection):
        physical = "property_things"
        several = server.name != "dynalite"
        more = oracle.SEVERAL_TEXT if several else ""
        connection.cursor().execute(oracle.CREATE.format(name=physical, more=more))
        table = oracle.table(physical, oracle.SEVERAL) if several else oracle.table(physical)
        yield Things(connection, table, server)
        connection.cursor().execute(f"DROP TABLE {physical}")


@REMOTE
@given(stored=oracle.rows(), asked=st.lists(st.tuples(conditions(), orderings()), min_size=1, max_size=6))
def test_a_select_gives_the_rows_that_sqlite_gives(
    things: Things, stored: list[Row], asked: list[tuple[Condition, Ordering]]
) -> None:
    things.store(stored)
    with closing(Oracle(stored)) as sqlite:
        for where, ordering in asked:
            assume(things.understands(where))
            _check_select(things, sqlite, where, ordering)


def _check_select(things: Things, sqlite: Oracle, where: Condition, ordering: Ordering) -> None:
    shown = ", ".join(NAMES)
    found = things.select(shown, where, ordering.text)
    assert len(found) == len(sqlite.select("pk", where, ordering.text))
    every = sqlite.select(shown, where)
    assert set(found) <= set(every)
    assert len(set(found)) == len(found)
    if ordering.column is not None:
        # Ties may come in any order, and a LIMIT may cut among them: the column itself says whether it is right.
        at = NAMES.index(ordering.column)
        assert [row[at] for row in found] == [row[at] for row in sqlite.select(shown, where, ordering.text)]
    assert things.select("count(*)", where) == [(len(every),)]


@REMOTE
@given(
    stored=oracle.rows(),
    asked=st.lists(conditions(), min_size=1, max_size=6),
    what=st.sampled_from(["pk, b", "n"]),
    segments=st.sampled_from([1, 2, 5]),
    index_read=st.sampled_from(["eventual", "verify"]),
)
def test_any_access_path_gives_the_rows_that_a_scan_gives(
    things: Things, stored: list[Row], asked: list[Condition], what: str, segments: int, index_read: str
) -> None:
    things.store(stored)
    for where in asked:
        assume(things.understands(where))
        statement = things.statement(f"SELECT {what} FROM things WHERE {where.text}", where)
        plan = things.connection.cursor().plan(statement, options={"scan": "allow"})
        assert isinstance(plan, ReadPlan)
        found = things.select(what, where, segments=segments, index_read=index_read)
        assert Counter(found) == Counter(_scanned(things, plan, where))


def _scanned(things: Things, plan: ReadPlan, where: Condition) -> list[tuple[Any, ...]]:
    """The rows of a Scan without any filter, checked locally."""
    fields = _read_by(plan.where)
    whole = Projection(fields, tuple(map(Field, range(len(fields)))), tuple(column.name for column in fields))
    reader = Reader(ReadPlan(things.table, Scan(), whole))
    pages = things.connection.client.run(reader.run(bound({}), Scope(page_size=3)))
    test = checker(plan.where, fields, bound(where.values))
    at = [NAMES.index(label) for label in plan.projection.labels]
    return [tuple(oracle.simple(row[position]) for position in at) for page in pages for row in page if test(row)]
