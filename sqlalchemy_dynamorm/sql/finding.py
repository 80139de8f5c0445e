"""The SELECT that finds the rows of an UPDATE or DELETE, made of slices of its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.grammar import tokens_of
from sqlalchemy_dynamorm.sql.rewriting import quoted
from sqlalchemy_dynamorm.sql.tokens import outside, parted, slice_of

_CLAUSES = frozenset(
    {
        TokenType.WITH,
        TokenType.UPDATE,
        TokenType.DELETE,
        TokenType.SET,
        TokenType.FROM,
        TokenType.USING,
        TokenType.WHERE,
        TokenType.RETURNING,
    }
)


@dataclass
class _Clauses:
    """The texts of a statement's clauses, without the words that begin them.

    :ivar found: by the word: that of DELETE is FROM's, that of UPDATE its own.
    :ivar sets: the expressions of SET.
    """

    found: dict[TokenType, str] = field(default_factory=dict)
    sets: list[str] = field(default_factory=list)


def select_of(
    text: str, statement: nodes.Update | nodes.Delete, columns: Iterable[str], sets: Sequence[nodes.Selected]
) -> str:
    """The SELECT of these columns of the rows that a statement changes, then of what SET gives them.

    :param text: the statement's own.
    :param columns: columns of the table that is changed.
    :param sets: what is computed.
    """
    clauses = _clauses(text)
    target, source = (TokenType.UPDATE, TokenType.FROM)
    if isinstance(statement, nodes.Delete):
        target, source = (TokenType.FROM, TokenType.USING)
    found = clauses.found
    table = statement.table
    qualifier = quoted(table.alias or table.name)
    if table.schema is not None and table.alias is None:
        qualifier = f"{quoted(table.schema)}.{qualifier}"
    outputs = [*(f"{qualifier}.{quoted(name)}" for name in columns), *(clauses.sets[each.at] for each in sets)]
    before = f"WITH {found[TokenType.WITH]} " if TokenType.WITH in found else ""
    more = f", {found[source]}" if source in found else ""
    where = f" WHERE {found[TokenType.WHERE]}" if TokenType.WHERE in found else ""
    return f"{before}SELECT {', '.join(outputs)} FROM {found[target]}{more}{where}"


def shown_of(text: str, table: nodes.TableName) -> str:
    """The SELECT of what RETURNING shows, of a statement that writes this table."""
    tokens = tokens_of(text)
    at = next(at for at in outside(tokens) if tokens[at].token_type == TokenType.RETURNING)
    name = quoted(table.name) if table.schema is None else f"{quoted(table.schema)}.{quoted(table.name)}"
    alias = "" if table.alias is None else f" AS {quoted(table.alias)}"
    return f"SELECT {slice_of(tokens[at + 1 :], text)} FROM {name}{alias}"


def _clauses(text: str) -> _Clauses:
    """Take a statement apart where its clauses begin, outside all parentheses."""
    clauses, tokens = _Clauses(), tokens_of(text)
    begins = [at for at in outside(tokens) if _begins(tokens, at)]
    for at, end in zip(begins, [*begins[1:], len(tokens)], strict=True):
        word, inside = tokens[at].token_type, tokens[at + 1 : end]
        if word == TokenType.SET:
            clauses.sets = [slice_of(part[_equals(part) + 1 :], text) for part in parted(inside)]
        elif inside:
            clauses.found[word] = slice_of(inside, text)
    return clauses


def _begins(tokens: list[Token], at: int) -> bool:
    """Whether a clause begins here: no name behind a dot or a colon, and not the FROM of IS DISTINCT FROM."""
    if tokens[at].token_type not in _CLAUSES:
        return False
    before = tokens[at - 1].token_type if at else None
    return before not in (TokenType.DOT, TokenType.COLON, TokenType.DISTINCT)


def _equals(tokens: list[Token]) -> int:
    """Where the first = outside all parentheses stands."""
    return next(at for at in outside(tokens) if tokens[at].token_type == TokenType.EQ)
