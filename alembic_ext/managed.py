"""What autogenerate proposes, made what may be done: a table made elsewhere is not ours to change or drop.

Of such a table only the attributes of its keys can be seen, so a column or an index that the model lacks may well be
there on purpose. It is ours where ``context.configure(dynamodb_managed=["orders"])`` lists it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from alembic.operations import ops
from alembic.util import PriorityDispatchResult

from alembic_ext import comparing
from alembic_ext.rendering import CreateWholeTableOp, DropWholeTableOp

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

    from sqlalchemy_dynamorm.dialect.base import DynamoDBDialect

log = logging.getLogger(__name__)

_UNSEEN = (
    ops.AddColumnOp,
    ops.DropColumnOp,
    ops.AlterColumnOp,
    ops.DropIndexOp,
    ops.DropConstraintOp,
    ops.AddConstraintOp,
    ops.CreateTableCommentOp,
    ops.DropTableCommentOp,
)
"""What is not proposed for a table made elsewhere: nothing is kept of its columns, constraints and comments, and the
indexes that it has are its maker's."""

Place = tuple[str | None, str]


def shape(context: AutogenContext, upgrade_ops: ops.UpgradeOps) -> PriorityDispatchResult:
    """Leave out what cannot be seen, and fold the indexes of a table into its creation."""
    listed = _listed(context.opts.get("dynamodb_managed", ()))

    def is_ours(schema: str | None, name: str) -> bool:
        display = f"{schema}.{name}" if schema else name
        return display in listed or _is_declared(context, name, schema)

    kept = [one for each in upgrade_ops.ops for one in _kept(each, is_ours)]
    upgrade_ops.ops = _whole(kept, cast("DynamoDBDialect", context.dialect))
    return PriorityDispatchResult.CONTINUE


def _listed(given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise TypeError("dynamodb_managed takes a list of table names, not one text.")
    return frozenset(given)


def _is_declared(context: AutogenContext, name: str, schema: str | None) -> bool:
    """Whether the table is of this library: it is declared in the system table, or not there yet."""
    from sqlalchemy import exc

    dialect = cast("DynamoDBDialect", context.dialect)
    assert context.connection is not None
    try:
        return dialect.is_declared(context.connection, name, schema, info_cache=context.inspector.info_cache)
    except exc.NoSuchTableError:
        return True


def _kept(op: ops.MigrateOperation, is_ours: Callable[[str | None, str], bool]) -> Iterator[ops.MigrateOperation]:
    """The operation, if it may be done; of changes of one table those that may."""
    if not isinstance(op, ops.DropTableOp | ops.ModifyTableOps) or is_ours(op.schema, op.table_name):
        yield op
    elif isinstance(op, ops.DropTableOp):
        log.info("Left alone: the table %r, which is in no model and was made elsewhere", op.table_name)
    else:
        left = [each for each in op.ops if not isinstance(each, _UNSEEN)]
        if len(left) < len(op.ops):
            log.info("Left alone: columns, constraints and indexes of %r, which was made elsewhere", op.table_name)
        if left:
            yield ops.ModifyTableOps(op.table_name, left, schema=op.schema)


def _whole(found: list[ops.MigrateOperation], dialect: DynamoDBDialect) -> list[ops.MigrateOperation]:
    """The operations, with CREATE TABLE and DROP TABLE standing for the indexes too."""
    made = {_place(op) for op in found if isinstance(op, ops.CreateTableOp)}
    dropped = {_place(op) for op in found if isinstance(op, ops.DropTableOp)}
    changes = {_place(op): op for op in found if isinstance(op, ops.ModifyTableOps)}
    whole: list[ops.MigrateOperation] = []
    for op in found:
        if isinstance(op, ops.CreateTableOp):
            whole.append(_created(op, _indexes(changes.get(_place(op)), ops.CreateIndexOp)))
        elif isinstance(op, ops.DropTableOp):
            whole.append(_dropped(op, _indexes(changes.get(_place(op)), ops.DropIndexOp)))
        elif isinstance(op, ops.ModifyTableOps):
            folded = ops.CreateIndexOp if _place(op) in made else ops.DropIndexOp if _place(op) in dropped else ()
            left = [_typed(each, dialect) for each in op.ops if not isinstance(each, folded)]
            if left:
                whole.append(ops.ModifyTableOps(op.table_name, left, schema=op.schema))
        else:
            whole.append(op)
    return whole


def _place(op: Any) -> Place:
    return op.schema, str(op.table_name)


def _indexes(changes: ops.ModifyTableOps | None, kind: type[Any]) -> list[sa.Index]:
    return [op.to_index() for op in ([] if changes is None else changes.ops) if isinstance(op, kind)]


def _created(op: ops.CreateTableOp, indexes: list[sa.Index]) -> CreateWholeTableOp:
    name = op.kw.get("dynamodb_table_name")
    keywords = {**op.kw, "dynamodb_table_name": name()} if callable(name) else op.kw
    made = CreateWholeTableOp(
        op.table_name,
        op.columns,
        schema=op.schema,
        if_not_exists=op.if_not_exists,
        _namespace_metadata=op._namespace_metadata,
        _constraints_included=op._constraints_included,
        **keywords,
    )
    made.info, made.comment, made.prefixes, made.indexes = op.info, op.comment, op.prefixes, indexes
    return made


def _dropped(op: ops.DropTableOp, indexes: list[sa.Index]) -> ops.DropTableOp:
    create = op._reverse
    return op if create is None else DropWholeTableOp.of(op, _created(create, indexes))


def _typed(op: ops.MigrateOperation, dialect: DynamoDBDialect) -> ops.MigrateOperation:
    """CREATE INDEX with the types of its key: the migration runs where no model is."""
    if isinstance(op, ops.CreateIndexOp):
        types = comparing.key_types(op.to_index(), dialect)
        if types:
            op.kw["dynamodb_types"] = types
    return op
