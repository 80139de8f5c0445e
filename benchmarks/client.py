"""What requests cost this process: cursor, Core and ORM as ratios to the boto3 client with raw dicts, in one run.

Run ``python benchmarks/client.py``, with ``--client plain`` for requests that botocore sends. Each line is the median
over rounds of CPU time a call, divided by boto3's in the same round: ratios hold from machine to machine, times do not.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3
import sqlalchemy as sa
import writes
from canned import canned
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

Case = Callable[[], object]


def model(count: int) -> type[Any]:
    """A mapped class of a table with so many rows."""

    class Base(DeclarativeBase):
        pass

    class Order(Base):
        __tablename__ = f"b{count}"
        pk: Mapped[str] = mapped_column(primary_key=True)
        sk: Mapped[str] = mapped_column(primary_key=True)
        title: Mapped[str]
        qty: Mapped[int]
        price: Mapped[Decimal]
        active: Mapped[bool]
        tags: Mapped[list[Any]] = mapped_column(sa.JSON)
        meta: Mapped[dict[str, Any]] = mapped_column(sa.JSON)

    return Order


KEY = {"pk": "customer#00000007", "sk": "order#2026-01-08#00000007"}
Cases = dict[str, Case]


def clients(host: str, way: str, level: str = "AUTOCOMMIT") -> tuple[Any, sa.Engine]:
    """boto3's client and an engine, of the same server."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=f"http://{host}",
        region_name="us-east-1",
        aws_access_key_id="dummykey",
        aws_secret_access_key="dummysecret",
    )
    url = f"dynamodb://dummykey:dummysecret@{host}/?region=us-east-1&client={way}"
    return client, sa.create_engine(url, isolation_level=level)


def reading_one(host: str, way: str) -> Cases:
    """A GetItem."""
    client, engine = clients(host, way)
    entity = model(1)
    table, key = entity.__table__, {name: {"S": value} for name, value in KEY.items()}
    core = sa.select(table).where(table.c.pk == sa.bindparam("pk"), table.c.sk == sa.bindparam("sk"))
    connection = engine.connect()
    raw: Any = connection.connection.dbapi_connection
    statement = core.compile(engine).prepared({})  # type: ignore[attr-defined]

    def get() -> object:
        with Session(engine) as session:
            return session.get(entity, tuple(KEY.values()))

    return {
        "boto3, raw dicts": lambda: client.get_item(TableName="b1", Key=key)["Item"],
        "cursor": lambda: raw.cursor().execute(statement, KEY).fetchall(),
        "Core": lambda: connection.execute(core, KEY).all(),
        "Session.get": get,
    }


def reading(host: str, way: str, count: int) -> Cases:
    """A Query of so many rows."""
    client, engine = clients(host, way)
    entity = model(count)
    table = entity.__table__
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": KEY["pk"]}}}
    core, values = sa.select(table).where(table.c.pk == sa.bindparam("pk")), {"pk": KEY["pk"]}
    connection = engine.connect()
    raw: Any = connection.connection.dbapi_connection
    statement = core.compile(engine).prepared({})  # type: ignore[attr-defined]
    query = sa.select(entity).where(entity.pk == KEY["pk"])

    def orm() -> object:
        with Session(engine) as session:
            return session.scalars(query).all()

    return {
        "boto3, raw dicts": lambda: client.query(TableName=f"b{count}", **condition)["Items"],
        "cursor": lambda: raw.cursor().execute(statement, values).fetchall(),
        "Core": lambda: connection.execute(core, values).all(),
        "ORM": orm,
    }


def writing_one(host: str, way: str) -> Cases:
    """A PutItem on condition that the key is free."""
    client, engine = clients(host, way)
    connection, numbers = engine.connect(), itertools.count()
    condition = "attribute_not_exists(pk)"

    def put() -> object:
        item = writes.wire(writes.row(next(numbers)))
        return client.put_item(TableName="orders", Item=item, ConditionExpression=condition)

    return {
        "boto3, raw dicts": put,
        "Core insert": lambda: connection.execute(sa.insert(writes.Order), writes.row(next(numbers))),
    }


def flushing(host: str, way: str) -> Cases:
    """25 objects in one transaction, beside a batch and a transaction by hand."""
    client, engine = clients(host, way, "READ COMMITTED")
    numbers = itertools.count()

    def rows() -> list[dict[str, Any]]:
        return [writes.row(number) for number in itertools.islice(numbers, 25)]

    def transaction() -> object:
        condition = {"TableName": "orders", "ConditionExpression": "attribute_not_exists(pk)"}
        puts = [{"Put": {"Item": writes.wire(values), **condition}} for values in rows()]
        return client.transact_write_items(TransactItems=puts)

    def flush() -> None:
        with Session(engine) as session:
            session.add_all([writes.Order(**values) for values in rows()])
            session.commit()

    return {
        "boto3, batch_write": lambda: writes.written_by_hand(client, rows()),
        "boto3, transact": transaction,
        "ORM flush": flush,
    }


def ratios(found: Cases, rounds: int, calls: int) -> dict[str, float]:
    """The median ratio of each case's CPU time to the first one's."""
    taken: dict[str, list[float]] = {name: [] for name in found}
    for case in found.values():
        case()
    for _ in range(rounds):
        for name, case in found.items():
            gc.collect()
            started = time.process_time()
            for _ in range(calls):
                case()
            taken[name].append(time.process_time() - started)
    base = next(iter(taken.values()))
    return {
        name: statistics.median(one / other for one, other in zip(each, base, strict=True))
        for name, each in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--client", choices=("lean", "plain"), default="lean")
    arguments = parser.parse_args()
    way = arguments.client
    with canned() as host:
        measured = (
            ("GetItem", reading_one(host, way), 40),
            ("Query of 100 rows", reading(host, way, 100), 12),
            ("Query of 1000 rows", reading(host, way, 1000), 3),
            ("PutItem", writing_one(host, way), 40),
            ("25 objects", flushing(host, way), 10),
        )
        for what, found, calls in measured:
            for name, ratio in ratios(found, arguments.rounds, calls).items():
                print(f"{what:20} {name:20} {ratio:.2f}")


if __name__ == "__main__":
    main()
