"""The SELECT that gives an INSERT its rows, or computes values of them, made of slices of its text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.grammar import tokens_of
from sqlalchemy_dynamorm.sql.tokens import begins_conflict, outside, parted, slice_of

_VERBS = frozenset({TokenType.INSERT, TokenType.REPLACE})
_SOURCES = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.VALUES})


def source_of(text: str) -> str:
    """The SELECT of ``[WITH …] INSERT INTO t (columns) SELECT …``.

    :raises Unsupported: a WITH stands before INSERT and another before SELECT.
    """
    before, tokens = _source(text)
    if before and tokens[0].token_type == TokenType.WITH:
        raise unsupported("WITH before INSERT and before its SELECT", "one of them can hold both")
    return before + slice_of(tokens, text)


def computed_of(text: str, cells: Sequence[nodes.Selected]) -> str:
    """The SELECT of some of the values of ``[WITH …] INSERT INTO t (columns) VALUES …``, in one row."""
    before, tokens = _source(text)
    written = [cell for row in parted(tokens[1:]) for cell in parted(row[1:-1])]
    return f"{before}SELECT {', '.join(slice_of(written[cell.at], text) for cell in cells)}"


def _source(text: str) -> tuple[str, list[Token]]:
    """The text of a WITH before INSERT, and the tokens from SELECT, WITH or VALUES to the next clause."""
    tokens = tokens_of(text)
    places = list(outside(tokens))
    verb = next(at for at in places if tokens[at].token_type in _VERBS)
    with_ = next((at for at in places if at < verb and tokens[at].token_type == TokenType.WITH), None)
    start = next(at for at in places if at > verb and tokens[at].token_type in _SOURCES)
    end = next((at for at in places if at > start and _ends(tokens, at)), len(tokens))
    before = "" if with_ is None else slice_of(tokens[with_:verb], text) + " "
    return before, tokens[start:end]


def _ends(tokens: list[Token], at: int) -> bool:
    return tokens[at].token_type == TokenType.RETURNING or begins_conflict(tokens, at)
