"""What transactions cost: a flush of 100 objects, and transactions a second with 8 threads, on the embedded server.

Run ``python benchmarks/transactions.py``. The flush is given in milliseconds and calls, and as a ratio to
``transact_write_items`` by hand; the threads as transactions a second, of two reads and two writes each, beside the
same by boto3, because most of both is the server's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import sqlalchemy as sa
from botocore.config import Config
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import count_calls

OBJECTS, ROUNDS = 100, 7
THREADS, EACH, ACCOUNTS = 8, 25, 400


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    balance: Mapped[int]


def account(number: int, prefix: str) -> dict[str, Any]:
    return {"id": f"{prefix}-{number}", "name": f"account {number}", "balance": 100}


def wire(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": {"S": row["id"]}, "name": {"S": row["name"]}, "balance": {"N": str(row["balance"])}}


def by_hand(engine: sa.Engine) -> Any:
    """boto3's client of the engine's server, as anyone makes it."""
    dialect: Any = engine.dialect
    there = dialect.client._connected().client.meta
    return boto3.client(
        "dynamodb",
        endpoint_url=there.endpoint_url,
        region_name=there.region_name,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=THREADS),
    )


def least(run: Callable[[], object]) -> float:
    """The shortest of some rounds, in seconds."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return min(found)


def flush(engine: sa.Engine) -> None:
    prefix = uuid.uuid4().hex
    with Session(engine) as session:
        session.add_all(Account(**account(number, prefix)) for number in range(OBJECTS))
        session.commit()


def flush_by_hand(client: Any, table: str) -> None:
    prefix = uuid.uuid4().hex
    rows = [wire(account(number, prefix)) for number in range(OBJECTS)]
    condition = "attribute_not_exists(id)"
    puts = [{"Put": {"TableName": table, "Item": row, "ConditionExpression": condition}} for row in rows]
    client.transact_write_items(TransactItems=puts)


def move(engine: sa.Engine, source: str, target: str) -> None:
    with Session(engine) as session:
        first, second = session.get_one(Account, source), session.get_one(Account, target)
        first.balance -= 1
        second.balance += 1
        session.commit()


def move_by_hand(client: Any, table: str, source: str, target: str) -> None:
    updates = []
    for key, change in ((source, -1), (target, 1)):
        found = client.get_item(TableName=table, Key={"id": {"S": key}}, ConsistentRead=True)["Item"]
        updates.append(
            {
                "Update": {
                    "TableName": table,
                    "Key": {"id": {"S": key}},
                    "UpdateExpression": "SET balance = :b",
                    "ConditionExpression": "attribute_exists(id)",
                    "ExpressionAttributeValues": {":b": {"N": str(int(found["balance"]["N"]) + change)}},
                }
            }
        )
    client.transact_write_items(TransactItems=updates)


def a_second(run: Callable[[str, str], None]) -> float:
    """Transactions a second with all threads, each on accounts of its own."""

    def work(thread: int) -> None:
        for number in range(EACH):
            at = thread * EACH * 2 + number * 2
            run(f"bank-{at}", f"bank-{at + 1}")

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    return THREADS * EACH / (time.perf_counter() - began)


def main() -> None:
    engine = sa.create_engine("dynamodb+local://", pool_size=THREADS)
    Base.metadata.create_all(engine)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.insert(Account), [account(number, "bank") for number in range(ACCOUNTS)])
    client = by_hand(engine)
    with count_calls(engine) as calls:
        flush(engine)
    ours, theirs = least(lambda: flush(engine)), least(lambda: flush_by_hand(client, "accounts"))
    sent = ", ".join(calls.operations)
    print(f"flush of {OBJECTS} objects: {sent}; {ours * 1000:.0f} ms, {ours / theirs:.2f} times that by hand")
    moved = a_second(lambda source, target: move(engine, source, target))
    moved_by_hand = a_second(lambda source, target: move_by_hand(client, "accounts", source, target))
    print(f"{THREADS} threads: {moved:.0f} transactions a second, by hand {moved_by_hand:.0f}")
    engine.dispose()


if __name__ == "__main__":
    main()
