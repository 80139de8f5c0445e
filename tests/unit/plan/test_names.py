from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.errors import InterfaceError, ProgrammingError
from sqlalchemy_dynamorm.plan.names import logical, physical

TRICKY = st.text(alphabet="ab-_.x2e0 é\U0001f600", min_size=1, max_size=12)
NAMES = st.one_of(TRICKY, st.text(min_size=1, max_size=12))
SEPARATORS = st.sampled_from([".", "_", "-", "--", "__", "._", "-."])


@pytest.mark.parametrize("name", ["users", "user_accounts", "my-table", "Airports2", "a-b-c", "x-ray", "_ab"])
def test_ordinary_names_stay(name: str) -> None:
    assert physical(name, None, ".") == name


@pytest.mark.parametrize(
    ("name", "schema", "separator", "expected"),
    [
        ("users", "staging", ".", "staging.users"),
        ("users", "staging", "--", "staging--users"),
        ("users", "staging", "_", "staging_users"),
        ("t", "s", ".", "s.t"),
        ("order items", None, ".", "order-x20-items"),
        ("a.b", None, ".", "a-x2e-b"),
        ("a.b", "s", ".", "s.a-x2e-b"),
        ("t", None, ".", "-x74-"),
        ("ab", None, ".", "-x61--x62-"),
        ("-x20-", None, ".", "-x2d-x20-x2d-"),
        ("a_b", None, "_", "a-x5f-b"),
        ("a b", "s", "-", "s-a_x20_b"),
    ],
)
def test_what_dynamodb_refuses_is_escaped(name: str, schema: str | None, separator: str, expected: str) -> None:
    assert physical(name, schema, separator) == expected
    assert logical(expected, separator) == (schema, name)


@given(name=NAMES, schema=st.none() | NAMES, separator=SEPARATORS)
def test_physical_is_reversible_and_takes_what_dynamodb_takes(name: str, schema: str | None, separator: str) -> None:
    written = physical(name, schema, separator)
    assert re.fullmatch(r"[a-zA-Z0-9_.-]{3,255}", written)
    assert logical(written, separator) == (schema, name)


@given(one=TRICKY, other=TRICKY, schema=st.none() | TRICKY, separator=SEPARATORS)
def test_different_names_stay_different(one: str, other: str, schema: str | None, separator: str) -> None:
    assume((one, None) != (other, schema))
    assert physical(one, None, separator) != physical(other, schema, separator)


@pytest.mark.parametrize("found", ["-x74-est", "..", ".users", "users.", "a-x110000-", "-x2D-", "a..b"])
def test_a_name_we_would_not_write_stands_for_itself(found: str) -> None:
    assert logical(found, ".") == (None, found)


def test_a_name_too_long_is_refused() -> None:
    assert len(physical("n" * 251, "abc", ".")) == 255
    with pytest.raises(ProgrammingError, match="256 characters"):
        physical("n" * 252, "abc", ".")


@pytest.mark.parametrize(("name", "schema"), [("", None), ("users", "")])
def test_an_empty_name_is_refused(name: str, schema: str | None) -> None:
    with pytest.raises(ProgrammingError, match="empty"):
        physical(name, schema, ".")


@pytest.mark.parametrize("separator", ["", "x", "_-", "/", " "])
def test_a_separator_that_cannot_be_read_back_is_refused(separator: str) -> None:
    with pytest.raises(InterfaceError, match="schema_separator"):
        physical("users", "s", separator)
