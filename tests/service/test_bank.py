"""Money is neither made nor lost, whatever fails: two processes of eight threads, a tenth of all requests faulty.

CI moves little. ``DYNAMORM_TRANSFERS=10000`` moves so often on each level, and prints what happened.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.servers import Server
from tests.service.bank import ACCOUNTS, MODELS, START, Base, Transfer

TRANSFERS = int(os.environ.get("DYNAMORM_TRANSFERS", "0"))
PROCESSES, THREADS, RATE = 2, 8, 0.1


@pytest.fixture
def url(ministack: Server, schema: str) -> Iterator[str]:
    url = ministack.url(schema, scan="allow")
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(model(id=number, balance=START) for model in MODELS.values() for number in range(ACCOUNTS))
        session.commit()
    yield url
    Base.metadata.drop_all(engine)
    engine.dispose()


def _run(url: str, level: str, table: str, each: int) -> dict[str, Any]:
    """What became of the attempts of all processes."""
    fixed = [sys.executable, "-m", "tests.service.bank", url, level, table]
    workers = [
        subprocess.Popen([*fixed, str(n), str(THREADS), str(each), str(RATE)], stdout=subprocess.PIPE, text=True)
        for n in range(1, PROCESSES + 1)
    ]
    outputs = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    became: dict[str, list[str]] = {}
    faults: Counter[str] = Counter()
    for output in map(json.loads, outputs):
        assert output["errors"] == []
        faults.update(output["faults"])
        for how, names in output["became"].items():
            became.setdefault(how, []).extend(names)
    return {"became": became, "faults": faults}


@pytest.mark.parametrize(("level", "table"), [("READ COMMITTED", "versioned"), ("REPEATABLE READ", "plain")])
def test_the_sum_stays_and_no_transfer_is_lost_or_doubled(url: str, level: str, table: str) -> None:
    each = -(-TRANSFERS // (PROCESSES * THREADS)) or 4
    began = time.monotonic()
    found = _run(url, level, table, each)
    took, became = time.monotonic() - began, found["became"]
    engine = sa.create_engine(url)
    with Session(engine) as session:
        model = MODELS[table]
        balances = {row.id: row.balance for row in session.scalars(sa.select(model))}
        transfers = {row.id: row for row in session.scalars(sa.select(Transfer))}
    engine.dispose()
    done, unknown = set(became.get("done", ())), set(became.get("unknown", ()))
    if TRANSFERS:
        told = {how: len(names) for how, names in became.items()}
        sys.stdout.write(
            f"\n{level}: {told}, {len(transfers)} applied in {took:.0f} s, faults {dict(found['faults'])}\n"
        )
    assert sum(balances.values()) == ACCOUNTS * START
    assert done <= transfers.keys() <= done | unknown
    moved = dict.fromkeys(range(ACCOUNTS), START)
    for transfer in transfers.values():
        moved[transfer.source] -= transfer.amount
        moved[transfer.target] += transfer.amount
    assert balances == moved
    assert len(done) + len(unknown) == each * THREADS * PROCESSES
    assert len(found["faults"]) >= 5, "faults of several kinds were to happen"
