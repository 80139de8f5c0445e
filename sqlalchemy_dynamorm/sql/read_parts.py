"""The parts that several definitions have: table names, indexes, options, constants."""

from __future__ import annotations

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql import literals, nodes
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.words import Words

_CONSTANTS: dict[str, nodes.Value] = {
    "NULL": nodes.Literal(None),
    "TRUE": nodes.Literal(True),
    "FALSE": nodes.Literal(False),
    "CURRENT_TIMESTAMP": nodes.CurrentTimestamp(),
}


def table_name(words: Words) -> nodes.TableName:
    """``[schema.]name``.

    :raises Unsupported: there are three parts.
    """
    first = words.name()
    if not words.accept("."):
        return nodes.TableName(first)
    second = words.name()
    if words.sees("."):
        raise unsupported("A table name of three parts")
    return nodes.TableName(second, first)


def index(
    words: Words, name: str, table: nodes.TableName, unique: bool = False, if_not_exists: bool = False
) -> nodes.CreateIndex:
    """``(columns) [WITH (options)]`` of an index.

    :raises Unsupported: a column is an expression or descending.
    """
    words.expect("(")
    columns = [_index_column(words)]
    while words.accept(","):
        columns.append(_index_column(words))
    words.expect(")")
    refuse_twice(columns, f"the index {name}")
    return nodes.CreateIndex(name, table, tuple(columns), unique, if_not_exists, options(words))


def _index_column(words: Words) -> str:
    column = words.name()
    if words.sees("("):
        raise unsupported("An expression in an index")
    if words.sees("DESC"):
        raise unsupported("DESC in an index", "both directions of an index are read alike")
    words.accept("ASC")
    if not (words.sees(",") or words.sees(")")):
        raise words.refusal("an index")
    return column


def options(words: Words) -> nodes.Options:
    """``[WITH (option='value', …)]``, none being the empty tuple.

    :raises ProgrammingError: an option stands twice.
    """
    return option_list(words, "WITH") if words.accept("WITH") else ()


def option_list(words: Words, place: str) -> nodes.Options:
    """``(option='value', …)``, at least one; a number, TRUE and FALSE need no quotes.

    :raises ProgrammingError: an option stands twice.
    """
    words.expect("(")
    found = [_option(words)]
    while words.accept(","):
        found.append(_option(words))
    words.expect(")")
    refuse_twice([name for name, _ in found], place)
    return tuple(found)


def _option(words: Words) -> tuple[str, str]:
    name = words.name()
    words.expect("=")
    for truth in ("TRUE", "FALSE"):
        if words.accept(truth):
            return name, truth.lower()
    return name, words.take("string", "number")


def check(words: Words, name: str | None) -> nodes.CheckConstraint:
    """Read what follows CHECK: a condition in parentheses, which nothing here looks into."""
    return nodes.CheckConstraint(words.enclosed(), name)


def constant(words: Words) -> nodes.Value:
    """A constant, in parentheses or not.

    :raises Unsupported: it is an expression.
    """
    if words.accept("("):
        found = constant(words)
        if not words.accept(")"):
            raise unsupported("DEFAULT with an expression", "it takes a constant or CURRENT_TIMESTAMP")
        return found
    word = words.next
    if word is None:
        raise words.error()
    if word.kind == "string":
        return nodes.Literal(words.take("string"))
    if word.kind == "blob":
        return nodes.Literal(literals.blob(words.take("blob")))
    if word.upper in ("+", "-") or word.kind == "number":
        return _number(words)
    if word.upper in _CONSTANTS:
        words.take("word")
        return _CONSTANTS[word.upper]
    if words.accept("NOW", "(", ")"):
        return nodes.CurrentTimestamp()
    if words.accept("NEXTVAL", "("):
        found_sequence = nodes.NextValue(table_name(words))
        words.expect(")")
        return found_sequence
    raise unsupported("DEFAULT with an expression", "it takes a constant or CURRENT_TIMESTAMP")


def _number(words: Words) -> nodes.Literal:
    minus = words.accept("-")
    if not minus:
        words.accept("+")
    text = words.take("number")
    return nodes.Literal(literals.negative(text) if minus else literals.number(text))


def refuse_twice(names: list[str], place: str) -> None:
    """Check that no name stands twice.

    :raises ProgrammingError: one does, by name.
    """
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ProgrammingError(f"The name {name} stands twice in {place}.")
