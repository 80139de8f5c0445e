"""SQLAlchemy's pytest plugin for Alembic's suite, which has requirements of its own and so a process of its own."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.ddl.impl import _impls
from sqlalchemy.dialects import registry
from sqlalchemy.testing.plugin import pytestplugin
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F403 - its hooks and fixtures

import alembic_ext
from alembic_ext import plugin
from alembic_ext.refusal import UnsupportedOperation

_plugin: Any = pytestplugin  # it is not typed
TRANSACTIONAL = frozenset(
    {
        "test_autocommit_block_transactional_ddl_sqlmode",
        "test_proxy_transaction_commit",
        "test_proxy_transaction_contextmanager_commit",
        "test_proxy_transaction_contextmanager_explicit_commit",
        "test_proxy_transaction_contextmanager_explicit_rollback",
        "test_proxy_transaction_contextmanager_rollback",
        "test_proxy_transaction_rollback",
        "test_transaction_per_all_transactional_ddl",
        "test_transaction_per_migration_transactional_ddl",
    }
)

for _driver in ("boto3", "local"):
    registry.register(f"dynamodb.{_driver}", f"sqlalchemy_dynamorm.dialect.{_driver}", f"{_driver.title()}Dialect")
assert _impls["dynamodb"] is alembic_ext.DynamoDBImpl


@pytest.fixture(autouse=True, scope="session")
def installed() -> None:
    """The plugin as Alembic's entry points give it; a checkout that is only on the path has none."""
    from alembic.runtime.plugins import Plugin, _all_plugins

    name = "alembic.autogenerate.dynamodb"
    if name not in _all_plugins:
        Plugin.setup_plugin_from_module(plugin, name)


def pytest_collection_modifyitems(  # type: ignore[no-redef]
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    _plugin.pytest_collection_modifyitems(session, config, items)
    for item in items:
        if item.name in TRANSACTIONAL:
            item.add_marker(
                pytest.mark.xfail(
                    reason="DDL is not transactional: context.configure(transactional_ddl=True) is refused",
                    raises=UnsupportedOperation,
                    strict=True,
                )
            )
