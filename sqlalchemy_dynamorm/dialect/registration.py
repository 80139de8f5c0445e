"""The name ``dynamodb`` in SQLAlchemy's registry of dialects.

Other packages (PyDynamoDB) register it too. ``Table`` and ``Index`` check their ``dynamodb_*`` arguments against
whatever owns it, so the owner must be known before a table is declared.
"""

from __future__ import annotations

import warnings

from sqlalchemy.dialects import registry
from sqlalchemy.sql.base import DialectKWArgs

_PACKAGE = "sqlalchemy_dynamorm.dialect"
DIALECTS = {
    "dynamodb": (f"{_PACKAGE}.boto3", "Boto3Dialect"),
    "dynamodb.boto3": (f"{_PACKAGE}.boto3", "Boto3Dialect"),
    "dynamodb.aio": (f"{_PACKAGE}.aio", "AioDialect"),
    "dynamodb.local": (f"{_PACKAGE}.local", "LocalDialect"),
    "dynamorm": (f"{_PACKAGE}.boto3", "Boto3Dialect"),
    "dynamorm.boto3": (f"{_PACKAGE}.boto3", "Boto3Dialect"),
    "dynamorm.aio": (f"{_PACKAGE}.aio", "AioDialect"),
    "dynamorm.local": (f"{_PACKAGE}.local", "LocalDialect"),
}


def claim() -> None:
    """Register our dialects under their names, whoever had them before."""
    for name, (module, attribute) in DIALECTS.items():
        registry.register(name, module, attribute)
    _forget_foreign_arguments()


def _forget_foreign_arguments() -> None:
    """Drop the arguments that another owner of the name accepts. Tables declared before that keep what they have."""
    known = DialectKWArgs._kw_registry
    arguments = dict.get(known, "dynamodb")
    if arguments is None or any("partition_key" in accepted for accepted in arguments.values()):
        return
    del known["dynamodb"]
    warnings.warn(
        "Another package owned SQLAlchemy's dialect name 'dynamodb', and a table or index was declared with it. Import "
        "sqlalchemy_dynamorm before anything is declared, or uninstall the other package.",
        stacklevel=4,
    )
