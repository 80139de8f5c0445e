"""The entry point ``alembic.autogenerate.dynamodb``, which Alembic 1.18 and newer loads at ``import alembic``.

Loading it gives Alembic the dialect, because the class of :mod:`alembic_ext.impl` registers itself by its name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from alembic.util import DispatchPriority

import alembic_ext.impl  # noqa: F401 - it registers itself
from alembic_ext import managed, physical
from alembic_ext.index_options import compare_index_options
from alembic_ext.keys import compare_keys
from alembic_ext.options import compare_options

if TYPE_CHECKING:
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
    first, last = DispatchPriority.FIRST, DispatchPriority.LAST
    plugin.add_autogenerate_comparator(
        physical.find_tables, "autogenerate", "dynamodb_names", qualifier="dynamodb", priority=first
    )
    plugin.add_autogenerate_comparator(compare_keys, "table", "dynamodb_keys", qualifier="dynamodb")
    plugin.add_autogenerate_comparator(compare_options, "table", "dynamodb_options", qualifier="dynamodb")
    plugin.add_autogenerate_comparator(
        compare_index_options, "table", "dynamodb_index_options", qualifier="dynamodb", priority=last
    )
    plugin.add_autogenerate_comparator(
        managed.shape, "autogenerate", "dynamodb_managed", qualifier="dynamodb", priority=last
    )
