"""LIKE patterns, case-sensitive: what DynamoDB can say of them, and the rest as a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sqlalchemy_dynamorm.errors import DataError


@dataclass(frozen=True, slots=True)
class Like:
    """A pattern, read.

    :ivar form: ``equals``, ``prefix`` (``x%``), ``contains`` (``%x%``), ``any`` (``%``), or ``other``.
    :ivar text: the literal text of the form; of ``other``, the literal prefix.
    :ivar expression: the whole pattern.
    """

    form: Literal["equals", "prefix", "contains", "any", "other"]
    text: str
    expression: re.Pattern[str]

    def matches(self, value: str) -> bool:
        """Whether the value is like the pattern."""
        return self.expression.fullmatch(value) is not None


def like(pattern: object, escape: str | None = None) -> Like:
    """Read a pattern. ``%`` is any text, ``_`` any one character, ``escape`` takes the next character literally.

    :raises DataError: the pattern is no text, or ends in its escape character, or the escape is not one character.
    """
    if not isinstance(pattern, str):
        raise DataError(f"LIKE takes a pattern of text, and was given a value of type {type(pattern).__name__}.")
    return _read(pattern, escape)


@lru_cache(maxsize=512)
def _read(pattern: str, escape: str | None) -> Like:
    if escape is not None and len(escape) != 1:
        raise DataError("ESCAPE takes one character.")
    tokens = _tokens(pattern, escape)
    expression = "".join(token if special else re.escape(token) for token, special in tokens)
    form, text = _form(tokens)
    return Like(form, text, re.compile(expression, re.DOTALL))


_ANY, _ONE = (".*", True), (".", True)


def _tokens(pattern: str, escape: str | None) -> list[tuple[str, bool]]:
    tokens: list[tuple[str, bool]] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            literal = next(characters, None)
            if literal is None:
                raise DataError("The LIKE pattern ends in its escape character.")
            tokens.append((literal, False))
        elif character == "%":
            tokens.append(_ANY)
        else:
            tokens.append(_ONE if character == "_" else (character, False))
    return tokens


def _form(tokens: list[tuple[str, bool]]) -> tuple[Literal["equals", "prefix", "contains", "any", "other"], str]:
    literal = [token for token, special in tokens if not special]
    prefix: list[str] = []
    for token, special in tokens:
        if special:
            break
        prefix.append(token)
    text = "".join(literal)
    if len(literal) == len(tokens):
        return "equals", text
    if tokens == [_ANY]:
        return "any", ""
    if len(prefix) == len(tokens) - 1 and tokens[-1] == _ANY:
        return "prefix", text
    if len(tokens) > 2 and tokens[0] == tokens[-1] == _ANY and len(literal) == len(tokens) - 2:
        return "contains", text
    return "other", "".join(prefix)
