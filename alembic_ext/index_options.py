"""What an index can serve: an operation that changes it, and autogenerate for what the models declare of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.autogenerate import render
from alembic.operations import BatchOperations, MigrateOperation, Operations
from alembic.operations.batch import BatchOperationsImpl
from alembic.util import PriorityDispatchResult
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement

from alembic_ext.refusal import refuse
from sqlalchemy_dynamorm.plan.table_options import DEFAULTS, INDEX_UNITS, option_text, option_value

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps

Options = Mapping[str, Any]
_CAPACITY = INDEX_UNITS[:2]


class SetIndexOptions(ExecutableDDLElement):
    """``ALTER INDEX ix ON t SET (read_capacity='5', …)``."""

    inherit_cache = False

    def __init__(self, index: str, table: str, schema: str | None, options: Options) -> None:
        self.index, self.table, self.schema, self.given = index, table, schema, options


@compiles(SetIndexOptions)
def _set_options(element: SetIndexOptions, compiler: Any, **_: Any) -> str:
    quoted = compiler.preparer
    table = quoted.format_table(sa.Table(element.table, sa.MetaData(), schema=element.schema))
    texts = ", ".join(f"{name}='{option_text(value)}'" for name, value in element.given.items())
    return f"ALTER INDEX {quoted.quote(element.index)} ON {table} SET ({texts})"


@Operations.register_operation("set_index_options")
@BatchOperations.register_operation("set_index_options", "batch_set_index_options")
class SetIndexOptionsOp(MigrateOperation):
    """Change what an index can serve.

    :ivar old: what it is before, for the way back.
    """

    def __init__(
        self, index: str, table: str, options: Options, *, schema: str | None = None, old: Options | None = None
    ) -> None:
        """Check the names.

        :raises UnsupportedOperation: there is no such option, or it cannot be changed.
        """
        for name in options:
            if name not in INDEX_UNITS:
                refuse(
                    f"op.set_index_options({index!r}, {name}=…)",
                    f"of an index that is there {', '.join(INDEX_UNITS)} can be changed. Make another one.",
                )
        self.index_name, self.table_name, self.options = index, table, dict(options)
        self.schema, self.old = schema, dict(old or {})

    @classmethod
    def set_index_options(
        cls,
        operations: Operations,
        index_name: str,
        table_name: str,
        *,
        schema: str | None = None,
        existing: Options | None = None,
        **options: Any,
    ) -> None:
        """Set the options that are named, and leave the others.

        :param existing: what they are before; kept in the migration for its way back.
        :param options: ``read_capacity`` with ``write_capacity``, and ``warm_throughput``.
        """
        operations.invoke(cls(index_name, table_name, options, schema=schema, old=existing))

    @classmethod
    def batch_set_index_options(cls, operations: BatchOperations, index_name: str, **options: Any) -> None:
        """The same for an index of the table of a batch."""
        impl: Any = operations.impl
        operations.invoke(cls(index_name, impl.table_name, options, schema=impl.schema))

    def reverse(self) -> SetIndexOptionsOp:
        """Setting what was there before."""
        return SetIndexOptionsOp(self.index_name, self.table_name, self.old, schema=self.schema, old=self.options)

    def to_diff_tuple(self) -> tuple[str, str | None, str, str, Options, Options]:
        """What ``alembic check`` prints."""
        return "modify_index_options", self.schema, self.table_name, self.index_name, self.old, self.options


@Operations.implementation_for(SetIndexOptionsOp)
def _implement(operations: Operations, op: SetIndexOptionsOp) -> None:
    impl: Any = operations.impl
    given = (op.index_name, op.table_name, op.options, op.schema)
    if isinstance(impl, BatchOperationsImpl):
        impl.batch.append(("set_index_options", given, {}))  # in its turn
    elif op.options:
        impl.set_index_options(*given)


@render.renderers.dispatch_for(SetIndexOptionsOp)
def _render(context: AutogenContext, op: SetIndexOptionsOp) -> str:
    words = [repr(op.index_name)] + ([] if context._has_batch else [repr(op.table_name)])
    words += [f"{name}={value!r}" for name, value in op.options.items()]
    if not context._has_batch:
        words += [f"schema={op.schema!r}"] if op.schema is not None else []
        words += [f"existing={op.old!r}"] if op.old else []
    return f"{render._alembic_autogenerate_prefix(context)}set_index_options({', '.join(words)})"


def compare_index_options(
    _: AutogenContext,
    modify_ops: ModifyTableOps,
    schema: str | None,
    name: str,
    there: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    """Propose what the model says of an index that is there otherwise than the service does."""
    if there is None or model is None:
        return PriorityDispatchResult.CONTINUE
    found = {index.name: index for index in there.indexes}
    for index in sorted(model.indexes, key=lambda each: str(each.name)):
        if index.name not in found:
            continue
        wanted, before = _given(index), {**_capacity_of(there), **_given(found[index.name])}
        if not all(_same(option, value, before.get(option)) for option, value in wanted.items()):
            old = {option: before[option] for option in wanted if option in before}
            op = SetIndexOptionsOp(str(index.name), str(name), wanted, schema=schema, old=old)
            modify_ops.ops.append(op)
    return PriorityDispatchResult.CONTINUE


def _same(name: str, wanted: Any, found: Any) -> bool:
    """Whether it is as the model says; a warm throughput that no new index lacks is not reflected."""
    if name != "warm_throughput":
        return bool(wanted == found)
    there = found or option_value(name, DEFAULTS.warm_throughput)
    return all(there[each] >= least for each, least in wanted.items())


def _given(index: sa.Index) -> dict[str, Any]:
    options = index.dialect_options["dynamodb"]
    return {name: options[name] for name in INDEX_UNITS if options[name] is not None}


def _capacity_of(table: sa.Table) -> dict[str, Any]:
    """What an index has that has none of its own."""
    options = table.dialect_options["dynamodb"]
    return {name: options[name] for name in _CAPACITY if options[name] is not None}
