from __future__ import annotations

from decimal import Decimal

import pytest

from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.operands import compared


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (Kind.INTEGER, 1, Kind.INTEGER),
        (Kind.INTEGER, Decimal("0.5"), Kind.NUMBER),
        (Kind.INTEGER, 0.5, Kind.NUMBER),
        (Kind.INTEGER, None, Kind.INTEGER),
        (Kind.STRING, Decimal(1), Kind.STRING),
    ],
)
def test_an_integer_may_be_compared_with_a_fraction(kind: Kind, value: object, found: Kind) -> None:
    assert compared(Column("n", kind), value).kind is found
