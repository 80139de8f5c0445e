from __future__ import annotations

from sqlalchemy_dynamorm.errors import DataError
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind
from sqlalchemy_dynamorm.run.unindexable import check_items
from tests.scripted import Reply, done, failed, play

NAME, AGE = Column("name", Kind.STRING), Column("age", Kind.NUMBER)
IX = Index("ix", "ix", ("name",), ("age",))
PAGE: Reply = {"Items": [{"name": {"N": "1"}}], "LastEvaluatedKey": {"id": {"S": "x"}}}


def test_each_key_column_is_read_of_all_items() -> None:
    played = done(check_items("t", "t", IX, [NAME, AGE]), {}, {})
    assert [request.params["FilterExpression"] for request in played.requests] == [
        "attribute_exists(#0) AND (NOT attribute_type(#0, :0) OR #0 = :1 OR size(#0) > :2)",
        "attribute_exists(#0) AND (NOT attribute_type(#0, :0))",
    ]


def test_the_items_of_all_pages_are_counted() -> None:
    error = failed(check_items("t", "t", IX, [NAME]), PAGE, PAGE, {"Items": [{"name": {"S": ""}}]})
    assert isinstance(error, DataError)
    assert "3 items of 't' have a 'name' that is empty, not of the type S, or longer than 2048 bytes" in str(error)


def test_what_is_too_long_for_its_place_is_counted_in_bytes() -> None:
    long, fits = {"name": {"S": "é" * 513}}, {"name": {"S": "é" * 512}}
    sort = Index("ix", "ix", ("age",), ("name",))
    played = play(check_items("t", "t", sort, [NAME]), {"Items": [long, fits]})
    assert played.only["ExpressionAttributeValues"][":2"] == {"N": "256"}
    assert "1 items" in str(played.error)
    assert "1024 bytes" in str(played.error)
    done(check_items("t", "t", IX, [NAME]), {"Items": [long, fits]})
    binary = Column("name", Kind.BINARY)
    assert "1 items" in str(failed(check_items("t", "t", IX, [binary]), {"Items": [{"name": {"B": "A" * 2736}}]}))
    assert done(check_items("t", "t", IX, [binary]), {"Items": [{"name": {"B": "A" * 2728}}]}).error is None
