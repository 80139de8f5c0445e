from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from sqlalchemy_dynamorm.client import embedded_process
from sqlalchemy_dynamorm.client.install_local import HOME_VARIABLE
from sqlalchemy_dynamorm.errors import OperationalError


def test_no_aws_variable_reaches_the_server() -> None:
    variables = {"AWS_PROFILE": "p", "AWS_ACCESS_KEY_ID": "k", "USE_SSL": "1", "AUTH": "true", "PATH": "/bin"}
    assert embedded_process.environment(variables) == {"PATH": "/bin"}


def test_command_says_folder_and_places_to_import_from() -> None:
    words = embedded_process.command(embedded_process.Interpreter("py", ("/one", "/two")), "/data")
    assert words[:2] == ["py", "-I"]
    assert words[2].endswith("embedded_serve.py")
    assert words[3:] == ["--folder=/data", "--path=/one", "--path=/two"]


def test_without_interpreter_the_message_says_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("ministack") is not None:
        pytest.skip("ministack imports in this interpreter")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    with pytest.raises(OperationalError, match="python -m sqlalchemy_dynamorm install-local"):
        embedded_process.find_interpreter()


def test_ministack_here_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ministack").mkdir()
    (tmp_path / "ministack" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = embedded_process.find_interpreter()
    assert found.python == sys.executable
    assert str(tmp_path) in found.path


def test_a_mere_folder_is_not_ministack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("ministack") is not None:
        pytest.skip("ministack imports in this interpreter")
    (tmp_path / "ministack").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    with pytest.raises(OperationalError):
        embedded_process.find_interpreter()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('  File "/a/b/site-packages/x/app.py", line 3, in f', '  File "app.py", line 3, in f'),
        (r'  File "C:\a\b\app.py", line 3', '  File "app.py", line 3'),
        ("OSError: [Errno 98] address in use", "OSError: [Errno 98] address in use"),
    ],
)
def test_paths_are_cut(line: str, expected: str) -> None:
    assert embedded_process.without_folders(line) == expected
