"""CREATE, ALTER and DROP to nodes.

They are read from the tokens, not from sqlglot's tree: its parser of definitions takes the words of a dozen
databases, forgets some of them ("ON", "TABLE", a comma) and the names of types (NVARCHAR becomes TEXT).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot.tokenizer_core import Token

from sqlalchemy_dynamorm.errors import ProgrammingError
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.read_alterations import read_alteration, read_comment
from sqlalchemy_dynamorm.sql.read_parts import index, option_list, table_name
from sqlalchemy_dynamorm.sql.read_sequences import read_sequence
from sqlalchemy_dynamorm.sql.read_table import read_table
from sqlalchemy_dynamorm.sql.words import Words, words_of


def read_definition(tokens: list[Token], source: str) -> nodes.Definition:
    """Read a CREATE, ALTER, DROP or COMMENT statement.

    :raises SQLSyntaxError: it is malformed.
    :raises Unsupported: a clause or a kind of object that is not handled, by name.
    :raises ProgrammingError: it contradicts itself, or DROP INDEX names no table.
    """
    words = words_of(tokens, source)
    verb = next(verb for verb in _READERS if words.accept(verb))
    found = _READERS[verb](words)
    words.end(verb)
    return found


def _create(words: Words) -> nodes.Definition:
    if words.accept("TABLE"):
        return read_table(words)
    if words.accept("SEQUENCE"):
        return read_sequence(words)
    unique = words.accept("UNIQUE")
    if words.accept("INDEX"):
        return _create_index(words, unique)
    raise _other_object(words, "CREATE")


def _drop(words: Words) -> nodes.Definition:
    if words.accept("TABLE"):
        if_exists = words.accept("IF", "EXISTS")
        return nodes.DropTable(table_name(words), if_exists)
    if words.accept("SEQUENCE"):
        if_exists = words.accept("IF", "EXISTS")
        return nodes.DropSequence(table_name(words), if_exists)
    if words.accept("INDEX"):
        return _drop_index(words)
    raise _other_object(words, "DROP")


def _alter(words: Words) -> nodes.Definition:
    if words.accept("TABLE"):
        return read_alteration(words)
    if words.accept("INDEX"):
        return _alter_index(words)
    raise _other_object(words, "ALTER")


def _other_object(words: Words, verb: str) -> Exception:
    if words.next is not None and words.next.kind == "word":
        return unsupported(f"{verb} {words.next.upper}")
    return words.error()


def _create_index(words: Words, unique: bool) -> nodes.CreateIndex:
    if_not_exists = words.accept("IF", "NOT", "EXISTS")
    name = _index_name(words)
    words.expect("ON")
    return index(words, name, table_name(words), unique, if_not_exists)


def _drop_index(words: Words) -> nodes.DropIndex:
    if_exists = words.accept("IF", "EXISTS")
    name = _index_name(words)
    if words.next is None:
        raise ProgrammingError(f"DROP INDEX needs the index's table: write DROP INDEX {name} ON table.")
    words.expect("ON")
    return nodes.DropIndex(name, table_name(words), if_exists)


def _alter_index(words: Words) -> nodes.AlterIndex:
    if_exists = words.accept("IF", "EXISTS")
    name = _index_name(words)
    if words.sees("SET"):
        raise ProgrammingError(f"ALTER INDEX needs the index's table: write ALTER INDEX {name} ON table SET (…).")
    if not words.accept("ON"):
        raise words.refusal("ALTER INDEX")
    table = table_name(words)
    if not words.accept("SET"):
        raise words.refusal("ALTER INDEX")
    return nodes.AlterIndex(name, table, option_list(words, "SET"), if_exists)


def _index_name(words: Words) -> str:
    name = words.name()
    if words.accept("."):
        name = words.name()
        raise ProgrammingError(f"An index's name has no schema, its table's has: write {name} ON schema.table.")
    return name


_READERS: dict[str, Callable[[Words], nodes.Definition]] = {
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": _alter,
    "COMMENT": read_comment,
}
"""What reads the rest of a statement, by its verb."""
VERBS = frozenset(_READERS)
