from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import DataError, Unsupported
from sqlalchemy_dynamorm.plan.predicates import Comparison, Presence
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.bind import bound
from sqlalchemy_dynamorm.run.evaluate import checker, normalised
from sqlalchemy_dynamorm.sql.nodes import Param


def holds(kind: Kind, op: Any, stored: Any, given: Any) -> bool:
    column = Column("c", kind)
    return checker(Comparison(column, op, Param("v")), [column], bound({"v": given}))((stored,))


@pytest.mark.parametrize(
    ("kind", "op", "stored", "given", "expected"),
    [
        (Kind.DECIMAL, "=", Decimal("1.50"), Decimal("1.5"), True),
        (Kind.FLOAT, "=", 0.1, 0.1, True),
        (Kind.INTEGER, "<", Decimal("1.5"), 2, True),
        (Kind.BOOLEAN, "=", True, 1, True),
        (Kind.BINARY, ">", b"b", b"a", True),
        (Kind.ANY, "=", 1, "1", False),
        (Kind.ANY, "<>", 1, "1", True),
        (Kind.ANY, "<", 1, "2", False),
        (Kind.DOCUMENT, "=", {"a": [1]}, {"a": [1]}, True),
        (Kind.DOCUMENT, "<>", {"a": [1]}, {"a": [2]}, True),
        (Kind.DOCUMENT, "<", [1], [2], False),
        (Kind.DOCUMENT, "<", 1, 2, True),
        (Kind.STRING, "<>", None, "x", False),
        (Kind.STRING, "<>", "x", None, False),
    ],
)
def test_a_comparison(kind: Kind, op: str, stored: Any, given: Any, expected: bool) -> None:
    assert holds(kind, op, stored, given) is expected


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(DataError, match="declared integer"):
        holds(Kind.INTEGER, "=", 1, "x")
    assert normalised(None, Column("c", Kind.INTEGER)) is None


def test_whether_a_document_is_null_is_not_seen_on_what_is_decoded() -> None:
    column = Column("j", Kind.DOCUMENT)
    with pytest.raises(Unsupported, match="JSON column 'j'"):
        checker(Presence(column, False), [column], bound({}))
