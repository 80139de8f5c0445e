"""What a run of SQLAlchemy's suite came to, and whether that is less than ``docs/compliance.md`` says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.contract import reasons

PAGE = Path(__file__).parents[2] / "docs" / "compliance.md"
SUITE = "tests/contract/test_sqlalchemy.py"
SENTENCES = tuple(sentence for name, sentence in vars(reasons).items() if name.isupper())


class Results:
    """A pytest plugin that counts.

    :ivar passed: the tests that passed, by file.
    :ivar reasons: for each test of the suite that was skipped or failed as expected, its sentence.
    """

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self._is_part = False

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self._is_part = any("::" in argument for argument in config.args)

    def pytest_deselected(self) -> None:
        self._is_part = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = report.nodeid.partition("::")[0]
        if report.when == "call" and report.passed:
            self.passed[file] += 1
        elif report.skipped and file == SUITE:
            self.reasons[report.nodeid] = sentence_of(report)

    def complaint(self) -> str | None:
        """What to say of a run that passed fewer tests than the page promises; ``None`` for a part of the suite."""
        promised = committed()
        passed = self.passed[SUITE]
        if self._is_part or not passed or promised is None or passed >= promised:
            return None
        return f"{passed} tests of SQLAlchemy's suite passed; {PAGE.name} says {promised}, and that number never falls."


def sentence_of(report: pytest.TestReport) -> str:
    """The reason, one of :data:`SENTENCES`, or what the suite itself says where it skips by a condition of its own."""
    said = getattr(report, "wasxfail", None)
    if said is None:
        said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return next((sentence for sentence in SENTENCES if said.endswith(sentence)), said.removeprefix("Skipped: "))


def committed() -> int | None:
    """The number of passed tests on the page, ``None`` where it was counted with another minor SQLAlchemy."""
    if not PAGE.exists():
        return None
    text = PAGE.read_text(encoding="utf-8")
    version = re.search(r"SQLAlchemy (\d+\.\d+)\.", text)
    passed = re.search(r"^\| passed \| (\d+) \|$", text, re.MULTILINE)
    assert version is not None
    assert passed is not None
    return int(passed[1]) if sa.__version__.startswith(f"{version[1]}.") else None
