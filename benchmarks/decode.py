"""Decoding a Query page of 1000 items of 8 columns, as a ratio to json.loads and boto3's TypeDeserializer.

Run ``python benchmarks/decode.py --rounds 30``. Each line is the best CPU time of that many rounds divided by the
best of json.loads + TypeDeserializer in the same run: ratios hold from machine to machine, times do not.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.decode import RowDecoder

ITEMS = 1000
SCALARS = (
    Column("pk", Kind.STRING),
    Column("sk", Kind.STRING),
    Column("number", Kind.INTEGER),
    Column("price", Kind.DECIMAL),
    Column("score", Kind.FLOAT),
    Column("active", Kind.BOOLEAN),
    Column("note", Kind.STRING),
    Column("visits", Kind.INTEGER),
)
DOCUMENT = Column("document", Kind.DOCUMENT)


def scalar_item(number: int) -> dict[str, Any]:
    """An item of 8 scalar attributes, in wire form."""
    return {
        "pk": {"S": "tenant#42"},
        "sk": {"S": f"order#{number:08}"},
        "number": {"N": str(number)},
        "price": {"N": f"{number}.95"},
        "score": {"N": f"{number / 7}"},
        "active": {"BOOL": number % 2 == 0},
        "note": {"S": "a note of some length"},
        "visits": {"N": str(number * 31)},
    }


def document_item(number: int) -> dict[str, Any]:
    """The same with a document of 6 values in place of the last scalar."""
    tags = {"L": [{"S": "red"}, {"S": "blue"}, {"N": "7"}]}
    document = {"M": {"city": {"S": "Bern"}, "floor": {"N": str(number % 9)}, "tags": tags, "open": {"BOOL": True}}}
    return {name: value for name, value in scalar_item(number).items() if name != "visits"} | {"document": document}


def page(make: Callable[[int], dict[str, Any]]) -> bytes:
    """The answer of a Query, as the service sends it."""
    items = [make(number) for number in range(ITEMS)]
    return json.dumps({"Items": items, "Count": ITEMS, "ScannedCount": ITEMS}, separators=(",", ":")).encode()


def boto3_rows(body: bytes) -> list[dict[str, Any]]:
    """What a program on boto3's client does to have Python values."""
    deserialize = TypeDeserializer().deserialize
    return [{name: deserialize(value) for name, value in item.items()} for item in json.loads(body)["Items"]]


def best(runs: list[Callable[[], Any]], rounds: int) -> list[float]:
    """The best CPU time of each run in seconds, the runs taking turns."""
    times = [float("inf")] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            start = time.process_time()
            run()
            times[index] = min(times[index], time.process_time() - start)
    return times


def report(name: str, body: bytes, columns: tuple[Column, ...], rounds: int) -> None:
    """Prints the ratios of one shape of items."""
    undeclared = tuple(Column(column.name, Kind.ANY) for column in columns)
    labels = ("json.loads + TypeDeserializer", "json.loads alone", "RowDecoder.page", "RowDecoder.page, undeclared")
    declared, anything = RowDecoder(columns), RowDecoder(undeclared)
    runs: list[Callable[[], Any]] = [
        lambda: boto3_rows(body),
        lambda: json.loads(body),
        lambda: declared.page(body),
        lambda: anything.page(body),
    ]
    times = best(runs, rounds)
    for label, spent in zip(labels, times, strict=True):
        print(f"{name:12} {label:30} {spent / times[0]:6.3f}")


def main() -> None:
    """Reads the arguments and prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="how often each is run (default 30)")
    rounds = parser.parse_args().rounds
    report("8 scalars", page(scalar_item), SCALARS, rounds)
    report("6 scalars", page(scalar_item), SCALARS[:6], rounds)
    report("7 + document", page(document_item), (*SCALARS[:7], DOCUMENT), rounds)


if __name__ == "__main__":
    main()
