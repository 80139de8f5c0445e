"""Local comparison with DynamoDB's rules: values of different types are never equal and have no order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def same_type_order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 as DynamoDB orders scalars of one type; ``None`` where they can't be compared.

    Numbers are compared exactly, a float as the number its shortest text says; strings by their UTF-8 bytes, which
    is Python's order too. ``bool`` is a type of its own. Documents and sets have no order: :func:`same`.
    """
    group = _group(left)
    if group is None or group is not _group(right):
        return None
    if group is Decimal:
        left, right = _exact(left), _exact(right)
        if left.is_nan() or right.is_nan():
            return None
    return bool(left > right) - bool(left < right)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal for DynamoDB: the same type and the same content, to any depth."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, (set, frozenset)) and isinstance(right, (set, frozenset)):
        return set(map(_hashable, left)) == set(map(_hashable, right))
    return same_type_order(left, right) == 0 or (left is None and right is None)


def _group(value: Any) -> type | None:
    if isinstance(value, bool):
        return bool
    if isinstance(value, (int, float, Decimal)):
        return Decimal
    return next((kind for kind in (str, bytes) if isinstance(value, kind)), None)


def _exact(value: float | Decimal) -> Decimal:
    return Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)


def _hashable(value: Any) -> tuple[type | None, Any]:
    group = _group(value)
    return group, _exact(value) if group is Decimal else value
