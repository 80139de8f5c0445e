"""The private environment of the embedded server.

ministack pins its own botocore, so it does not share ours: it gets a virtual environment of its own, in
``$DYNAMORM_LOCAL_HOME``, else in the user's data directory (``$XDG_DATA_HOME``, by default ``~/.local/share``, see
the XDG Base Directory Specification; ``%LOCALAPPDATA%`` on Windows). One environment a version stands there, and it
appears whole: it is built beside its place and renamed into it, so an install that was interrupted leaves nothing
that looks finished, and of two at once the first to finish wins.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy_dynamorm.errors import OperationalError

MINISTACK = "1.5.33"
HOME_VARIABLE = "DYNAMORM_LOCAL_HOME"

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]

_BUILDING = ".building-"
_STALE_SECONDS = 3600.0  # a build takes about 10 s
_LAST_LINES = 12

# Imports what serving needs, and prints the version: a half-deleted environment fails here.
_PROBE = "import hypercorn.asyncio, ministack.app; from importlib.metadata import version; print(version('ministack'))"

# Settings that would send pip's work, or Python's imports, elsewhere than into the new environment. The others stay:
# the user's index, proxy and certificates are needed.
_MISLEADING = frozenset(
    "PIP_PREFIX PIP_ROOT PIP_TARGET PIP_USER PIP_DRY_RUN PIP_PYTHON PYTHONHOME PYTHONPATH __PYVENV_LAUNCHER__".split()
)


def local_home(variables: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds the environments, absolute; it need not exist.

    :raises OperationalError: the user has no home directory.
    """
    chosen = variables.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    for name in ("LOCALAPPDATA",) if os.name == "nt" else ("XDG_DATA_HOME",):
        data = variables.get(name)
        if data and Path(data).is_absolute():  # the specification: a relative path is to be ignored
            return Path(data) / "sqlalchemy-dynamorm"
    try:
        return Path.home() / ".local" / "share" / "sqlalchemy-dynamorm"
    except RuntimeError as error:
        raise OperationalError(f"there is no home directory for the embedded server: set {HOME_VARIABLE}") from error


def installed_python(home: Path | None = None) -> Path | None:
    """The private environment's interpreter, or ``None`` where it is not installed."""
    python = _python(_folder(local_home() if home is None else home))
    return python if python.exists() else None


def install_local(home: Path | None = None, report: Callable[[str], None] = print, *, run: Run | None = None) -> Path:
    """Make the private environment, or repair it; quick if it is there.

    :param home: the folder that holds the environments, :func:`local_home` by default.
    :param report: is given each line of progress.
    :param run: runs a command and returns its status and its output, both streams in ``stdout``.
    :return: the environment's folder.
    :raises OperationalError: the folder cannot be written, or pip failed (its last lines are in the message).
    """
    home = local_home() if home is None else home.absolute()
    run = _run if run is None else run
    folder = _folder(home)
    if _is_sound(folder, run):
        report(f"ministack {MINISTACK} is already installed in {folder}")
        return folder
    try:
        _install(home, folder, report, run)
    except OSError as error:
        raise OperationalError(
            f"ministack could not be installed in {home}: {error.strerror or error}. "
            f"Make room or give another folder by setting {HOME_VARIABLE}"
        ) from error
    report(f"ministack {MINISTACK} is installed in {folder}")
    return folder


def _install(home: Path, folder: Path, report: Callable[[str], None], run: Run) -> None:
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=home))
    try:
        report(f"Making a virtual environment for ministack {MINISTACK} …")
        _demand(run, [sys.executable, "-I", "-m", "venv", str(building / "env")])
        report("Installing it with pip …")
        _demand(run, _pip(_python(building / "env")))
        _put(building / "env", folder, building / "old", run)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _pip(python: Path) -> list[str]:
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    return [str(python), "-I", "-m", "pip", "install", *quiet, f"ministack=={MINISTACK}"]


def _put(built: Path, folder: Path, aside: Path, run: Run) -> None:
    """Rename the new environment into its place, unless another install was faster."""
    if not _is_sound(built, run):
        raise OperationalError(f"pip reported success, but ministack {MINISTACK} does not import: try again")
    if _is_sound(folder, run):
        return
    if folder.exists():
        folder.rename(aside)
    try:
        built.rename(folder)
    except OSError:
        if not _is_sound(folder, run):
            raise


def _sweep(home: Path) -> None:
    """Remove what builds that were killed left; a younger one may be another install at work."""
    for left in home.glob(_BUILDING + "*"):
        try:
            stale = time.time() - left.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:  # another install swept it, or ended
            continue
        if stale:
            shutil.rmtree(left, ignore_errors=True)


def _is_sound(folder: Path, run: Run) -> bool:
    python = _python(folder)
    if not python.exists():
        return False
    done = run([str(python), "-I", "-c", _PROBE])
    return done.returncode == 0 and done.stdout.split()[-1:] == [MINISTACK]


def _demand(run: Run, command: Sequence[str]) -> None:
    done = run(command)
    if done.returncode:
        last = "\n".join(done.stdout.strip().splitlines()[-_LAST_LINES:])
        raise OperationalError(
            f"ministack {MINISTACK} could not be installed: `{' '.join(command[1:5])}` ended with status "
            f"{done.returncode}. It needs the network, or a package index that pip is set up for.\n{last}"
        )


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=variables,
        check=False,
    )


def _folder(home: Path) -> Path:
    return home / f"ministack-{MINISTACK}"


def _python(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"
