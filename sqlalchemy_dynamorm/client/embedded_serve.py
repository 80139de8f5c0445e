"""The embedded server's own program: ministack on a loopback port, for as long as its starter lives.

It is run by path, by the interpreter that has ministack, so it imports the standard library and, late, what
ministack brings. Its starter (``embedded_process``) holds the other end of its standard input. When that end closes,
because the starter stopped it, ended or was killed, the server stops cleanly, which is when ministack saves a folder.

It prints its port as the only line of its standard output, as soon as the port is bound and before ministack is
loaded: a request sent from then on waits in the listen queue. Binding here to port 0 and not to a number chosen
before means that no other process can take the port, or answer on it, in between.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

LOCK_FILE = "dynamorm.lock"
FOLDER_IN_USE = 75  # the exit status, EX_TEMPFAIL of sysexits.h
LOCK_SECONDS = 2.0  # a predecessor that lost its starter may still be saving
GRACE_SECONDS = 2.0  # to finish the requests that are under way
STOP_SECONDS = 60.0  # for that and for saving; then the process ends without

# ministack starts an MQTT and an SFTP listener unless told not to, and at start and stop removes Docker containers
# that carry its label, also those of another ministack: a socket that is not there keeps it away from Docker.
QUIET = {
    "BIND_HOST": "127.0.0.1",
    "SERVICES": "dynamodb,dynamodbstreams",
    "LOG_LEVEL": "WARNING",
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "DOCKER_HOST": "unix:///nonexistent",
}

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Message, Receive, Send], Coroutine[Any, Any, None]]


class Errors(logging.Handler):
    """Keeps the text of what was logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.seen.append(record.getMessage())


def main(arguments: Sequence[str]) -> int:
    """Serve until standard input ends.

    :return: 0 after a clean stop, ``FOLDER_IN_USE``, or 1 where the folder could not be read or saved.
    """
    parser = argparse.ArgumentParser(description="the embedded server of dynamodb+local://")
    parser.add_argument("--folder", help="keep the tables in this folder")
    parser.add_argument("--path", action="append", default=[], help="a place to import from")
    options = parser.parse_args(arguments)
    sys.path.extend(options.path)
    os.environ.update(QUIET)
    if options.folder is not None:
        if not lock_folder(options.folder):
            return FOLDER_IN_USE
        os.environ.update(PERSIST_STATE="1", STATE_DIR=options.folder)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        announce(listener.getsockname()[1])
        return asyncio.run(serve(listener))


def lock_folder(folder: str) -> bool:
    """Lock a folder for the life of this process; the system lifts the lock when the process ends, however it ends."""
    import fcntl  # not on Windows, where the starter refuses a folder

    lock = os.open(Path(folder) / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > patience:
                return False
            time.sleep(0.05)


def announce(port: int) -> None:
    """Tell the starter the port, and send what is printed later to standard error, which nobody has to read."""
    os.environ["GATEWAY_PORT"] = str(port)
    print(port, flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


async def serve(listener: socket.socket) -> int:
    """Run ministack on a bound socket until the starter lets go."""
    errors = Errors()
    ministack = import_module("ministack.app").app
    stop, lifespan = stop_event(), Lifespan(ministack)
    with heard("persistence", errors):
        with heard("ministack", errors):
            await lifespan.start()
        if errors.seen:  # it starts empty then, and stopping would save that over the folder
            return 1
        serving = asyncio.create_task(answer(listener, Gate(ministack, stop), stop))
        await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([serving], timeout=GRACE_SECONDS)
        await lifespan.stop()
    if serving.done():
        serving.result()
    return 1 if errors.seen else 0


async def answer(listener: socket.socket, app: Application, stop: asyncio.Event) -> None:
    """Answer requests until ``stop``; from Python 3.12 on it may not return while a connection is open."""
    config = import_module("hypercorn.config").Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]
    config.keep_alive_timeout, config.graceful_timeout, config.loglevel = 600, GRACE_SECONDS / 2, "WARNING"
    await import_module("hypercorn.asyncio").serve(app, config, shutdown_trigger=stop.wait, mode="asgi")


@contextmanager
def heard(logger: str, errors: Errors) -> Iterator[None]:
    """Listen to a logger: ministack says in its log alone that a folder could not be read or saved."""
    logging.getLogger(logger).addHandler(errors)
    try:
        yield
    finally:
        logging.getLogger(logger).removeHandler(errors)


class Lifespan:
    """Starts and stops an ASGI application (ASGI's "Lifespan Protocol"), which for ministack means load and save.

    It is not left to hypercorn, which saves only after every connection has closed.
    """

    def __init__(self, app: Application) -> None:
        self._asked: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._running = asyncio.ensure_future(app({"type": "lifespan"}, self._asked.get, self._said.put))

    async def start(self) -> None:
        """Load."""
        await self._step("lifespan.startup")

    async def stop(self) -> None:
        """Save."""
        await self._step("lifespan.shutdown")

    async def _step(self, name: str) -> None:
        await self._asked.put({"type": name})
        said = asyncio.ensure_future(self._said.get())
        await asyncio.wait([said, self._running], return_when=asyncio.FIRST_COMPLETED)
        if not said.done():
            self._running.result()  # raises what ended it
        if not said.done() or said.result()["type"] != f"{name}.complete":
            raise RuntimeError(f"ministack did not complete {name}")


class Gate:
    """Passes requests on until the server is told to stop: what came later would be acknowledged and not saved."""

    def __init__(self, app: Application, stop: asyncio.Event) -> None:
        self._app = app
        self._stop = stop

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one request, or hypercorn's own lifespan, which is none of ministack's business."""
        if scope["type"] == "lifespan":
            for name in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{name}.complete"})
        elif self._stop.is_set():
            await send({"type": "http.response.start", "status": 503, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": b'{"__type": "ServiceUnavailable"}'})
        else:
            await self._app(scope, receive, send)


def stop_event() -> asyncio.Event:
    """An event that is set when the starter lets go, or on SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            continue
        loop.call_soon_threadsafe(stop.set)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if os.name == "posix":
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    return stop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
