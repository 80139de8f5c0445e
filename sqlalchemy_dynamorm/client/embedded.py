"""The embedded servers of this process: who shares which, and when each stops.

::

    server = acquire()                    # private
    server = acquire(name="tests")        # shared by all in this process that say the same name
    server = acquire(folder="/var/data")  # kept in that folder, shared by all in this process that say the same folder
    server.endpoint_url                   # http://127.0.0.1:PORT
    server.stop()                         # gives it back; the last one stops it

A folder is saved when its server stops cleanly: at the last ``stop()``, at the interpreter's exit, and when the
process is killed. It is not saved if the server itself is killed, or the machine stops.

A forked child inherits what its parent acquired and may use it while the parent lives, but its ``stop()`` does
nothing, and what it acquires is its own.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Protocol

from sqlalchemy_dynamorm.client.embedded_process import start_server
from sqlalchemy_dynamorm.errors import InterfaceError, OperationalError

Key = tuple[str, str]  # ("name", …) or ("folder", …)


class Server(Protocol):
    """A running server, as :class:`Servers` needs it."""

    @property
    def endpoint_url(self) -> str:
        """Where it answers."""
        ...

    def is_alive(self) -> bool:
        """Whether its process runs."""
        ...

    def stop(self) -> None:
        """Stop it cleanly."""
        ...


class _Shared:
    """One server and the number of its holders."""

    def __init__(self, key: Key | None) -> None:
        self.key = key
        self.holders = 0
        self.closed = False
        self._server: Server | None = None
        self._starting = threading.Lock()

    def is_dead(self) -> bool:
        return self._server is not None and not self._server.is_alive()

    def start(self, start: Callable[[str | None], Server]) -> Server:
        with self._starting:
            if self._server is None:
                self._server = start(self.key[1] if self.key is not None and self.key[0] == "folder" else None)
            return self._server

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


class EmbeddedServer:
    """One holder's share of a server, from :func:`acquire`. Thread-safe.

    Dropped without ``stop()`` it is given back when it is collected, and at the interpreter's exit.
    """

    def __init__(self, server: Server, release: Callable[[], None]) -> None:
        self._server = server
        self._release = weakref.finalize(self, release)

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return self._server.endpoint_url

    def stop(self) -> None:
        """Give the server back; the last holder stops it, and waits until it has ended. Twice is once.

        :raises OperationalError: it was the last holder, and the folder could not be saved.
        """
        self._release()


class Servers:
    """The servers of one process.

    :param start: starts a server, given its folder or ``None``.
    """

    def __init__(self, start: Callable[[str | None], Server]) -> None:
        self._start = start
        self.forget()

    def forget(self) -> None:
        """Begin anew, in a forked child: the servers are its parent's."""
        self._shared: dict[Key, _Shared] = {}
        # Re-entrant, since a collected holder is given back by whatever thread is running.
        self._lock = threading.RLock()

    def acquire(self, name: str | None = None, folder: str | os.PathLike[str] | None = None) -> EmbeddedServer:
        """See :func:`acquire`."""
        shared = self._join(_key(name, folder))
        owner = os.getpid()
        try:
            server = shared.start(self._start)
        except BaseException:
            self._release(shared, owner)
            raise
        return EmbeddedServer(server, lambda: self._release(shared, owner))

    def _join(self, key: Key | None) -> _Shared:
        with self._lock:
            while True:
                shared = self._find(key)
                shared.holders += 1
                if not shared.closed:  # its last holder may have been collected in between
                    return shared

    def _find(self, key: Key | None) -> _Shared:
        if key is None:
            return _Shared(None)
        found = self._shared.get(key)
        if found is None or found.closed or found.is_dead():
            found = self._shared[key] = _Shared(key)
        return found

    def _release(self, shared: _Shared, owner: int) -> None:
        if os.getpid() != owner:
            return
        with self._lock:
            shared.holders -= 1
            if shared.holders:
                return
            shared.closed = True
            if shared.key is not None and self._shared.get(shared.key) is shared:
                del self._shared[shared.key]
        shared.stop()


def _key(name: str | None, folder: str | os.PathLike[str] | None) -> Key | None:
    if name is not None and folder is not None:
        raise InterfaceError(
            "dynamodb+local:// takes a name or a folder, not both: engines on one folder share its server anyway"
        )
    if folder is not None:
        return "folder", _real(os.fspath(folder))
    if name == "":
        raise InterfaceError("the name of a dynamodb+local:// server is empty: leave it out for a private server")
    return None if name is None else ("name", name)


def _real(folder: str) -> str:
    if not folder or "\0" in folder:
        raise OperationalError("the folder of a dynamodb+local:// server is not a path: write dynamodb+local:////path")
    return os.path.realpath(folder)


_servers = Servers(start_server)


def acquire(name: str | None = None, folder: str | os.PathLike[str] | None = None) -> EmbeddedServer:
    """Hold an embedded server that answers, starting it if this process has none under that name or folder.

    It takes about 0.6 s to start. Stop it with :meth:`EmbeddedServer.stop`.

    :param name: engines of this process that give the same name share one server; ``None`` is a private one.
    :param folder: keep the tables in that folder, which is made if it is missing.
    :raises OperationalError: it is not installed, did not start, or the folder is in use by another process.
    :raises NotSupportedError: a folder, on a system without ``fcntl`` (Windows).
    :raises InterfaceError: a name and a folder, or an empty name.
    """
    return _servers.acquire(name, folder)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_servers.forget)
