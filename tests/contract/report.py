"""``python -m tests.contract.report`` runs the upstream suites and writes ``docs/compliance.md``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.contract import requirements
from tests.contract.results import PAGE, SENTENCES, SUITE, Results

ROOT = Path(__file__).parents[2]
QUIET = ["-qq", "-p", "no:cacheprovider"]
FILES = {
    "tests/contract/test_dbapi.py": "PEP 249",
    "tests/contract/test_schema_translate_map.py": "One statement under several schema maps",
}
HEAD = """# Compliance

`python -m tests.contract.report` runs the suites on the embedded server and writes this page. A test that was
overridden does not count, unless only its fixture was mended. `make contract` fails when fewer tests pass than here.
"""
EXPECTED = """A test expected to fail is run, must be refused, and leaves the list when it passes.
*Not yet* is to go away.
"""


class _Collection:
    """A pytest plugin: each collected test, and the sentence of the first requirement of its class that is closed."""

    def __init__(self) -> None:
        self.tests: dict[str, str | None] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        why = {name: sentence for sentence, names in requirements.CLOSED.items() for name in names}
        for item in session.items:
            required = getattr(getattr(item, "cls", None), "__requires__", ())
            self.tests[item.nodeid] = next((why[name] for name in required if name in why), None)


def universe() -> dict[str, str | None]:
    """All tests of the suite, whatever their requirements, and why their class is not run (``None``: it is)."""
    command = [sys.executable, "-m", "tests.contract.report", "--collect"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, str | None] = json.loads(run.stdout.splitlines()[-1])
    return found


def _collect() -> int:
    requirements.close({})
    found = _Collection()
    code = pytest.main([SUITE, "--collect-only", *QUIET], plugins=[found])
    sys.stdout.write(f"\n{json.dumps(found.tests)}\n")
    return code


def render(results: Results, tests: Mapping[str, str | None]) -> str:
    """The page.

    :param tests: what :func:`universe` gives.
    """
    closed = [why for test, why in tests.items() if why is not None and test not in results.reasons]
    counted = Counter([*closed, *results.reasons.values()])
    passed = results.passed[SUITE]
    assert passed + counted.total() == len(tests), (passed, counted.total(), len(tests))
    lines = [
        HEAD,
        f"## SQLAlchemy {sa.__version__}: the suite for dialects\n",
        *_table(
            ("", "tests"),
            [
                ("with every requirement open", len(tests)),
                ("passed", passed),
                ("failed", 0),
                ("not run or expected to fail, for the reasons below", counted.total()),
            ],
        ),
        "\n## Why a test is not run, or expected to fail\n",
        EXPECTED,
        *_table(("reason", "tests", "closed requirements"), _reasons(counted)),
        "\n## Tests of our own\n",
        *_table(("", "passed"), [(title, results.passed[file]) for file, title in FILES.items()]),
    ]
    return "\n".join(lines) + "\n"


def _reasons(counted: Counter[str]) -> Iterable[tuple[str, int, str]]:
    for sentence in sorted({*SENTENCES, *counted}, key=lambda each: (-counted[each], each)):
        names = requirements.CLOSED.get(sentence, ())
        yield sentence, counted[sentence], ", ".join(f"`{name}`" for name in sorted(names))


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """Run, and write the page if nothing failed."""
    if sys.argv[1:] == ["--collect"]:
        return _collect()
    results = Results()
    code = pytest.main([str(Path(__file__).parent), *QUIET], plugins=[results])
    if code == pytest.ExitCode.OK:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(render(results, universe()), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
