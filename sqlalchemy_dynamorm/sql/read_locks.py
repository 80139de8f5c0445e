"""FOR UPDATE and its kin. No row is ever locked: commit checks that the rows are still what was read."""

from __future__ import annotations

from typing import Literal as Choice

from sqlglot import exp

from sqlalchemy_dynamorm.errors import Unsupported
from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Closed, Scope, consume, unsupported

_STRENGTHS: dict[tuple[bool, bool], Choice["UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"]] = {
    (True, False): "UPDATE",
    (True, True): "NO KEY UPDATE",
    (False, False): "SHARE",
    (False, True): "KEY SHARE",
}


def read_lock(node: exp.Expr, scope: Scope, table: Closed[nodes.TableName]) -> nodes.Lock | None:
    """The FOR UPDATE of a SELECT.

    :param table: reads a table's name.
    :raises Unsupported: there are two, or it is to pass over rows that others have locked.
    """
    locks = node.args.get("locks") or ()
    if not locks:
        return None
    if len(locks) > 1:
        raise unsupported(
            "FOR UPDATE beside another FOR UPDATE or FOR SHARE", "one is enough, since both mean the same"
        )
    (lock,) = locks
    consume(lock, frozenset({"update", "key", "expressions", "wait"}))
    wait = lock.args.get("wait")
    if wait is False:
        raise Unsupported(
            "FOR UPDATE SKIP LOCKED is not supported: DynamoDB has no locks, so it is not known which rows others are "
            "at work on. Take a row by an UPDATE whose WHERE names its key and the state that it must still be in, and "
            "commit: one of several workers succeeds, the others' commits fail; in AUTOCOMMIT the rowcount says it."
        )
    if wait not in (None, True):
        raise unsupported("WAIT", "nothing waits, since no row is locked")
    strength = _STRENGTHS[bool(lock.args.get("update")), bool(lock.args.get("key"))]
    tables = tuple(table(each, scope) for each in lock.expressions)
    return nodes.Lock(strength, tables, wait is True)


def refuse_lock(node: exp.Expr) -> None:
    """:raises Unsupported: a part of UNION has FOR UPDATE, or the whole, of which the grammar makes the last part."""
    if node.args.get("locks"):
        raise unsupported("FOR UPDATE beside UNION, INTERSECT and EXCEPT", "their rows are of no one table")
