"""The embedded server, for real: it needs ``python -m sqlalchemy_dynamorm install-local`` to have run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from sqlalchemy_dynamorm.client.embedded import acquire
from sqlalchemy_dynamorm.client.embedded_process import start_server
from sqlalchemy_dynamorm.errors import OperationalError

CHILD = """
import sys
from sqlalchemy_dynamorm.client.embedded import acquire
server = acquire(folder=sys.argv[1] if sys.argv[1:] else None)
print(server.endpoint_url, flush=True)
sys.stdin.read()
"""


@contextmanager
def client(url: str) -> Iterator[Any]:
    made = boto3.client(
        "dynamodb", "us-east-1", endpoint_url=url, aws_access_key_id="local", aws_secret_access_key="local"
    )
    try:
        yield made
    finally:
        made.close()


def create(url: str, table: str = "things") -> None:
    with client(url) as dynamodb:
        dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "colour", "AttributeType": "S"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_colour",
                    "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )


def tables(url: str) -> list[str]:
    with client(url) as dynamodb:
        return list(dynamodb.list_tables()["TableNames"])


def answers(url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), 1).close()
    except OSError:
        return False
    return True


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def child(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python process that holds a server, and its URL."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_starts_in_time_and_ends_at_stop() -> None:
    begun = time.monotonic()
    server = acquire()
    took = time.monotonic() - begun
    assert tables(server.endpoint_url) == []
    server.stop()
    assert not answers(server.endpoint_url)
    assert took < 3


def test_a_name_is_one_server_and_private_ones_are_apart() -> None:
    holders = [acquire(name="shared"), acquire(name="shared"), acquire(), acquire()]
    try:
        create(holders[0].endpoint_url)
        assert [tables(holder.endpoint_url) for holder in holders] == [["things"], ["things"], [], []]
        holders[0].stop()
        assert tables(holders[1].endpoint_url) == ["things"]
    finally:
        for holder in holders:
            holder.stop()
    assert not any(answers(holder.endpoint_url) for holder in holders)


def test_a_folder_is_kept(tmp_path: Path) -> None:
    item = {"id": {"S": "1"}, "colour": {"S": "blå"}, "data": {"B": b"\x00\xff"}, "price": {"N": "1.1"}}
    server = acquire(folder=tmp_path / "data")
    create(server.endpoint_url)
    with client(server.endpoint_url) as dynamodb:
        dynamodb.put_item(TableName="things", Item=item)
        server.stop()  # with the client's connection still open
    again = acquire(folder=tmp_path / "data")
    try:
        with client(again.endpoint_url) as dynamodb:
            found = dynamodb.query(
                TableName="things",
                IndexName="by_colour",
                KeyConditionExpression="colour = :c",
                ExpressionAttributeValues={":c": {"S": "blå"}},
            )["Items"]
    finally:
        again.stop()
    assert found == [item]


def test_a_folder_is_saved_though_a_request_never_ends(tmp_path: Path) -> None:
    server = acquire(folder=tmp_path)
    create(server.endpoint_url)
    with socket.create_connection(("127.0.0.1", int(server.endpoint_url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        server.stop()
    again = acquire(folder=tmp_path)
    try:
        assert tables(again.endpoint_url) == ["things"]
    finally:
        again.stop()


def test_a_folder_in_use_by_another_process_is_refused(tmp_path: Path) -> None:
    with child(str(tmp_path)), pytest.raises(OperationalError, match="in use by another process"):
        acquire(folder=tmp_path)


def test_a_folder_that_cannot_be_read_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dynamodb.json").write_text("{half")
    with pytest.raises(OperationalError, match="failed to load dynamodb"):
        acquire(folder=tmp_path)
    assert (tmp_path / "dynamodb.json").read_text() == "{half"


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperationalError, match="cannot be used"):
        acquire(folder=tmp_path / "file")


def test_a_killed_server_says_that_its_folder_was_not_saved(tmp_path: Path) -> None:
    server = start_server(str(tmp_path))
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(OperationalError, match="without saving"):
        server.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_process_leaves_no_server_and_a_saved_folder(tmp_path: Path, how: signal.Signals) -> None:
    with child(str(tmp_path)) as (process, url):
        create(url)
        process.send_signal(how)
        process.wait(10)
        assert eventually(lambda: not answers(url))
    server = acquire(folder=tmp_path)
    try:
        assert tables(server.endpoint_url) == ["things"]
    finally:
        server.stop()


def test_the_end_of_a_process_stops_its_server() -> None:
    with child() as (process, url):
        assert answers(url)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert not answers(url)


FORKING = """
import os, sys, time
from sqlalchemy_dynamorm.client.embedded import acquire
server = acquire()
if os.fork() == 0:
    print(server.endpoint_url, os.getpid(), flush=True)
    sys.stdin.read()
else:
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_does_not_keep_a_killed_parents_server() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        url, grandchild = parent.stdout.readline().split()
        assert answers(url)
        parent.kill()
        parent.wait(10)
        assert eventually(lambda: not answers(url))
        os.kill(int(grandchild), 0)  # it lives still; it ends with its standard input


def _stop_in_child() -> None:
    server = acquire(name="forked")
    own = server.endpoint_url
    server.stop()
    os._exit(0 if not answers(own) else 1)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_its_own_servers() -> None:
    server = acquire(name="forked")
    try:
        forked = multiprocessing.get_context("fork").Process(target=_stop_in_child)
        forked.start()
        forked.join(20)
        assert forked.exitcode == 0
        assert tables(server.endpoint_url) == []
    finally:
        server.stop()


def test_without_an_installed_server_the_message_says_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        env={**os.environ, "DYNAMORM_LOCAL_HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "python -m sqlalchemy_dynamorm install-local" in done.stderr
