"""Each case's plan and requests are what its file says; ``--update-golden`` writes them anew, to be read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sqlalchemy_dynamorm.run import expiry
from tests.golden.case import SECOND, cases, read_case


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in cases()])
def test_golden(path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "time", SimpleNamespace(time=lambda: SECOND))
    case = read_case(path)
    plan, requests = case.outcome()
    if request.config.getoption("--update-golden"):
        case.write(plan, requests)
    assert (plan, requests) == (case.sections["plan"], case.sections["requests"])


def test_there_are_cases() -> None:
    assert len(list(cases())) >= 60
