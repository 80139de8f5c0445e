"""``dynamodb://``, also written ``dynamodb+boto3://``: the service, or any server that speaks its protocol."""

from __future__ import annotations

from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect


class Boto3Dialect(DynamoDBDialect):
    """DynamoDB through boto3."""

    driver = "boto3"
    supports_statement_cache = True
