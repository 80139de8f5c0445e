"""Predicates and values to DynamoDB's expressions: KeyCondition, FilterExpression, ConditionExpression, Projection.

Attribute names always go as ``#n`` and values as ``:n``, so reserved words and odd names just work. What an
expression cannot say is left out (the result is then wider than asked for) and ``exact`` turns false: the caller
checks the rows again. Limits: 4 KB and 300 operators an expression, 100 operands an IN (DynamoDB Developer Guide,
"Quotas: expression parameters").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Union

from sqlalchemy_dynamorm.plan.predicates import (
    All,
    ColumnComparison,
    Comparison,
    Constant,
    FunctionTest,
    Membership,
    Operator,
    Pattern,
    PlaceTest,
    Predicate,
    Presence,
    SizeComparison,
    Some,
    ValueTest,
    columns_of,
    conjuncts,
)
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import Bound, decide, ordered
from sqlalchemy_dynamorm.run.functions import is_empty, operand_given, size_given
from sqlalchemy_dynamorm.run.operands import compared
from sqlalchemy_dynamorm.run.patterns import like
from sqlalchemy_dynamorm.run.places import place_alternatives
from sqlalchemy_dynamorm.run.values import WireValue, encode
from sqlalchemy_dynamorm.sql import nodes

_PLACEHOLDER = re.compile(r"[#:]\d+")
MAX_LENGTH = 4096
MAX_OPERATORS = 300
MAX_OPERANDS = 100


@dataclass(slots=True)
class Placeholders:
    """The ``#n`` and ``:n`` of one request."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, WireValue] = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute's name."""
        return self.names.setdefault(attribute, f"#{len(self.names)}")

    def value(self, wire: WireValue) -> str:
        """A placeholder for a value."""
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = wire
        return placeholder

    def into(self, params: dict[str, Any]) -> dict[str, Any]:
        """The request with the names and values its expressions use; the service refuses any that are unused."""
        written = " ".join(text for key, text in params.items() if key.endswith("Expression"))
        used = set(_PLACEHOLDER.findall(written))
        names = {short: name for name, short in self.names.items() if short in used}
        values = {short: wire for short, wire in self.values.items() if short in used}
        if names:
            params["ExpressionAttributeNames"] = names
        if values:
            params["ExpressionAttributeValues"] = values
        return params

    def projection(self, attributes: Iterable[str]) -> dict[str, str]:
        """A ProjectionExpression; without attributes none, which asks for all of them."""
        text = ", ".join(self.name(attribute) for attribute in attributes)
        return {"ProjectionExpression": text} if text else {}


@dataclass(frozen=True, slots=True)
class _Text:
    """A piece of an expression; ``level`` is how loosely it binds: 0 an atom, 1 AND, 2 OR."""

    text: str
    level: int = 0


_Piece = Union[_Text, bool]


def _beside_and(piece: _Text) -> str:
    return f"({piece.text})" if piece.level == 2 else piece.text


