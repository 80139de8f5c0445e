"""Queries in parentheses where SQLite has none become queries in FROM.

``(SELECT …) UNION (SELECT …)`` is SQL, and what SQLAlchemy writes for a part with a LIMIT or a compound within another.
SQLite refuses it, and without the parentheses it would mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql.grammar import tokens_of
from sqlalchemy_dynamorm.sql.nodes import Place
from sqlalchemy_dynamorm.sql.rewriting import Edit, rewritten
from sqlalchemy_dynamorm.sql.tokens import PART

_SETS = frozenset({TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT})
_QUANTIFIERS = frozenset({TokenType.ALL, TokenType.DISTINCT})
_QUERIES = frozenset({TokenType.SELECT, TokenType.VALUES, TokenType.WITH})
_MAYBE = re.compile(r"\A\s*(EXPLAIN\s*)?\(|\b(UNION|INTERSECT|EXCEPT|INSERT|REPLACE|WITH)\b", re.IGNORECASE)


def unparenthesised(text: str) -> str:
    """The text, with ``SELECT * FROM (query) AS dynamorm_part_1`` for each query in parentheses that SQLite refuses.

    Parentheses around all of a SELECT are left out.
    """
    if "(" not in text or _MAYBE.search(text) is None:
        return text
    try:
        tokens = tokens_of(text)
    except ProgrammingError:
        return text  # whoever reads it says what is wrong
    return rewritten(text, _edits(tokens))


def _edits(tokens: list[Token]) -> Iterator[Edit]:
    numbers = count(1)
    for opening, closing in sorted(_pairs(tokens)):
        if not _holds_query(tokens, opening) or not _is_part(tokens, opening, closing):
            continue
        if _is_whole(tokens, opening, closing):
            yield Edit(_at(tokens[opening]), "")
            yield Edit(_at(tokens[closing]), "")
        else:
            yield Edit(_at(tokens[opening]), "SELECT * FROM (")
            yield Edit(_at(tokens[closing]), f") AS {PART}{next(numbers)}")


def _at(token: Token) -> Place:
    return Place(token.start, token.end + 1)


def _pairs(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """The parentheses that belong together."""
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            opened.append(at)
        elif token.token_type == TokenType.R_PAREN and opened:
            yield opened.pop(), at


def _holds_query(tokens: list[Token], opening: int) -> bool:
    """Whether a query stands behind a parenthesis, or behind several."""
    while tokens[opening].token_type == TokenType.L_PAREN:
        opening += 1
    return tokens[opening].token_type in _QUERIES


def _is_part(tokens: list[Token], opening: int, closing: int) -> bool:
    """Whether a query is expected here: nothing else can stand at this place."""
    if _is_first(tokens, opening):
        return True
    before = tokens[opening - 1]
    if before.token_type == TokenType.L_PAREN:
        return closing + 1 < len(tokens) and tokens[closing + 1].token_type in _SETS
    if before.token_type == TokenType.R_PAREN:
        return True  # behind WITH or the columns of INSERT
    at = opening - 2 if before.token_type in _QUANTIFIERS else opening - 1
    return tokens[at].token_type in _SETS or _is_target(tokens, opening - 1)


def _is_whole(tokens: list[Token], opening: int, closing: int) -> bool:
    """Whether it is all of a SELECT, or of what INSERT takes: then its parentheses say nothing."""
    combined = opening and tokens[opening - 1].token_type in _SETS | _QUANTIFIERS
    after = tokens[closing + 1].token_type if closing + 1 < len(tokens) else None
    return not combined and after in (None, TokenType.RETURNING, TokenType.ON)


def _is_first(tokens: list[Token], at: int) -> bool:
    return at == 0 or (at == 1 and tokens[0].text.upper() == "EXPLAIN")


def _is_target(tokens: list[Token], at: int) -> bool:
    """Whether the table of an INSERT is named here."""
    if at >= 2 and tokens[at - 1].token_type == TokenType.DOT:
        at -= 2
    return at >= 1 and tokens[at - 1].token_type == TokenType.INTO
