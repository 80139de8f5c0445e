"""Tokens outside all parentheses, and the text that tokens stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

PART = "dynamorm_part_"
"""What the alias begins with that a query in parentheses gets, see :mod:`~.sql.parentheses`; its number follows."""
_DEPTH = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


def outside(tokens: Sequence[Token]) -> Iterator[int]:
    """The places of the tokens that are in no parentheses."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += _DEPTH.get(token.token_type, 0)
        if depth == 0:
            yield at


def parted(tokens: Sequence[Token]) -> list[list[Token]]:
    """The parts between the commas that are in no parentheses."""
    commas = [at for at in outside(tokens) if tokens[at].token_type == TokenType.COMMA]
    return [list(tokens[start + 1 : end]) for start, end in zip([-1, *commas], [*commas, len(tokens)], strict=True)]


def slice_of(tokens: Sequence[Token], text: str) -> str:
    """The text from the first of these tokens to the last."""
    return text[tokens[0].start : tokens[-1].end + 1]


def begins_conflict(tokens: Sequence[Token], at: int) -> bool:
    """Whether ON CONFLICT stands here."""
    following = tokens[at + 1].text.upper() if at + 1 < len(tokens) else ""
    return tokens[at].token_type == TokenType.ON and following == "CONFLICT"


def opening(tokens: Sequence[Token], at: int) -> int:
    """The parenthesis that the one at this place closes."""
    depth = 0
    for place in range(at, -1, -1):
        depth += {TokenType.R_PAREN: 1, TokenType.L_PAREN: -1}.get(tokens[place].token_type, 0)
        if depth == 0:
            return place
    return 0
