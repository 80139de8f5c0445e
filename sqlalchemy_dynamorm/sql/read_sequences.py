"""Sequences and identities to nodes: their definitions, and ``nextval(sequence)``."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql import literals, nodes
from sqlalchemy_dynamorm.sql.closed_world import Scope
from sqlalchemy_dynamorm.sql.grammar import tokens_of
from sqlalchemy_dynamorm.sql.read_expressions import column, unwrapped
from sqlalchemy_dynamorm.sql.read_parts import table_name
from sqlalchemy_dynamorm.sql.words import Words, once, words_of


def read_sequence(words: Words) -> nodes.CreateSequence:
    """Read what follows CREATE SEQUENCE.

    :raises SQLSyntaxError: it is malformed.
    """
    if_not_exists = words.accept("IF", "NOT", "EXISTS")
    return nodes.CreateSequence(table_name(words), numbering(words), if_not_exists)


def identity(words: Words) -> nodes.Identity | None:
    """``GENERATED … AS IDENTITY [(options)]``; ``None`` where something else comes next."""
    always = words.accept("GENERATED", "ALWAYS", "AS", "IDENTITY")
    if not always and not words.accept("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
        return None
    if not words.accept("("):
        return nodes.Identity(always=always)
    found = numbering(words)
    words.expect(")")
    return nodes.Identity(found, always)


def numbering(words: Words) -> nodes.Numbering:
    """The options of a sequence, in any order.

    :raises SQLSyntaxError: one stands twice, or has no number.
    """
    found: dict[str, Any] = {}
    while (option := _option(words)) is not None:
        name, value = option
        once(found.get(name), value, name.upper())
        found[name] = value
    return nodes.Numbering(**{name: value for name, value in found.items() if value is not _NONE})


_NONE = object()


def _option(words: Words) -> tuple[str, Any] | None:
    if words.accept("START"):
        words.accept("WITH")
        return "start", _integer(words)
    if words.accept("INCREMENT"):
        words.accept("BY")
        return "increment", _integer(words)
    for name, keyword in (("minimum", "MINVALUE"), ("maximum", "MAXVALUE")):
        if words.accept(keyword):
            return name, _integer(words)
        if words.accept("NO", keyword):
            return name, _NONE
    if words.accept("CACHE"):
        return "cache", _integer(words)
    if words.accept("NO", "CYCLE"):
        return "cycle", False
    return ("cycle", True) if words.accept("CYCLE") else None


def _integer(words: Words) -> int:
    minus = words.accept("-")
    text = words.take("number")
    found = literals.negative(text) if minus else literals.number(text)
    if not isinstance(found, int):
        raise words.error()
    return found


def next_value(node: exp.Expr, scope: Scope) -> nodes.NextValue | None:
    """``nextval(sequence)``, its name also as a text; ``None`` for anything else.

    :raises ProgrammingError: it is given no name, or several.
    """
    node = unwrapped(node)
    if not isinstance(node, exp.Anonymous) or str(node.this).lower() != "nextval":
        return None
    (named, *more) = node.expressions or (None,)
    if named is None or more:
        raise ProgrammingError("nextval() takes one name, that of a sequence.")
    if isinstance(named, exp.Literal) and named.is_string:
        words = words_of(tokens_of(named.name), named.name)
        found = table_name(words)
        words.end("a sequence's name")
        return nodes.NextValue(found)
    name = column(named, scope)
    return nodes.NextValue(nodes.TableName(name.name, name.table))
