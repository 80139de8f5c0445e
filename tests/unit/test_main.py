from __future__ import annotations

import subprocess
import sys

import pytest

from sqlalchemy_dynamorm.__main__ import main


def test_alone_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "install-local" in capsys.readouterr().err


def test_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["frobnicate"])
    assert caught.value.code == 2
    assert "frobnicate" in capsys.readouterr().err


def test_a_url_of_asyncios_dialect_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "dynamodb+aio://k:s@127.0.0.1:9/?region=us-east-1&max_attempts=1"]) == 1
    assert "127.0.0.1:9 cannot be reached" in capsys.readouterr().err


def test_install_local_loads_no_client_and_no_reader() -> None:
    program = (
        "import sys, sqlalchemy_dynamorm.__main__, sqlalchemy_dynamorm.client.install_local\n"
        "print({'boto3', 'botocore', 'sqlglot', 'msgspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
