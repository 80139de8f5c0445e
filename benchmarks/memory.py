"""The memory of a Scan of 1,000,000 rows that is read with ``stream_results``: flat, whatever is still to come.

Run ``python benchmarks/memory.py``. It prints the peak memory of this process after 10,000 rows and at the end.
"""

from __future__ import annotations

import resource

import sqlalchemy as sa
from canned import PAGES, canned

TABLE = sa.Table(
    "stream",
    sa.MetaData(),
    sa.Column("pk", sa.String, primary_key=True),
    sa.Column("sk", sa.String, primary_key=True),
    sa.Column("title", sa.String),
    sa.Column("qty", sa.Integer),
)


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    with canned() as host:
        engine = sa.create_engine(f"dynamodb://dummykey:dummysecret@{host}/?region=us-east-1")
        with engine.connect().execution_options(stream_results=True) as connection:
            count, early = 0, 0.0
            for _ in connection.execute(sa.select(TABLE)):
                count += 1
                if count == 10_000:
                    early = peak()
    assert count == PAGES * 1000
    print(f"after 10,000 rows {early:.0f} MB, after {count:,} rows {peak():.0f} MB, ratio {peak() / early:.2f}")


if __name__ == "__main__":
    main()
