"""What a statement costs here before and after its requests: compiling, reading, planning, binding, the local step.

Run ``python benchmarks/statements.py``. The steps of a new statement are given in milliseconds and as ratios to
SQLAlchemy's own compiling; a statement that is cached costs only the last two lines. A join of 1,000 x 10,000 rows and
ORDER BY of 100,000 are ratios to decoding the same answers alone. No server: answers are made before the clock runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa

import sqlalchemy_dynamorm.dbapi as dynamodb
from sqlalchemy_dynamorm.dbapi.statement import Prepared, Statement
from sqlalchemy_dynamorm.plan.options import PlanOptions
from sqlalchemy_dynamorm.plan.schema import Column, Kind, Table
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.decode import RowDecoder
from sqlalchemy_dynamorm.run.reads import Scope
from sqlalchemy_dynamorm.run.request import Join, Request, Rows, Start
from sqlalchemy_dynamorm.sql import nodes

ORDERS = Table("orders", "orders", (Column("id", Kind.INTEGER, nullable=False), Column("customer", Kind.STRING)), "id")
LINES = Table(
    "lines",
    "lines",
    (Column("id", Kind.INTEGER, nullable=False), Column("order_id", Kind.INTEGER), Column("price", Kind.DECIMAL)),
    "id",
)
TABLES = {table.name: table for table in (ORDERS, LINES)}


def prepared(text: str) -> Prepared:
    """A statement, planned."""
    statement = Statement(text, {(None, name): table for name, table in TABLES.items()})
    query = statement.node
    assert isinstance(query, nodes.Select)
    return statement.prepared(query, lambda name: TABLES[name.name], PlanOptions(scan="allow"))


def pages(items: list[dict[str, Any]], size: int = 1000) -> Iterator[bytes]:
    """The answers of a Scan."""
    for at in range(0, len(items), size):
        page: dict[str, Any] = {"Items": items[at : at + size], "Count": size}
        if at + size < len(items):
            page["LastEvaluatedKey"] = {"id": {"N": str(at)}}
        yield json.dumps(page).encode()


def run(of: Prepared, answers: dict[str, list[bytes]]) -> int:
    """Run an execution on prepared answers; returns the number of rows."""
    waiting = {table: iter(bodies) for table, bodies in answers.items()}
    runner: Any = of.runner
    execution = runner.run(bound({}), Scope())
    answer: Any = None
    count = 0
    while True:
        try:
            ask = execution.send(answer)
        except StopIteration:
            return count
        answer = None
        if isinstance(ask, Rows):
            count += len(ask.rows)
        elif isinstance(ask, Join):
            answer = ask.handle
        else:
            request = ask.request if isinstance(ask, Start) else ask
            assert isinstance(request, Request)
            answer = next(waiting[str(request.table)])


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The least CPU time of some rounds."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def new_statements() -> None:
    engine = sa.create_engine("dynamodb://dummykey:dummysecret@127.0.0.1:9/?region=us-east-1")
    table = sa.Table(
        "orders", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("customer", sa.String)
    )
    construct = sa.select(table).where(table.c.id == 5)
    simple = "SELECT orders.id, orders.customer FROM orders WHERE orders.id = :id_1"
    joined = (
        "SELECT o.customer, sum(l.price) AS s FROM orders AS o JOIN lines AS l ON l.order_id = o.id "
        "WHERE o.id = :id GROUP BY o.customer"
    )
    reader: Any = prepared(simple).runner
    compiling = seconds(lambda: construct.compile(engine), 50)
    cursor = dynamodb.connect(region="us-east-1").cursor()
    statement = Statement(simple, {(None, "orders"): ORDERS})
    cursor.plan(statement)
    for name, work in (
        ("compile (SQLAlchemy)", lambda: construct.compile(engine)),
        ("read and plan by key", lambda: prepared(simple)),
        ("read and plan a join", lambda: prepared(joined)),
        ("cached: find the plan", lambda: cursor.plan(statement)),
        ("cached: bind the values", lambda: next(reader.run(bound({"id_1": 5}), Scope()))),
    ):
        taken = seconds(work, 50)
        print(f"{name:24} {taken * 1000:7.3f} ms   {taken / compiling:6.2f}")


def large_statements() -> None:
    orders = [{"id": {"N": str(each)}, "customer": {"S": f"c{each % 50}"}} for each in range(1000)]
    lines = [
        {"id": {"N": str(each)}, "order_id": {"N": str(each % 1000)}, "price": {"N": f"{each % 90}.5"}}
        for each in range(10_000)
    ]
    many = [{"id": {"N": str(each * 7919 % 100_000)}, "customer": {"S": f"c{each}"}} for each in range(100_000)]
    answers = {"orders": list(pages(orders)), "lines": list(pages(lines))}
    sorted_answers = {"orders": list(pages(many))}

    def decoded(table: Table, bodies: list[bytes]) -> None:
        decoder = RowDecoder(table.columns)
        for body in bodies:
            decoder.page(body)

    join = prepared("SELECT o.customer, l.price FROM orders AS o JOIN lines AS l ON l.order_id = o.id")
    order = prepared("SELECT id, customer FROM orders ORDER BY customer DESC")
    assert run(join, answers) == len(lines)
    assert run(order, sorted_answers) == len(many)
    base = sum(seconds(partial(decoded, TABLES[name], bodies), 5) for name, bodies in answers.items())
    print(f"join of 1,000 x 10,000   {seconds(lambda: run(join, answers), 5) / base:6.2f} x decoding")
    base = seconds(lambda: decoded(ORDERS, sorted_answers["orders"]), 3)
    print(f"ORDER BY of 100,000      {seconds(lambda: run(order, sorted_answers), 3) / base:6.2f} x decoding")


if __name__ == "__main__":
    new_statements()
    large_statements()
