"""A table and its descriptions, for tests of DDL."""

from __future__ import annotations

from typing import Any

from sqlalchemy_dynamorm.errors import UndefinedTable
from sqlalchemy_dynamorm.plan.schema import Column, Index, Kind, Table
from tests.scripted import Reply

ID, NAME = Column("id", Kind.STRING, nullable=False), Column("name", Kind.STRING)
BY_NAME = Index("by_name", "by_name", ("name",), ("id",), "INCLUDE", ("age",))
USERS = Table("users", "users", (ID, NAME, Column("age", Kind.INTEGER)), "id", None, (BY_NAME,))
GONE = UndefinedTable("no")


def described(status: str = "ACTIVE", *indexes: dict[str, Any], key: str = "S", **more: Any) -> Reply:
    return {
        "Table": {
            "TableName": "users",
            "TableStatus": status,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": key},
                {"AttributeName": "name", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": list(indexes),
            **more,
        }
    }


def index(status: str = "ACTIVE", include: str = "age") -> dict[str, Any]:
    schema = [{"AttributeName": "name", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": [include]}
    return {"IndexName": "by_name", "IndexStatus": status, "KeySchema": schema, "Projection": projection}
