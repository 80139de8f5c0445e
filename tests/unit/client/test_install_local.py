from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sqlalchemy_dynamorm.client.install_local import MINISTACK, install_local, installed_python, local_home
from sqlalchemy_dynamorm.errors import OperationalError


class FakeCommands:
    """Stands for venv, pip and the check; an environment's "Python" is a file, sound once pip has written it."""

    def __init__(self, *, pip_status: int = 0, pip_output: str = "") -> None:
        self.pip_status = pip_status
        self.pip_output = pip_output
        self.kinds: list[str] = []
        self.during_pip: Callable[[], object] = list

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        kind = "check" if "-c" in command else command[3]
        self.kinds.append(kind)
        status, output = getattr(self, kind)(command)
        return subprocess.CompletedProcess(command, status, output)

    def check(self, command: Sequence[str]) -> tuple[int, str]:
        text = Path(command[0]).read_text()
        return (0, text) if text else (1, "ModuleNotFoundError")

    def venv(self, command: Sequence[str]) -> tuple[int, str]:
        make_environment(Path(command[-1]), "")
        return 0, ""

    def pip(self, command: Sequence[str]) -> tuple[int, str]:
        assert command[-1] == f"ministack=={MINISTACK}"
        self.during_pip()
        if self.pip_status == 0:
            Path(command[0]).write_text(f"{MINISTACK}\n")
        return self.pip_status, self.pip_output


def make_environment(folder: Path, text: str) -> None:
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.parent.mkdir(parents=True)
    python.write_text(text)


def silent(_: str) -> None:
    return


def test_installs_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    folder = install_local(tmp_path / "home", said.append, run=FakeCommands())
    assert list((tmp_path / "home").iterdir()) == [folder]
    python = installed_python(tmp_path / "home")
    assert python is not None
    assert python.is_relative_to(folder)
    assert said[-1] == f"ministack {MINISTACK} is installed in {folder}"


def test_installed_already_only_checks(tmp_path: Path) -> None:
    install_local(tmp_path, silent, run=FakeCommands())
    commands, said = FakeCommands(), list[str]()
    install_local(tmp_path, said.append, run=commands)
    assert commands.kinds == ["check"]
    assert "already installed" in said[0]


@pytest.mark.parametrize("text", ["", "1.0.0\n"])
def test_broken_or_other_version_is_replaced(tmp_path: Path, text: str) -> None:
    folder = tmp_path / f"ministack-{MINISTACK}"
    make_environment(folder, text)
    (folder / "leftover").touch()
    assert install_local(tmp_path, silent, run=FakeCommands()) == folder
    assert not (folder / "leftover").exists()
    assert list(tmp_path.iterdir()) == [folder]


def test_leftovers_of_a_killed_install_go_once_they_are_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".building-old", tmp_path / ".building-young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (0, 0))
    folder = install_local(tmp_path, silent, run=FakeCommands())
    assert sorted(tmp_path.iterdir()) == sorted([young, folder])


def test_of_two_at_once_the_first_to_finish_wins(tmp_path: Path) -> None:
    slow = FakeCommands()

    def finish_another() -> None:
        folder = install_local(tmp_path, silent, run=FakeCommands())
        (folder / "first").touch()

    slow.during_pip = finish_another
    folder = install_local(tmp_path, silent, run=slow)
    assert (folder / "first").exists()
    assert list(tmp_path.iterdir()) == [folder]


def test_pip_failure_shows_its_last_lines_and_installs_nothing(tmp_path: Path) -> None:
    output = "\n".join(f"line {number}." for number in range(100)) + "\nERROR: no network"
    with pytest.raises(OperationalError, match="ERROR: no network") as caught:
        install_local(tmp_path, silent, run=FakeCommands(pip_status=1, pip_output=output))
    assert "line 99." in str(caught.value)
    assert "line 50." not in str(caught.value)
    assert installed_python(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperationalError, match="DYNAMORM_LOCAL_HOME"):
        install_local(tmp_path / "file", silent, run=FakeCommands())


@pytest.mark.skipif(os.name == "nt", reason="XDG is for POSIX")
def test_home_by_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/users/me")
    ours = {"DYNAMORM_LOCAL_HOME": str(tmp_path)}
    assert local_home(ours) == tmp_path
    assert local_home({"XDG_DATA_HOME": "/data"}) == Path("/data/sqlalchemy-dynamorm")
    assert local_home({"XDG_DATA_HOME": "relative"}) == Path("/users/me/.local/share/sqlalchemy-dynamorm")
    assert local_home({"DYNAMORM_LOCAL_HOME": ""}) == Path("/users/me/.local/share/sqlalchemy-dynamorm")
