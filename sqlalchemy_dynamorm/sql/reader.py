"""Text to meaning: one function, a closed world. Whatever is not understood is refused by name."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import Token

from sqlalchemy_dynamorm.errors import ProgrammingError, SQLSyntaxError, Unsupported
from sqlalchemy_dynamorm.sql import nodes, read_changes  # noqa: F401 - its handlers register themselves
from sqlalchemy_dynamorm.sql.closed_world import Scope, unsupported
from sqlalchemy_dynamorm.sql.grammar import first_word, syntax_error, tokens_of, tree_of
from sqlalchemy_dynamorm.sql.labels import label
from sqlalchemy_dynamorm.sql.punctuation import check_punctuation
from sqlalchemy_dynamorm.sql.read_conflicts import checked_insert
from sqlalchemy_dynamorm.sql.read_definitions import VERBS as DEFINITIONS
from sqlalchemy_dynamorm.sql.read_definitions import read_definition
from sqlalchemy_dynamorm.sql.read_queries import query

_QUERIES = frozenset({"SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"})
_OTHERS = {
    **dict.fromkeys("CALL COPY DECLARE EXECUTE LOCK MERGE SET TABLE USE VALUES".split(), "it is not handled yet"),
    **dict.fromkeys(
        "BEGIN COMMIT END RELEASE ROLLBACK SAVEPOINT START".split(),
        "a transaction is the connection's: use its begin(), begin_nested(), commit() and rollback()",
    ),
    **dict.fromkeys("ANALYZE ATTACH DETACH REINDEX VACUUM".split(), "DynamoDB has nothing like it to do; leave it out"),
    **dict.fromkeys("DESCRIBE SHOW".split(), "sqlalchemy.inspect(engine) says what there is"),
    **dict.fromkeys("GRANT REVOKE".split(), "permissions are AWS IAM's"),
    "PRAGMA": "it is SQLite's own; whether foreign keys are checked says the option foreign_keys of create_engine()",
    "TRUNCATE": "DELETE FROM without WHERE empties a table",
}
"""Statements that are known and not handled, with what to do instead."""


def read(text: str, lists: frozenset[str] = frozenset()) -> nodes.Statement:
    """The meaning of one statement in SQLite's dialect, with ``:name`` parameters.

    :param lists: the parameters that stand for a whole list, written ``x IN (:name)`` or ``x IN :name``.
    :raises SQLSyntaxError: the text is not SQL.
    :raises Unsupported: a statement, clause or function that is not handled, by name.
    :raises ProgrammingError: two statements, nesting that is too deep, a wrong number of values, a parameter style
        other than ``:name``.
    """
    try:
        return _statement(tokens_of(text), text, Scope(lists, text))
    except RecursionError:
        raise ProgrammingError("The statement is nested too deeply; write it flatter.") from None


def _statement(tokens: list[Token], text: str, scope: Scope) -> nodes.Statement:
    verb = first_word(tokens, text)
    if verb == "EXPLAIN":
        return nodes.Explain(_explained(tokens[1:], text, scope))
    if verb in DEFINITIONS:
        return read_definition(tokens, text)
    return _query(tokens, text, scope)


def _explained(tokens: list[Token], text: str, scope: Scope) -> nodes.Query:
    if not tokens:
        raise SQLSyntaxError("EXPLAIN needs a statement behind it.")
    verb = first_word(tokens, text)
    if verb in ("QUERY", "ANALYZE", "EXPLAIN") or verb in DEFINITIONS:
        raise unsupported(f"EXPLAIN {verb}", "EXPLAIN takes a SELECT, INSERT, UPDATE or DELETE")
    return _query(tokens, text, scope)


def _query(tokens: list[Token], text: str, scope: Scope) -> nodes.Query:
    verb = first_word(tokens, text)
    if verb in _OTHERS:
        raise Unsupported(f"{verb} is not supported: {_OTHERS[verb]}.")
    if verb not in _QUERIES and verb != "(":
        raise syntax_error(tokens[:1], text)
    if verb in ("INSERT", "REPLACE"):
        tokens = checked_insert(tokens, text)
    check_punctuation(tokens, text)
    tree = tree_of(tokens, text)
    if not isinstance(tree, exp.Query | exp.DML):
        raise syntax_error(tokens, text)
    label(tree, tokens, text)
    return query(tree, scope)
