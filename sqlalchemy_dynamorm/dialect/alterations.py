"""``ALTER TABLE`` of a ``Table``, as a construct: the text knows the table, whatever its name in DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import ExecutableDDLElement

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.sql import nodes


class AlterTable(ExecutableDDLElement):
    """Changes of what is declared of a table, or of its options."""

    __visit_name__ = "alter_table"
    inherit_cache = False

    def __init__(self, table: sa.Table, *changes: nodes.Change) -> None:
        self.element, self.changes = table, changes
