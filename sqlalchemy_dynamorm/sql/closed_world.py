"""Handlers by node class, each with the arguments it reads. Whatever else a node holds is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlglot import exp

from sqlalchemy_dynamorm.errors import Unsupported

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the statement is read with: the parameters that are lists, and its text.

    :ivar excluded: ``excluded`` is the row that could not be inserted.
    """

    lists: frozenset[str] = frozenset()
    text: str = ""
    excluded: bool = False


Handler = Callable[[Any, Scope], T]


@dataclass(frozen=True, slots=True)
class Closed(Generic[T]):
    """A function over sqlglot nodes that knows the classes it handles, and of each the arguments.

    :ivar place: what is being read, for messages: "a value", "a condition".
    """

    place: str
    handlers: dict[type[exp.Expr], tuple[Handler[T], frozenset[str]]] = field(default_factory=dict)

    def reads(self, kind: type[exp.Expr], *arguments: str) -> Callable[[Handler[T]], Handler[T]]:
        """Decorate the handler of exactly this class; ``arguments`` are the ones it reads."""

        def register(handler: Handler[T]) -> Handler[T]:
            self.handlers[kind] = handler, frozenset(arguments)
            return handler

        return register

    def __call__(self, node: exp.Expr, scope: Scope) -> T:
        """Read a node.

        :raises Unsupported: its class or one of its arguments is not handled.
        """
        return self.check(node)(node, scope)

    def check(self, node: exp.Expr) -> Handler[T]:
        """The handler of a node that holds no more than the handler reads.

        :raises Unsupported: its class or one of its arguments is not handled.
        """
        if type(node) not in self.handlers:
            raise unsupported(name_of(node), f"it cannot be read as {self.place}")
        handler, arguments = self.handlers[type(node)]
        consume(node, arguments)
        return handler


def consume(node: exp.Expr, arguments: frozenset[str]) -> None:
    """Check that a node holds no more than these arguments.

    :raises Unsupported: it does; with the clause's name.
    """
    for argument, value in node.args.items():
        if argument not in arguments and value is not None and value is not False and value != []:
            raise unsupported(_clause(node, argument, value))


def unsupported(what: str, why: str = "it is not handled yet") -> Unsupported:
    """The error for a clause, function or statement that is understood but not handled."""
    return Unsupported(f"{what} is not supported: {why}; rewrite the statement without it.")


def name_of(node: exp.Expr) -> str:
    """A node in SQL's words."""
    if type(node) in _NODES:
        return _NODES[type(node)]
    if isinstance(node, exp.Anonymous):
        return f"The function {node.name.upper()}()"
    if isinstance(node, exp.Func):
        return f"The function {node.sql_name()}()"
    return node.key.upper()


def _clause(node: exp.Expr, argument: str, value: Any) -> str:
    if argument == "limit" and isinstance(value, exp.Fetch):
        return "FETCH"
    known = _CLAUSES.get(f"{node.key}.{argument}") or _CLAUSES.get(argument)
    return known or f"{argument.rstrip('_').upper()} in {node.key.upper()}"


_NODES: dict[type[exp.Expr], str] = {
    exp.Add: "Arithmetic (+)",
    exp.Sub: "Arithmetic (-)",
    exp.Mul: "Arithmetic (*)",
    exp.Div: "Arithmetic (/)",
    exp.Mod: "Arithmetic (%)",
    exp.Neg: "Arithmetic (-)",
    exp.And: "AND",
    exp.Or: "OR",
    exp.Case: "CASE",
    exp.If: "CASE",
    exp.Cast: "CAST",
    exp.TryCast: "CAST",
    exp.Collate: "COLLATE",
    exp.Column: "A column",
    exp.Count: "COUNT",
    exp.Distinct: "DISTINCT",
    exp.DPipe: "The operator ||",
    exp.Except: "EXCEPT",
    exp.Exists: "EXISTS",
    exp.Filter: "FILTER",
    exp.Intersect: "INTERSECT",
    exp.Is: "IS",
    exp.JSONExtract: "A JSON path (->)",
    exp.JSONExtractScalar: "A JSON path (->>)",
    exp.NullSafeEQ: "IS with a value",
    exp.NullSafeNEQ: "IS NOT with a value",
    exp.Select: "A subquery (SELECT)",
    exp.Star: "*",
    exp.Subquery: "A subquery (SELECT)",
    exp.Tuple: "A row value",
    exp.Union: "UNION",
    exp.Values: "VALUES as a table",
    exp.Window: "A window (OVER)",
    exp.Fetch: "FETCH",
    exp.Var: "A bare word",
}

_CLAUSES: dict[str, str] = {
    "with_": "WITH",
    "joins": "JOIN (a comma in FROM is one too)",
    "laterals": "LATERAL",
    "group": "GROUP BY",
    "windows": "WINDOW",
    "locks": "FOR UPDATE",
    "sample": "TABLESAMPLE",
    "onconflict.duplicate": "ON DUPLICATE KEY UPDATE",
    "onconflict.index_predicate": "ON CONFLICT with the WHERE of a partial index",
    "catalog": "A table name of three parts",
    "column.catalog": "A column name of four parts",
    "indexed": "INDEXED BY",
    "into": "INTO",
    "delete.tables": "DELETE without FROM",
    "tablealias.columns": "A column list behind an alias",
    "between.symmetric": "BETWEEN SYMMETRIC",
    "currenttimestamp.this": "A precision of CURRENT_TIMESTAMP",
    "count.expressions": "COUNT with several arguments",
    "star.except_": "EXCEPT behind *",
    "values.alias": "An alias of VALUES",
}
