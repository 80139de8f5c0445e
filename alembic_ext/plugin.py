"""The entry point ``alembic.autogenerate.dynamodb``, which Alembic 1.18 and newer loads at ``import alembic``.

Loading it gives Alembic the dialect, because the class of :mod:`alembic_ext.impl` registers itself by its name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from alembic.util import DispatchPriority, PriorityDispatchResult

import alembic_ext.impl  # noqa: F401 - it registers itself
from alembic_ext.refusal import refuse

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin


class _OneModule(ModuleType):
    """A module that iterates over itself.

    Alembic 1.20.1 takes the module that an entry point names; 1.18.0 to 1.20.0 iterate over what it names, and a plain
    module would make ``import alembic`` fail.
    """

    def __iter__(self) -> Iterator[ModuleType]:
        yield self


sys.modules[__name__].__class__ = _OneModule


def setup(plugin: Plugin) -> None:
    """Register what the plugin does for autogenerate; Alembic calls it."""
    plugin.add_autogenerate_comparator(
        refuse_autogenerate, "autogenerate", qualifier="dynamodb", priority=DispatchPriority.FIRST
    )


def refuse_autogenerate(context: AutogenContext, upgrade_ops: UpgradeOps) -> PriorityDispatchResult:
    """Refuse to compare: a wrong difference would drop or rebuild tables.

    :raises UnsupportedOperation: always.
    """
    refuse(
        "Autogenerate (`alembic revision --autogenerate`, `alembic check`)",
        "models and tables are not compared yet. Write the migration by hand: `alembic revision -m …`, then "
        "op.create_table, op.drop_table, op.create_index and op.drop_index.",
    )
