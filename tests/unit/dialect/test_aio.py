from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if os.environ.get("CI") != "true":
    pytest.importorskip("greenlet")

import sqlalchemy as sa
from sqlalchemy import exc, pool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_engine_from_config, create_async_engine

from sqlalchemy_dynamorm.client.tasks import Tasks
from sqlalchemy_dynamorm.dialect.aio import AioDialect, AioLocalDialect
from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.errors import InterfaceError

ROOT = Path(__file__).resolve().parents[3]


def dialect_of(engine: AsyncEngine) -> DynamoDBDialect:
    dialect = engine.sync_engine.dialect
    assert isinstance(dialect, DynamoDBDialect)
    return dialect


@pytest.mark.parametrize(
    ("url", "dialect", "driver"),
    [
        ("dynamodb://eu-west-1", AioDialect, "aio"),
        ("dynamodb+boto3://eu-west-1", AioDialect, "aio"),
        ("dynamodb+aio://eu-west-1", AioDialect, "aio"),
        ("dynamodb+local://", AioLocalDialect, "local"),
        ("dynamorm://eu-west-1", AioDialect, "aio"),
        ("dynamorm+aio://eu-west-1", AioDialect, "aio"),
        ("dynamorm+local:////tmp/x", AioLocalDialect, "local"),
    ],
)
def test_each_form_of_the_url_has_an_async_engine(url: str, dialect: type[DynamoDBDialect], driver: str) -> None:
    engine = create_async_engine(url)
    found = dialect_of(engine)
    assert (type(found), found.name, found.driver) == (dialect, "dynamodb", driver)
    assert isinstance(engine.pool, pool.AsyncAdaptedQueuePool)


@pytest.mark.parametrize("form", ["dynamodb://", "dynamodb+aio://"])
def test_the_targets_and_options_are_the_same(form: str) -> None:
    url = f"{form}key:secret@localhost:8000/staging?scan=allow&max_parallel=3"
    plain = sa.create_engine(url.replace("+aio", "")).dialect
    assert isinstance(plain, DynamoDBDialect)
    assert dialect_of(create_async_engine(url)).settings == plain.settings
    assert dialect_of(create_async_engine("dynamodb+local:////data")).settings.folder == "/data"
    assert dialect_of(create_async_engine(url, scan="warn")).settings.plan.scan == "warn"


def test_an_engine_from_a_configuration() -> None:
    engine = async_engine_from_config(
        {"sqlalchemy.url": "dynamodb+aio://eu-west-1", "sqlalchemy.max_parallel": "2"}, poolclass=pool.NullPool
    )
    assert dialect_of(engine).settings.max_parallel == 2


def test_options_are_checked_as_without_asyncio() -> None:
    with pytest.raises(InterfaceError, match="unknown option 'nothing'"):
        create_async_engine("dynamodb+aio://eu-west-1?nothing=1")
    with pytest.raises(TypeError, match="nothing"):
        create_async_engine("dynamodb+aio://eu-west-1", nothing=1)


def test_a_plain_engine_of_the_plain_url_is_none_for_asyncio() -> None:
    with pytest.raises(exc.InvalidRequestError, match="async"):
        AsyncEngine(sa.create_engine("dynamodb://eu-west-1"))


async def client_of(connection: AsyncConnection) -> object:
    raw: Any = (await connection.get_raw_connection()).driver_connection
    return raw.client


def test_connecting_costs_no_call_and_one_engine_has_one_client() -> None:
    async def connected() -> None:
        engine = create_async_engine("dynamodb+aio://k:s@localhost:9", max_parallel=5, max_pool_connections=7)
        async with engine.connect() as one, engine.connect() as two:
            clients = [(await client_of(each)) for each in (one, two)]
            assert await one.scalar(sa.text("SELECT 1")) == 1
        await engine.dispose()
        client = dialect_of(engine).client
        assert clients == [client, client]
        assert client is not None
        assert isinstance(client._concurrency, Tasks)

    asyncio.run(connected())


@pytest.mark.parametrize("url", ["dynamodb://eu-west-1", "dynamodb+local://"])
def test_a_plain_engine_loads_nothing_of_asyncio(url: str) -> None:
    script = (
        "import sys, sqlalchemy as sa\n"
        f"engine = sa.create_engine({url!r})\n"
        "with engine.connect() as connection: connection.execute(sa.text('SELECT 1'))\n"
        "ours = {'sqlalchemy_dynamorm.dialect.aio', 'sqlalchemy_dynamorm.client.tasks'}\n"
        "print(*sorted(ours & set(sys.modules)), 'sqlalchemy.ext.asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
