from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from configparser import ConfigParser
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.ddl.impl import _impls
from alembic.runtime.migration import MigrationContext
from alembic.runtime.plugins import Plugin, _all_plugins
from alembic.util import PriorityDispatcher

import alembic_ext
from alembic_ext import plugin

ROOT = Path(alembic_ext.__file__).parents[1]
NAME = "alembic.autogenerate.dynamodb"

# Alembic loads its plugins while it is being imported itself, so each way in is another order of imports.
WAYS_IN = ["alembic", "alembic.ddl.impl", "alembic_ext", "alembic_ext.plugin"]


@pytest.mark.parametrize("module", WAYS_IN)
def test_importing_it_registers_the_dialect_and_loads_nothing_heavy(module: str) -> None:
    code = f"""
import sys
import {module}, alembic_ext.plugin
from alembic.ddl.impl import _impls
assert _impls["dynamodb"] is sys.modules["alembic_ext.impl"].DynamoDBImpl
heavy = {{"boto3", "botocore", "sqlglot", "msgspec"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT)


def test_the_entry_point_is_this_module() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["options.entry_points"]["alembic.plugins"].strip() == f"{NAME} = alembic_ext.plugin"
    assert _impls["dynamodb"] is alembic_ext.DynamoDBImpl


def test_versions_of_alembic_that_iterate_over_an_entry_point_find_it() -> None:
    assert isinstance(plugin, Iterable)
    assert list(plugin) == [plugin]


@pytest.fixture
def installed() -> None:
    """The plugin as Alembic's entry points give it; a checkout that is only on the path has none."""
    if NAME not in _all_plugins:
        Plugin.setup_plugin_from_module(plugin, NAME)


@pytest.mark.usefixtures("installed")
def test_the_default_pattern_of_alembic_includes_it() -> None:
    Plugin.populate_autogenerate_priority_dispatch(PriorityDispatcher(), ["alembic.autogenerate.*"])
    Plugin.populate_autogenerate_priority_dispatch(PriorityDispatcher(), [NAME])


@pytest.mark.usefixtures("installed")
def test_other_databases_are_compared_as_ever() -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        [difference] = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert difference[0] == "add_table"
