"""One process of the bank: threads that move money between accounts while requests fail.

Run as ``python -m tests.service.bank URL LEVEL TABLE WORKER THREADS TRANSFERS RATE``; it prints what became of each
attempt, as JSON. Each attempt inserts a row of its own with the transfer, in the same transaction.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm import errors
from tests.faults import Faults

ACCOUNTS = 40
START = 1000
REFUSED = (errors.StaleRow, errors.SerializationError, errors.Throttled, errors.ServiceUnavailable)
"""The errors after which nothing was applied, and a transaction is run again."""


class Base(DeclarativeBase):
    pass


class Versioned(Base):
    __tablename__ = "versioned"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    balance: Mapped[int]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


class Plain(Base):
    __tablename__ = "plain"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    balance: Mapped[int]


class Transfer(Base):
    __tablename__ = "transfers"
    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[int]
    target: Mapped[int]
    amount: Mapped[int]


MODELS: dict[str, Any] = {"versioned": Versioned, "plain": Plain}


def move(session: Session, model: Any, transfer: Transfer, *, together: bool) -> None:
    """Take from one account and give to another."""
    ids = [transfer.source, transfer.target]
    if together:
        session.scalars(sa.select(model).where(model.id.in_(ids))).all()
    source, target = (session.get_one(model, each) for each in ids)
    source.balance -= transfer.amount
    target.balance += transfer.amount
    session.add(transfer)
    session.commit()


class Teller:
    """A thread's work: so many transfers, each tried until it is done or nobody knows whether it is."""

    def __init__(self, engine: sa.Engine, model: Any, name: str, seed: int) -> None:
        self._engine = engine
        self._model = model
        self._name = name
        self._random = random.Random(seed)
        self.became: dict[str, list[str]] = defaultdict(list)
        self.errors: list[str] = []

    def work(self, transfers: int) -> None:
        for number in range(transfers):
            source, target = self._random.sample(range(ACCOUNTS), 2)
            amount = self._random.randint(1, 9)
            attempt = 0
            while self._refused(
                Transfer(id=f"{self._name}-{number}-{attempt}", source=source, target=target, amount=amount)
            ):
                attempt += 1

    def _refused(self, transfer: Transfer) -> bool:
        name = transfer.id
        try:
            with Session(self._engine) as session:
                move(session, self._model, transfer, together=self._random.random() < 0.5)
        except exc.DBAPIError as error:
            kind = error.orig
            if isinstance(kind, errors.OutcomeUnknown):
                self.became["unknown"].append(name)
                return False
            if not isinstance(kind, REFUSED):
                self.errors.append(f"{type(kind).__name__}: {error}")
                return False
            self.became[f"refused {type(kind).__name__}"].append(name)
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
            self.errors.append(f"{type(error).__name__}: {error}")
            return False
        self.became["done"].append(name)
        return False


def main(url: str, level: Any, table: str, worker: str, threads: str, transfers: str, rate: str) -> None:
    engine = sa.create_engine(url, isolation_level=level, pool_size=int(threads))
    seeds = range(int(threads))
    tellers = [Teller(engine, MODELS[table], f"{worker}-{seed}", int(worker) * 1000 + seed) for seed in seeds]
    faults = Faults(seed=int(worker), rate=float(rate))
    with faults.injected():
        running = [threading.Thread(target=teller.work, args=(int(transfers),)) for teller in tellers]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    engine.dispose()
    became: dict[str, list[str]] = defaultdict(list)
    for teller in tellers:
        for how, names in teller.became.items():
            became[how] += names
    failed = [error for teller in tellers for error in teller.errors]
    met = {kind.name: count for kind, count in faults.met.items()}
    sys.stdout.write(json.dumps({"became": became, "errors": failed, "faults": met}))


if __name__ == "__main__":
    main(*sys.argv[1:])
