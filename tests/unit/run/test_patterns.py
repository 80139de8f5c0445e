from __future__ import annotations

import pytest

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.run.patterns import like


@pytest.mark.parametrize(
    ("pattern", "form", "text"),
    [
        ("abc", "equals", "abc"),
        ("", "equals", ""),
        ("abc%", "prefix", "abc"),
        ("%abc%", "contains", "abc"),
        ("%", "any", ""),
        ("%%", "other", ""),
        ("%abc", "other", ""),
        ("ab%c", "other", "ab"),
        ("ab_", "other", "ab"),
        ("_", "other", ""),
        ("%a_c%", "other", ""),
    ],
)
def test_the_form_of_a_pattern(pattern: str, form: str, text: str) -> None:
    read = like(pattern)
    assert (read.form, read.text) == (form, text)


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("a%", "abc", True),
        ("a%", "Abc", False),
        ("a_c", "abc", True),
        ("a_c", "ac", False),
        ("a.c", "abc", False),
        ("%b%", "a\nb\nc", True),
        ("_", "é", True),
        ("[a]%", "[a]x", True),
    ],
)
def test_what_matches(pattern: str, value: str, matches: bool) -> None:
    assert like(pattern).matches(value) is matches


def test_an_escape_takes_the_next_character_literally() -> None:
    read = like("50!%!!%", "!")
    assert (read.form, read.text) == ("prefix", "50%!")
    assert read.matches("50%! off")


@pytest.mark.parametrize(("pattern", "escape"), [("a!", "!"), ("a", "!!"), ("a", "")])
def test_a_wrong_escape(pattern: str, escape: str) -> None:
    with pytest.raises(DataError):
        like(pattern, escape)


@pytest.mark.parametrize("pattern", [1, True, b"a", ["a"], {"a": 1}])
def test_a_pattern_is_text(pattern: object) -> None:
    with pytest.raises(DataError, match="a pattern of text"):
        like(pattern)
