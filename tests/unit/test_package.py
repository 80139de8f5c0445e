from __future__ import annotations

import subprocess
import sys

import pytest

import sqlalchemy_dynamorm
from sqlalchemy_dynamorm.dialect import calls, explain


def test_what_is_imported_late_is_the_thing_itself() -> None:
    assert sqlalchemy_dynamorm.explain is explain.explain
    assert sqlalchemy_dynamorm.count_calls is calls.count_calls


def test_everything_promised_is_there() -> None:
    assert all(hasattr(sqlalchemy_dynamorm, name) for name in sqlalchemy_dynamorm.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sqlalchemy_dynamorm.nothing  # noqa: B018 - the access is what raises


def test_importing_the_late_names_loads_no_client() -> None:
    script = (
        "import sys; from sqlalchemy_dynamorm import count_calls, explain; "
        "print(*sorted({'boto3', 'botocore', 'sqlglot', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
