"""What of a statement's conditions each table can be asked for, and which tables give keys to which.

A row may be left unread only if the result is the same without it. Conditions of WHERE and of inner joins say that of
every table in them; an outer join's ON only of the side that it may leave out; and below an outer join nothing is
pushed that could hold for the NULLs which stand in the place of a missing row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy_dynamorm.plan.analysis import Analysis, Fact, aggregates
from sqlalchemy_dynamorm.plan.predicates import (
    ALWAYS,
    All,
    Comparison,
    Constant,
    FunctionTest,
    Membership,
    Predicate,
    Presence,
    Some,
    ValueTest,
)
from sqlalchemy_dynamorm.plan.schema import Column
from sqlalchemy_dynamorm.plan.scopes import Block, Occurrence
from sqlalchemy_dynamorm.plan.widening import widened
from sqlalchemy_dynamorm.sql import nodes


@dataclass(frozen=True, slots=True)
class Edge:
    """The rows of ``target`` that are wanted have in ``column`` a value that rows of ``source`` have in ``key``."""

    source: int
    key: Column
    target: int
    column: Column


@dataclass
class Pushed:
    """What can be asked of the tables.

    :ivar wheres: conditions by the number of the occurrence.
    """

    wheres: dict[int, list[Predicate]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


def push(analysis: Analysis) -> Pushed:
    """The conditions that each occurrence can be read with, and the edges along which keys are handed on."""
    pushed = Pushed({each.number: [] for each in analysis.occurrences})
    for fact in analysis.facts:
        _push_condition(fact, analysis, pushed)
        pushed.edges.extend(_edges(fact, analysis))
    for member, shape in analysis.members:
        for fact in analysis.facts:
            if fact.condition is member:
                pushed.edges.extend(_member_edges(member, fact, [found.bases for _, found in shape]))
    _propagate(pushed)
    return pushed


# --- conditions -------------------------------------------------------------------------------------------------


def _push_condition(fact: Fact, analysis: Analysis, pushed: Pushed) -> None:
    columns = list(_columns(fact.condition))
    owners = {_owner(column, fact.block) for column in columns}
    if len(owners) != 1 or None in owners:
        return
    owner = owners.pop()
    assert owner is not None
    if owner.number not in fact.of:
        return
    predicate = widened(fact.condition, lambda column: _base(column, fact.block))
    if predicate == ALWAYS:
        return  # SQLite checks it on the rows that are read
    if fact.joined or not owner.nullable or not _may_hold_for_nulls(predicate):
        pushed.wheres[owner.number].append(predicate)


def _columns(expression: nodes.Expression) -> Iterator[nodes.Column | None]:
    """The columns in an expression; ``None`` for a query in it."""
    if isinstance(expression, nodes.Column):
        yield expression
    elif isinstance(expression, nodes.Subquery | nodes.InQuery):
        yield None
    for part in nodes.parts_of(expression):
        yield from _columns(part)


def _owner(column: nodes.Column | None, block: Block) -> Occurrence | None:
    """The table that a column of this SELECT's own FROM is of, if it may be asked for a part of its rows."""
    found = None if column is None else block.own(column)
    if found is None or len(found.bases) != 1:
        return None
    occurrence = found.bases[0][0]
    return occurrence if any(occurrence in source.open for source in block.sources) else None


def _base(column: nodes.Column, block: Block) -> Column:
    return block.resolve(column).bases[0][1]


def _may_hold_for_nulls(predicate: Predicate) -> bool:
    """Whether a condition may hold for a row of NULLs."""
    match predicate:
        case All(parts):
            return all(_may_hold_for_nulls(part) for part in parts)
        case Some(parts):
            return any(_may_hold_for_nulls(part) for part in parts)
        case Presence(_, present):
            return not present
        case Membership(_, _, negated):
            return negated  # NOT IN of an empty list holds for NULL
        case FunctionTest(name, _, _, negated):
            return name == "attribute_exists" and negated
        case Constant(holds):
            return holds
        case ValueTest():
            return True
        case _:
            return False


# --- edges ------------------------------------------------------------------------------------------------------


def _edges(fact: Fact, analysis: Analysis) -> Iterator[Edge]:
    """Both directions of an equality of two columns, as far as the fact restricts them."""
    match fact.condition:
        case nodes.Compare("=", nodes.Column() as left, nodes.Column() as right):
            yield from _edge(fact, left, right)
            yield from _edge(fact, right, left)
        case nodes.Subquery(nodes.Select() as query, True):
            yield from _semi_edges(fact, query, analysis)
        case _:
            return


def _edge(fact: Fact, key: nodes.Column, column: nodes.Column) -> Iterator[Edge]:
    """Keys from the one column to the table of the other."""
    target = _owner(column, fact.block)
    sources = fact.block.resolve(key).bases
    if target is None or target.number not in fact.of or len(sources) != 1:
        return
    yield from _linked(sources[0], target, _base(column, fact.block))


def _linked(source: tuple[Occurrence, Column], target: Occurrence, column: Column) -> Iterator[Edge]:
    occurrence, key = source
    same = key.kind.key_type is not None and key.kind.key_type == column.kind.key_type
    if same and occurrence is not target:
        yield Edge(occurrence.number, key, target.number, column)


def _semi_edges(fact: Fact, query: nodes.Select, analysis: Analysis) -> Iterator[Edge]:
    """``EXISTS (SELECT … WHERE inner.a = outer.b)``: outer rows are wanted only where inner ones have the value."""
    if query.group or query.having or query.limit is not None or query.offset is not None or aggregates(query):
        return
    for inner in analysis.facts:
        if inner.block.parent is not fact.block or not isinstance(inner.condition, nodes.Compare) or inner.joined:
            continue
        match inner.condition:
            case nodes.Compare("=", nodes.Column() as left, nodes.Column() as right):
                for key, column in ((left, right), (right, left)):
                    yield from _outward(fact, inner, key, column, query)
            case _:
                continue


def _outward(fact: Fact, inner: Fact, key: nodes.Column, column: nodes.Column, query: nodes.Select) -> Iterator[Edge]:
    source = inner.block.own(key)
    if source is None or len(source.bases) != 1 or inner.block.own(column) is not None:
        return
    target = _owner(column, fact.block)
    if target is not None and target.number in fact.of and inner.block.query is query:
        yield from _linked(source.bases[0], target, _base(column, fact.block))


def _member_edges(
    member: nodes.InQuery, fact: Fact, bases: list[tuple[tuple[Occurrence, Column], ...]]
) -> Iterator[Edge]:
    """``a IN (SELECT b …)``: rows are wanted only where their ``a`` is one of the values ``b``."""
    for operand, found in zip(member.operands, bases, strict=False):
        if isinstance(operand, nodes.Column) and len(found) == 1:
            target = _owner(operand, fact.block)
            if target is not None and target.number in fact.of:
                yield from _linked(found[0], target, _base(operand, fact.block))


def _propagate(pushed: Pushed) -> None:
    """``a.x = :v`` goes along the edges: where keys come from rows with one value, that is the only key."""
    found = True
    while found:
        found = False
        for edge in pushed.edges:
            for part in list(pushed.wheres[edge.source]):
                if isinstance(part, Comparison) and part.op == "=" and part.column.name == edge.key.name:
                    given = Comparison(edge.column, "=", part.operand)
                    if given not in pushed.wheres[edge.target]:
                        pushed.wheres[edge.target].append(given)
                        found = True
