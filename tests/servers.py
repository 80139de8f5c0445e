"""The servers that tests run against: each on a free port of 127.0.0.1, with its data in memory.

They take any credentials; the ones here are dummies and look it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy_dynamorm.client.embedded import acquire

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
KEY = "dummykey"
SECRET = "dummysecret"
REGION = "us-east-1"
START_SECONDS = 15.0

# Node ends when its standard input does, so a test run that is killed leaves no server behind.
_STOP_WITH_US = 'process.stdin.on("end", () => process.exit(0)).resume(); require(process.argv[1])'
_NO_DELAYS = ("--createTableMs", "0", "--updateTableMs", "0", "--deleteTableMs", "0")

# dynalite wants the headers of a signed request; it does not verify the signature.
_LIST_TABLES = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/{REGION}/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: ``name`` is ministack or dynalite."""

    name: str
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def url(self, schema: str = "", **options: str) -> str:
        """The engine URL whose default schema is ``schema``, with these options in its query string."""
        query = urlencode({"region": REGION, **options})
        return f"dynamodb://{KEY}:{SECRET}@{HOST}:{self.port}/{schema}?{query}"


class ServerMissing(Exception):
    """A server cannot be started here; the message says what is missing and what to do."""


class ServerFailed(Exception):
    """A server was started and ended, or does not answer."""


def dynalite_home() -> Path:
    """The folder whose ``node_modules`` holds dynalite: ``DYNAMORM_DYNALITE_HOME``, else ``.node`` here."""
    return Path(os.environ.get("DYNAMORM_DYNALITE_HOME") or ROOT / ".node")


@contextmanager
def ministack(name: str = "tests") -> Iterator[Server]:
    """The embedded server, while the block runs: the one that ``dynamodb+local://?name=tests`` shares.

    :raises OperationalError: it is not installed (the message says how), or does not start.
    """
    shared = acquire(name=name)
    try:
        port = urlsplit(shared.endpoint_url).port
        assert port is not None
        yield Server("ministack", port)
    finally:
        shared.stop()


@contextmanager
def dynalite() -> Iterator[Server]:
    """dynalite, while the block runs.

    :raises ServerMissing: node or dynalite is not installed.
    :raises ServerFailed: it does not answer within 15 s.
    """
    node = shutil.which("node")
    script = dynalite_home() / "node_modules" / "dynalite" / "cli.js"
    if node is None:
        raise ServerMissing("dynalite needs Node 20 or newer, and there is no node: install it and run `make node`.")
    if not script.is_file():
        raise ServerMissing(f"dynalite is not installed in {dynalite_home()}: run `make node`.")
    port = free_port()
    command = (node, "-e", _STOP_WITH_US, str(script), "--host", HOST, "--port", str(port), *_NO_DELAYS)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until_ready(process, port)
            yield Server("dynalite", port)
        finally:
            _stop(process)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when ListTables answers: an open port is not enough.

    :raises ServerFailed: the process ended, or 15 s have passed.
    """
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise ServerFailed(f"dynalite ended with {process.returncode} instead of listening on port {port}.")
        if answers(port):
            return
        time.sleep(0.05)
    raise ServerFailed(f"dynalite did not answer ListTables on port {port} within {START_SECONDS:.0f} s.")


def answers(port: int) -> bool:
    """Whether ListTables succeeds on that port."""
    request = urllib.request.Request(f"http://{HOST}:{port}/", data=b"{}", headers=_LIST_TABLES)
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
