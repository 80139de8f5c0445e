"""The SELECT that finds the rows of an UPDATE or DELETE, made of slices of its text; so is the UPDATE of DO UPDATE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.grammar import tokens_of
from sqlalchemy_dynamorm.sql.nodes import Place
from sqlalchemy_dynamorm.sql.rewriting import Edit, quoted, rewritten
from sqlalchemy_dynamorm.sql.tokens import begins_conflict, outside, parted, slice_of

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
    return f"SELECT {slice_of(tokens[at + 1 :], text)} FROM {_named(table)}"


def update_of(text: str, table: nodes.TableName) -> str:
    """The UPDATE of the row in the way that DO UPDATE is, with ``excluded.column`` as the parameter that it is."""
    tokens = tokens_of(text)
    places = list(outside(tokens))
    conflict = max(at for at in places if begins_conflict(tokens, at))
    set_ = next(at for at in places if at > conflict and tokens[at].token_type == TokenType.SET)
    end = next((at for at in places if at > set_ and tokens[at].token_type == TokenType.RETURNING), len(tokens))
    part = Place(tokens[set_].start, tokens[end - 1].end + 1)
    return f"UPDATE {_named(table)} {rewritten(text, _excluded(tokens, text), part)}"


def _excluded(tokens: Sequence[Token], text: str) -> Iterator[Edit]:
    for at in range(len(tokens) - 2):
        behind_dot = at > 0 and tokens[at - 1].token_type == TokenType.DOT
        if tokens[at + 1].token_type != TokenType.DOT or behind_dot or _name(tokens[at], text).lower() != "excluded":
            continue
        column = nodes.Excluded.of(_name(tokens[at + 2], text))
        yield Edit(Place(tokens[at].start, tokens[at + 2].end + 1), f":{column.name}")


def _name(token: Token, text: str) -> str:
    """A name as it is written, which the text of a token that is a keyword is not."""
    return token.text if token.token_type == TokenType.IDENTIFIER else text[token.start : token.end + 1]


def _named(table: nodes.TableName) -> str:
    """A table as FROM names it."""
    name = quoted(table.name) if table.schema is None else f"{quoted(table.schema)}.{quoted(table.name)}"
    return name if table.alias is None else f"{name} AS {quoted(table.alias)}"


def _clauses(text: str) -> _Clauses:
    """Take a statement apart where its clauses begin, outside all parentheses."""
    clauses, tokens = _Clauses(), tokens_of(text)
    begins = [at for at in outside(tokens) if _begins(tokens, at)]
    # The first USING of DELETE is its clause; any other is a join's.
    using = [at for at in begins if tokens[at].token_type == TokenType.USING]
    of_joins = using[1:] if any(tokens[at].token_type == TokenType.DELETE for at in begins) else using
    begins = [at for at in begins if at not in of_joins]
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
