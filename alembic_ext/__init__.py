"""Alembic's side: migrations on DynamoDB with a stock ``env.py``.

Where the package is installed, Alembic finds it by its entry point. Where it is only on the path, an ``env.py`` that
says ``import alembic_ext`` gives Alembic the dialect. Importing it loads neither boto3 nor sqlglot.
"""

from alembic_ext.impl import DynamoDBImpl

__all__ = ["DynamoDBImpl"]
