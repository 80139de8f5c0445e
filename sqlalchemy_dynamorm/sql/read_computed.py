"""Expressions that only SQLite computes: arithmetic, CASE, CAST, functions, aggregates, windows, subqueries.

Their text is run as it was written, so what is read here is which columns, parameters and queries they hold, and
that each function is one that SQLite has, by the name that the text calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal as Choice

from sqlglot import exp

from sqlalchemy_dynamorm.sql import nodes
from sqlalchemy_dynamorm.sql.closed_world import Scope, consume, name_of, unsupported
from sqlalchemy_dynamorm.sql.functions import AGGREGATES, GIVES, SCALARS, WINDOWED
from sqlalchemy_dynamorm.sql.read_expressions import expression, native_call, subquery

Gives = Choice["same", "number", "truth", "json", ""]

# --- operators --------------------------------------------------------------------------------------------------

_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "Arithmetic (+)",
    exp.Sub: "Arithmetic (-)",
    exp.Mul: "Arithmetic (*)",
    exp.Div: "Arithmetic (/)",
    exp.Mod: "Arithmetic (%)",
    exp.BitwiseAnd: "The operator &",
    exp.BitwiseOr: "The operator |",
    exp.BitwiseLeftShift: "The operator <<",
    exp.BitwiseRightShift: "The operator >>",
    exp.Glob: "GLOB",
    exp.RegexpLike: "REGEXP",
    exp.JSONExtract: "A JSON path (->)",
    exp.JSONExtractScalar: "A JSON path (->>)",
}
_FLAGS = ("typed", "safe", "only_json_types", "scalar_only", "json_subtype", "option", "full_match")
"""What sqlglot notes of SQLite's own meaning of an operator; none is a clause of the text."""


def _operator(node: exp.Expr, scope: Scope) -> nodes.Expression:
    operands = tuple(expression(part, scope) for part in (node.this, *_listed(node.args.get("expression"))))
    more = tuple(expression(part, scope) for part in node.args.get("expressions") or ())
    if isinstance(node, exp.JSONExtract | exp.JSONExtractScalar) and _written(node, scope) == "json_extract":
        return nodes.Computed("json_extract()", (*operands, *more))
    gives: Gives = "json" if type(node) is exp.JSONExtract else ""
    if type(node) in (exp.Glob, exp.RegexpLike):
        gives = "truth"
    return nodes.Computed(_ARITHMETIC[type(node)], (*operands, *more), gives=gives)


for _kind in _ARITHMETIC:
    expression.reads(_kind, "this", "expression", "expressions", *_FLAGS)(_operator)


@expression.reads(exp.BitwiseNot, "this")
def _not_bits(node: exp.BitwiseNot, scope: Scope) -> nodes.Expression:
    return nodes.Computed("The operator ~", (expression(node.this, scope),))


@expression.reads(exp.Collate, "this", "expression")
def _collated(node: exp.Collate, scope: Scope) -> nodes.Expression:
    collation = node.expression.name.upper()
    if collation not in ("BINARY", "NOCASE", "RTRIM"):
        raise unsupported(f"COLLATE {node.expression.name}", "SQLite has BINARY, NOCASE and RTRIM")
    return nodes.Computed("COLLATE", (expression(node.this, scope),), gives="same")


@expression.reads(exp.Case, "this", "ifs", "default")
def _case(node: exp.Case, scope: Scope) -> nodes.Expression:
    # The results come first, since they are what CASE gives.
    results = [*(each.args["true"] for each in node.args["ifs"]), *_listed(node.args.get("default"))]
    conditions = [*_listed(node.this), *(each.this for each in node.args["ifs"])]
    for each in node.args["ifs"]:
        expression.check(each)
    parts = _read([*results, *conditions], scope)
    return nodes.Computed("CASE", parts, gives="same", results=len(results))


@expression.reads(exp.Cast, "this", "to", "_type")
def _cast(node: exp.Cast, scope: Scope) -> nodes.Expression:
    return nodes.Computed(f"{nodes.CAST}{node.to.sql()}", (expression(node.this, scope),))


@expression.reads(exp.CurrentDate)
@expression.reads(exp.CurrentTime)
def _today(node: exp.Expr, scope: Scope) -> nodes.Expression:
    return nodes.Computed(name_of(node))


# --- functions --------------------------------------------------------------------------------------------------


def _function(node: exp.Expr, scope: Scope) -> nodes.Expression:
    native = native_call(node, scope)
    if native is not None:
        return native
    called = _written(node, scope)
    if isinstance(node, exp.Anonymous) and not isinstance(node.this, str):
        raise unsupported(f"The function {node.name.upper()}() in quotes", "SQLite would take it for another")
    parts = _read(_arguments(node), scope)
    if called in AGGREGATES and not (called in ("min", "max") and len(parts) > 1):
        return nodes.Computed(f"{called}()", parts, aggregate=True, gives=GIVES.get(called, ""))
    if called in SCALARS:
        return nodes.Computed(f"{called}()", parts, gives=GIVES.get(called, ""))
    if called in WINDOWED:
        raise unsupported(f"The function {called}()", "it is for a window, with OVER")
    raise unsupported(
        f"The function {called.upper()}()" if called else name_of(node), "neither DynamoDB nor SQLite has it"
    )


