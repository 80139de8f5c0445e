"""28,000 airports on DynamoDB: ``python examples/airports/run.py``, or ``make demo``.

It makes a table by Alembic, loads the airports, reads, changes and indexes them, and drops the table again. Each step
prints its statement, its plan and the API calls it made, and stops if they are not the ones it promised.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from demo import data, migrate, steps
from demo.report import Report
from sqlalchemy import create_engine, inspect

EMBEDDED = "dynamodb+local:///?name=airports"
FEWEST = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=EMBEDDED, help="the engine's URL (default: %(default)s, an embedded server)")
    parser.add_argument("--limit", type=int, metavar="N", help=f"load only N airports, {FEWEST} or more")
    parser.add_argument(
        "--autocommit",
        action="store_true",
        help="load one by one, not in transactions of 100: half the write units on AWS, a hundred times the requests",
    )
    options = parser.parse_args()
    if options.limit is not None and options.limit < FEWEST:
        parser.error(f"--limit takes {FEWEST} or more")
    run(options.url, options.limit, steps.load if options.autocommit else steps.load_in_transactions)


def run(url: str, limit: int | None, load: Callable[[Report, list[data.Row]], None]) -> None:
    started = time.perf_counter()
    engine = create_engine(url)
    if inspect(engine).has_table("airports"):
        sys.exit(f"There is a table airports already at {engine.url!r}; this program would drop it.")
    print(f"Alembic: upgrade to v1, which makes the table, at {engine.url!r}")
    migrate.upgrade(url, "v1")
    try:
        rows = data.airports(limit)
        report = Report(engine)
        loading = time.perf_counter()
        load(report, rows)
        loaded = time.perf_counter() - loading
        steps.check_count(engine, len(rows))
        steps.read(report, rows)
        steps.write(report)
        steps.transact(report)
        steps.migrated(report, url)
    finally:
        migrate.downgrade(url, "base")
        engine.dispose()
    print(
        f"\nLoaded {len(rows):,} airports in {loaded:.1f} s ({len(rows) / loaded:,.0f} a second); every step made the "
        f"calls it promised; {time.perf_counter() - started:.1f} s in all."
    )


if __name__ == "__main__":
    main()
