from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from sqlalchemy_dynamorm.plan.schema import Column, Kind, Moment, Table
from sqlalchemy_dynamorm.run.expiry import alive
from sqlalchemy_dynamorm.run.expressions import Placeholders
from sqlalchemy_dynamorm.run.writing import absent

UNTIL = Column("until", Kind.EPOCH, moment=Moment.UTC_DATETIME)
PLAIN = Table("t", "t", (Column("id", Kind.INTEGER), UNTIL), "id")
HIDING = replace(PLAIN, expires=UNTIL)


@pytest.mark.parametrize(
    ("wire", "there"),
    [
        ({"N": str(int(time.time()) - 5)}, False),
        ({"N": "1.5"}, False),
        ({"N": str(int(time.time()) + 600)}, True),
        ({"S": "1"}, True),  # DynamoDB expires an item by a number alone
        ({"NULL": True}, True),
        (None, True),
    ],
)
def test_an_expired_item_is_not_there(wire: Any, there: bool) -> None:
    item = {"id": {"N": "1"}, **({} if wire is None else {"until": wire})}
    assert (alive(HIDING, item) is not None) is there
    assert alive(PLAIN, item) == item
    assert alive(HIDING, None) is None


def test_a_key_whose_item_has_expired_is_free() -> None:
    placeholders = Placeholders()
    assert absent(PLAIN, placeholders) == "attribute_not_exists(#0)"
    assert absent(HIDING, placeholders) == "(attribute_not_exists(#0) OR #1 <= :0)"
    assert abs(int(placeholders.values[":0"]["N"]) - time.time()) < 5
