from __future__ import annotations

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Kind
from sqlalchemy_dynamorm.run.unindexable import check_items
from tests.scripted import Reply, done, failed

NAME, AGE = Column("name", Kind.STRING), Column("age", Kind.NUMBER)
PAGE: Reply = {"Items": [{"name": {"N": "1"}}], "LastEvaluatedKey": {"id": {"S": "x"}}}


def test_each_key_column_is_read_of_all_items() -> None:
    played = done(check_items("t", "t", "ix", [NAME, AGE]), {}, {})
    assert [request.params["FilterExpression"] for request in played.requests] == [
        "attribute_exists(#0) AND (NOT attribute_type(#0, :0) OR #0 = :1)",
        "attribute_exists(#0) AND (NOT attribute_type(#0, :0))",
    ]


def test_the_items_of_all_pages_are_counted() -> None:
    error = failed(check_items("t", "t", "ix", [NAME]), PAGE, PAGE, {"Items": [{"name": {"S": ""}}]})
    assert isinstance(error, DataError)
    assert "3 items of 't' have a 'name' that is empty or not of the type S" in str(error)
