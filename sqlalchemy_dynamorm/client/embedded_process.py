"""Starts and stops one process of the embedded server (``embedded_serve`` is the program it runs).

**The server never outlives its starter.** It stops when its standard input ends, and the writing end is here: the
system closes it when this process ends, SIGKILL included.

**Fork.** The writing end is close-on-exec, so no program started from here keeps a server alive. A forked child
(``os.fork``, multiprocessing's "fork") has a copy of it, which a hook closes at once: the server ends with the
process that started it, not with its children. Children may use it as long as it lives; they never stop it. A fork
made by C code that does not call Python's fork hooks keeps the copy, and the server, until that child ends too.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from sqlalchemy_dynamorm.client import embedded_serve
from sqlalchemy_dynamorm.client.install_local import installed_python
from sqlalchemy_dynamorm.errors import NotSupportedError, OperationalError

START_SECONDS = 30.0  # about 0.6 s is usual; the rest is for a machine that is busy
STOP_SECONDS = embedded_serve.STOP_SECONDS + 5.0

# The variables that reach the server. No AWS_* one does: its account and region are what each request says.
PASSED_ON = frozenset(
    "PATH HOME USERPROFILE SYSTEMROOT TEMP TMP TMPDIR LANG LC_ALL LD_LIBRARY_PATH DYLD_LIBRARY_PATH".split()
)

_LIST_TABLES = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}

# Held over a fork, so that no pipe is made unseen by the hook. Re-entrant: while it is held, the garbage collector may
# give back a server that nobody holds any more.
_spawning = threading.RLock()
_running: set[ServerProcess] = set()


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can run the server.

    :ivar path: places to import from besides its own.
    """

    python: str
    path: tuple[str, ...] = ()


def find_interpreter() -> Interpreter:
    """This interpreter if it has ministack, else the private environment's.

    :raises OperationalError: neither has it.
    """
    here = find_spec("ministack")
    if here is not None and here.origin is not None and sys.executable:
        return Interpreter(sys.executable, tuple(os.path.abspath(place) for place in sys.path))
    private = installed_python()
    if private is not None:
        return Interpreter(str(private))
    raise OperationalError(
        "dynamodb+local:// needs its embedded server, which is not installed: run "
        "`python -m sqlalchemy_dynamorm install-local` once"
    )


class ServerProcess:
    """A server that answers, started by :func:`start_server`."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes], folder: str | None) -> None:
        self._process = process
        self._log = log
        self._folder = folder
        self._owner = os.getpid()
        self.port = 0

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def await_tables(self) -> None:
        """Wait until ListTables answers.

        :raises OperationalError: the process ended, or did not answer in ``START_SECONDS``.
        """
        deadline = time.monotonic() + START_SECONDS
        with _killed_after(self._process, START_SECONDS):
            line = _stream(self._process.stdout).readline()
            while line.strip().isdigit() and self.is_alive() and time.monotonic() < deadline:
                self.port = int(line)
                if _lists_tables(self.port):
                    return
                time.sleep(0.02)
        raise self._start_failure()

    def _start_failure(self) -> OperationalError:
        try:
            status: int | None = self._process.wait(1)
        except subprocess.TimeoutExpired:
            status = None
        if status == embedded_serve.FOLDER_IN_USE:
            return OperationalError(
                f"the folder {self._folder!r} is in use by another process, or still being saved by one that just "
                "ended: wait until that one has ended, or give another folder"
            )
        return OperationalError(f"the embedded server did not start{self._last_words()}")

    def stop(self) -> None:
        """Let the server finish and save its folder, and wait for its end. A forked child's call does nothing.

        :raises OperationalError: the folder could not be saved.
        """
        if os.getpid() != self._owner:
            return
        with self._log:
            self._end(STOP_SECONDS)
            if self._folder is not None and self._process.returncode != 0:
                raise OperationalError(
                    f"the embedded server ended without saving the folder {self._folder!r}, which is as it was when "
                    f"the server started{self._last_words()}"
                )

    def abandon(self) -> None:
        """End a server that did not start."""
        with self._log:
            self._end(0.5)

    def _end(self, patience: float) -> None:
        with _spawning:
            _running.discard(self)
            _stream(self._process.stdin).close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _stream(self._process.stdout).close()

    def let_go(self) -> None:
        """In a forked child: close the copy of the pipe, and forget a process that is not this one's child."""
        _stream(self._process.stdin).close()
        self._process.returncode = 0
        self._log.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()[-8:]
        return ":\n" + "\n".join(without_folders(line) for line in lines) if lines else ""


