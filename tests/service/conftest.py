"""Fixtures of the service tests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.service.project import Project


@pytest.fixture
def project(tmp_path: Path, local_url: str) -> Iterator[Project]:
    command.init(Config(str(tmp_path / "alembic.ini"), stdout=io.StringIO()), str(tmp_path / "migrations"))
    found = Project(tmp_path, local_url, sa.create_engine(local_url))
    yield found
    found.engine.dispose()
