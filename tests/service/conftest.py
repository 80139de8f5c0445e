"""Fixtures of the service tests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.orm import Session

from tests.servers import Server
from tests.service.project import Project
from tests.service.sessions import Open


@pytest.fixture
def project(tmp_path: Path, local_url: str) -> Iterator[Project]:
    command.init(Config(str(tmp_path / "alembic.ini"), stdout=io.StringIO()), str(tmp_path / "migrations"))
    found = Project(tmp_path, local_url, sa.create_engine(local_url))
    yield found
    found.engine.dispose()


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, ministack: Server) -> Iterator[sa.Engine]:
    """An engine with the tables of the module's ``Base``, made once; its tests put the rows there that they want."""
    name = request.module.__name__.rpartition("test_")[2].replace("_", "-")
    engine = sa.create_engine(f"dynamodb+local:///?name=tests&default_schema={name}&system_table={name}-system")
    metadata: sa.MetaData = request.module.Base.metadata
    metadata.create_all(engine)
    yield engine
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def opened(engine: sa.Engine) -> Iterator[Open]:
    """Opens sessions of an isolation level, on the module's ``engine``; they are closed after the test."""
    sessions: list[Session] = []

    def open_(level: str) -> Session:
        sessions.append(Session(engine.execution_options(isolation_level=level)))
        return sessions[-1]

    yield open_
    for session in sessions:
        session.close()
