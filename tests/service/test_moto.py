"""An ordinary engine works under moto's ``mock_aws``, with which users test."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from botocore.handlers import BUILTIN_HANDLERS
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sqlalchemy_dynamorm.dbapi import connect
from sqlalchemy_dynamorm.errors import DuplicateKey


@pytest.fixture(scope="module", autouse=True)
def moto() -> Iterator[None]:
    """Once moto is imported every new client has its hook, and goes botocore's way: no other test is to be so."""
    before = list(BUILTIN_HANDLERS)
    importlib.import_module("moto")
    yield
    BUILTIN_HANDLERS[:] = before


@pytest.fixture(autouse=True)
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS as moto plays it, with credentials that are none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    from moto import mock_aws

    with mock_aws():
        yield


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    balance: Mapped[Decimal | None]


def test_an_engine_works_under_moto() -> None:
    engine = sa.create_engine("dynamodb://eu-west-1")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Account(id="a", owner="ada", balance=Decimal("1.50")), Account(id="b", owner="ada")])
        session.commit()
        found = session.scalars(sa.select(Account).where(Account.owner == "ada")).all()
        assert sorted((one.id, one.balance) for one in found) == [("a", Decimal("1.50")), ("b", None)]
        session.delete(found[0])
        session.commit()
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == 1
    assert sa.inspect(engine).get_table_names() == ["accounts"]
    Base.metadata.drop_all(engine)
    engine.dispose()


def test_a_plain_connection_works_under_moto() -> None:
    with connect(region="eu-west-1") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE things (id INTEGER NOT NULL, name VARCHAR, PRIMARY KEY (id))")
        cursor.executemany(
            "INSERT INTO things (id, name) VALUES (:id, :name)", [{"id": n, "name": "x"} for n in (1, 2)]
        )
        connection.commit()
        cursor.execute("SELECT name FROM things WHERE id IN (1, 2, 3)")
        assert cursor.fetchall() == [("x",), ("x",)]
        cursor.execute("INSERT INTO things (id) VALUES (1)")
        cursor.execute("INSERT INTO things (id) VALUES (3)")
        with pytest.raises(DuplicateKey):
            connection.commit()
        cursor.execute("SELECT count(*) FROM things")
        assert cursor.fetchone() == (2,)
