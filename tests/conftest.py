"""Fixtures of every tier: which servers to use, a fresh schema for each test, and a count of API calls."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import servers
from tests.servers import Server

SERVERS = ("ministack", "dynalite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--server",
        choices=(*SERVERS, "all"),
        default="all",
        help="the server that tests with the `server` fixture run on (default: each in turn)",
    )
    parser.addoption(
        "--client",
        choices=("lean", "plain"),
        help="how the engines of the `url` and `local_url` fixtures send their requests (default: as any engine does)",
    )
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the plans and requests of the golden cases anew, to be read before they are committed",
    )


def pytest_configure() -> None:
    os.environ.setdefault("DYNAMORM_LOCAL_HOME", str(servers.ROOT / ".local"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", _chosen(metafunc.config), indirect=True, scope="session")


def _chosen(config: pytest.Config) -> tuple[str, ...]:
    choice = config.getoption("--server")
    return SERVERS if choice == "all" else (choice,)


@pytest.fixture(autouse=True, scope="session")
def no_aws_account() -> Iterator[None]:
    """No test may find the developer's own account, by environment, file or instance metadata."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def ministack(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The embedded server, for tests of what dynalite does not have."""
    yield from _running("ministack", servers.ministack(), request.config)


@pytest.fixture(scope="session")
def dynalite(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The cross-check server. Without Node its tests are skipped, but in CI that is an error."""
    yield from _running("dynalite", servers.dynalite(), request.config)


def _running(name: str, start: AbstractContextManager[Server], config: pytest.Config) -> Iterator[Server]:
    if name not in _chosen(config):
        pytest.skip(f"needs {name}, and --server chose another")
    try:
        server = start.__enter__()
    except servers.ServerMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    try:
        yield server
    finally:
        start.__exit__(None, None, None)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """Each server that --server chose: a test that asks for it runs once on each."""
    running = request.getfixturevalue(request.param)
    assert isinstance(running, Server)
    return running


@pytest.fixture
def schema() -> str:
    """A schema no other test has. The servers outlive a test, so tables of one must not meet those of the next."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def url(request: pytest.FixtureRequest, server: Server, schema: str) -> str:
    """The URL of an engine on ``server`` with a schema of its own."""
    return server.url(schema, **_client(request))


@pytest.fixture
def local_url(request: pytest.FixtureRequest, ministack: Server, schema: str) -> str:
    """The embedded form of the URL: an engine made from it shares the process of the ``ministack`` fixture."""
    query = urlencode({"name": "tests", "default_schema": schema, **_client(request)})
    return f"dynamodb+local:///?{query}"


def _client(request: pytest.FixtureRequest) -> dict[str, str]:
    chosen = request.config.getoption("--client")
    return {} if chosen is None else {"client": chosen}


@dataclass
class Calls:
    """The API operations that were sent, in order; a retry counts, since it is sent."""

    operations: list[str] = field(default_factory=list)

    @property
    def count(self) -> Counter[str]:
        return Counter(self.operations)

    def clear(self) -> None:
        self.operations.clear()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What this process sends through botocore from here on, whichever engine sends it.

    It listens where botocore hands a signed request to its HTTP session: below every retry and above the socket.
    """
    from botocore.httpsession import URLLib3Session

    seen = Calls()
    send = URLLib3Session.send

    def counting(session: URLLib3Session, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"")
        text = target.decode() if isinstance(target, bytes) else target
        if text.startswith("DynamoDB"):
            seen.operations.append(text.partition(".")[2])
        return send(session, request)

    monkeypatch.setattr(URLLib3Session, "send", counting)
    return seen