def _registered() -> Iterator[type[exp.Expr]]:
    """Every class that sqlglot has for a function by its name, but for those that are read above."""
    for kind in {*exp.ALL_FUNCTIONS, exp.Anonymous}:
        if kind not in expression.handlers and kind not in (exp.Exists, exp.Count):
            yield kind


for _kind in _registered():
    expression.reads(_kind, *_kind.arg_types)(_function)


@expression.reads(exp.Count, "this", "expressions", "big_int")
def _count(node: exp.Count, scope: Scope) -> nodes.Expression:
    if type(node.this) is exp.Star:
        consume(node.this, frozenset())
        return nodes.CountRows()
    return nodes.Computed("count()", _read(_arguments(node), scope), aggregate=True, gives="number")


@expression.reads(exp.Filter, "this", "expression")
def _filtered(node: exp.Filter, scope: Scope) -> nodes.Expression:
    counted = expression(node.this, scope)
    condition = expression(node.expression.this, scope)
    if isinstance(counted, nodes.CountRows):
        return nodes.Computed("count()", (condition,), aggregate=True, gives="number")
    if not isinstance(counted, nodes.Computed) or not counted.aggregate:
        raise unsupported("FILTER behind anything but an aggregate")
    return nodes.Computed(counted.what, (*counted.parts, condition), aggregate=True, gives=counted.gives)


_UNPLACED: dict[type[exp.Expr], str] = {
    exp.Ceil: "ceil",
    exp.Chr: "char",
    exp.Floor: "floor",
    exp.GroupConcat: "group_concat",
    exp.If: "if",
    exp.JSONObject: "json_object",
    exp.Substring: "substring",
    exp.Trim: "trim",
}
"""Functions of whose name sqlglot does not say where it stands."""


def _arguments(node: exp.Expr) -> Iterator[exp.Expr]:
    """The expressions that a function is given, those of DISTINCT in it too."""
    for value in node.args.values():
        for each in _listed(value):
            if type(each) is exp.Distinct:
                yield from each.expressions
            elif type(each) is exp.JSONKeyValue:
                yield from (each.this, each.expression)
            elif isinstance(each, exp.TsOrDsToTimestamp | exp.TsOrDsToDate | exp.TsOrDsToTime) and not each.meta:
                yield each.this  # sqlglot's own wrapping
            elif isinstance(each, exp.Expr):
                yield each


def _written(node: exp.Expr, scope: Scope) -> str:
    """The name that the text calls a function by, in lower case; ``""`` for an operator."""
    if "start" not in node.meta:
        return _UNPLACED.get(type(node), "")
    return scope.text[node.meta["start"] : node.meta["end"] + 1].strip('"`[]').lower()


# --- windows ----------------------------------------------------------------------------------------------------


@expression.reads(exp.Window, "this", "partition_by", "order", "spec", "over", "alias")
def _windowed(node: exp.Window, scope: Scope) -> nodes.Expression:
    function = node.this
    filters: list[exp.Expr] = []
    while type(function) is exp.Filter:
        filters.append(function.expression.this)
        function = function.this
    called = _written(function, scope)
    if called not in WINDOWED and called not in AGGREGATES:
        raise unsupported(f"OVER behind {name_of(function)}", "it is for aggregates and window functions")
    given = [each for each in _arguments(function) if type(each) is not exp.Star]
    parts = _read([*given, *filters, *window_parts(node)], scope)
    return nodes.Computed(nodes.WINDOW, parts, gives=GIVES.get(called, ""))


def window_parts(node: exp.Window) -> list[exp.Expr]:
    """The expressions of a window's definition."""
    order = node.args.get("order")
    terms = [term.this for term in order.expressions] if order else []
    spec = node.args.get("spec")
    bounds = [spec.args.get("start"), spec.args.get("end")] if spec else []
    return [*(node.args.get("partition_by") or ()), *terms, *(each for each in bounds if isinstance(each, exp.Expr))]


# --- subqueries -------------------------------------------------------------------------------------------------


@expression.reads(exp.Exists, "this")
def _exists(node: exp.Exists, scope: Scope) -> nodes.Expression:
    return nodes.Subquery(subquery(node.this, scope), exists=True)


@expression.reads(exp.Subquery, "this")
def _scalar(node: exp.Subquery, scope: Scope) -> nodes.Expression:
    return nodes.Subquery(subquery(node.this, scope))


def _read(found: Iterable[exp.Expr], scope: Scope) -> tuple[nodes.Expression, ...]:
    return tuple(expression(each, scope) for each in found)


def _listed(value: object) -> list[exp.Expr]:
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, exp.Expr)]
