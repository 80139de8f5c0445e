"""What writing costs here: bulk loads, one insert, a flush, each beside boto3 with items in wire form.

Run ``python benchmarks/writes.py``. A canned server answers, in a process of its own. CPU and time are given, the least
of some rounds, and as ratios to the hand-written loop over ``batch_write_item`` (or to ``put_item``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import sqlalchemy as sa
from canned import canned
from sqlalchemy import orm

from sqlalchemy_dynamorm import insert

ROWS = 10_000
ROUNDS = 3


class Base(orm.DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    pk: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    sk: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    qty: orm.Mapped[int]
    price: orm.Mapped[str]
    active: orm.Mapped[bool]


def row(number: int) -> dict[str, Any]:
    return {
        "pk": f"customer#{number % 100:08}",
        "sk": f"order#{number:08}",
        "title": f"A fairly ordinary order title number {number}, with some text",
        "qty": number % 1000,
        "price": f"{number % 500 + 1}.{number % 100:02}",
        "active": number % 2 == 0,
    }


def wire(values: dict[str, Any]) -> dict[str, Any]:
    """What a program that has only boto3 writes by hand."""
    return {
        "pk": {"S": values["pk"]},
        "sk": {"S": values["sk"]},
        "title": {"S": values["title"]},
        "qty": {"N": str(values["qty"])},
        "price": {"S": values["price"]},
        "active": {"BOOL": values["active"]},
    }


def written_by_hand(client: Any, rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), 25):
        left = {"orders": [{"PutRequest": {"Item": wire(values)}} for values in rows[at : at + 25]]}
        while left:
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")


def measured(work: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """The least CPU time and the least time."""
    found = []
    for _ in range(rounds):
        cpu, clock = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - cpu, time.perf_counter() - clock))
    return min(cpu for cpu, _ in found), min(clock for _, clock in found)


def show(name: str, taken: tuple[float, float], base: tuple[float, float]) -> None:
    cpu, clock = taken
    print(f"{name:44} {cpu * 1000:9.2f} ms CPU {clock * 1000:9.2f} ms {cpu / base[0]:6.2f} {clock / base[1]:6.2f}")


def bulk(client: Any, engine: sa.Engine) -> None:
    rows = [row(number) for number in range(ROWS)]
    with engine.connect() as connection:
        base = measured(lambda: written_by_hand(client, rows))
        show(f"{ROWS} rows, boto3 batch_write_item", base, base)
        replacing, plain = insert(Order).on_conflict_replace(), sa.insert(Order)
        for name, statement in (("replace", replacing), ("insert", plain)):
            show(f"{ROWS} rows, {name}", measured(lambda s=statement: connection.execute(s, rows)), base)  # type: ignore[misc]


def many(work: Callable[[int], object], times: int) -> tuple[float, float]:
    cpu, clock = measured(lambda: [work(number) for number in range(times)])
    return cpu / times, clock / times


def single(client: Any, engine: sa.Engine) -> None:
    condition = "attribute_not_exists(pk)"
    base = many(lambda n: client.put_item(TableName="orders", Item=wire(row(n)), ConditionExpression=condition), 500)
    show("one row, boto3 put_item", base, base)
    with engine.connect() as connection:
        show("one row, insert", many(lambda n: connection.execute(sa.insert(Order), row(n)), 500), base)


def flush(client: Any, engine: sa.Engine) -> None:
    base = many(lambda n: written_by_hand(client, [row(n * 25 + each) for each in range(25)]), 100)
    show("25 rows, boto3 batch_write_item", base, base)

    def flushed(number: int) -> None:
        with orm.Session(engine) as session:
            session.add_all([Order(**row(number * 25 + each)) for each in range(25)])
            session.commit()

    show("25 objects, flush and commit", many(flushed, 100), base)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        replacing = insert(Order).on_conflict_replace()
        many25 = many(lambda n: connection.execute(replacing, [row(n * 25 + each) for each in range(25)]), 100)
        show("25 rows, replace", many25, base)


def main() -> None:
    with canned() as address:
        client = boto3.client(
            "dynamodb",
            endpoint_url=f"http://{address}",
            region_name="us-east-1",
            aws_access_key_id="dummykey",
            aws_secret_access_key="dummysecret",
        )
        engine = sa.create_engine(f"dynamodb://dummykey:dummysecret@{address}/?region=us-east-1")
        print(f"{'':44} {'':28} {'':13} ratios")
        bulk(client, engine.execution_options(isolation_level="AUTOCOMMIT"))
        single(client, engine.execution_options(isolation_level="AUTOCOMMIT"))
        flush(client, engine)
        engine.dispose()


if __name__ == "__main__":
    main()
