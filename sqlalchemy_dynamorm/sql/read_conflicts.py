"""ON CONFLICT, INSERT OR … and REPLACE INTO to nodes."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Scope, consume, unsupported
from sqlalchemy_dynamorm.sql.grammar import first_word, syntax_error
from sqlalchemy_dynamorm.sql.read_assignments import read_assignments
from sqlalchemy_dynamorm.sql.read_expressions import name
from sqlalchemy_dynamorm.sql.read_queries import read_where

_ALTERNATIVES = ("IGNORE", "REPLACE")
_PARTS = frozenset({"action", "conflict_keys", "constraint", "expressions", "where"})


def checked_insert(tokens: list[Token], text: str) -> list[Token]:
    """The tokens of an INSERT, REPLACE INTO as the INSERT OR REPLACE INTO that it is.

    sqlglot goes past a missing INTO, LOCAL, an OR that leads nowhere, and an ON CONFLICT with nothing in parentheses.
    """
    replacing, after = first_word(tokens, text) == "REPLACE", tokens[1:]
    if not replacing and first_word(after, text) == "OR":
        alternative = first_word(after[1:], text)
        if alternative not in _ALTERNATIVES:
            raise unsupported(f"INSERT OR {alternative}") if alternative else syntax_error(tokens[:3], text)
        after = after[2:]
    if first_word(after, text) != "INTO":
        raise syntax_error(tokens[: len(tokens) - len(after) + 1], text)
    _check_conflicts(tokens, text)
    return [*_or_replace(tokens[0]), *after] if replacing else tokens


def _or_replace(token: Token) -> list[Token]:
    """INSERT OR REPLACE, at the place of REPLACE."""
    words = ((TokenType.INSERT, "INSERT"), (TokenType.OR, "OR"), (TokenType.REPLACE, "REPLACE"))
    return [Token(kind, word, token.line, token.col, token.start, token.end) for kind, word in words]


def _check_conflicts(tokens: list[Token], text: str) -> None:
    found = [at for at, token in enumerate(tokens) if token.token_type == TokenType.ON and _conflict(tokens, at, text)]
    if len(found) > 1:
        raise unsupported("Several ON CONFLICT clauses", "one says what happens")
    for at in found:
        if [token.token_type for token in tokens[at + 2 : at + 4]] == [TokenType.L_PAREN, TokenType.R_PAREN]:
            raise syntax_error(tokens[: at + 4], text)


def _conflict(tokens: list[Token], at: int, text: str) -> bool:
    return first_word(tokens[at + 1 : at + 2], text) == "CONFLICT"


def read_conflict(node: exp.Insert, scope: Scope) -> nodes.Conflict | None:
    """What an INSERT does where a key or unique values are taken; ``None`` where it fails."""
    alternative, found = node.args.get("alternative"), node.args.get("conflict")
    if alternative and found:
        raise unsupported(f"INSERT OR {alternative} with ON CONFLICT", "each says what happens")
    if alternative:
        return nodes.Conflict("replace" if str(alternative).upper() == "REPLACE" else "ignore")
    return _on_conflict(found, scope) if found else None


def _on_conflict(node: exp.OnConflict, scope: Scope) -> nodes.Conflict:
    consume(node, _PARTS)
    action = node.args["action"].name if node.args.get("action") else ""
    keys, constraint = node.args.get("conflict_keys") or (), node.args.get("constraint")
    target = tuple(_target(each, scope) for each in keys)
    named = name(constraint, scope) if constraint else None
    if action == "DO NOTHING":
        return nodes.Conflict("nothing", target, named)
    if action != "DO UPDATE":
        raise unsupported(f"ON CONFLICT {action}".strip(), "it is DO NOTHING or DO UPDATE")
    if not node.expressions:
        raise ProgrammingError("DO UPDATE needs a SET with what it sets.")
    inner = replace(scope, excluded=True)
    assignments = read_assignments(node.expressions, inner)
    return nodes.Conflict("update", target, named, assignments, read_where(node, inner))


def _target(node: exp.Expr, scope: Scope) -> str:
    """A column's name; sqlglot reads the list as one of ORDER BY."""
    inner = node.this if type(node) is exp.Ordered else node
    if type(inner) is not exp.Column or inner.args.get("table") or node.args.get("desc"):
        raise unsupported("ON CONFLICT on anything but columns")
    return name(inner.this, scope)
