"""``Table(…, dynamodb_ttl=…)`` and the like: the words of a table's options, checked when the table is compiled."""

from __future__ import annotations

import sqlalchemy as sa

from sqlalchemy_dynamorm.dialect.refusal import compiling
from sqlalchemy_dynamorm.dialect.times import TTL
from sqlalchemy_dynamorm.plan.table_options import NAMES, TableOptions, check_created, option_text, table_options


def written_options(table: sa.Table) -> dict[str, str]:
    """The options that a table gives, as CREATE TABLE and ALTER TABLE write them.

    :raises Misdeclared: a value that an option does not take, or options that do not go together.
    """
    given = table.dialect_options["dynamodb"]
    texts = {name: option_text(given[name]) for name in NAMES if given[name] is not None}
    _checked(table, texts)
    return texts


def wanted_options(table: sa.Table) -> TableOptions:
    """The values of the options that a table gives; a column of the type TTL gives one.

    :raises Misdeclared: as :func:`written_options`.
    """
    return _checked(table, written_options(table))


def _checked(table: sa.Table, texts: dict[str, str]) -> TableOptions:
    columns = [str(column.name) for column in table.columns if isinstance(column.type, TTL)]
    with compiling():
        return check_created(table_options(tuple(texts.items()), table.name), table.name, columns)
