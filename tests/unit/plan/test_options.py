from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import InterfaceError
from sqlalchemy_dynamorm.plan.options import ENGINE_OPTIONS, MAX_SEGMENTS, PLAN_OPTIONS, PlanOptions, checked


def test_overrides() -> None:
    options = PlanOptions()
    assert options.with_overrides({}) is options
    assert options.with_overrides({"scan": "warn"}) == PlanOptions(scan="warn")
    assert (*ENGINE_OPTIONS, "index") == PLAN_OPTIONS
    assert ENGINE_OPTIONS[-4:] == ("insert_check", "index_read", "idempotent_writes", "foreign_keys")


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), ("auto", "auto")])
def test_booleans_are_words(value: object, text: str) -> None:
    assert checked("consistent_read", value) == text


@pytest.mark.parametrize(("name", "value"), [("scan", "never"), ("scan", True), ("consistent_read", 1), ("scan", None)])
def test_a_wrong_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(InterfaceError, match=f"The option {name} takes"):
        checked(name, value)


@pytest.mark.parametrize("value", [1, 4, "4", MAX_SEGMENTS])
def test_segments_are_a_number(value: object) -> None:
    assert checked("segments", value) == int(str(value))


@pytest.mark.parametrize("value", [0, -1, "0", "", "x", "²", True, None, 1.5, MAX_SEGMENTS + 1])
def test_wrong_segments_are_refused(value: object) -> None:
    with pytest.raises(InterfaceError, match="segments takes a whole number, 1 to 1000000"):
        checked("segments", value)


def test_an_index_is_named() -> None:
    assert checked("index", "by_a") == "by_a"
    assert checked("index", None) is None
    for wrong in ("", 5, True):
        with pytest.raises(InterfaceError, match="index takes the name of an index"):
            checked("index", wrong)


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(
        InterfaceError,
        match="'scans'; there are: capacity, consistent_read, foreign_keys, idempotent_writes, index, "
        "index_read, insert_check, local, scan, segments",
    ):
        PlanOptions().with_overrides({"scans": "allow"})
