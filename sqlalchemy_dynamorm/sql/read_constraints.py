"""Constraints of a table to their nodes: UNIQUE and REFERENCES with all that may follow them, COMMENT."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.read_parts import check, table_name
from sqlalchemy_dynamorm.sql.words import Words, once

_ACTIONS = ("NO ACTION", "SET NULL", "SET DEFAULT", "CASCADE", "RESTRICT")
_TIMES = ("DEFERRED", "IMMEDIATE")
_MATCHES = ("FULL", "PARTIAL", "SIMPLE")


def comment(words: Words) -> str | None:
    """``[COMMENT 'text']``."""
    return words.take("string") if words.accept("COMMENT") else None


def constraint(words: Words, name: str | None) -> nodes.Constraint | None:
    """A constraint of a table, but its primary key; ``None`` where none comes next."""
    if words.accept("UNIQUE"):
        return nodes.Unique(words.names(), name, comment(words))
    if words.accept("FOREIGN", "KEY"):
        columns = words.names()
        words.expect("REFERENCES")
        key = reference(words, columns, name)
        return replace(key, comment=comment(words))
    if words.accept("CHECK"):
        return replace(check(words, name), comment=comment(words))
    return None


def reference(words: Words, columns: tuple[str, ...], name: str | None) -> nodes.ForeignKey:
    """What follows REFERENCES.

    :raises ProgrammingError: the numbers of columns differ.
    :raises SQLSyntaxError: an unknown action, or one that stands twice.
    """
    target = table_name(words)
    target_columns = words.names() if words.sees("(") else ()
    if target_columns and len(target_columns) != len(columns):
        raise ProgrammingError(f"FOREIGN KEY has {len(columns)} columns and refers to {len(target_columns)}.")
    found = nodes.ForeignKey(columns, target, target_columns, name)
    while (more := _option(words, found)) is not None:
        found = more
    return found


def _option(words: Words, key: nodes.ForeignKey) -> nodes.ForeignKey | None:
    """The key with the option that comes next; ``None`` where none does."""
    if words.accept("ON", "DELETE"):
        return replace(key, on_delete=once(key.on_delete, _one_of(words, _ACTIONS), "ON DELETE"))
    if words.accept("ON", "UPDATE"):
        return replace(key, on_update=once(key.on_update, _one_of(words, _ACTIONS), "ON UPDATE"))
    if words.accept("NOT", "DEFERRABLE"):
        return replace(key, deferrable=once(key.deferrable, False, "DEFERRABLE"))
    if words.accept("DEFERRABLE"):
        return replace(key, deferrable=once(key.deferrable, True, "DEFERRABLE"))
    if words.accept("INITIALLY"):
        return replace(key, initially=once(key.initially, _one_of(words, _TIMES), "INITIALLY"))
    if words.accept("MATCH"):
        return replace(key, match=once(key.match, _one_of(words, _MATCHES), "MATCH"))
    return None


def _one_of(words: Words, known: tuple[str, ...]) -> str:
    found = next((phrase for phrase in known if words.accept(*phrase.split())), None)
    if found is None:
        raise words.error()
    return found
