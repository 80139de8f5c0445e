"""Alembic's own suite, run in a process of its own: its plugin wants other requirements than SQLAlchemy's suite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy.testing import fixtures

FOLDER = Path(__file__).with_name("alembic_suite")
PASSED = 84
"""As many as pass today; it must not fall."""


class AlembicSuiteTest(fixtures.TestBase):
    def test_it_passes(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            # It writes its scratch folder where it runs, and finds one that a killed run left in its way.
            folder = shutil.copytree(FOLDER, Path(place, "suite"), ignore=shutil.ignore_patterns("scratch"))
            done = subprocess.run(
                [sys.executable, "-m", "pytest", ".", "--confcutdir=.", "-q", "--tb=short"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(FOLDER.parents[2])},
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        found = re.search(r"(\d+) passed", done.stdout)
        assert found is not None
        assert int(found[1]) >= PASSED
