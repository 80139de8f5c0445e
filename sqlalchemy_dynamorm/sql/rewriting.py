"""A statement's own text made ready for SQLite: only names, lists, moments and types of CAST are replaced in it.

What sqlglot writes is never run: its generator changes meanings. So the text stays the user's, but for these places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.grammar import LITERALS, tokens_of
from sqlalchemy_dynamorm.sql.nodes import Place
from sqlalchemy_dynamorm.sql.reserved import RESERVED
from sqlalchemy_dynamorm.sql.tokens import opening


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of the text and what stands in its place."""

    place: Place
    text: str


def quoted(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def rewritten(text: str, edits: Iterable[Edit], part: Place | None = None) -> str:
    """The text, or a part of it, with its edits made."""
    start, end = (part.start, part.end) if part else (0, len(text))
    pieces: list[str] = []
    for edit in sorted(edits, key=lambda each: each.place.start):
        if start <= edit.place.start and edit.place.end <= end:
            pieces += [text[start : edit.place.start], edit.text]
            start = edit.place.end
    return "".join([*pieces, text[start:end]])


def before_alias(text: str, alias: Place) -> Place:
    """Where the query in parentheses stands that an alias in FROM is of."""
    tokens = tokens_of(text)
    at = next(number for number, token in enumerate(tokens) if token.start == alias.start) - 1
    end = at - 1 if tokens[at].token_type == TokenType.ALIAS else at
    return _span(tokens, opening(tokens, end), end)


NOW = "dynamorm_now"
"""The parameter that is the present moment, in the stored form."""
MOMENTS = {
    TokenType.CURRENT_TIMESTAMP: f":{NOW}",
    TokenType.CURRENT_DATE: f"substr(:{NOW}, 1, 10)",
    TokenType.CURRENT_TIME: f"substr(:{NOW}, 12)",
}
"""SQLite's own have another form than what is stored, so they would not compare."""


def token_edits(text: str, lists: frozenset[str], list_table: Callable[[str], str], cast: Cast) -> Iterator[Edit]:
    """The edits that are seen in the tokens: lists, the present moment, types of CAST, columns behind an alias, locks.

    :param list_table: the name of the SQLite table that holds a list.
    :param cast: see :data:`Cast`.
    """
    tokens = tokens_of(text)
    for at, token in enumerate(tokens):
        if token.token_type in MOMENTS:
            yield Edit(_span(tokens, at, _call_end(tokens, at)), MOMENTS[token.token_type])
        elif _begins_lock(tokens, at):
            yield Edit(_span(tokens, at, _lock_end(tokens, at)), "")
        elif token.token_type == TokenType.COLON and at + 1 < len(tokens) and tokens[at + 1].text in lists:
            yield _list_edit(tokens, at, list_table(tokens[at + 1].text))
        elif _is_cast(tokens, at, text):
            yield from _cast_edits(tokens, at, text, cast)
        elif token.token_type == TokenType.R_PAREN:
            yield from _column_list_edits(tokens, at, text)


def name_edits(text: str, names: Mapping[str, str], taken: Collection[Place]) -> Iterator[Edit]:
    """Another name for each of these in the text, but within places that are edited already.

    A bare word that a parenthesis follows is a function, and a reserved one is none of them.
    """
    tokens = tokens_of(text)
    for at, token in enumerate(tokens):
        written = token.text if token.token_type == TokenType.IDENTIFIER else text[token.start : token.end + 1]
        if written not in names or any(place.start <= token.start < place.end for place in taken):
            continue
        if token.token_type == TokenType.IDENTIFIER or _is_name(tokens, at, written):
            yield Edit(_span(tokens, at, at), quoted(names[written]))


def _is_name(tokens: list[Token], at: int, word: str) -> bool:
    param = at > 0 and tokens[at - 1].token_type == TokenType.COLON
    called = at + 1 < len(tokens) and tokens[at + 1].token_type == TokenType.L_PAREN
    return not param and not called and word.upper() not in RESERVED and tokens[at].token_type not in LITERALS


_QUERY = (TokenType.SELECT, TokenType.VALUES, TokenType.WITH)


def _column_list_edits(tokens: list[Token], at: int, text: str) -> Iterator[Edit]:
    """``(query) AS name (columns)`` becomes ``(WITH name (columns) AS (query) SELECT * FROM name) AS name``.

    SQLite has no list of columns behind an alias, but before a query of WITH.
    """
    name = at + 2 if at + 1 < len(tokens) and tokens[at + 1].token_type == TokenType.ALIAS else at + 1
    listed = [token.token_type for token in tokens[name : name + 2]]
    first = opening(tokens, at)
    if listed not in _NAME_AND_LIST or tokens[first + 1].token_type not in _QUERY:
        return
    end = next(place for place in range(name, len(tokens)) if tokens[place].token_type == TokenType.R_PAREN)
    called = text[tokens[name].start : tokens[end].end + 1]
    alias = text[tokens[name].start : tokens[name].end + 1]
    yield Edit(_span(tokens, first, first), f"(WITH {called} AS (")
    yield Edit(_span(tokens, at, end), f") SELECT * FROM {alias}) AS {alias}")


_NAME_AND_LIST = [[kind, TokenType.L_PAREN] for kind in (TokenType.VAR, TokenType.IDENTIFIER)]


def param_names(text: str) -> tuple[str, ...]:
    """The parameters of a text, each once."""
    tokens = tokens_of(text)
    return tuple(dict.fromkeys(name.text for colon, name in pairwise(tokens) if colon.token_type == TokenType.COLON))


def _is_cast(tokens: list[Token], at: int, text: str) -> bool:
    called = at + 1 < len(tokens) and tokens[at + 1].token_type == TokenType.L_PAREN
    return called and text[tokens[at].start : tokens[at].end + 1].upper() == "CAST"


def _span(tokens: list[Token], first: int, last: int) -> Place:
    return Place(tokens[first].start, tokens[last].end + 1)


def _call_end(tokens: list[Token], at: int) -> int:
    """The last token of ``CURRENT_TIMESTAMP`` or ``CURRENT_TIMESTAMP()``."""
    following = [token.token_type for token in tokens[at + 1 : at + 3]]
    return at + 2 if following == [TokenType.L_PAREN, TokenType.R_PAREN] else at


def _begins_lock(tokens: list[Token], at: int) -> bool:
    following = tokens[at + 1].text.upper() if at + 1 < len(tokens) else ""
    return tokens[at].token_type == TokenType.FOR and following in ("UPDATE", "SHARE", "NO", "KEY")


def _lock_end(tokens: list[Token], at: int) -> int:
    """The last token of FOR UPDATE and its kin, which SQLite does not have; they were read, so they are well formed."""
    while tokens[at].text.upper() not in ("UPDATE", "SHARE"):
        at += 1
    if at + 1 < len(tokens) and tokens[at + 1].text.upper() == "OF":
        at += 2
        while at + 1 < len(tokens) and tokens[at + 1].token_type in (TokenType.DOT, TokenType.COMMA):
            at += 2
    return at + 1 if at + 1 < len(tokens) and tokens[at + 1].text.upper() == "NOWAIT" else at


def _list_edit(tokens: list[Token], at: int, table: str) -> Edit:
    query = f"SELECT * FROM {quoted(table)}"
    around = [tokens[at - 1].token_type, tokens[at + 2].token_type if at + 2 < len(tokens) else None]
    in_parentheses = around == [TokenType.L_PAREN, TokenType.R_PAREN]
    return Edit(_span(tokens, at, at + 1), query if in_parentheses else f"({query})")


Cast = Callable[[str], "str | None"]
"""A type's text to the type that SQLite casts to, or to a function's name with ``()``; ``None`` refuses."""


def _cast_edits(tokens: list[Token], at: int, text: str, cast: Cast) -> Iterator[Edit]:
    as_, end = _cast_parts(tokens, at)
    written = text[tokens[as_ + 1].start : tokens[end - 1].end + 1]
    type_ = cast(written)
    if type_ is None:
        raise unsupported(f"CAST to {written}", "SQLite, which computes it, has no such type")
    if type_.endswith("()"):
        yield Edit(_span(tokens, at, at), type_[:-2])
        yield Edit(_span(tokens, as_, end - 1), "")
    else:
        yield Edit(_span(tokens, as_ + 1, end - 1), type_)


def _cast_parts(tokens: list[Token], at: int) -> tuple[int, int]:
    """Where the AS and the closing parenthesis of a CAST stand."""
    depth, as_ = 0, at
    for position in range(at + 1, len(tokens)):
        kind = tokens[position].token_type
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(kind, 0)
        if depth == 0:
            return as_, position
        if kind == TokenType.ALIAS and depth == 1:
            as_ = position
    raise unsupported("CAST without parentheses")
