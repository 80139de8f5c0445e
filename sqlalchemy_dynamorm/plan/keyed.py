"""Whole keys: the GetItem or BatchGetItem that a WHERE allows, whatever the order of its conditions."""

from __future__ import annotations

from sqlalchemy_dynamorm.plan.key_conditions import as_list, equality, listed
from sqlalchemy_dynamorm.plan.predicates import Comparison, Membership, Predicate, Some, conjuncts
from sqlalchemy_dynamorm.plan.schema import Table
from sqlalchemy_dynamorm.plan.steps import BatchGetItem, GetItem, KeyProduct, KeyRows

Parts = tuple[Predicate, ...]


def whole_keys(table: Table, parts: Parts) -> tuple[GetItem | BatchGetItem, Parts] | None:
    """The access by whole keys, with the conjuncts it serves; ``None`` where the WHERE does not give any."""
    equal = [equality(parts, name) for name in table.key_columns]
    if all(equal):
        key = tuple(part for part in equal if part is not None)
        return GetItem(key), key
    for part in parts:
        sources = _sources(table, part)
        if sources is not None:
            return BatchGetItem(sources), (part,) if _keys_alone(table, part) else ()
    product = _product(table, parts)
    return None if product is None else (BatchGetItem((product,)), product.parts)


def _sources(table: Table, part: Predicate) -> tuple[KeyProduct | KeyRows, ...] | None:
    """The keys that one conjunct lists: a row IN, or an OR of whole keys."""
    if isinstance(part, Membership) and len(part.columns) > 1 and not part.negated:
        names = [column.name for column in part.columns]
        if sorted(names) == sorted(table.key_columns):
            return (KeyRows(part, tuple(names.index(name) for name in table.key_columns)),)
    if isinstance(part, Some):
        found: list[KeyProduct | KeyRows] = []
        for alternative in part.parts:
            product = _product(table, conjuncts(alternative))
            sources = (product,) if product is not None else _sources(table, alternative)
            if sources is None:
                return None
            found.extend(sources)
        return tuple(found)
    return None


def _keys_alone(table: Table, part: Predicate) -> bool:
    """Whether such a conjunct says nothing besides the keys."""
    alternatives = part.parts if isinstance(part, Some) else (part,)
    return all(isinstance(one, Membership) or _key_alone(table, conjuncts(one)) for one in alternatives)


def _key_alone(table: Table, parts: Parts) -> bool:
    exact = all(isinstance(part, Comparison) or as_list(part) is not None for part in parts)
    return exact and len(parts) == len(table.key_columns)


def _product(table: Table, parts: Parts) -> KeyProduct | None:
    chosen: list[Comparison | Membership | None] = [
        equality(parts, name) or listed(parts, name) for name in table.key_columns
    ]
    return KeyProduct(tuple(part for part in chosen if part is not None)) if all(chosen) else None
