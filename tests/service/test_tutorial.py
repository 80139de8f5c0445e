"""``docs/tutorial.md``, command by command, its output compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(py|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a console, and what it prints."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def test_the_tutorial(tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    for kind, text in blocks:
        if kind == "py":
            name, _, code = text.partition("\n")
            (tmp_path / name.removeprefix("# ")).write_text(code)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    ran = 0
    for kind, text in blocks:
        for command, printed in commands(text) if kind == "console" else ():
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120
            )
            status = 1 if "dynamorm check" in command and printed != "no difference\n" else 0
            assert (done.returncode, done.stdout) == (status, printed), f"{command}\n{done.stderr}"
            ran += 1
    assert ran > 20
