"""``GENERATED ALWAYS AS (expression)`` of a column to its node."""

from __future__ import annotations

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Scope, unsupported
from sqlalchemy_dynamorm.sql.grammar import tokens_of, tree_of
from sqlalchemy_dynamorm.sql.punctuation import check_punctuation
from sqlalchemy_dynamorm.sql.read_assignments import operand
from sqlalchemy_dynamorm.sql.words import Words, words_of


def generated(words: Words) -> nodes.Generated | None:
    """Read it with what stands behind it, STORED for one; ``None`` where something else comes next.

    :raises Unsupported: VIRTUAL, and an expression that is not computed here, by name.
    """
    if not (words.accept("GENERATED", "ALWAYS", "AS") or words.accept("AS")):
        return None
    text = words.enclosed()
    if words.accept("VIRTUAL"):
        raise unsupported("VIRTUAL", "a computed column is stored, so it is STORED, which may be left out")
    stored = words.accept("STORED") or words.accept("PERSISTED")
    return nodes.Generated(text, _operand(text), True if stored else None)


def read_generated(text: str) -> nodes.Generated:
    """The clause by itself.

    :raises SQLSyntaxError: it is malformed.
    """
    words = words_of(tokens_of(text), text)
    found = generated(words)
    if found is None:
        raise words.error()
    words.end("GENERATED")
    return found


def _operand(text: str) -> nodes.Operand:
    whole = f"SELECT ({text})"
    tokens = tokens_of(whole)
    check_punctuation(tokens, whole)
    found = operand(tree_of(tokens, whole).expressions[0], Scope(frozenset(), whole))
    if any(isinstance(part, nodes.Param | nodes.CurrentTimestamp | nodes.NextValue) for part in nodes.values_in(found)):
        raise unsupported("A parameter or the present moment in a computed column", "it is of the columns of its row")
    return found