def start_server(folder: str | None) -> ServerProcess:
    """Start a server and wait until it answers.

    :param folder: where its tables are kept, an absolute path, or ``None`` for memory only.
    :raises OperationalError: it is not installed, did not start, or the folder cannot be used.
    :raises NotSupportedError: a folder, on a system without the locks that keep two processes apart.
    """
    interpreter = find_interpreter()
    if folder is not None:
        _check_folder(folder)
    server = _spawn(command(interpreter, folder), folder)
    try:
        server.await_tables()
    except BaseException:  # KeyboardInterrupt too: nothing is left behind
        server.abandon()
        raise
    return server


def _check_folder(folder: str) -> None:
    if find_spec("fcntl") is None:
        raise NotSupportedError(
            "dynamodb+local:// with a folder works on Linux and macOS, whose file locks keep two processes from "
            "overwriting each other: leave the folder out to keep the tables in memory"
        )
    try:
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperationalError(f"the folder {folder!r} cannot be used: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise OperationalError(f"the folder {folder!r} cannot be used: it cannot be written")


def command(interpreter: Interpreter, folder: str | None) -> list[str]:
    """The command that runs the server."""
    # -I keeps PYTHON* variables, the working folder and this script's own folder off the import path.
    words = [interpreter.python, "-I", str(Path(embedded_serve.__file__).resolve())]
    if folder is not None:
        words.append(f"--folder={folder}")
    return words + [f"--path={place}" for place in interpreter.path]


def _spawn(command: list[str], folder: str | None) -> ServerProcess:
    log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the server
    with _spawning:
        try:
            process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=os.path.abspath(os.sep),
                env=environment(os.environ),
                start_new_session=True,  # Ctrl-C in a terminal is for the program, which then stops the server
            )
        except OSError as error:
            log.close()
            raise OperationalError(f"the embedded server's Python did not start: {error.strerror}") from error
        server = ServerProcess(process, log, folder)
        _running.add(server)
    return server


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What of this process's environment reaches the server."""
    return {name: value for name, value in variables.items() if name.upper() in PASSED_ON}


def _lists_tables(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("POST", "/", b"{}", _LIST_TABLES)
        answer = connection.getresponse()
        return answer.status == 200 and "TableNames" in json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return False  # not yet; the caller looks whether the process is alive
    finally:
        connection.close()


class _killed_after:  # noqa: N801 - reads as a phrase in its with statement
    """Ends a process that takes too long, so that a read of its output ends too."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._timer = threading.Timer(seconds, process.kill)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the server was started without pipes")
    return stream


def without_folders(line: str) -> str:
    """A line of a traceback or log with its paths cut to their last part."""
    return re.sub(r"(?<![\w:/])(?:[A-Za-z]:)?[\\/][^\s\"']*[\\/]", "", line)


def _after_fork_in_child() -> None:
    for server in _running:
        server.let_go()
    _running.clear()
    _spawning.release()


def _register_fork_hooks(system: Any = os) -> None:
    if hasattr(system, "register_at_fork"):  # not on Windows, which has no fork
        system.register_at_fork(
            before=_spawning.acquire, after_in_parent=_spawning.release, after_in_child=_after_fork_in_child
        )


_register_fork_hooks()
