"""Autogenerate for primary keys: DynamoDB cannot change one, so a model that has another is said, not passed over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic.autogenerate import render
from alembic.operations import MigrateOperation
from alembic.util import PriorityDispatchResult

from sqlalchemy_dynamorm.dialect.declared import key_names

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps

log = logging.getLogger(__name__)

Key = tuple[str, ...]


class ChangedKeyOp(MigrateOperation):
    """The key of a table is another than its model says.

    In a migration it is ``op.create_primary_key``, which is refused when it runs: it has to be replaced by hand, by a
    copy of the table.

    :ivar there: the key that the table has, partition key first; empty for none that is declared.
    """

    def __init__(self, table: str, there: Key, wanted: Key, schema: str | None = None) -> None:
        self.table_name, self.there, self.wanted, self.schema = table, there, wanted, schema

    def reverse(self) -> ChangedKeyOp:
        """The key that was there, wanted again."""
        return ChangedKeyOp(self.table_name, self.wanted, self.there, self.schema)

    def to_diff_tuple(self) -> tuple[str, str | None, str, Key, Key]:
        """What ``alembic check`` prints."""
        return "modify_key", self.schema, self.table_name, self.there, self.wanted


def compare_keys(
    _: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    name: str,
    there: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    """Say that a model has another key than its table."""
    if there is not None and model is not None:
        old, new = key_names(there), key_names(model)
        if old != new:
            log.warning("The key of %r is %s, and its model's is %s: %s", name, _words(old), _words(new), _WHAT_TO_DO)
            # First: it is refused before anything of the table changes.
            modify_ops.ops.insert(0, ChangedKeyOp(str(name), old, new, schema))
    return PriorityDispatchResult.CONTINUE


_WHAT_TO_DO = "a table keeps its key, so it must be copied to a new one."


def _words(key: Key) -> str:
    return f"({', '.join(key)})"


@render.renderers.dispatch_for(ChangedKeyOp)
def _render(context: AutogenContext, op: ChangedKeyOp) -> list[str]:
    words = ["None"] if context._has_batch else ["None", repr(op.table_name)]
    words += [repr([*op.wanted])]
    words += [f"schema={op.schema!r}"] if op.schema is not None and not context._has_batch else []
    call = f"{render._alembic_autogenerate_prefix(context)}create_primary_key({', '.join(words)})"
    return [
        f"# The key of {op.table_name!r} is {_words(op.there)} and would be {_words(op.wanted)}: {_WHAT_TO_DO}",
        "# This is refused until you have written that in its place:",
        call,
    ]
