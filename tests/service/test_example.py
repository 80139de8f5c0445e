"""The example, on a few airports: it ends with an error where a step makes other calls than it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import Server

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("how", [(), ("--autocommit",)], ids=["transactions", "autocommit"])
def test_every_step_makes_the_calls_it_promises(ministack: Server, how: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "examples/airports/run.py", "--limit", "250", *how],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Loaded 250 airports in ")
    assert "every step made the calls it promised" in last
