"""The text of each result column as written: the label of one that has no name."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.sql.grammar import syntax_error
from sqlalchemy_dynamorm.sql.tokens import PART, opening

SOURCE = "source"
"""The ``meta`` key of a result column's text."""

_ENDS = frozenset(
    {
        TokenType.FROM,
        TokenType.WHERE,
        TokenType.GROUP_BY,
        TokenType.HAVING,
        TokenType.WINDOW,
        TokenType.ORDER_BY,
        TokenType.LIMIT,
        TokenType.OFFSET,
        TokenType.UNION,
        TokenType.INTERSECT,
        TokenType.EXCEPT,
    }
)
_BEFORE = (TokenType.ALL, TokenType.DISTINCT)
_DEPTH = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


def label(tree: exp.Expr, tokens: list[Token], text: str) -> None:
    """Give each result column of a statement's tree its text.

    :raises SQLSyntaxError: the text has more or fewer columns than the tree.
    """
    holder = _holder(tree)
    if holder is None:
        return
    selected = isinstance(tree, exp.Select | exp.SetOperation)
    sources = _sources(tokens, text, TokenType.SELECT if selected else TokenType.RETURNING)
    if len(sources) != len(holder.expressions):
        raise syntax_error(tokens, text)
    for node, source in zip(holder.expressions, sources, strict=True):
        node.meta[SOURCE] = source
    part = _part(holder)
    if part is not None:
        label(part.this, _inside(tokens, part.alias), text)


def _part(holder: exp.Expr) -> exp.Subquery | None:
    """The query that stood in parentheses, whose columns a SELECT shows; see :mod:`~.sql.parentheses`."""
    found = holder.args.get("from_")
    inner = found.this if isinstance(found, exp.From) else None
    return inner if isinstance(inner, exp.Subquery) and inner.alias.startswith(PART) else None


def _inside(tokens: list[Token], alias: str) -> list[Token]:
    """The tokens in the parentheses before this alias."""
    end = next(at for at, token in enumerate(tokens) if token.text == alias) - 2
    return tokens[opening(tokens, end) + 1 : end]


def _holder(tree: exp.Expr) -> exp.Expr | None:
    """What holds the result columns: of UNION and the like it is the first SELECT."""
    while isinstance(tree, exp.SetOperation):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else tree.args.get("returning")


def _sources(tokens: list[Token], text: str, begins: TokenType) -> list[str]:
    """The texts between the commas of the first list of columns behind this word that is not in parentheses."""
    sources: list[str] = []
    first: int | None = None
    depth = 0
    for at, token in enumerate(tokens):
        depth += _DEPTH.get(token.token_type, 0)
        if depth or (first is None and token.token_type != begins):
            continue
        if first is None or (token.token_type in _BEFORE and first == at):
            first = at + 1
        elif _ends(tokens, at):
            return [*sources, _slice(tokens, first, at, text)]
        elif token.token_type == TokenType.COMMA:
            sources.append(_slice(tokens, first, at, text))
            first = at + 1
    return [*sources, _slice(tokens, first or 0, len(tokens), text)]


def _ends(tokens: list[Token], at: int) -> bool:
    # "IS DISTINCT FROM" is an operator; a window's ORDER BY stands in parentheses.
    return tokens[at].token_type in _ENDS and tokens[at - 1].token_type != TokenType.DISTINCT


def _slice(tokens: list[Token], first: int, end: int, text: str) -> str:
    return text[tokens[first].start : tokens[end - 1].end + 1] if first < end else ""
