"""SQLAlchemy's side: dialects, compilers, types. Importing it loads neither boto3 nor sqlglot nor msgspec.

It also makes the name ``dynamodb`` ours, see :mod:`~sqlalchemy_dynamorm.dialect.registration`.
"""

from sqlalchemy_dynamorm.dialect.registration import claim

claim()
