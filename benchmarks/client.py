"""What reading costs this process: cursor, Core and ORM as ratios to the boto3 client's raw dicts, in one run.

Run ``python benchmarks/client.py``. Each line is the median over rounds of CPU time a call, divided by boto3's in the
same round: ratios hold from machine to machine, times do not. The goals are in the issue: 1,000 rows through the
cursor at most 0.30, through the ORM at most 0.45.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3
import sqlalchemy as sa
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


def cases(host: str, count: int) -> dict[str, Case]:
    """What is measured: a Query of ``count`` rows, of one row a GetItem too."""
    client: Any = boto3.client(
        "dynamodb",
        endpoint_url=f"http://{host}",
        region_name="us-east-1",
        aws_access_key_id="dummykey",
        aws_secret_access_key="dummysecret",
    )
    engine = sa.create_engine(f"dynamodb://dummykey:dummysecret@{host}/?region=us-east-1", isolation_level="AUTOCOMMIT")
    entity = model(count)
    table = entity.__table__
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "customer#00000007"}}}
    core, values = sa.select(table).where(table.c.pk == sa.bindparam("pk")), {"pk": "customer#00000007"}
    connection = engine.connect()
    raw: Any = connection.connection.dbapi_connection
    statement = core.compile(engine).prepared({})  # type: ignore[attr-defined]
    query = sa.select(entity).where(entity.pk == values["pk"])
    key = {"pk": {"S": values["pk"]}, "sk": {"S": "order#2026-01-08#00000007"}}

    def orm() -> object:
        with Session(engine) as session:
            return session.scalars(query).all()

    def get() -> object:
        with Session(engine) as session:
            return session.get(entity, (values["pk"], "order#2026-01-08#00000007"))

    found: dict[str, Case] = {
        "boto3, raw dicts": lambda: client.query(TableName=f"b{count}", **condition)["Items"],
        "cursor": lambda: raw.cursor().execute(statement, values).fetchall(),
        "Core": lambda: connection.execute(core, values).all(),
        "ORM": orm,
    }
    if count == 1:
        found["boto3, raw dicts"] = lambda: client.get_item(TableName="b1", Key=key)["Item"]
        found["ORM"] = get
    return found


def ratios(found: dict[str, Case], rounds: int, calls: int) -> dict[str, float]:
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
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with canned() as host:
        for count, calls in ((1, 60), (100, 12), (1000, 3)):
            for name, ratio in ratios(cases(host, count), arguments.rounds, calls).items():
                print(f"{count:5} rows  {name:18} {ratio:.2f}")


if __name__ == "__main__":
    main()
