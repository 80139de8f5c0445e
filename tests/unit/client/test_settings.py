from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.client.settings import OPTIONS, Settings, settings
from sqlalchemy_dynamorm.errors import InterfaceError
from sqlalchemy_dynamorm.plan.options import PlanOptions


def test_no_options_are_the_defaults() -> None:
    assert settings({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("region", "eu-west-1", "eu-west-1"),
        ("ssl", "false", False),
        ("ssl", "YES", True),
        ("embedded", True, True),
        ("max_attempts", "3", 3),
        ("connect_timeout", "0.5", 0.5),
        ("page_size", 10, 10),
        ("deadline", None, None),
        ("system_table", "none", None),
        ("system_table", "counters", "counters"),
    ],
)
def test_text_becomes_the_options_type(name: str, text: Any, value: Any) -> None:
    assert getattr(settings({name: text}), name) == value


def test_statement_options_go_to_the_plan() -> None:
    assert settings({"scan": "allow", "consistent_read": False}).plan == PlanOptions("false", "allow")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_attempts", "0", "a whole number above 0"),
        ("max_attempts", "many", "a whole number above 0"),
        ("read_timeout", "-1", "a number of seconds above 0"),
        ("ssl", "perhaps", "true or false"),
        ("scan", "sometimes", "refuse, warn, allow"),
        ("max_parallel", None, "a whole number above 0"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_refused(name: str, value: Any, expected: str) -> None:
    with pytest.raises(InterfaceError, match=f"The option {name} takes {expected}"):
        settings({name: value})


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(InterfaceError, match="no option 'timeout'") as caught:
        settings({"timeout": "3"})
    assert all(name in str(caught.value) for name in OPTIONS)


def test_segments_are_a_number_of_the_plan() -> None:
    assert settings({"segments": "4"}).plan.segments == 4
    with pytest.raises(InterfaceError, match="segments takes a whole number"):
        settings({"segments": "0"})


def test_only_a_statement_names_an_index() -> None:
    with pytest.raises(InterfaceError, match="no option 'index'"):
        settings({"index": "by_a"})


def test_secrets_are_not_shown() -> None:
    text = repr(settings({"aws_secret_access_key": "s3cret", "aws_session_token": "t0ken", "external_id": "3xt"}))
    assert not any(secret in text for secret in ("s3cret", "t0ken", "3xt"))
