"""Text to tokens and to sqlglot's tree, made strict: no fall-back, no warning, and no value in an error message."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError

_WORD = re.compile(r"\w+")
_POSITIONAL = (TokenType.PLACEHOLDER, TokenType.PARAMETER)


class Grammar(SQLite):
    """SQLite's dialect with nothing that swallows the rest of a text as a "command".

    The parser stays sqlglot's own: where its compiled form (``sqlglot[c]``) is installed, it allows no subclass.
    """

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Leave the path of ``->`` alone: parsing a wrong one is logged, with its text."""
        return path

    class Tokenizer(SQLite.Tokenizer):
        """EXPLAIN, PRAGMA and the like are tokens as any other: the reader decides by the first one."""

        COMMANDS: ClassVar[set[TokenType]] = set()


@lru_cache(maxsize=1)
def _dialect() -> Grammar:
    return Grammar()


def tokens_of(text: str) -> list[Token]:
    """The tokens of one statement, without closing semicolons.

    :raises SQLSyntaxError: the text is empty, or a quote is not closed.
    :raises ProgrammingError: two statements, or a parameter that is not ``:name``.
    """
    try:
        tokens = _dialect().tokenize(text)
    except (SqlglotError, ValueError):
        # sqlglot's own message repeats the text, values included: it must not be chained.
        raise SQLSyntaxError("The statement has a quote that is not closed, or a malformed literal.") from None
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SQLSyntaxError("The statement is empty.")
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise ProgrammingError("There are two statements in one string; execute them one by one.")
    return [_checked(tokens, at, text) for at in range(len(tokens))]


def tree_of(tokens: list[Token], text: str) -> exp.Expr:
    """sqlglot's tree of one statement.

    :raises SQLSyntaxError: the tokens are not SQL; with the place, without the values.
    :raises ProgrammingError: the statement is nested too deeply.
    """
    try:
        trees = _dialect().parser(error_level=ErrorLevel.IMMEDIATE).parse(list(tokens), text)
    except ParseError as error:
        place = error.errors[0] if error.errors else {}
        raise syntax_error(tokens, text, place.get("line"), place.get("col")) from None
    except (SqlglotError, ValueError, AttributeError, TypeError, IndexError, KeyError):
        # A guard: nothing promises a ParseError for every malformed text. Messages may hold values: not chained.
        raise syntax_error(tokens, text) from None
    if len(trees) != 1 or trees[0] is None:
        raise syntax_error(tokens, text)
    return trees[0]


def syntax_error(tokens: list[Token], text: str, line: int | None = None, col: int | None = None) -> SQLSyntaxError:
    """An error that shows the words before and at a place (the last word, if none is known); literals are masked."""
    at = next((at for at, token in enumerate(tokens) if (token.line, token.col) == (line, col)), len(tokens) - 1)
    token = tokens[at]
    shown = [_shown(word, text) for word in tokens[max(0, at - 5) : at]] + [f"▸{_shown(token, text)}◂"]
    return SQLSyntaxError(
        f"The statement cannot be read as SQL at line {token.line}, column {token.col - token.end + token.start}: "
        f"«{' '.join(shown)}»; check the text at and before the mark."
    )


def is_word(token: Token, text: str) -> bool:
    """Whether the token stands in the text as a bare word: a keyword or an unquoted name."""
    return _WORD.match(text, token.start) is not None and token.token_type not in LITERALS


def first_word(tokens: list[Token], text: str) -> str:
    """The first token in upper case: a keyword or a parenthesis; anything else, a quoted name too, is ""."""
    if not tokens or not (is_word(tokens[0], text) or tokens[0].token_type == TokenType.L_PAREN):
        return ""
    return text[tokens[0].start : tokens[0].end + 1].upper()


LITERALS = frozenset({kind for kind in TokenType if "STRING" in kind.name} | {TokenType.NUMBER})
"""The tokens whose text is a value, never shown in a message."""


def _shown(token: Token, text: str) -> str:
    return "…" if token.token_type in LITERALS else text[token.start : token.end + 1][:40]


def _checked(tokens: list[Token], at: int, text: str) -> Token:
    """The token; a keyword after a colon becomes a plain word, since ``:order`` is a parameter's name."""
    token = tokens[at]
    if token.token_type in _POSITIONAL or (token.token_type == TokenType.VAR and token.text.startswith("$")):
        raise ProgrammingError(f"The parameter {_shown(token, text)} is positional; write :name, the style is 'named'.")
    if at == 0 or tokens[at - 1].token_type != TokenType.COLON:
        return token
    if tokens[at - 1].end + 1 != token.start:
        raise syntax_error(tokens, text, token.line, token.col)
    if token.token_type == TokenType.NUMBER:
        raise ProgrammingError("The parameter :1 is numeric; write :name, the style is 'named'.")
    if not is_word(token, text) or not _WORD.fullmatch(token.text):
        raise syntax_error(tokens, text, token.line, token.col)
    return Token(TokenType.VAR, token.text, token.line, token.col, token.start, token.end)
