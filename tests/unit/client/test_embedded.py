from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sqlalchemy_dynamorm.client.embedded import Servers
from sqlalchemy_dynamorm.errors import InterfaceError, OperationalError


class FakeServer:
    def __init__(self, number: int) -> None:
        self.endpoint_url = f"http://127.0.0.1:{number}"
        self.alive = True
        self.stops = 0

    def is_alive(self) -> bool:
        return self.alive

    def stop(self) -> None:
        self.alive = False
        self.stops += 1


class Starter:
    def __init__(self) -> None:
        self.started: list[FakeServer] = []
        self.folders: list[str | None] = []

    def __call__(self, folder: str | None) -> FakeServer:
        self.folders.append(folder)
        self.started.append(FakeServer(len(self.started) + 1))
        return self.started[-1]


@pytest.fixture
def start() -> Starter:
    return Starter()


@pytest.fixture
def servers(start: Starter) -> Servers:
    return Servers(start)


def test_no_name_is_private(servers: Servers, start: Starter) -> None:
    first, second = servers.acquire(), servers.acquire()
    assert first.endpoint_url != second.endpoint_url
    first.stop()
    assert [server.stops for server in start.started] == [1, 0]
    second.stop()
    assert [server.stops for server in start.started] == [1, 1]


def test_a_name_is_shared_until_the_last_gives_it_back(servers: Servers, start: Starter) -> None:
    first, second, other = servers.acquire("a"), servers.acquire("a"), servers.acquire("b")
    assert first.endpoint_url == second.endpoint_url != other.endpoint_url
    first.stop()
    first.stop()
    assert start.started[0].stops == 0
    second.stop()
    assert [server.stops for server in start.started] == [1, 0]
    other.stop()


def test_a_name_given_back_starts_anew(servers: Servers, start: Starter) -> None:
    servers.acquire("a").stop()
    servers.acquire("a").stop()
    assert [server.stops for server in start.started] == [1, 1]


def test_one_folder_under_two_spellings_is_one_server(servers: Servers, start: Starter, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    holders = [servers.acquire(folder=place) for place in (tmp_path / "data", str(tmp_path / "link"))]
    assert start.folders == [os.path.realpath(tmp_path / "data")]
    for holder in holders:
        holder.stop()


def test_a_name_is_no_folder(servers: Servers, start: Starter) -> None:
    servers.acquire(name="data").stop()
    assert start.folders == [None]


def test_a_dead_server_is_not_shared_again(servers: Servers, start: Starter) -> None:
    first = servers.acquire("a")
    start.started[0].alive = False
    second = servers.acquire("a")
    assert first.endpoint_url != second.endpoint_url
    first.stop()
    third = servers.acquire("a")
    assert third.endpoint_url == second.endpoint_url
    second.stop()
    third.stop()


def test_a_dropped_holder_is_given_back(servers: Servers, start: Starter) -> None:
    holder = servers.acquire("a")
    del holder
    gc.collect()
    assert start.started[0].stops == 1


def test_a_failed_start_leaves_nothing(start: Starter) -> None:
    failures = [OperationalError("no")]

    def sometimes(folder: str | None) -> FakeServer:
        if failures:
            raise failures.pop()
        return start(folder)

    servers = Servers(sometimes)
    with pytest.raises(OperationalError, match="no"):
        servers.acquire("a")
    servers.acquire("a").stop()
    assert start.started[0].stops == 1


def test_threads_share_one_start(servers: Servers, start: Starter) -> None:
    barrier = threading.Barrier(8)

    def hold(_: int) -> str:
        barrier.wait(10)
        holder = servers.acquire("a")
        barrier.wait(10)
        url = holder.endpoint_url
        holder.stop()
        return url

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(hold, range(8)))) == 1
    assert [server.stops for server in start.started] == [1]


@pytest.mark.parametrize(
    ("name", "folder", "kind", "message"),
    [
        ("a", "/data", InterfaceError, "a name or a folder, not both"),
        ("", None, InterfaceError, "is empty"),
        (None, "", OperationalError, "is not a path"),
        (None, "a\0b", OperationalError, "is not a path"),
    ],
)
def test_what_is_refused(
    servers: Servers, start: Starter, name: str | None, folder: str | None, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        servers.acquire(name, folder)
    assert not start.started
