from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import InterfaceError
from sqlalchemy_dynamorm.plan.options import PLAN_OPTIONS, PlanOptions, checked


def test_overrides() -> None:
    options = PlanOptions()
    assert options.with_overrides({}) is options
    assert options.with_overrides({"scan": "warn"}) == PlanOptions(scan="warn")
    assert PLAN_OPTIONS == ("consistent_read", "scan")


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), ("auto", "auto")])
def test_booleans_are_words(value: object, text: str) -> None:
    assert checked("consistent_read", value) == text


@pytest.mark.parametrize(("name", "value"), [("scan", "never"), ("scan", True), ("consistent_read", 1), ("scan", None)])
def test_a_wrong_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(InterfaceError, match=f"The option {name} takes"):
        checked(name, value)


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(InterfaceError, match="'scans'; there are: consistent_read, scan"):
        PlanOptions().with_overrides({"scans": "allow"})
