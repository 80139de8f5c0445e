"""The README's and the documentation's Python runs as printed, and prints what its comments say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import Server

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
# A script of another test writes it.
WRITTEN_LATER = {"compliance.md"}


def program(page: Path) -> str:
    """The blocks of a page: later ones go on where earlier ones ended."""
    return "\n".join(BLOCK.findall(page.read_text(encoding="utf-8")))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [page for page in PAGES if program(page)], ids=name_of)
def test_its_python_runs_as_printed(page: Path, ministack: Server, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text(program(page), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == PRINTED.findall(program(page))


def test_there_is_something_to_run() -> None:
    assert len([page for page in PAGES if program(page)]) > 5


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_its_links_lead_somewhere(page: Path) -> None:
    targets = {target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target}
    missing = {
        target for target in targets if not (page.parent / target).exists() and Path(target).name not in WRITTEN_LATER
    }
    assert missing == set()
