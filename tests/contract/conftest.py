"""SQLAlchemy's pytest plugin, the named tests that cannot pass yet, and the count that must not fall.

The plugin takes over the collection: here a test is a method of a ``TestBase``, and this folder is run by itself.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.testing.plugin import pytestplugin
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F403 - its hooks and fixtures

from tests.contract.not_yet import REFUSALS, reason_for
from tests.contract.results import Results

collect_ignore = ["alembic_suite"]  # test_alembic_suite.py runs it
_plugin: Any = pytestplugin  # it is not typed
RESULTS = pytest.StashKey[Results]()

for _driver in ("aio", "boto3", "local"):
    registry.register(f"dynamodb.{_driver}", f"sqlalchemy_dynamorm.dialect.{_driver}", f"{_driver.title()}Dialect")


def pytest_configure(config: pytest.Config) -> None:  # type: ignore[no-redef]
    _plugin.pytest_configure(config)
    config.stash[RESULTS] = Results()
    config.pluginmanager.register(config.stash[RESULTS])


def pytest_collection_modifyitems(  # type: ignore[no-redef]
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    _plugin.pytest_collection_modifyitems(session, config, items)
    for item in items:
        reason = reason_for(item.nodeid)
        if reason is not None:
            # Strict: one that passes has to leave the list. And it must fail by a refusal, not by a wrong answer.
            item.add_marker(pytest.mark.xfail(reason=reason, raises=REFUSALS[reason], strict=True))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """No traceback of a failure that is expected: formatting a thousand of them takes longer than the tests."""
    style = item.config.option.tbstyle
    item.config.option.tbstyle = style if reason_for(item.nodeid) is None else "line"
    try:
        return (yield)
    finally:
        item.config.option.tbstyle = style


def pytest_sessionfinish(session: pytest.Session) -> None:  # type: ignore[no-redef]
    _plugin.pytest_sessionfinish(session)
    complaint = session.config.stash[RESULTS].complaint()
    if complaint is not None:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        assert terminal is not None
        terminal.ensure_newline()
        terminal.write_line(complaint, red=True)
