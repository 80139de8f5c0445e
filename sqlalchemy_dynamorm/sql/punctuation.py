"""What sqlglot's parser steps over silently is looked for in the tokens: a dangling comma, an IN without a list."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.sql.grammar import LITERALS, is_word, syntax_error

_JOINERS = frozenset({TokenType.COMMA, TokenType.DOT, TokenType.ALIAS})

_CLAUSE = frozenset(
    {
        TokenType.SELECT,
        TokenType.FROM,
        TokenType.WHERE,
        TokenType.ORDER_BY,
        TokenType.GROUP_BY,
        TokenType.HAVING,
        TokenType.LIMIT,
        TokenType.OFFSET,
        TokenType.INSERT,
        TokenType.INTO,
        TokenType.VALUES,
        TokenType.UPDATE,
        TokenType.SET,
        TokenType.DELETE,
        TokenType.RETURNING,
        TokenType.AND,
        TokenType.OR,
        TokenType.NOT,
        TokenType.IN,
        TokenType.BETWEEN,
        TokenType.LIKE,
    }
)

_REFUSED = frozenset({TokenType.CONSTRAINT, TokenType.PIPE_GT})
"""No part of a query, but for ON CONSTRAINT; sqlglot drops the first in a list of columns, ``|>`` before a clause."""


_STARTS_A_LIST = frozenset({TokenType.L_PAREN, TokenType.COLON})
_BEHIND_STAR = frozenset({"EXCEPT", "EXCLUDE", "RENAME", "REPLACE", "ILIKE"})


def check_punctuation(tokens: list[Token], text: str) -> None:
    """Check that every comma, dot and AS of a query stands between two operands, and IN before a list.

    :raises SQLSyntaxError: one does not.
    """
    for at, token in enumerate(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        named = token.token_type == TokenType.CONSTRAINT and at and tokens[at - 1].token_type == TokenType.ON
        if (token.token_type in _REFUSED and not named) or not _follows(token, after, text):
            raise syntax_error(tokens, text, token.line, token.col)
        if token.token_type in _JOINERS and not _can_end(tokens[at - 1], text):
            raise syntax_error(tokens, text, token.line, token.col)


def _follows(token: Token, after: Token | None, text: str) -> bool:
    """Whether a token may stand before another (``None``: at the end)."""
    if token.token_type in _JOINERS:
        return after is not None and _can_start(token, after, text)
    if token.token_type == TokenType.IN:
        return after is not None and after.token_type in _STARTS_A_LIST
    if token.token_type == TokenType.ASC:
        return after is None or after.token_type != TokenType.DESC
    if token.token_type == TokenType.STAR:
        return after is None or after.text.upper() not in _BEHIND_STAR
    return True


def _can_end(before: Token, text: str) -> bool:
    """Whether an operand can end with this token. The first token's "before" is the last: a verb is first anyway."""
    if before.token_type in _CLAUSE or before.token_type in _JOINERS:
        return False
    return before.token_type in (TokenType.R_PAREN, TokenType.STAR) or _is_operand(before, text)


def _can_start(joiner: Token, after: Token, text: str) -> bool:
    if joiner.token_type == TokenType.COMMA:
        return after.token_type not in _CLAUSE - {TokenType.NOT} and after.token_type not in _ENDINGS
    name = is_word(after, text) or after.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
    if joiner.token_type == TokenType.DOT:
        return name or after.token_type == TokenType.STAR
    # WITH x AS (…) goes on, to be refused by its own name.
    return (name and after.token_type not in _CLAUSE) or after.token_type == TokenType.L_PAREN


_ENDINGS = _JOINERS | {TokenType.R_PAREN}


def _is_operand(token: Token, text: str) -> bool:
    """Whether this is a name or a constant, not a symbol."""
    return token.token_type in LITERALS or token.token_type == TokenType.IDENTIFIER or is_word(token, text)