class Renderer:
    """Writes one predicate as one expression.

    :ivar exact: ``False`` once something had to be left out.
    """

    def __init__(self, placeholders: Placeholders, values: Bound, forbidden: frozenset[str] = frozenset()) -> None:
        """:param forbidden: attributes that may not stand in this expression (a Query's key attributes)."""
        self.exact = True
        self._placeholders = placeholders
        self._values = values
        self._forbidden = forbidden
        self._operators = 0

    def render(self, predicate: Predicate) -> str | bool:
        """The expression, or ``True``/``False`` where the values alone decide."""
        piece = self._fitting(predicate)
        return piece if isinstance(piece, bool) else piece.text

    def conjunct(self, predicate: Predicate) -> str | bool:
        """As :meth:`render`, in a form that can stand beside AND."""
        piece = self._fitting(predicate)
        return piece if isinstance(piece, bool) else _beside_and(piece)

    def _fitting(self, predicate: Predicate) -> _Piece:
        """The conjuncts in their order, without those that would make the expression too large."""
        kept: list[_Piece] = []
        length = 0
        for part in conjuncts(predicate):
            before = self._operators
            piece = self._piece(part)
            added = len(" AND ()") + len(piece.text) if isinstance(piece, _Text) else 0
            if length + added > MAX_LENGTH or self._operators + len(kept) > MAX_OPERATORS:
                self._operators = before
                self.exact = False
            else:
                length += added
                kept.append(piece)
        return self._every(kept)

    def _piece(self, predicate: Predicate) -> _Piece:
        match predicate:
            case All(parts):
                return self._every([self._piece(part) for part in parts])
            case Some(parts):
                return self._some([self._piece(part) for part in parts])
            case Constant(holds):
                return holds
            case ValueTest():
                return decide(predicate, self._values)
            case Membership():
                return self._membership(predicate)
            case _ if any(column.name in self._forbidden for column in columns_of(predicate)):
                return self._left_out()
            case _:
                return self._of_columns(predicate)

    def _of_columns(
        self, part: Comparison | ColumnComparison | SizeComparison | FunctionTest | Pattern | PlaceTest | Presence
    ) -> _Piece:
        match part:
            case PlaceTest():
                return self._at_place(part)
            case Comparison(column, op, operand):
                return self._comparison(column, op, self._values(operand))
            case ColumnComparison(left, op, right):
                return self._columns(left, op, right)
            case SizeComparison(column, op):
                return self._size(column, op, size_given(part, self._values))
            case FunctionTest():
                return self._tested(part)
            case Pattern():
                return self._pattern(part)
            case Presence(column, present):
                return self._present(column) if present else self._absent(column)

    def _left_out(self) -> bool:
        self.exact = False
        return True

    def _every(self, pieces: list[_Piece]) -> _Piece:
        if any(piece is False for piece in pieces):
            return False
        kept = [piece for piece in pieces if not isinstance(piece, bool)]
        if len(kept) < 2:
            return kept[0] if kept else True
        self._operators += len(kept) - 1
        return _Text(" AND ".join(map(_beside_and, kept)), 1)

    def _some(self, pieces: list[_Piece]) -> _Piece:
        if any(piece is True for piece in pieces):
            return True
        kept = [piece for piece in pieces if not isinstance(piece, bool)]
        if len(kept) < 2:
            return kept[0] if kept else False
        self._operators += len(kept) - 1
        return _Text(" OR ".join(piece.text for piece in kept), 2)

    def _comparison(self, column: Column, op: Operator, value: Any) -> _Piece:
        wire = None if value is None else encode(value, compared(column, value))
        if wire is None:
            return False
        if op not in ("=", "<>") and not {"S", "N", "B"} & wire.keys():
            return self._unordered(column, op, wire)
        self._operators += 1
        text = _Text(f"{self._placeholders.name(column.name)} {op} {self._placeholders.value(wire)}")
        return self._every([self._present(column), text]) if op == "<>" else text

    def _unordered(self, column: Column, op: Operator, wire: WireValue) -> _Piece:
        """An order that DynamoDB refuses: of booleans, false before true, as a list of values; or of documents."""
        if "BOOL" not in wire:
            return self._left_out()
        ranks = [rank for rank in (False, True) if ordered(op, rank - wire["BOOL"])]
        return self._some([self._comparison(column, "=", rank) for rank in ranks])

    def _columns(self, left: Column, op: Operator, right: Column) -> _Piece:
        """Both are checked to be there: the service takes no attribute for different from one, and NULL equals NULL."""
        if op not in ("=", "<>") and not (left.kind.key_type and right.kind.key_type):
            return self._unordered_columns(left, op, right)
        self._operators += 1
        text = _Text(f"{self._placeholders.name(left.name)} {op} {self._placeholders.name(right.name)}")
        there = [self._present(left), *([self._present(right)] if op == "<>" else [])]
        return self._every([*there, text])

    def _unordered_columns(self, left: Column, op: Operator, right: Column) -> _Piece:
        """An order that the service does not know (of booleans), or that depends on the items' types."""
        if left.kind is not Kind.BOOLEAN or right.kind is not Kind.BOOLEAN:
            self.exact = False
            return self._every([self._present(left), self._present(right)])
        pairs = [(a, b) for a in (False, True) for b in (False, True) if ordered(op, a - b)]
        return self._some(
            [self._every([self._comparison(left, "=", a), self._comparison(right, "=", b)]) for a, b in pairs]
        )

    def _size(self, column: Column, op: Operator, wire: WireValue | None) -> _Piece:
        if wire is None:
            return False
        if op == "<>":  # which is true for an attribute that is not there, or has no size
            return self._some([self._size(column, "<", wire), self._size(column, ">", wire)])
        self._operators += 2
        return _Text(f"size({self._placeholders.name(column.name)}) {op} {self._placeholders.value(wire)}")

    def _tested(self, test: FunctionTest) -> _Piece:
        column, name = test.column, self._placeholders.name(test.column.name)
        self._operators += 1
        if test.name == "attribute_exists":
            return _Text(f"attribute_not_exists({name})" if test.negated else f"attribute_exists({name})")
        wire = operand_given(test, self._values)
        if wire is None:
            return False
        if test.name != "attribute_type" and is_empty(wire, column):
            return False if test.negated else self._present(column)
        text = _Text(f"{test.name}({name}, {self._placeholders.value(wire)})")
        if not test.negated:
            return text
        self._operators += 1
        there = _Text(f"attribute_exists({name})") if column.nulls else self._present(column)
        return self._every([there, _Text(f"NOT {text.text}")])

    def _membership(self, membership: Membership) -> _Piece:
        rows = self._values.rows(membership)
        if len(membership.columns) > 1:
            return self._piece(_spelled_out(membership, rows))
        column = membership.columns[0]
        if not rows:
            return membership.negated
        if column.name in self._forbidden:
            return self._left_out()
        if membership.negated and any(row[0] is None for row in rows):
            return False
        wires = _distinct(encode(row[0], compared(column, row[0])) for row in rows if row[0] is not None)
        listed = self._some([self._listed(column, wires[at : at + MAX_OPERANDS]) for at in _steps(len(wires))])
        if not membership.negated or isinstance(listed, bool):
            return listed if not membership.negated else not listed
        self._operators += 1
        negation = f"NOT ({listed.text})" if listed.level else f"NOT {listed.text}"
        return self._every([self._present(column), _Text(negation)])

    def _listed(self, column: Column, wires: list[WireValue]) -> _Text:
        self._operators += len(wires)  # whether an operand counts as one is not documented: this is the safe side
        operands = ", ".join(self._placeholders.value(wire) for wire in wires)
        return _Text(f"{self._placeholders.name(column.name)} IN ({operands})")

    def _pattern(self, pattern: Pattern) -> _Piece:
        column, text = pattern.column, self._values(pattern.pattern)
        if text is None:
            return False
        read = like(text, pattern.escape)
        if read.form == "equals":
            return self._comparison(column, "<>" if pattern.negated else "=", read.text)
        if read.form == "any":
            return False if pattern.negated else self._present(column)
        if read.form == "other" or column.kind is Kind.ANY:
            # contains() and begins_with() say other things of sets, lists and binary values.
            self.exact = False
            narrowed = read.text and read.form != "contains" and not pattern.negated
            return self._function("begins_with", column, read.text) if narrowed else self._present(column)
        test = self._function("begins_with" if read.form == "prefix" else "contains", column, read.text)
        if not pattern.negated:
            return test
        self._operators += 1
        return self._every([self._present(column), _Text(f"NOT {test.text}")])

    def _at_place(self, test: PlaceTest) -> _Piece:
        alternatives = place_alternatives(test, self._values, self._placeholders.name, self._placeholders.value)
        if isinstance(alternatives, bool):
            return alternatives
        self._operators += 4 * len(alternatives)  # the longest has four: two functions, AND, NOT
        return self._some([_Text(text) for text in alternatives])

    def _function(self, name: str, column: Column, text: str) -> _Text:
        self._operators += 1
        return _Text(f"{name}({self._placeholders.name(column.name)}, {self._placeholders.value({'S': text})})")

    def _present(self, column: Column) -> _Piece:
        """IS NOT NULL: other writers store the NULL type, which in a JSON column is a value (JSON null)."""
        name = self._placeholders.name(column.name)
        self._operators += 1
        exists = _Text(f"attribute_exists({name})")
        if column.kind is Kind.DOCUMENT:
            return exists
        self._operators += 2
        not_null = _Text(f"NOT attribute_type({name}, {self._placeholders.value({'S': 'NULL'})})")
        return self._every([exists, not_null])

    def _absent(self, column: Column) -> _Piece:
        name = self._placeholders.name(column.name)
        self._operators += 1
        missing = _Text(f"attribute_not_exists({name})")
        if column.kind is Kind.DOCUMENT:
            return missing
        self._operators += 1
        is_null = _Text(f"attribute_type({name}, {self._placeholders.value({'S': 'NULL'})})")
        return self._some([missing, is_null])


def _spelled_out(membership: Membership, rows: list[tuple[Any, ...]]) -> Predicate:
    """A row IN as comparisons: some row equal in all columns; negated, each row surely different in some column."""
    inner, outer = (Some, All) if membership.negated else (All, Some)
    op: Operator = "<>" if membership.negated else "="
    return outer(
        tuple(
            inner(
                tuple(
                    Comparison(column, op, nodes.Literal(value))
                    for column, value in zip(membership.columns, row, strict=True)
                )
            )
            for row in rows
        )
    )


def _distinct(wires: Iterable[WireValue | None]) -> list[WireValue]:
    kept: list[WireValue] = []
    seen: set[str] = set()
    for wire in wires:
        if wire is not None and (text := repr(wire)) not in seen:
            seen.add(text)
            kept.append(wire)
    return kept


def _steps(count: int) -> range:
    return range(0, count, MAX_OPERANDS)
