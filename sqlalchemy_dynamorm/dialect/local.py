"""``dynamodb+local://``: an embedded server, started with the engine and stopped with it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import URL, Dialect

from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect
from sqlalchemy_dynamorm.dialect.url import local_options


class LocalDialect(DynamoDBDialect):
    """A private local server, through boto3."""

    driver = "local"
    supports_statement_cache = True

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[Dialect]:
        """The dialect that ``create_async_engine`` takes."""
        from sqlalchemy_dynamorm.dialect.aio import AioLocalDialect

        return AioLocalDialect

    def url_options(self, url: URL, given: dict[str, Any]) -> dict[str, Any]:
        """The options that a URL stands for."""
        return local_options(url)
