"""``dynamodb://``, also written ``dynamodb+boto3://``: the service, or any server that speaks its protocol."""

from __future__ import annotations

from sqlalchemy.engine import URL, Dialect

from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect


class Boto3Dialect(DynamoDBDialect):
    """DynamoDB through boto3."""

    driver = "boto3"
    supports_statement_cache = True

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[Dialect]:
        """The dialect that ``create_async_engine`` takes."""
        from sqlalchemy_dynamorm.dialect.aio import AioDialect

        return AioDialect
